"""Detectors of series that SeriesDetector is compared with, each at its defaults."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

OURS = "SeriesDetector"
WINDOW = 50  # points, PyOD's own default
Make = Callable[[int], Any]  # a seed -> a detector


class MovingAverage:
    """Distance of a point to the mean of the points before it, in their standard deviations."""

    def fit(self, X: np.ndarray) -> MovingAverage:
        """Learn nothing, and score the series."""
        self.decision_scores_ = self.decision_function(X)
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of the points, (T,) -> (T,)."""
        series = pd.Series(X)
        before = series.rolling(WINDOW, min_periods=2)
        apart = (series - before.mean().shift(1)).abs()
        scores = apart / (before.std().shift(1) + 1e-9 + 0.01 * series.std())
        return np.asarray(scores.fillna(0.0))


def _windows_of(detector: str) -> Make:
    """PyOD's wrapper around one of its detectors."""

    def make(seed: int) -> Any:
        module, name = detector.split(":")
        inner = getattr(import_module(f"pyod.models.{module}"), name)
        seeded = {"random_state": seed} if name != "KNN" else {}
        return _pyod("ts_od:TimeSeriesOD")(inner(**seeded))

    return make


def _pyod(detector: str) -> Callable[..., Any]:
    """A class of PyOD, imported when it is used."""

    def make(*args: Any, **kwargs: Any) -> Any:
        module, name = detector.split(":")
        return getattr(import_module(f"pyod.models.{module}"), name)(*args, **kwargs)

    return make


PEERS: dict[str, Make] = {
    "TimeSeriesOD:IForest": _windows_of("iforest:IForest"),
    "TimeSeriesOD:PCA": _windows_of("pca:PCA"),
    "TimeSeriesOD:KNN": _windows_of("knn:KNN"),
    "SpectralResidual": lambda seed: _pyod("ts_spectral_residual:SpectralResidual")(),
    "MatrixProfile": lambda seed: _pyod("ts_matrix_profile:MatrixProfile")(),
    "KShape": lambda seed: _pyod("ts_kshape:KShape")(random_state=seed),
    "LSTM": lambda seed: _pyod("ts_lstm:LSTMAD")(),
    "MovingAverage": lambda seed: MovingAverage(),
}


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector."""
    return name.partition(":")[0] == OURS


def make(name: str, seed: int) -> Any:
    """Build a detector.

    ``SeriesDetector:alad`` has another GAN, ``SeriesDetector:alad:warped+reversed`` augmentations.
    """
    if not is_ours(name):
        return PEERS[name](seed)
    from pyod_gan import SeriesDetector

    gan, augmentations = [*name.split(":")[1:], "", ""][:2]
    changes = augmentations.split("+") if augmentations else None
    return SeriesDetector(gan or "auto", augmentations=changes, random_state=seed)


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names. None is ours and all peers.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    chosen = names.split(",") if names else [OURS, *PEERS]
    unknown = [name for name in chosen if name not in PEERS and not is_ours(name)]
    if unknown:
        known = ", ".join([OURS, f"{OURS}:<gan>", *PEERS])
        raise ValueError(f"Unknown detector: {', '.join(unknown)}. Known: {known}.")
    return chosen
