"""Measure how often the column that was made wrong comes first in an explanation.

The default is fitted on half of the normal rows of a data set. In other normal rows one column,
drawn at random, is moved by 3 to 6 of its standard deviations. Precision at 1 is the share of the
moved rows that are flagged for which the moved column is ranked first: by ``explain``, by gradient
× input (slopes of the score by central differences, times the standardised value) and by chance.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from pyod_gan import GANDetector

from ..harness import datasets, report
from ..harness.isolation import isolated
from ..harness.options import data_set_names
from ..harness.protocols import thin

N_ROWS = 50  # planted rows per data set and seed
STEP = 1e-3  # standard deviations, of the differences


def command(options: Namespace, home: Path | None) -> int:
    """Print the table."""
    names = data_set_names(options, datasets.available(home))
    lines = measure(home, names, options.seeds or 3)
    print(report.with_mean(tqdm(lines, total=len(names))))
    return 0


def measure(data_home: Path | None, names: list[str], seeds: int) -> Iterator[dict[str, object]]:
    """Plant, explain, compare.

    Parameters
    ----------
    data_home : Path or None
        Folder of the data files.
    names : list of str
        Data sets.
    seeds : int
        How many seeds, from 0.

    Yields
    ------
    dict
        One data set: its columns, and the mean precision at 1 of each way.
    """
    for name in names:
        _, X, y = datasets.load(name, data_home)
        rows = thin(y, 1500)
        normal = X[rows][y[rows] == 0]
        found = [_one_seed(normal, seed) for seed in range(seeds)]
        means = pd.DataFrame(found).mean().to_dict()  # without runs that flag nothing
        yield {"data set": name, "columns": str(X.shape[1]), **means}


def _one_seed(normal: np.ndarray, seed: int) -> dict[str, float]:
    """Precision at 1 of each way."""
    rng = np.random.RandomState(seed)
    normal = normal[rng.permutation(len(normal))]
    half = len(normal) // 2
    train, planted = normal[:half], normal[half:][:N_ROWS].copy()
    scale = train.std(0)
    columns = rng.choice(_moving(scale), len(planted))
    moves = rng.choice([-1, 1], len(planted)) * rng.uniform(3, 6, len(planted))
    planted[np.arange(len(planted)), columns] += moves * scale[columns]
    with isolated(seed):
        detector = GANDetector(random_state=seed).fit(train)
        flagged = np.asarray(detector.predict(planted)) == 1
        planted, columns = planted[flagged], columns[flagged]
        if not len(planted):
            return {"flagged": 0.0, "explain": np.nan, "gradient × input": np.nan}
        shares = detector.explain(planted)
        slopes = _gradient_times_input(detector, planted, train.mean(0), scale)
    return {
        "flagged": float(flagged.mean()),
        "explain": float(np.mean(shares.argmax(1) == columns)),
        "gradient × input": float(np.mean(slopes.argmax(1) == columns)),
        "chance": 1 / len(_moving(scale)),
    }


def _moving(scale: np.ndarray) -> np.ndarray:
    """Numbers of the columns that are not constant, rounding apart."""
    return np.flatnonzero(scale > 1e-9)


def _gradient_times_input(
    detector: GANDetector, rows: np.ndarray, mean: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Slope of the score along each column times the standardised value, (n, D)."""
    found = np.zeros(rows.shape)
    for j in _moving(scale):
        step = np.zeros(rows.shape[1])
        step[j] = STEP * scale[j]
        ends = detector.decision_function(np.r_[rows + step, rows - step])
        rise = ends[: len(rows)] - ends[len(rows) :]
        found[:, j] = rise / (2 * STEP) * (rows[:, j] - mean[j]) / scale[j]
    return found
