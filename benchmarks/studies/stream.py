"""An hour's stream of rows that drift: rows a second, memory, and what is still found.

Rows come in batches. Each batch is scored, and then learnt by ``partial_fit``. All columns move by
six standard deviations in the course of the stream. One row in a hundred is an anomaly, three of
whose columns are off; nobody says which. A detector that was fitted once stands beside it.
"""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from pyod_gan import GANDetector

from ..harness import report
from .large import resident

ROWS, COLUMNS, BATCH = 3_600_000, 20, 10_000  # an hour of a thousand rows a second
FITTED, PARTS = 5_000, 6
DRIFT, OFF, SHARE = 6.0, 5.0, 0.01
SMALL = (1, 10, 100, 1_000, 10_000)  # rows of a call
Array = np.ndarray[Any, Any]


def command(options: Namespace, home: Path | None) -> int:
    """Print two tables, and write them to ``stream.md``."""
    del home
    parts = [report.markdown(calls()), report.markdown(stream(options.max_rows or ROWS))]
    text = "\n\n".join(parts)
    report.publish(text, options.out, "stream.md")
    return 0


def calls() -> pd.DataFrame:
    """Time of one call of ``decision_function`` and of ``partial_fit``, by its number of rows."""
    rng = np.random.default_rng(0)
    detector = GANDetector(random_state=0).fit(_rows(rng, FITTED, 0.0)[0])
    lines = []
    for n in SMALL:
        score, learn = [], []
        for _ in range(10 if n < max(SMALL) else 5):
            rows = _rows(rng, n, 0.0)[0]
            score.append(_seconds(detector.decision_function, rows))
            learn.append(_seconds(detector.partial_fit, rows))
        middle = float(np.median(score)), float(np.mean(learn))  # training is due now and then
        lines.append(
            {
                "rows of a call": f"{n:,}",
                "decision_function: ms": f"{1000 * middle[0]:.2f}",
                "rows a second": f"{n / middle[0]:,.0f}",
                "partial_fit: ms": f"{1000 * middle[1]:,.0f}",
                "learnt a second": f"{n / middle[1]:,.0f}",
            }
        )
    return pd.DataFrame(lines)


def stream(n_rows: int) -> pd.DataFrame:
    """Score and learn a stream that drifts, in sixths."""
    rng = np.random.default_rng(1)
    follows = GANDetector(random_state=0).fit(_rows(rng, FITTED, 0.0)[0])
    fixed = GANDetector(random_state=0).fit(_rows(rng, FITTED, 0.0)[0])
    firsts = range(0, n_rows, BATCH)
    of_part = max(1, len(firsts) // PARTS)
    lines, spent = [], np.zeros(2)
    found: list[tuple[Array, Array, Array]] = []
    for number, first in enumerate(tqdm(firsts, desc="batches"), 1):
        X, y = _rows(rng, min(BATCH, n_rows - first), first / n_rows)
        start = time.perf_counter()
        scores = follows.decision_function(X)
        spent[0] += time.perf_counter() - start
        spent[1] += _seconds(follows.partial_fit, X)
        found.append((y, scores, fixed.decision_function(X)))
        if number % of_part == 0:
            labels, ours, theirs = map(np.concatenate, zip(*found, strict=True))
            lines.append(
                {
                    "rows so far": f"{first + len(X):,}",
                    "scored a second": f"{len(labels) / spent[0]:,.0f}",
                    "learnt a second": f"{len(labels) / spent[1]:,.0f}",
                    "both": f"{len(labels) / spent.sum():,.0f}",
                    "memory MiB": f"{resident() / 2**20:,.0f}",
                    "AUROC": f"{roc_auc_score(labels, ours):.3f}",
                    "AUROC, fitted once": f"{roc_auc_score(labels, theirs):.3f}",
                }
            )
            found, spent = [], np.zeros(2)
    return pd.DataFrame(lines)


def _rows(rng: np.random.Generator, n: int, share_of_drift: float) -> tuple[Array, Array]:
    """Rows at a point of the stream, and which are anomalies."""
    X = rng.normal(size=(n, COLUMNS)) + DRIFT * share_of_drift
    y = (rng.random(n) < SHARE).astype(int)
    for i in np.flatnonzero(y):
        columns = rng.choice(COLUMNS, 3, replace=False)
        X[i, columns] += rng.choice([-OFF, OFF], 3)
    return X, y


def _seconds(work: Any, rows: Array) -> float:
    start = time.perf_counter()
    work(rows)
    return time.perf_counter() - start
