"""Labelled series: generated ones, which need no file, and those of the Numenta benchmark (NAB).

NAB: Lavin and Ahmad, "Evaluating Real-Time Anomaly Detection Algorithms", ICMLA 2015. Its folder is
what ``git clone https://github.com/numenta/NAB`` makes: CSV files below ``data``, and the labelled
windows in ``labels/combined_windows.json``. CSV files beside a ``windows.json`` work too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .datasets import DataError

N_POINTS = 2000  # of a generated series
PERIOD = 40  # points
LABELS = ("windows.json", "labels/combined_windows.json", "../labels/combined_windows.json")
Array = np.ndarray[Any, Any]


class LabelledSeries(NamedTuple):
    """One series; 1 in ``y`` marks a point of an anomaly."""

    name: str
    values: Array  # (T,)
    y: Array  # (T,)


def generated() -> list[LabelledSeries]:
    """Make series with planted anomalies: single points, and patterns of usual values."""
    return [
        LabelledSeries(name, *_planted(seed, change)) for seed, (name, change) in enumerate(PLANTED)
    ]


def nab(folder: Path) -> list[LabelledSeries]:
    """Read the series of NAB that have labelled anomalies.

    Raises
    ------
    DataError
        If the folder holds no labels, or no series that they name.
    """
    labels = next((folder / name for name in LABELS if (folder / name).is_file()), None)
    if labels is None:
        raise DataError(f"{folder} holds none of {', '.join(LABELS)}: name a folder of NAB.")
    windows = json.loads(labels.read_text(encoding="utf-8"))
    paths = {name: path for name in sorted(windows) if (path := _find(folder, name)).is_file()}
    found = [_read(path, windows[name]) for name, path in paths.items() if windows[name]]
    if not found:
        raise DataError(f"{folder} holds none of the series that {labels} names.")
    return found


def _find(folder: Path, name: str) -> Path:
    """Path of a series in a folder of series, or in a clone of the repository."""
    path = folder / name
    return path if path.is_file() else folder / "data" / name


def _read(path: Path, windows: list[list[str]]) -> LabelledSeries:
    """Read one file, and label the points within its windows."""
    table = pd.read_csv(path, parse_dates=["timestamp"])
    y = np.zeros(len(table), dtype=int)
    for first, last in windows:
        y[table["timestamp"].between(pd.Timestamp(first), pd.Timestamp(last))] = 1
    return LabelledSeries(path.stem, table["value"].to_numpy(dtype=float), y)


def _planted(
    seed: int, change: Callable[[Array, np.random.Generator], Array]
) -> tuple[Array, Array]:
    """A noisy wave, four of whose stretches of one period are changed."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(N_POINTS) * 2 * np.pi / PERIOD)
    values = wave + 0.3 * wave**2 + 0.15 * rng.normal(size=N_POINTS)
    y = np.zeros(N_POINTS, dtype=int)
    for start in np.add((700, 1000, 1350, 1700), rng.integers(0, PERIOD, 4)):
        stretch = values[start : start + PERIOD]
        changed = change(stretch.copy(), rng)
        y[start : start + PERIOD] = changed != stretch
        values[start : start + PERIOD] = changed
    return values, y


def _spike(stretch: Array, rng: np.random.Generator) -> Array:
    stretch[PERIOD // 2] += rng.choice([-1, 1]) * rng.uniform(2, 4)
    return stretch


def _flat(stretch: Array, rng: np.random.Generator) -> Array:
    return np.full(PERIOD, stretch[0]) + 0.15 * rng.normal(size=PERIOD)


def _faster(stretch: Array, rng: np.random.Generator) -> Array:
    return np.concatenate([stretch[::2], stretch[1::2]])


def _reversed(stretch: Array, rng: np.random.Generator) -> Array:
    return -stretch + 0.3


def _noisy(stretch: Array, rng: np.random.Generator) -> Array:
    return stretch + 0.5 * rng.normal(size=PERIOD)


def _lifted(stretch: Array, rng: np.random.Generator) -> Array:
    return stretch + 0.7


PLANTED = (
    ("spike", _spike),
    ("flat", _flat),
    ("faster", _faster),
    ("upside_down", _reversed),
    ("noisy", _noisy),
    ("lifted", _lifted),
)
