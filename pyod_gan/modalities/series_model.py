"""What SeriesDetector has fitted: windows of several lengths, and their detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..api.negatives import marked_points
from ..detector import GANDetector
from ..engine.mlp import MLP
from ..engine.network_kinds import get_network
from ..engine.network_spec import NetworkSpec
from ..engine.training import random_numbers
from ..front_ends.augmentations import on_windows
from ..front_ends.series import SeriesReader
from ..front_ends.windows import WindowFrontEnd
from ..gans.registry import get_gan
from .parts import fit_part, mean_of_parts, new_seed, some_of
from .window_scores import Stream, check_step, point_scores

SIZES = (32, 96, 288)  # points of the windows, if the user has no wish
LEAST = 4  # points of a series
SEGMENTS = 12  # of longer windows than the first of these, for perceptrons
MOST_WINDOWS = 2048  # windows to train on
MOST_KNOWN = 256  # windows that are known anomalies
FEWEST = 32  # windows without a known anomaly, of a size that was not asked for
Params = dict[str, Any]  # of the estimator


@dataclass
class SeriesModel:
    """Everything that turns a series into scores of its points.

    Parameters
    ----------
    reader : SeriesReader
        Reads series.
    front_ends : list of WindowFrontEnd
        One for each window size, in ascending order.
    detectors : list of GANDetector
        The detectors of their windows.
    """

    reader: SeriesReader
    front_ends: list[WindowFrontEnd]
    detectors: list[GANDetector]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Points of the windows."""
        return tuple(front_end.size for front_end in self.front_ends)

    @property
    def latency(self) -> int:
        """How many points after a point its score is final."""
        return max(front_end.latency for front_end in self.front_ends)

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Scores of the points of a series, (T, C) -> (T,)."""
        pairs = zip(self.detectors, self.front_ends, strict=True)
        by_size = [point_scores(detector, front_end, values) for detector, front_end in pairs]
        return mean_of_parts(np.array(by_size))

    def stream(self) -> Stream:
        """Begin a series that comes point by point."""
        return Stream(self.detectors, self.front_ends, len(self.reader.names))

    def window_of(self, values: np.ndarray, point: int) -> tuple[GANDetector, WindowFrontEnd, int]:
        """Detector, front end and first point of the window that a point's score comes from."""
        found = []
        for detector, front_end in zip(self.detectors, self.front_ends, strict=True):
            starts = front_end.seeing(point, len(values))
            scores = detector.decision_function(front_end.rows(values, starts))
            found.append((scores.max(), detector, front_end, int(starts[scores.argmax()])))
        return max(found, key=lambda one: one[0])[1:]


def fit_series(
    estimator: BaseEstimator,
    own: Sequence[str],
    reader: SeriesReader,
    values: np.ndarray,
    known_anomalies: Any = None,
) -> tuple[SeriesModel, np.ndarray]:
    """Fit a model to a series that a reader has read, with the parameters of an estimator.

    Returns
    -------
    model : SeriesModel
        The model.
    scores : ndarray of shape (T,)
        Scores of the points.

    Raises
    ------
    ValueError
        If the series is shorter than a window, if ``known_anomalies`` has another length or leaves
        hardly a window free, or if a parameter cannot be used.
    """
    params = estimator.get_params(deep=False)
    front_ends = _front_ends_for(params, len(values))
    draws = random_numbers(params["random_state"])
    marked = marked_points(known_anomalies, len(values))
    if isinstance(params["window_size"], str):
        front_ends = _with_free_windows(front_ends, marked)
    detectors = []
    for front_end in front_ends:
        seed = new_seed(draws)
        starts, of_anomalies = _windows_to_fit(front_end, marked, draws)
        shape = front_end.shape(values.shape[1])
        detector = fit_part(
            estimator,
            own,
            front_end.rows(values, starts),
            seed,
            f"windows of {front_end.size}",
            front_end.rows(values, of_anomalies)[:, None],
            network=_network(params).for_rows(shape),
            augmentations=on_windows(params["augmentations"], shape),
        )
        detectors.append(detector)
    model = SeriesModel(reader, front_ends, detectors)
    return model, model.scores(values)


def _front_ends_for(params: Params, n_points: int) -> list[WindowFrontEnd]:
    """Make a front end for each window size, for a series of ``n_points``.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 2, if the series is too short, or if points would
        lie in no window that they may see.
    """
    least = LEAST if isinstance(params["window_size"], str) else 2
    if n_points < least:
        raise ValueError(f"A series must have at least {least} points. Got {n_points}.")
    sizes = _sizes(params["window_size"], n_points)
    longest = max(sizes)
    if n_points < longest + 1:
        raise ValueError(
            f"A series must be longer than its windows. The longest has {longest} points, and the "
            f"series {n_points}. Give a smaller window_size, or more points."
        )
    latency = longest - 1 if params["latency"] is None else int(params["latency"])
    step = int(params["step"])
    front_ends = [WindowFrontEnd(s, _segments_of(params, s), step, latency) for s in sizes]
    check_step(front_ends)
    return front_ends


def _sizes(given: Any, n_points: int) -> list[int]:
    """Window sizes for a series, in ascending order."""
    if isinstance(given, str):
        long_enough = [size for size in SIZES if size <= n_points // 2]
        return long_enough or [n_points // 2]
    sizes = [given] if isinstance(given, Integral) else list(given)
    whole = all(isinstance(size, Integral) and int(size) >= 2 for size in sizes)
    if not sizes or not whole or len(set(sizes)) < len(sizes):
        raise ValueError(
            "The 'window_size' parameter of SeriesDetector must be 'auto', an int of at least 2, "
            f"or several that differ. Got {given!r}."
        )
    return sorted(int(size) for size in sizes)


def _segments_of(params: Params, size: int) -> int | None:
    """Number of segments of a window."""
    given = params["n_segments"]
    if given is None or size <= SIZES[0]:
        return None
    if isinstance(given, str):
        return SEGMENTS if isinstance(_network(params), MLP) else None
    return int(given)


def _network(params: Params) -> NetworkSpec:
    """Kind of the networks."""
    own = get_gan(params["gan"]).series_network
    return get_network(own if params["network"] is None else params["network"])


def _with_free_windows(
    front_ends: list[WindowFrontEnd], marked: np.ndarray
) -> list[WindowFrontEnd]:
    """Leave out sizes of which hardly a window has no marked point (T,)."""
    if not marked.any():
        return front_ends
    kept = [f for f in front_ends if len(f.starts_beside(marked)[0]) >= FEWEST]
    return kept or front_ends[:1]


def _windows_to_fit(
    front_end: WindowFrontEnd, marked: np.ndarray, draws: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """First points of windows to train on, and of those that are known anomalies.

    At most ``MOST_WINDOWS`` and ``MOST_KNOWN`` of them. ``marked`` (T,) are points that are known
    to be anomalous.
    """
    starts, of_anomalies = front_end.starts_beside(marked)
    if len(starts) < 2:
        raise ValueError(
            f"{len(starts)} window(s) of {front_end.size} points have no known anomaly, and at "
            "least 2 are needed. Pass a longer series, or a smaller window_size."
        )
    return some_of(starts, MOST_WINDOWS, draws), some_of(of_anomalies, MOST_KNOWN, draws)
