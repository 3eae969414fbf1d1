"""The front end of time series: reads them, cuts windows, and pools window scores to points."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_array

from .checks import check_names, column_names
from .frames import as_frame, is_frame, is_number

FOCUS = 0.2  # share of a window's score that only the points that do not fit have
NAMED = 5  # positions that an error names at most


class Series(NamedTuple):
    """A series of equally spaced points."""

    values: np.ndarray  # (T, C) float64, finite
    names: list[str]  # of the C channels
    spacing: str = ""  # time from one point to the next, where the series has times


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
    """

    def __init__(self, size: int, n_segments: int | None, step: int, latency: int) -> None:
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
        return windows.reshape(len(starts), -1)

    @property
    def _segments(self) -> tuple[np.ndarray, np.ndarray]:
        """First points of the segments, and how many points each has."""
        edges = np.linspace(0, self.size, (self.n_segments or self.size) + 1).astype(int)
        return edges[:-1], np.diff(edges)

    def pool(
        self, pooled: np.ndarray, starts: np.ndarray, scores: np.ndarray, misfits: np.ndarray
    ) -> None:
        """Give points the scores of windows that they lie in, where these are larger.

        The points of a window have its score, if it is below 0. If it is above, they have from
        ``1 - FOCUS`` of it, for points that are as expected, to all of it, for those that fit
        least. Points that may not see the end of the window get nothing.

        Parameters
        ----------
        pooled : ndarray of shape (T,)
            Scores of the points, which are changed.
        starts : ndarray of shape (m,)
            First points of the windows.
        scores : ndarray of shape (m,)
            Scores of the windows.
        misfits : ndarray of shape (m, D)
            Distances of the windows' values from what was expected.
        """
        lengths = self._segments[1]
        worst = misfits.reshape(len(starts), -1, len(lengths)).max(axis=1)  # of the channels
        largest = worst.max(axis=1, keepdims=True)
        fits = np.repeat(1 - worst / np.where(largest > 0, largest, 1), lengths, axis=1)
        of_points = scores[:, None] - FOCUS * fits * np.maximum(scores, 0)[:, None]
        for j in range(self.size - 1 - self.latency, self.size):
            pooled[starts + j] = np.maximum(pooled[starts + j], of_points[:, j])


def read_series(X: Any, *, interpolate: bool) -> Series:
    """Read a series of numbers, from the first point to the last.

    Parameters
    ----------
    X : array-like of shape (T,) or (T, C), or data frame
        Points. The index of a pandas series or frame may hold their times.
    interpolate : bool
        Whether a missing value is the linear interpolation of its neighbours in time. A missing
        value at an end is its only neighbour.

    Raises
    ------
    ValueError
        If a value is no number, infinite or missing, or if times are missing, doubled, unsorted or
        not equally spaced. The error names positions.
    """
    spacing = _spacing(getattr(X, "index", None))
    if is_frame(X):
        frame = as_frame(X)
        others = [name for name in frame.columns if not is_number(frame[name].dtype)]
        if others:
            raise ValueError(
                f"The channels of a series must be numbers. {others} are not. Make a column of "
                "times the index, for example by set_index, and leave out what is no channel."
            )
        labels: list[str] | None = list(frame.columns)
        values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        labels = [str(X.name)] if getattr(X, "name", None) is not None else None
        values = _array(X)
    infinite = np.flatnonzero(np.isinf(values).any(axis=1))
    if infinite.size:
        raise ValueError(f"A series must be finite. Infinite at {_some(infinite)}.")
    values = _without_gaps(values, interpolate)
    return Series(values, column_names(labels, values.shape[1]), spacing)


def check_same_series(series: Series, in_fit: Series) -> None:
    """Raise a ValueError if a series has other channels or another spacing than that of ``fit``."""
    n_channels = in_fit.values.shape[1]
    if series.values.shape[1] != n_channels:
        raise ValueError(
            f"The series of fit has {n_channels} channels. Got {series.values.shape[1]} instead."
        )
    named = [s.names != column_names(None, n_channels) for s in (series, in_fit)]
    if all(named):
        check_names(series.names, in_fit.names)
    both = series.spacing and in_fit.spacing
    if both and series.spacing != in_fit.spacing:
        raise ValueError(
            f"The points of fit are {in_fit.spacing} apart. Got points that are {series.spacing} "
            "apart; resample the series."
        )


def _array(X: Any) -> np.ndarray:
    """Points of an array or a list, (T, C)."""
    points = X.to_numpy() if hasattr(X, "to_numpy") else np.ma.filled(X, np.nan)
    if points.ndim == 1:
        points = points.reshape(-1, 1)
    return np.asarray(
        check_array(points, dtype=np.float64, ensure_all_finite=False, estimator="SeriesDetector")
    )


def _without_gaps(values: np.ndarray, interpolate: bool) -> np.ndarray:
    """Fill missing values between others, or raise a ValueError that names them."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    if not interpolate:
        raise ValueError(
            f"Values of the series are missing at {_some(np.flatnonzero(missing.any(axis=1)))}. "
            "Fill them, or use missing='interpolate'."
        )
    if missing.all(axis=0).any():
        raise ValueError(
            f"Channels {np.flatnonzero(missing.all(axis=0)).tolist()} have no values at all."
        )
    filled, points = values.copy(), np.arange(len(values))
    for j in np.flatnonzero(missing.any(axis=0)):
        known = ~missing[:, j]
        filled[:, j] = np.interp(points, points[known], values[known, j])
    return filled


def _spacing(index: Any) -> str:
    """Time from one point to the next, of an index of times. Any other index has none."""
    if not hasattr(index, "freq"):  # dates, periods and durations have one, which may be None
        return ""
    if index.hasnans:
        raise ValueError(f"Times are missing at {_some(np.flatnonzero(index.isna()))}.")
    steps = np.diff(index.asi8)
    for wrong, said in ((steps == 0, "doubled"), (steps < 0, "not in order")):
        if wrong.any():
            raise ValueError(
                f"The times of a series must ascend. They are {said} at "
                f"{_some(np.flatnonzero(wrong) + 1)}."
            )
    lengths, counts = np.unique(steps, return_counts=True)
    if len(lengths) == 1:
        return str(index[1] - index[0])
    if index.freq is not None:  # such as months, which differ in days
        return str(index.freqstr)
    if not len(lengths):
        return ""
    usual = lengths[counts.argmax()]
    first = int(np.flatnonzero(steps == usual)[0])
    raise ValueError(
        f"Points of a series must be equally spaced. Most are {index[first + 1] - index[first]} "
        f"apart; others lie before {_some(np.flatnonzero(steps != usual) + 1)}. Resample it, as by "
        "X.resample('5min').mean() with missing='interpolate', or pass X.to_numpy() to take the "
        "points as equally spaced."
    )


def _some(positions: np.ndarray) -> str:
    """Say the first positions of points, and how many there are."""
    said = ", ".join(map(str, positions[:NAMED]))
    rest = f" and {len(positions) - NAMED} more" if len(positions) > NAMED else ""
    return f"position{'s' if len(positions) > 1 else ''} {said}{rest}"
