"""Measure how many plausible errors are found in real tables, and whether the reason is right.

Errors of ten kinds are planted by rule (:mod:`benchmarks.harness.planted_errors`) in rows drawn at
random from real tables of mixed columns (:mod:`benchmarks.harness.mixed_tables`). A detector is
fitted on a table with errors in 1 % of its rows, or in one row, and scores the same rows, as a user
does who cleans a file; then on the clean table with the next errors, until all are seen. An error
is found at 1 % if its rank among the rows without an error is within 1 % of the rows; in a table of
fewer than 200 rows it must be the first. Other detectors get the columns as skrub's
``TableVectorizer`` encodes them, with the median for missing values. The column of the first reason
is that of ``explain_frame``, and for ECOD that of the largest tail probability.
"""

from __future__ import annotations

import zlib
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder
from tqdm import tqdm

from ..harness import detectors, mixed_tables, report
from ..harness.isolation import isolated
from ..harness.planted_errors import RULES, CleanTable, PlantedError, plant, with_errors
from ..harness.versions import Versions

DETECTORS = (detectors.OURS, "IForest", "ECOD")
MAX_ROWS = 1500
SHARE = 0.01  # of the rows may be wrong at once
LEAST, MOST = 2, 5  # errors of a kind in a table, for each seed; within, as many as SHARE
LIMITS = {"found at 1 %": 0.01, "found at 10 %": 0.1}
RIGHT, RIGHT_OF_FOUND = "right column first", "right first, of those found at 1 %"


def command(options: Namespace, home: Path | None) -> int:
    """Print the tables; write ``errors.csv`` and ``errors.md``."""
    tables = options.datasets.split(",") if options.datasets else list(mixed_tables.TABLES)
    names = detectors.expand(options.detectors) if options.detectors else list(DETECTORS)
    options.out.mkdir(parents=True, exist_ok=True)
    versions = Versions(options.out / "versions.json")
    ids = {name: versions.note(name) for name in names}
    rows = options.max_rows or MAX_ROWS
    lines = pd.DataFrame(measure(tables, names, options.seeds or 1, rows))
    lines.assign(versions=lines["detector"].map(ids)).to_csv(
        options.out / "errors.csv", index=False
    )
    text = as_markdown(lines)
    (options.out / "errors.md").write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def measure(
    tables: list[str], names: list[str], seeds: int, max_rows: int
) -> Iterator[dict[str, Any]]:
    """Plant, fit, rank, ask for the reason.

    Parameters
    ----------
    tables : list of str
        Names of :mod:`benchmarks.harness.mixed_tables`.
    names : list of str
        Detectors, see :mod:`benchmarks.harness.detectors`.
    seeds : int
        How many seeds, from 0.
    max_rows : int
        Larger tables are cut to so many rows.

    Yields
    ------
    dict
        One error and detector: what was planted, its rank, the column of the first reason.
    """
    for name in tqdm(tables, unit="table"):
        table = CleanTable(mixed_tables.load(name, max_rows))
        share = int(SHARE * len(table.frame))
        for seed in range(seeds):
            rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
            errors = plant(table, min(max(LEAST, share), MOST), rng)
            for part in _batches(errors, max(1, share)):
                wrong = with_errors(table.frame, part)
                for detector in names:
                    found = _found(detector, wrong, part, seed)
                    for error, line in zip(part, found, strict=True):
                        planted = _described(table.frame, error)
                        yield {"table": name, **planted, "seed": seed, "detector": detector} | line


def _batches(errors: list[PlantedError], size: int) -> Iterator[list[PlantedError]]:
    """Cut errors into lists of at most ``size``."""
    for start in range(0, len(errors), size):
        yield errors[start : start + size]


def _described(frame: pd.DataFrame, error: PlantedError) -> dict[str, Any]:
    """What was planted, in words."""
    cells = [
        f"{column}: {frame.loc[error.row, column]} -> {value}"
        for column, value in error.cells.items()
    ]
    return {"kind": error.kind, "row": error.row, "planted": "; ".join(cells)}


def _found(
    name: str, wrong: pd.DataFrame, errors: list[PlantedError], seed: int
) -> list[dict[str, Any]]:
    """Rank and first reason of every planted row."""
    rows = [error.row for error in errors]
    with isolated(seed):
        fit = _fit_ours if detectors.is_ours(name) else _fit_encoded
        scores, columns = fit(name, wrong, rows, seed)
    clean = np.delete(scores, rows)
    lines = []
    for error, column in zip(errors, columns, strict=True):
        rank = 1 + int((clean >= scores[error.row]).sum())
        right = None if column is None else int(column in error.right)
        lines.append({"n": len(clean) + 1, "rank": rank, "first reason": column, "right": right})
    return lines


def _fit_ours(
    name: str, frame: pd.DataFrame, rows: list[int], seed: int
) -> tuple[np.ndarray, list[str | None]]:
    """Scores of all rows, and the columns of the first reasons of some; "" is no reason."""
    detector = detectors.make(name, seed).fit(frame)
    reasons = detector.explain_frame(frame.iloc[rows], top=1).set_index("row")["column"]
    return detector.decision_scores_, [reasons.get(row, "") for row in rows]


def _fit_encoded(
    name: str, frame: pd.DataFrame, rows: list[int], seed: int
) -> tuple[np.ndarray, list[str | None]]:
    """Do the same with an encoded table; None where a detector has no reasons."""
    X, sources = encoded(frame)
    detector = detectors.make(name, seed).fit(X)
    if not hasattr(detector, "O"):
        return detector.decision_scores_, [None] * len(rows)
    return detector.decision_scores_, [sources[detector.O[row].argmax()] for row in rows]


def encoded(frame: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Encode a table as detectors of numbers need it.

    Parameters
    ----------
    frame : DataFrame
        Columns of any kind, and missing values.

    Returns
    -------
    tuple of ndarray of shape (n, D) and list of str
        Numbers, and the column that each of them stands for.
    """
    import skrub

    vectorizer = skrub.TableVectorizer(
        low_cardinality=OneHotEncoder(sparse_output=False),
        high_cardinality=skrub.StringEncoder(random_state=0),
    )
    outputs = vectorizer.fit_transform(frame)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    source = {out: name for name, outs in vectorizer.input_to_outputs_.items() for out in outs}
    return imputer.fit_transform(outputs.astype(float)), [source[name] for name in outputs.columns]


def summary(lines: pd.DataFrame, detector: str) -> pd.DataFrame:
    """One line per kind of error, and one for all.

    Parameters
    ----------
    lines : DataFrame
        What :func:`measure` yields.
    detector : str
        Whose lines.

    Returns
    -------
    DataFrame
        How many errors, and which shares are found and explained. A detector without reasons has
        none explained.
    """
    own = lines[lines["detector"] == detector]
    within = {title: _found_within(own, limit) for title, limit in LIMITS.items()}
    right = own["right"].astype(float)
    first = right.where(within["found at 1 %"])
    table = own.assign(**within, **{RIGHT: right, RIGHT_OF_FOUND: first})
    table = pd.concat([table, table.assign(kind="all")])
    by_kind = table.groupby("kind")
    means = by_kind[[*within, RIGHT, RIGHT_OF_FOUND]].mean().dropna(axis=1, how="all")
    means.insert(0, "errors", by_kind.size())
    return means.reindex([kind for kind in (*RULES, "all") if kind in means.index]).reset_index()


def _found_within(lines: pd.DataFrame, limit: float) -> pd.Series:
    """Which errors rank within a share of the rows, or first."""
    return lines["rank"] <= (limit * lines["n"]).clip(lower=1)


def as_markdown(lines: pd.DataFrame) -> str:
    """A table for each detector, and one of all detectors by table.

    Parameters
    ----------
    lines : DataFrame
        What :func:`measure` yields.

    Returns
    -------
    str
        Markdown.
    """
    names = list(lines["detector"].unique())
    parts = [f"## {name}\n\n{report.markdown(summary(lines, name))}" for name in names]
    found = _found_within(lines, LIMITS["found at 1 %"])
    by_table = found.groupby([lines["table"], lines["detector"]]).mean().unstack()[names]
    by_table = by_table.rename_axis(columns=None).reset_index()
    by_table.insert(1, "rows", by_table["table"].map(lines.groupby("table")["n"].max()))
    parts.append(f"## Found at 1 %, by table\n\n{report.markdown(by_table)}")
    return "\n\n".join(parts)
