"""Scores of points from windows of several lengths, in one go and as points come in."""

from __future__ import annotations

import numpy as np
from sklearn import get_config

from ..detector import GANDetector
from ..front_ends.windows import Pools, WindowFrontEnd
from .parts import mean_of_parts

COPIES = 4  # number of arrays as large as the windows that exist at once


def check_step(front_ends: list[WindowFrontEnd]) -> None:
    """Raise a ValueError if a point would lie in no window that it may see."""
    most = min(front_end.latency + 1 for front_end in front_ends)
    if front_ends[0].step > most:
        raise ValueError(
            "The 'step' parameter of SeriesDetector must leave no point out: at most the smallest "
            f"window_size and latency + 1, which is {most}. Got {front_ends[0].step}."
        )


class Stream:
    """A series that comes point by point, and the scores of its points.

    Of the past it keeps the points of the longest window, and what each of them has of scores.
    """

    def __init__(
        self, detectors: list[GANDetector], front_ends: list[WindowFrontEnd], n_channels: int
    ) -> None:
        self.detectors, self.front_ends = detectors, front_ends
        longest = max(front_end.size for front_end in front_ends)
        self.latency = max(front_end.latency for front_end in front_ends)
        self.n_points = 0
        self.points = np.zeros((longest, n_channels))  # the last ones, the newest at the end
        self.pools = [Pools.empty(longest) for _ in detectors]

    def score_next(self, point: np.ndarray) -> float:
        """Take a point (C,), and return the score of the point ``latency`` points before it."""
        points = np.vstack([self.points[1:], point])
        pools = [_shifted(old) for old in self.pools]
        parts = zip(self.detectors, self.front_ends, pools, strict=True)
        for detector, front_end, of_points in parts:
            start = self.n_points + 1 - front_end.size
            if start >= 0 and start % front_end.step == 0:
                first = np.array([len(points) - front_end.size])
                pool_windows(detector, front_end, points, first, of_points)
        self.points, self.pools = points, pools
        self.n_points += 1
        by_size = [of_points.scores()[-1 - self.latency] for of_points in pools]
        return float(mean_of_parts(np.array(by_size)))


def _shifted(pools: Pools) -> Pools:
    """What points have, without the oldest point, and with a new one that has nothing."""
    return Pools(
        np.append(pools.largest[1:], -np.inf),
        np.append(pools.total[1:], 0.0),
        np.append(pools.n_windows[1:], 0.0),
    )


def point_scores(
    detector: GANDetector, front_end: WindowFrontEnd, values: np.ndarray
) -> np.ndarray:
    """Scores of the points of a series by one detector, (T, C) -> (T,)."""
    starts = front_end.starts(len(values))
    pools = Pools.empty(len(values))
    floats = get_config()["working_memory"] * 2**20 / 8
    size = max(1, int(floats / (COPIES * front_end.size * values.shape[1])))
    for first in range(0, len(starts), size):
        pool_windows(detector, front_end, values, starts[first : first + size], pools)
    scores = pools.scores()
    unseen = np.isnan(scores)  # points before the first window that they may see
    if unseen.any():
        scores[unseen] = detector.decision_function(front_end.rows(values, starts[:1]))
    return scores


def pool_windows(
    detector: GANDetector,
    front_end: WindowFrontEnd,
    values: np.ndarray,
    starts: np.ndarray,
    pools: Pools,
) -> None:
    """Score the windows that start at some points, and give their scores to their points."""
    rows = front_end.rows(values, starts)
    scores = detector.decision_function(rows)
    misfits = None
    if front_end.n_segments is None:
        above = scores > 0
        misfits = np.zeros(rows.shape)
        if above.any():
            misfits[above] = detector.model_.misfits(detector.model_.rows(rows[above]))
    front_end.pool(pools, starts, scores, misfits)
