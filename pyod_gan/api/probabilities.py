"""Probabilities that a row is an outlier, and that its label would stay the same."""

from __future__ import annotations

import numpy as np
from scipy.special import erf
from scipy.stats import binom
from sklearn.preprocessing import MinMaxScaler

from .._support.own_settings import own_settings


def check_method(method: str) -> str:
    """Return the name of a way to make probabilities of scores, or raise a ValueError."""
    if method not in ("linear", "unify"):
        raise ValueError(f"`method` must be 'linear' or 'unify'. Got {method!r} instead.")
    return method


@own_settings()
def probabilities(scores: np.ndarray, training_scores: np.ndarray, method: str) -> np.ndarray:
    """Probabilities of being normal and of being an outlier, (n, 2).

    They are those of the range ("linear") or of the tail ("unify") of the training scores.
    """
    if method == "linear":
        scaler = MinMaxScaler(clip=True).fit(training_scores.reshape(-1, 1))
        outlier = scaler.transform(scores.reshape(-1, 1)).ravel()
    else:
        scale = training_scores.std() * np.sqrt(2) or 1.0
        outlier = erf((scores - training_scores.mean()) / scale).clip(0, 1)
    return np.column_stack([1 - outlier, outlier])


@own_settings()
def label_confidence(
    scores: np.ndarray, training_scores: np.ndarray, share: float, threshold: float
) -> np.ndarray:
    """Probability that each label stays the same under other training rows, (n,).

    ``share`` is the share of outliers among the training rows. The method is that of Perini,
    Vercruyssen and Davis, "Quantifying the Confidence of Anomaly Detectors in Their Example-Wise
    Predictions", ECML PKDD 2020.
    """
    n = len(training_scores)
    below = np.searchsorted(np.sort(training_scores), scores, side="right")
    n_outliers = max(1, int(n * share + 1e-9))  # 1e-9, because a product may round down
    outlier = 1 - binom.cdf(n - n_outliers, n, (1 + below) / (2 + n))
    confidence = np.where(scores > threshold, outlier, 1 - outlier)
    return np.where(np.isnan(scores), np.nan, confidence)
