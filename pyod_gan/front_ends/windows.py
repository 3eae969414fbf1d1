"""Windows of a series as rows, and the scores of windows pooled to points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, label

FOCUS = 0.2  # share of a window's score that only the points that do not fit have
AROUND = 0.05  # share of a point's score that is the mean of its windows
MOST = 2**31  # points of a window


class WindowFrontEnd:
    """Cuts windows of one length out of a series, and pools their scores to its points.

    A window is a row of ``channels * size`` columns: the first channel's values in the order of
    time, then those of the second channel, and so on. With segments it is a row of
    ``2 * channels * n_segments`` columns: the means of the first channel's segments, their ranges
    from the lowest to the highest value, then the same of the second channel. This is the piecewise
    aggregate approximation (Keogh et al. 2001) with the ranges that means hide.

    Parameters
    ----------
    size : int
        Points of a window.
    n_segments : int or None
        Number of segments, which are as long as each other, give or take a point.
    step : int
        Points from the start of a window to the start of the next. The last window always ends at
        the last point, so that no point is left out.
    latency : int
        Points after a point that its score may see. More than ``size - 1`` changes nothing.

    Raises
    ------
    ValueError
        If a number is too small or is none.
    """

    def __init__(self, size: int, n_segments: int | None, step: int, latency: int) -> None:
        counts = {"size": (size, 2), "step": (step, 1), "latency": (latency, 0)}
        if n_segments is not None:
            counts["n_segments"] = (n_segments, 1)
        for name, (count, least) in counts.items():
            if type(count) is not int or not least <= count <= MOST:
                raise ValueError(f"{name} must be an int from {least} to {MOST}. Got {count!r}.")
        if n_segments is not None and n_segments > size:
            raise ValueError(f"{size} points cannot have {n_segments} segments.")
        self.size = size
        self.n_segments = n_segments
        self.step = step
        self.latency = min(latency, size - 1)

    def shape(self, n_channels: int) -> tuple[int, int]:
        """Channels and length of a row."""
        if self.n_segments is None:
            return n_channels, self.size
        return 2 * n_channels, self.n_segments

    def starts(self, n_points: int) -> np.ndarray:
        """First points of the windows of a series, (m,)."""
        last = n_points - self.size
        starts = np.arange(0, last + 1, self.step)
        return starts if starts[-1] == last else np.append(starts, last)

    def starts_beside(self, marked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First points of the windows without a marked point (T,), and of those of marked points.

        The latter hold at least half of a stretch of marked points, or are half full of it.
        """
        starts = self.starts(len(marked))
        before = np.concatenate([[0], marked.cumsum()])
        free = before[starts + self.size] == before[starts]
        held = np.zeros(len(starts), dtype=bool)
        for (stretch,) in find_objects(label(marked)[0]):
            first, end = stretch.start, stretch.stop
            near = slice(*np.searchsorted(starts, [first - self.size + 1, end]))
            shared = np.minimum(starts[near] + self.size, end) - np.maximum(starts[near], first)
            held[near] |= 2 * shared >= min(self.size, end - first)
        return starts[free], starts[held]

    def rows(self, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Windows of a series (T, C) that start at some points, (m, D)."""
        views = np.lib.stride_tricks.sliding_window_view(values, self.size, axis=0)  # (·, C, size)
        windows: np.ndarray = views[starts]  # (m, C, size)
        if self.n_segments is not None:
            first, lengths = self._segments
            means = np.add.reduceat(windows, first, axis=-1) / lengths
            high = np.maximum.reduceat(windows, first, axis=-1)
            ranges = high - np.minimum.reduceat(windows, first, axis=-1)
            windows = np.concatenate([means, ranges], axis=-1)
        return windows.reshape(len(starts), int(np.prod(windows.shape[1:])))

    def points_of(self, place: int) -> tuple[int, int]:
        """First and last point of a window that the column at a place of a row comes from."""
        first, lengths = self._segments
        return int(first[place]), int(first[place] + lengths[place] - 1)

    def seeing(self, point: int, n_points: int) -> np.ndarray:
        """First points of the windows whose score a point may have, (m,), of a whole series.

        If there is none, it is the first window.
        """
        starts = self.starts(n_points)
        ends = starts + self.size - 1
        may_see = starts[(starts <= point) & (ends >= point) & (ends - point <= self.latency)]
        return may_see if len(may_see) else starts[:1]

    @property
    def _segments(self) -> tuple[np.ndarray, np.ndarray]:
        """First points of the segments, and how many points each has."""
        edges = np.linspace(0, self.size, (self.n_segments or self.size) + 1).astype(int)
        return edges[:-1], np.diff(edges)

    def pool(
        self, pools: Pools, starts: np.ndarray, scores: np.ndarray, misfits: np.ndarray | None
    ) -> None:
        """Give points the scores of windows that they lie in.

        A score s above 0 is focused on the points that do not fit: a point has from ``(1 - FOCUS) *
        s``, if it is as expected, to s, if it fits least. Points that may not see the end of the
        window get nothing.

        Parameters
        ----------
        pools : Pools
            What points have, which is changed.
        starts : ndarray of shape (m,)
            First points of the windows.
        scores : ndarray of shape (m,)
            Scores of the windows.
        misfits : ndarray of shape (m, C * size) or None
            Distances of the windows' points from what was expected. With None, as for segments, all
            points have the score.
        """
        of_points = np.broadcast_to(scores[:, None], (len(starts), self.size))
        if misfits is not None:
            worst = misfits.reshape(len(starts), -1, self.size).max(axis=1)  # of the channels
            largest = worst.max(axis=1, keepdims=True)
            fits = 1 - worst / np.where(largest > 0, largest, 1)
            of_points = scores[:, None] - FOCUS * fits * np.maximum(scores, 0)[:, None]
        for j in range(self.size - 1 - self.latency, self.size):
            places = starts + j
            pools.largest[places] = np.maximum(pools.largest[places], of_points[:, j])
            pools.total[places] += of_points[:, j]
            pools.n_windows[places] += 1


@dataclass
class Pools:
    """What points have of the scores of windows that they lie in."""

    largest: np.ndarray  # (T,) -inf where there is no window yet
    total: np.ndarray  # (T,)
    n_windows: np.ndarray  # (T,)

    @classmethod
    def empty(cls, n_points: int) -> Pools:
        """Points without windows."""
        return cls(np.full(n_points, -np.inf), np.zeros(n_points), np.zeros(n_points))

    def scores(self) -> np.ndarray:
        """Scores of the points, NaN for those without windows, (T,).

        The largest score counts, and with a small share the mean. Many points have the same largest
        score, and the mean is highest where all windows are unusual.
        """
        seen = self.n_windows > 0
        mean = self.total / np.where(seen, self.n_windows, 1)
        return np.where(seen, (1 - AROUND) * self.largest + AROUND * mean, np.nan)
