"""Probabilities that a row is an outlier, and that its label would stay the same."""

from __future__ import annotations

import numpy as np
from scipy.special import erf
from scipy.stats import binom
from sklearn.preprocessing import MinMaxScaler

from .._support.own_settings import own_settings


@own_settings()
def outlier_probability(scores: np.ndarray, training_scores: np.ndarray, method: str) -> np.ndarray:
    """Probabilities of being an outlier, by the range or the tail of the training scores, (n,).

    Raises
    ------
    ValueError
        If ``method`` is neither "linear" nor "unify".
    """
    if method == "linear":
        scaler = MinMaxScaler(clip=True).fit(training_scores.reshape(-1, 1))
        return np.asarray(scaler.transform(scores.reshape(-1, 1)).ravel())
    if method == "unify":
        scale = training_scores.std() * np.sqrt(2) or 1.0
        return np.asarray(erf((scores - training_scores.mean()) / scale).clip(0, 1))
    raise ValueError(f"`method` must be 'linear' or 'unify'. Got {method!r} instead.")


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
