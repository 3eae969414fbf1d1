"""PyOD's base class, made to keep scikit-learn's rules."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pyod.models.base import BaseDetector
from scipy.special import erf
from scipy.stats import binom
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.validation import check_is_fitted


class SklearnDetector(BaseDetector):
    """What every PyOD detector needs to pass scikit-learn's estimator checks.

    Departures from PyOD's base: parameters are handled by scikit-learn's own code (PyOD's copy
    changes the warnings filters); ``y`` is ignored in ``fit`` without a warning, whatever it holds;
    ``predict_proba`` validates its input once and always has two columns; a thresholder is cloned;
    ``fit_predict`` is not deprecated; a default ``predict_with_rejection`` does not warn about its
    own default.
    """

    _get_param_names: Any = classmethod(BaseEstimator._get_param_names.__func__)
    get_params = BaseEstimator.get_params
    set_params = BaseEstimator.set_params
    __repr__ = BaseEstimator.__repr__

    def fit_predict(self, X: ArrayLike, y: Any = None) -> np.ndarray:
        """Fit, and return the labels of the training rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            0 = inlier, 1 = outlier.
        """
        return self.fit(X, y).labels_

    def predict(
        self, X: ArrayLike, return_confidence: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Label rows that score above ``threshold_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to label.
        return_confidence : bool, default=False
            Also return ``predict_confidence(X)``.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            0 = inlier, 1 = outlier.
        confidence : ndarray of shape (n_samples,)
            Only with ``return_confidence``.
        """
        scores = self.decision_function(X)
        labels = (scores > self.threshold_).astype(int)
        return (labels, self._confidence(scores)) if return_confidence else labels

    def predict_confidence(self, X: ArrayLike) -> np.ndarray:
        """Probability that a label stays the same under other training rows (Perini et al. 2020).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to label.

        Returns
        -------
        confidence : ndarray of shape (n_samples,)
            From 0 to 1.
        """
        return self._confidence(self.decision_function(X))

    def _confidence(self, scores: np.ndarray) -> np.ndarray:
        n = len(self.decision_scores_)
        below = np.searchsorted(np.sort(self.decision_scores_), scores, side="right")
        n_outliers = max(1, int(n * self._share + 1e-9))  # whole numbers may come out just below
        outlier = 1 - binom.cdf(n - n_outliers, n, (1 + below) / (2 + n))
        return np.where(scores > self.threshold_, outlier, 1 - outlier)

    def predict_proba(
        self, X: ArrayLike, method: str = "linear", return_confidence: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Probability of being normal and of being an outlier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to score.
        method : {"linear", "unify"}, default="linear"
            "linear" scales scores to the range of the training scores; "unify" is the Gaussian tail
            probability of Kriegel et al. 2011.
        return_confidence : bool, default=False
            Also return ``predict_confidence(X)``.

        Returns
        -------
        probability : ndarray of shape (n_samples, 2)
            Columns: normal, outlier.
        confidence : ndarray of shape (n_samples,)
            Only with ``return_confidence``.

        Raises
        ------
        ValueError
            If ``method`` is neither.
        """
        if method not in ("linear", "unify"):
            raise ValueError(f"`method` must be 'linear' or 'unify'. Got {method!r} instead.")
        scores = self.decision_function(X)
        if method == "linear":
            scaler = MinMaxScaler(clip=True).fit(self.decision_scores_.reshape(-1, 1))
            outlier = scaler.transform(scores.reshape(-1, 1)).ravel()
        else:
            scale = self._sigma * np.sqrt(2) or 1.0
            outlier = erf((scores - self._mu) / scale).clip(0, 1)
        probability = np.column_stack([1 - outlier, outlier])
        return (probability, self._confidence(scores)) if return_confidence else probability

    def predict_with_rejection(
        self,
        X: ArrayLike,
        T: int = 32,
        return_stats: bool = False,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float | None = None,
    ) -> Any:
        """Labels with −2 for rows too uncertain to decide; see PyOD's ``BaseDetector``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to label.
        T : int, default=32
            A row is rejected where its confidence is at most 1 − 2·exp(−T).
        return_stats : bool, default=False
            Also return [expected rejection rate, its upper bound, upper bound of the cost].
        delta : float in (0, 1), default=0.1
            The upper bound of the rate holds with probability 1 − delta.
        c_fp, c_fn, c_r : float
            Costs of a false positive, a false negative and a rejection; ``c_r=None`` takes the
            contamination.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            0 = inlier, 1 = outlier, −2 = rejected.
        stats : list of three floats
            Only with ``return_stats``.
        """
        twin = self._with_known_share()
        c_r = twin.contamination if c_r is None or c_r < 0 else c_r
        return BaseDetector.predict_with_rejection(twin, X, T, return_stats, delta, c_fp, c_fn, c_r)

    def compute_rejection_stats(
        self, T: int = 32, delta: float = 0.1, c_fp: float = 1, c_fn: float = 1, c_r: float = -1
    ) -> tuple[float, float, float]:
        """What :meth:`predict_with_rejection` costs; see PyOD's ``BaseDetector``.

        Parameters
        ----------
        T, delta, c_fp, c_fn, c_r
            As in :meth:`predict_with_rejection`; a negative ``c_r`` takes the contamination.

        Returns
        -------
        rate, rate_bound, cost_bound : float
            Expected rejection rate, its upper bound, and the upper bound of the cost.
        """
        twin = self._with_known_share()
        return BaseDetector.compute_rejection_stats(twin, T, delta, c_fp, c_fn, c_r)  # type: ignore[no-any-return]

    def _with_known_share(self) -> SklearnDetector:
        """The same detector with a number above 0 as contamination, for PyOD's bounds."""
        check_is_fitted(self)
        twin = object.__new__(type(self))
        share = self._share or 1 / len(self.decision_scores_)
        twin.__dict__.update(vars(self) | {"contamination": share})
        return twin

    def _process_decision_scores(self) -> SklearnDetector:
        """Threshold and labels by a share of rows, by a rule, or by a clone of a thresholder."""
        scores = self.decision_scores_
        self._mu, self._sigma = scores.mean(), scores.std()  # for PyOD's methods
        self.__dict__.pop("thresholder_", None)  # of an earlier fit
        if isinstance(self.contamination, Real):
            share = float(self.contamination)
            self._set_threshold(np.percentile(scores, 100 * (1 - share)))
            self._share = share  # also where ties leave fewer labels
        elif isinstance(self.contamination, str):
            self._set_threshold(outlying_from(scores))
        else:
            self.thresholder_ = clone(self.contamination)
            self.thresholder_.fit(scores)
            labels = np.asarray(self.thresholder_.labels_).astype(int).ravel()
            # thresholders rescale the scores, so theirs is not a threshold of ours
            self._set_threshold(scores[labels == 0].max(initial=-np.inf))
            self.labels_ = labels
            self._share = float(labels.mean())
        return self

    def _set_threshold(self, threshold: float) -> None:
        """Label the training rows by it; ``_share`` is the share of outliers it stands for."""
        self.threshold_ = threshold
        self.labels_ = (self.decision_scores_ > threshold).astype(int)
        self._share = float(self.labels_.mean())

    def _set_n_classes(self, y: Any) -> SklearnDetector:
        self._classes = 2
        return self


def outlying_from(scores: np.ndarray) -> float:
    """The score whose modified z-score is 3.5: 0.6745 · (score − median) / MAD.

    Iglewicz and Hoaglin, "How to Detect and Handle Outliers", ASQC 1993. Where half of the scores
    are equal, the mean absolute deviation takes the MAD's place, with its own factor 1 / 1.253314.
    """
    median = np.median(scores)
    deviations = np.abs(scores - median)
    scale = np.median(deviations) / 0.6745 or deviations.mean() * 1.253314
    return float(median + 3.5 * scale)
