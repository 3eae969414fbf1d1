"""VUS-PR and VUS-ROC: how well scores find stretches of a series, without a threshold.

Paparrizos, Boniol, Palpanas, Tsay, Elmore and Franklin, "Volume Under the Surface: A New Accuracy
Evaluation Measure for Time-Series Anomaly Detection", VLDB 2022. A label has no sharp border: for a
buffer of each length from 0 to the period of the series, points beside a labelled stretch count in
part, and the measure is the mean over the lengths. No score is moved to where a label is (as in the
"point-adjusted" F1, which a random score wins: Kim et al., AAAI 2022).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import trapezoid
from scipy.ndimage import find_objects, label
from scipy.signal import argrelextrema

N_THRESHOLDS = 250  # scores taken as thresholds, evenly spaced by rank
SHORTEST, LONGEST = 3, 300  # lags between which a period may lie
NO_PERIOD = 125  # points, where none is found; these four are TSB-AD's (Liu and Paparrizos 2024)
MOST_POINTS = 20_000  # of the series, in which a period is looked for
MOST_LAGS = 400
Array = np.ndarray[Any, Any]


class Volume(NamedTuple):
    """Volumes under the two surfaces, from 0 to 1."""

    pr: float
    roc: float


def volume_under_surface(y: Array, scores: Array, longest: int) -> Volume:
    """VUS-PR and VUS-ROC of the scores of a series.

    Parameters
    ----------
    y : ndarray of shape (T,)
        1 for the points of anomalies, 0 for the others; both must be there.
    scores : ndarray of shape (T,)
        Scores, higher = more anomalous.
    longest : int
        Length of the longest buffer, usually the period of the series.
    """
    descending = np.argsort(-scores, kind="stable")
    ranks = np.linspace(0, len(y) - 1, N_THRESHOLDS).astype(int)
    thresholds = scores[descending][ranks]
    n_flagged = np.searchsorted(-scores[descending], -thresholds, side="right")
    surfaces = [
        _areas(y, scores, _buffered(y, length), descending, thresholds, n_flagged, length)
        for length in range(longest + 1)
    ]
    pr, roc = np.mean(surfaces, axis=0)
    return Volume(float(pr), float(roc))


def find_period(values: Array) -> int:
    """Lag at which a series is most like itself, among local maxima of its autocorrelation."""
    from statsmodels.tsa.stattools import acf

    x = values[:MOST_POINTS]
    if np.ptp(x) == 0 or len(x) <= SHORTEST + 2:
        return NO_PERIOD
    correlation = acf(x, nlags=min(MOST_LAGS, len(x) - 1), fft=True)[SHORTEST:]
    peaks = argrelextrema(correlation, np.greater)[0]
    if not len(peaks):
        return NO_PERIOD
    best = int(peaks[np.argmax(correlation[peaks])])
    return best + SHORTEST if SHORTEST <= best <= LONGEST else NO_PERIOD


def _buffered(y: Array, length: int) -> Array:
    """Labels from 0 to 1, which fall within half a buffer beside each stretch, (T,)."""
    labels = y.astype(float)
    for start, end in _stretches(y):
        after = np.arange(end + 1, min(end + length // 2 + 1, len(y)))
        labels[after] += np.sqrt(1 - (after - end) / max(length, 1))
        before = np.arange(max(start - length // 2, 0), start)
        labels[before] += np.sqrt(1 - (start - before) / max(length, 1))
    return labels.clip(0, 1)


def _areas(
    y: Array,
    scores: Array,
    labels: Array,
    descending: Array,
    thresholds: Array,
    n_flagged: Array,
    length: int,
) -> tuple[float, float]:
    """Areas under the curves of precision and recall, and of the two rates, for one buffer."""
    inside = y == 1
    flagged_inside = _summed(inside, descending, n_flagged)
    flagged_beside = _summed(np.where(inside, 0, labels), descending, n_flagged)
    true = flagged_inside + flagged_beside
    n_positive = inside.sum() + flagged_beside / 2  # the mean of the labels and the buffered ones
    highest = np.array([scores[a : b + 1].max() for a, b in _joined(y, length)])
    found = (highest >= thresholds[:, None]).mean(axis=1)  # share of stretches with a flag
    recall = np.minimum(true / n_positive, 1) * found
    false_rate = (n_flagged - true) / (len(y) - n_positive)
    precision = true / n_flagged
    roc = trapezoid(np.r_[0, recall, 1], np.r_[0, false_rate, 1])
    return float(np.dot(np.diff(np.r_[0, recall]), precision)), float(roc)


def _summed(values: Array, descending: Array, n_flagged: Array) -> Array:
    """Sum of values over the points that each threshold flags."""
    summed = np.concatenate([[0], np.cumsum(values[descending])])
    return summed[n_flagged]


def _stretches(y: Array) -> list[tuple[int, int]]:
    """First and last points of the labelled stretches."""
    return [(stretch.start, stretch.stop - 1) for (stretch,) in find_objects(label(y)[0])]


def _joined(y: Array, length: int) -> list[tuple[int, int]]:
    """Stretches with half a buffer on both sides. Those whose buffers touch are one."""
    half, joined = length // 2, list[tuple[int, int]]()
    for start, end in _stretches(y):
        if joined and start - half <= joined[-1][1]:
            joined[-1] = (joined[-1][0], end + half)
        else:
            joined.append((max(start - half, 0), end + half))
    return [(start, min(end, len(y) - 1)) for start, end in joined]
