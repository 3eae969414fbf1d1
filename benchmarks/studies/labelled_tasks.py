"""Labelled tables, and the tasks that the critic of views is trained on.

Every table becomes tasks: a part of its rows, and a protocol. Four of the parts have other
anomalies: a cluster of the normal rows of which few are kept, normal rows with an impossible
value, or with a value that rows alike never have, and, with labels swapped, normal rows among the
anomalies. For each task the views of its rows are compared with those of its training rows, as in
``fit`` and ``decision_function``.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from tqdm import tqdm

from pyod_gan import GANDetector, ViewGAN
from pyod_gan.views import WeighedViews

from ..harness import protocols

LEAST_TABLES = 10  # two for each fold of the cross-validation
SAMPLE, LARGE_SAMPLE = 800, 1600  # rows of a table
REAL = ("sample", "large sample")  # parts with the anomalies that are labelled
SHARES = {  # of the tasks of a step
    "sample": 0.24,
    "large sample": 0.24,
    "rare cluster": 0.1,
    "impossible value": 0.1,
    "wrong value": 0.05,
    "swapped labels": 0.27,
}
CLUSTERS = 10  # at most, of the normal rows of a table
RARE = (0.01, 0.15)  # rows of the rare cluster, or with swapped labels, in shares of the others
LEAST_SWAPPED = 150  # anomalies of a table whose labels are swapped too
WRONG = (0.005, 0.05)  # rows with an impossible or a wrong value, in shares of all
NEIGHBOURS = 10  # most similar rows, none of which has a value like a wrong one
UNLIKE = 0.5  # least difference of a wrong value from theirs, in interquartile ranges
TRIES = 5  # columns in which a wrong value for a row is looked for
CODES = (-1, 99, 999, 9999, -999)  # that stand for missing values
FAR = (-0.5, 9)  # decimal logarithm of how far an impossible value is outside, in ranges
PROTOCOLS = ("contaminated", "one-class")
HELD_OUT = "held-out"  # fitted on half of the rows with their anomalies, scores the others
LEAST_ANOMALIES = 5  # in a large sample; a sample has 10, or all that there are
ALIKE = 0.5  # share of the columns from which on two tables are near-copies of each other
Array = NDArray[Any]


class Table(NamedTuple):
    """A labelled table."""

    name: str
    X: Array  # (n, D)
    y: Array  # (n,)


class LabelledTask(NamedTuple):
    """What the critic sees of the rows of one task."""

    table: str
    protocol: str
    part: str  # a name of SHARES
    inputs: Array  # (n, 2 V + K) float32
    y: Array  # (n,)


def read_tables(folder: Path) -> list[Table]:
    """Read the labelled tables of a folder, in the order of their names.

    Raises
    ------
    ValueError
        If there are fewer than 10, or one has no ``X`` and ``y`` of anomalies and normal rows.
    """
    tables = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            if not {"X", "y"} <= set(file.files):
                raise ValueError(f"{path} must hold the arrays X and y.")
            X, y = file["X"].astype(np.float64), file["y"].ravel().astype(np.int64)
        if len(X) != len(y) or set(np.unique(y)) != {0, 1}:
            raise ValueError(f"{path} must have a label for each row, 0 or 1, and both of them.")
        tables.append(Table(path.stem, X, y))
    if len(tables) < LEAST_TABLES:
        raise ValueError(
            f"{folder} must hold at least {LEAST_TABLES} files .npz. Got {len(tables)}."
        )
    return tables


def make_tasks(tables: Sequence[Table], jobs: int) -> list[LabelledTask]:
    """Make all tasks of all tables, in ``jobs`` processes."""
    work = (delayed(_tasks_of)(table) for table in tables)
    results = Parallel(n_jobs=jobs, return_as="generator")(work)
    shown = tqdm(results, desc="views", total=len(tables), unit="table")
    return [task for of_table in shown for task in of_table]


def _tasks_of(table: Table) -> list[LabelledTask]:
    """Tasks of one table."""
    torch.set_num_threads(1)
    return [
        LabelledTask(table.name, protocol, part, *inputs_of(X, y, protocol))
        for part, X, y in parts_of(table)
        for protocol in protocols_of(table.name, part)
    ]


def protocols_of(name: str, part: str) -> tuple[str, ...]:
    """Protocols of a part: those of the benchmark, or one of two, drawn by the table's name."""
    drawn = zlib.crc32(f"{name}, {part}".encode()) % 2
    if part == "sample":
        return PROTOCOLS
    if part == "large sample":
        return "contaminated", ("one-class", HELD_OUT)[drawn]
    return (PROTOCOLS[drawn],)


def parts_of(table: Table) -> Iterator[tuple[str, Array, Array]]:
    """Rows and labels of each part of a table. The sample is stratified, the others are random."""
    rng = np.random.RandomState(zlib.crc32(table.name.encode()))
    n = len(table.y)
    rows = protocols.thin(table.y, SAMPLE)
    yield "sample", table.X[rows], table.y[rows]
    rows = rng.permutation(n)[:LARGE_SAMPLE]
    if n > SAMPLE and LEAST_ANOMALIES <= table.y[rows].sum() < len(rows):
        yield "large sample", table.X[rows], table.y[rows]
    normal = table.X[rng.permutation(np.flatnonzero(table.y == 0))[: 2 * SAMPLE]]
    labels = rare_cluster(normal, rng)
    if labels is not None:
        rows = rng.permutation(np.flatnonzero(labels >= 0))
        yield "rare cluster", normal[rows], labels[rows]
    yield "impossible value", *with_impossible_values(normal[:SAMPLE], rng)
    wrong = with_wrong_values(normal[:SAMPLE], rng)
    if wrong is not None:
        yield "wrong value", *wrong
    chosen = swapped(table, rng)
    if chosen is not None:
        yield "swapped labels", table.X[chosen], 1 - table.y[chosen]


def rare_cluster(X: Array, rng: np.random.RandomState) -> Array | None:
    """Label rows (n, D) of one cluster 1, others 0, and those to leave out -1. None without one.

    Clusters are those of some of the columns, by k-means. So the other rows can be of several
    clusters, as where a table has several kinds of normal rows.
    """
    scaled = _robustly_scaled(X)
    columns = rng.permutation(np.flatnonzero(np.ptp(scaled, axis=0) > 0))
    columns = columns[: max(2, int(np.ceil(len(columns) * rng.uniform(0.3, 1))))]
    n_clusters = rng.randint(3, CLUSTERS + 1)
    if len(columns) < 2 or len(X) < SAMPLE // 4:
        return None
    found = KMeans(n_clusters, n_init=1, random_state=0).fit_predict(scaled[:, columns])
    sizes = np.bincount(found, minlength=n_clusters)
    possible = np.flatnonzero((sizes >= 2 * LEAST_ANOMALIES) & (sizes < 0.6 * len(X)))
    if not len(possible):
        return None
    chosen = rng.choice(possible)
    others = np.flatnonzero(found != chosen)[:SAMPLE]
    n_rare = max(LEAST_ANOMALIES, int(rng.uniform(*RARE) * len(others)))
    labels = np.full(len(X), -1)
    labels[others] = 0
    labels[rng.permutation(np.flatnonzero(found == chosen))[:n_rare]] = 1
    return labels


def swapped(table: Table, rng: np.random.RandomState) -> Array | None:
    """Choose anomalies, which become the normal rows, and few normal rows. None without enough.

    Where the normal rows are one class and the anomalies all others, this turns a table into one
    whose normal rows are of many kinds.
    """
    rare, normal = np.flatnonzero(table.y == 0), np.flatnonzero(table.y == 1)
    if len(normal) < LEAST_SWAPPED:
        return None
    n_normal = min(len(normal), SAMPLE)
    n_rare = min(len(rare), max(LEAST_ANOMALIES, int(rng.uniform(*RARE) * n_normal)))
    rows = np.r_[rng.permutation(rare)[:n_rare], rng.permutation(normal)[:n_normal]]
    return np.asarray(rng.permutation(rows))


def with_impossible_values(X: Array, rng: np.random.RandomState) -> tuple[Array, Array]:
    """Put one value that no row has, as people do by mistake, into some rows (n, D)."""
    X = X.copy()
    low, high = X.min(0), X.max(0)
    unit = np.where(high > low, high - low, np.maximum(np.abs(high), 1))
    code = rng.choice(CODES)
    n_wrong = max(LEAST_ANOMALIES, int(rng.uniform(*WRONG) * len(X)))
    wrong = rng.permutation(len(X))[:n_wrong]
    for i, j in zip(wrong, rng.randint(X.shape[1], size=n_wrong), strict=True):
        x, beyond = X[i, j], unit[j] * 10 ** rng.uniform(*FAR)
        far = high[j] + beyond if rng.rand() < 0.5 else low[j] - beyond
        slips = [x * 10 ** rng.randint(1, 4), -x, code]
        possible = [slip for slip in slips if not low[j] <= slip <= high[j]]
        X[i, j] = rng.choice([far, *possible])
    return X, np.isin(np.arange(len(X)), wrong).astype(np.int64)


def with_wrong_values(X: Array, rng: np.random.RandomState) -> tuple[Array, Array] | None:
    """Give some rows (n, D) one value of another row, which no row alike has. None without any.

    So the value is usual in its column and wrong beside the others, as the wrong species of an
    animal is.
    """
    X, scaled = X.copy(), _robustly_scaled(X)
    columns = np.flatnonzero(np.ptp(scaled, axis=0) > 0)
    if len(columns) < 2:
        return None
    n_wrong = max(LEAST_ANOMALIES, int(rng.uniform(*WRONG) * len(X)))
    labels = np.zeros(len(X), dtype=np.int64)
    for i in rng.permutation(len(X))[:n_wrong]:
        apart = np.abs(scaled - scaled[i])
        for j in rng.permutation(columns)[:TRIES]:
            beside = apart.sum(1) - apart[:, j]
            beside[i] = np.inf
            alike = scaled[np.argsort(beside, kind="stable")[:NEIGHBOURS], j]
            from_alike = np.abs(scaled[:, j, None] - alike).min(1)
            possible = np.flatnonzero((from_alike > UNLIKE) & (apart[:, j] > UNLIKE))
            if len(possible):
                X[i, j] = X[rng.choice(possible), j]
                labels[i] = 1
                break
    return (X, labels) if labels.sum() >= LEAST_ANOMALIES else None


def _robustly_scaled(X: Array) -> Array:
    """Columns in interquartile ranges from the median, at most 4, (n, D) -> (n, D)."""
    low, middle, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
    spread = np.where(high > low, high - low, X.std(0))
    return np.asarray(np.clip((X - middle) / np.where(spread > 0, spread, 1), -4, 4))


def inputs_of(X: Array, y: Array, protocol: str) -> tuple[Array, Array]:
    """Inputs of the critic, and labels, for the rows that a protocol scores."""
    if protocol == HELD_OUT:
        order = np.random.RandomState(0).permutation(len(X))
        order = order[np.argsort(y[order], kind="stable")]  # half of the anomalies in each half
        task = protocols.Task(X[order[::2]], X[order[1::2]], y[order[1::2]])
    else:
        task = protocols.make_task(X, y, protocol, 0, scales_itself=True)
    gan = ViewGAN(critic="equal")
    detector = GANDetector(gan, random_state=0).fit(task.X_train)
    model = detector.model_
    rows = model.rows(task.X_train if task.X_test is None else task.X_test)
    judge = model.judge
    assert isinstance(judge, WeighedViews)
    inputs = judge.inputs(rows, model.views(rows))
    return inputs.astype(np.float32), np.asarray(task.y)


def near_copies(tables: Sequence[Table]) -> dict[str, str]:
    """Name a group for each table, so that near-copies are in the same one.

    Two tables are near-copies if half of the columns of one have the same least, median and largest
    value as columns of the other.
    """
    columns = {t.name: _columns_of(t.X) for t in tables}
    groups = {t.name: t.name for t in tables}
    for a in columns:
        for b in columns:
            common = len(columns[a] & columns[b])
            if a < b and common >= ALIKE * min(len(columns[a]), len(columns[b])):
                old, new = groups[b], groups[a]
                groups = {name: new if group == old else group for name, group in groups.items()}
    return groups


def _columns_of(X: Array) -> set[tuple[str, ...]]:
    """Least, median and largest value of each column that has more than two values."""
    parts = [np.quantile(X[:, j], [0, 0.5, 1]) for j in range(X.shape[1]) if _is_varied(X[:, j])]
    return {tuple(f"{value:.6g}" for value in part) for part in parts} or {(str(X.shape),)}


def _is_varied(column: Array) -> bool:
    return len(np.unique(column[:1000])) > 2


def digest_of(tables: Sequence[Table]) -> str:
    """SHA-256 of all rows and labels."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update(json.dumps([table.name, *table.X.shape]).encode())
        digest.update(table.X.tobytes() + table.y.tobytes())
    return digest.hexdigest()
