"""Thresholds of scores: by a share of rows, a rule, or a thresholder."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.stats import median_abs_deviation
from sklearn.base import clone

from .._support.rollback import restored_on_failure


class Threshold(NamedTuple):
    """A threshold of training scores, and the rows that it flags."""

    value: float  # rows that score above it are labelled 1
    labels: np.ndarray  # (n,) labels of the training rows
    share: float  # share of outliers that it stands for
    thresholder: Any = None  # the fitted clone that found it


class Scored(Protocol):
    """A detector whose threshold can be set."""

    contamination: Any
    decision_scores_: np.ndarray
    threshold_: float
    labels_: np.ndarray
    flagged_share_: float
    thresholder_: Any


def use_scores(detector: Scored, scores: np.ndarray) -> None:
    """Set the training scores (n,) of a detector, and the threshold that its parameters ask for.

    The held-out scores of ``calibrate`` are removed.
    """
    vars(detector).pop("conformal_scores_", None)
    detector.decision_scores_ = scores
    use_threshold(detector, find_threshold(scores, detector.contamination))


def use_threshold(detector: Scored, threshold: Threshold) -> None:
    """Set the threshold of a detector, and the labels of its training rows.

    A thresholder that did not find this threshold is removed.
    """
    with restored_on_failure(detector):
        vars(detector).pop("thresholder_", None)
        detector.threshold_ = threshold.value
        detector.labels_ = threshold.labels
        detector.flagged_share_ = threshold.share
        if threshold.thresholder is not None:
            detector.thresholder_ = threshold.thresholder


def find_threshold(scores: np.ndarray, contamination: Any) -> Threshold:
    """Find the threshold of training scores (n,) that a ``contamination`` stands for.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Training scores.
    contamination : float, "auto" or thresholder
        A number is a share of outliers. "auto" stands for :func:`outlying_from`. A thresholder is
        an object with ``fit`` and ``labels_``; a clone of it is fitted.
    """
    if isinstance(contamination, Real):
        share = float(contamination)
        value = np.percentile(scores.copy(), 100 * (1 - share), overwrite_input=True)
        at_share = threshold_at(scores, float(value))
        return at_share._replace(share=share)  # although ties may leave fewer labels
    if isinstance(contamination, str):
        return threshold_at(scores, outlying_from(scores))
    thresholder = clone(contamination)
    thresholder.fit(scores)
    labels = np.asarray(thresholder.labels_).astype(int).ravel()
    # a thresholder rescales the scores, so its own threshold is not on their scale
    value = float(scores[labels == 0].max(initial=-np.inf))
    return Threshold(value, labels, float(labels.mean()), thresholder)


def threshold_at(scores: np.ndarray, value: float) -> Threshold:
    """Make a threshold of training scores (n,) from its value."""
    labels = (scores > value).astype(int)
    return Threshold(value, labels, float(labels.mean()))


def outlying_from(scores: np.ndarray) -> float:
    """Score whose modified z-score is 3.5: 0.6745 · (score − median) / MAD.

    The source is Iglewicz and Hoaglin, "How to Detect and Handle Outliers", ASQC 1993. If half of
    the scores are equal, the mean absolute deviation takes the place of the MAD. It has a factor of
    its own, 1 / 1.253314.
    """
    median = np.median(scores)
    scale = median_abs_deviation(scores, scale=0.6745)
    scale = scale or np.abs(scores - median).mean() * 1.253314
    return float(median + 3.5 * scale)
