"""Measure how well ``partial_fit`` recovers when all rows move.

A detector is fitted on half of the normal rows of a data set. Then a third of the columns of every
row move by 3 standard deviations. A quarter of the normal rows comes in parts; the last quarter and
the anomalies are scored before and after. A refit on the rows that came shows what could be had.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from pyod_gan import GANDetector

from ..harness import datasets, detectors, report
from ..harness.isolation import isolated
from ..harness.options import data_set_names
from ..harness.protocols import thin
from . import ablation

PARTS = (32, 128)  # rows of a part
RESERVOIR = 512  # rows, or as many as come
SHIFT = 3.0  # standard deviations


def command(options: Namespace, home: Path | None) -> int:
    """Print a table for each detector."""
    names = data_set_names(options, datasets.available(home))
    for detector in ablation.expand(options.detectors or detectors.OURS):
        if not detectors.is_ours(detector):
            raise ValueError(f"Only {detectors.OURS} has a partial_fit. Got {detector} instead.")
        lines = measure(home, names, options.seeds or 3, detector)
        print(f"## {detector}\n\n{report.with_mean(tqdm(lines, total=len(names)))}")
    return 0


def measure(
    data_home: Path | None, names: list[str], seeds: int, detector: str = detectors.OURS
) -> Iterator[dict[str, object]]:
    """Fit, move, go on, compare.

    Parameters
    ----------
    data_home : Path or None
        Folder of the data files.
    names : list of str
        Data sets.
    seeds : int
        How many seeds, from 0.
    detector : str
        One of ours, see :mod:`benchmarks.harness.detectors`.

    Yields
    ------
    dict
        One data set: the rows that came and the mean AUROC before, after and of a refit.
    """
    for name in names:
        _, X, y = datasets.load(name, data_home)
        rows = thin(y, 1500)
        found = [_one_seed(X[rows], y[rows], seed, detector) for seed in range(seeds)]
        yield {"data set": name, **pd.DataFrame(found).mean().to_dict()}


def _one_seed(X: np.ndarray, y: np.ndarray, seed: int, name: str) -> dict[str, float]:
    """AUROC of every way."""
    rng = np.random.RandomState(seed)
    normal, anomalies = rng.permutation(X[y == 0]), X[y == 1]
    moved = rng.choice(X.shape[1], max(1, X.shape[1] // 3), replace=False)
    shift = np.zeros(X.shape[1])
    shift[moved] = SHIFT * rng.choice([-1, 1], len(moved)) * X.std(0)[moved]
    half, quarter = len(normal) // 2, len(normal) // 4
    old, new = normal[:half], normal[half:] + shift
    rows = np.r_[new[quarter:], anomalies + shift]
    labels = np.repeat([0, 1], [len(new) - quarter, len(anomalies)])

    def auroc(detector: GANDetector) -> float:
        return float(roc_auc_score(labels, detector.decision_function(rows)))

    with isolated(seed):
        size = min(RESERVOIR, half)
        blank = detectors.make(name, seed).set_params(reservoir_size=size)
        fitted = [clone(blank).fit(old) for _ in PARTS]
        found = {"rows that came": float(quarter), "before": auroc(fitted[0])}
        for part, detector in zip(PARTS, fitted, strict=True):
            for start in range(0, quarter, part):
                detector.partial_fit(new[start : min(start + part, quarter)])
            found[f"parts of {part}"] = auroc(detector)
        found["refit"] = auroc(clone(blank).fit(new[:quarter]))
    return found
