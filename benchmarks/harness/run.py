"""The grid: fit and score every detector on every data set, seed and protocol."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import (
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)
from tqdm import tqdm

from . import datasets, detectors, protocols
from .isolation import isolated
from .results import Cell, ResultsFile, section

FAILED_AUROC = 0.5  # what a failure counts as, with the share of anomalies as average precision
KEPT_SCORES = ("IForest", "KNN")  # their scores are kept for the pictures, beside ours
KEPT_ROWS = 100_000


@dataclass(frozen=True)
class Grid:
    """What to run; :func:`run` skips what is finished."""

    datasets: Sequence[str]
    detectors: Sequence[str]
    protocols: Sequence[str] = ("contaminated", "one-class")
    seeds: int = 3
    max_rows: int | None = None
    data_home: Path | None = None

    def cells(self) -> list[Cell]:
        """All runs, data set by data set."""
        choices = product(self.datasets, self.protocols, range(self.seeds), self.detectors)
        return [Cell(d, name, seed, p, self.max_rows) for d, p, seed, name in choices]


@dataclass(frozen=True)
class Outcome:
    """What one run gives: measures for ``results.csv``, arrays for the pictures."""

    cell: Cell
    measures: dict[str, Any]
    arrays: dict[str, np.ndarray]


def run(
    grid: Grid,
    out: Path,
    *,
    jobs: int = 1,
    retry_failed: bool = False,
    any_version: bool = False,
    progress: bool = True,
) -> int:
    """Run what is not finished yet and append each result as it comes.

    Parameters
    ----------
    grid : Grid
        What to run.
    out : Path
        Folder of ``results.csv``.
    jobs : int
        Processes; each uses one thread.
    retry_failed : bool
        Run recorded failures again.
    any_version : bool
        Count results of other software as finished too.
    progress : bool
        Show a progress bar.

    Returns
    -------
    int
        How many runs were made now.
    """
    _check_data(grid)
    results = ResultsFile(out)
    todo = results.unfinished(grid.cells(), retry_failed=retry_failed, any_version=any_version)
    pool = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    outcomes = pool(joblib.delayed(evaluate)(cell, grid.data_home) for cell in todo)
    failures, left = 0, Counter(cell.dataset for cell in todo)
    n_sets = len(left)
    with tqdm(total=len(todo), unit="fit", disable=not progress) as bar:
        bar.set_description(f"0 of {n_sets} data sets")
        for outcome in outcomes:
            results.append(outcome.cell, outcome.measures)
            _keep_arrays(out, outcome)
            failures += outcome.measures["status"] != "ok"
            left -= Counter([outcome.cell.dataset])
            bar.set_description(f"{n_sets - len(left)} of {n_sets} data sets", refresh=False)
            bar.set_postfix_str(f"{outcome.cell.dataset}, {failures} failed")
            bar.update()
    return len(todo)


def _check_data(grid: Grid) -> None:
    """Name every missing or damaged file before hours are spent."""
    problems = []
    for name in grid.datasets:
        try:
            datasets.check(name, grid.data_home)
        except datasets.DataError as error:
            problems.append(str(error))
    if problems:
        raise datasets.DataError("\n".join(problems))


def evaluate(cell: Cell, data_home: Path | None = None) -> Outcome:
    """Fit and score one detector on one data set.

    A detector that raises, or whose scores are not finite, is a failure: the error is its status,
    and it counts as AUROC 0.5, average precision equal to the share of anomalies, and no hit.

    Parameters
    ----------
    cell : Cell
        What to run.
    data_home : Path or None
        Folder of the data files.

    Returns
    -------
    Outcome
        Measures and, on success, scores.
    """
    _, X, y = datasets.load(cell.dataset, data_home)
    rows = protocols.thin(y, cell.max_rows)
    X, y = X[rows], y[rows]
    task = protocols.make_task(
        X, y, cell.protocol, cell.seed, scales_itself=detectors.is_ours(cell.detector)
    )
    measures: dict[str, Any] = {"n": len(y), "d": X.shape[1], "n_anomalies": int(y.sum())}
    measures |= {"auroc": FAILED_AUROC, "ap": task.y.mean(), "fit_seconds": "", "score_seconds": ""}
    measures |= {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    arrays: dict[str, np.ndarray] = {}
    try:
        with isolated(cell.seed):
            detector, scores = _fit_and_score(cell, task, measures)
        measures |= qualities(task.y, scores, protocols.flagged_share(cell.protocol, task.y))
        measures["status"] = "ok"
        arrays = {"y": task.y, "scores": scores, **_history(detector)}
    except Exception as error:  # a failing detector is a result too
        measures["status"] = _one_line(error)
    return Outcome(cell, {k: _rounded(v) for k, v in measures.items()}, arrays)


def _fit_and_score(
    cell: Cell, task: protocols.Task, measures: dict[str, Any]
) -> tuple[Any, np.ndarray]:
    """Fit, score and time; raise if a score is not finite."""
    detector = detectors.make(cell.detector, cell.seed)
    start = time.perf_counter()
    detectors.fit(cell.detector, detector, task.X_train, task.known)
    fitted = time.perf_counter()
    measures["fit_seconds"] = fitted - start
    if task.X_test is None:
        scores = detector.decision_scores_
    else:
        scores = detector.decision_function(task.X_test)
    measures["score_seconds"] = time.perf_counter() - fitted
    scores = np.asarray(scores, dtype=np.float64).ravel()
    if not np.isfinite(scores).all():
        raise ValueError(f"{np.sum(~np.isfinite(scores))} of {len(scores)} scores are not finite")
    return detector, scores


def qualities(y: np.ndarray, scores: np.ndarray, flagged: float) -> dict[str, float]:
    """Compare scores with labels; precision, recall and F1 with the ``flagged`` share on top."""
    labels = scores >= np.quantile(scores, 1 - flagged)
    precision, recall, f1, _ = precision_recall_fscore_support(
        y, labels, average="binary", zero_division=0.0
    )
    return {
        "auroc": roc_auc_score(y, scores),
        "ap": average_precision_score(y, scores),
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def _history(detector: Any) -> dict[str, np.ndarray]:
    """Return the training curves of our detector as ``history_*`` arrays."""
    table = pd.DataFrame(getattr(detector, "history_", [])).select_dtypes("number")
    return {f"history_{column}": table[column].to_numpy() for column in table}


def _keep_arrays(out: Path, outcome: Outcome) -> None:
    """Keep the scores of the first seed for the pictures."""
    cell = outcome.cell
    pictured = detectors.is_ours(cell.detector) or cell.detector in KEPT_SCORES
    if outcome.arrays and pictured and cell.seed == 0 and len(outcome.arrays["y"]) <= KEPT_ROWS:
        folder = out / "scores" / section(cell.protocol, cell.max_rows)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{cell.dataset}--{cell.detector.replace(':', '_')}.npz"
        np.savez_compressed(folder / name, allow_pickle=False, **outcome.arrays)


def _one_line(error: Exception) -> str:
    """Write an error as one short line."""
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:200]


def _rounded(value: Any) -> Any:
    """Six digits are enough, and keep the file readable."""
    return f"{value:.6f}" if isinstance(value, float) else value
