"""PyOD's base class, changed to keep scikit-learn's rules."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np
from pyod.models.base import BaseDetector
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..front_ends.batches import TableLike
from ..front_ends.dask_tables import is_dask, map_scores
from .probabilities import check_method, label_confidence, probabilities
from .thresholds import use_scores


class PyODBase(BaseDetector):
    """PyOD's base class, changed so that detectors pass scikit-learn's estimator checks.

    Departures from PyOD's base class:

    - Scikit-learn's own code handles the parameters. PyOD's copy of it changes warnings filters.
    - ``fit`` ignores ``y`` without a warning, whatever it holds.
    - ``predict_proba`` validates its input once and always has two columns.
    - A thresholder is cloned.
    - ``fit_predict`` is not deprecated.
    - ``predict_with_rejection`` with its defaults does not warn about its own default.
    """

    _get_param_names: Any = classmethod(BaseEstimator._get_param_names.__func__)
    get_params = BaseEstimator.get_params
    set_params = BaseEstimator.set_params
    __repr__ = BaseEstimator.__repr__

    _classes: ClassVar[int] = 2  # PyOD's methods read this and the next two
    _mu = property(lambda self: self.decision_scores_.mean())
    _sigma = property(lambda self: self.decision_scores_.std())

    def fit_predict(self, X: TableLike, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Fit, and return the labels of the training samples.

        Parameters
        ----------
        X : as in ``fit``
            Training samples.
        y : Ignored
            Present for API consistency.
        **fit_params : dict
            Further arguments of ``fit``, such as ``known_anomalies``.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            0 = inlier, 1 = outlier.

        Raises
        ------
        ValueError, TrainingCollapsedError, ImportError
            As in ``fit``.
        """
        self.fit(X, y, **fit_params)
        if is_dask(X):  # labels_ are those of a sample
            return self._labels(self.decision_function(X))
        return np.asarray(self.labels_)

    def predict(
        self, X: TableLike, return_confidence: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Label samples. Those that score above ``threshold_`` are outliers.

        Parameters
        ----------
        X : as in ``decision_function``
            Samples to label.
        return_confidence : bool, default=False
            Also return ``predict_confidence(X)``.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            0 = inlier, 1 = outlier.
        confidence : ndarray of shape (n_samples,)
            Confidence of the labels, only with ``return_confidence``.

        Raises
        ------
        NotFittedError, ValueError
            As in ``decision_function``.
        """
        scores = self.decision_function(X)
        labels = self._labels(scores)
        return (labels, self._confidence(scores)) if return_confidence else labels

    def predict_confidence(self, X: TableLike) -> np.ndarray:
        """Probability that a label stays the same under other training data (Perini et al. 2020).

        Parameters
        ----------
        X : as in ``decision_function``
            Samples to label.

        Returns
        -------
        confidence : ndarray of shape (n_samples,)
            Probabilities from 0 to 1.

        Raises
        ------
        NotFittedError, ValueError
            As in ``decision_function``.
        """
        return self._confidence(self.decision_function(X))

    def predict_proba(
        self, X: TableLike, method: str = "linear", return_confidence: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Probability of being normal and of being an outlier.

        Parameters
        ----------
        X : as in ``decision_function``
            Samples to score.
        method : {"linear", "unify"}, default="linear"
            "linear" scales scores to the range of the training scores. "unify" is the Gaussian tail
            probability of Kriegel et al. 2011.
        return_confidence : bool, default=False
            Also return ``predict_confidence(X)``.

        Returns
        -------
        probability : ndarray of shape (n_samples, 2)
            Probabilities of normal and of outlier.
        confidence : ndarray of shape (n_samples,)
            Confidence of the labels, only with ``return_confidence``.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If ``method`` is neither "linear" nor "unify", or as in ``decision_function``.
        """
        scores = self.decision_function(X)
        how = {"training_scores": self.decision_scores_, "method": check_method(method)}
        probability = map_scores(partial(probabilities, **how), scores, n_columns=2)
        return (probability, self._confidence(scores)) if return_confidence else probability

    def predict_with_rejection(
        self,
        X: TableLike,
        T: int = 32,
        return_stats: bool = False,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float | None = None,
    ) -> Any:
        """Labels with −2 for samples too uncertain to decide; see PyOD's ``BaseDetector``.

        Parameters
        ----------
        X : as in ``decision_function``
            Samples to label.
        T : int, default=32
            A sample is rejected where its confidence is at most 1 − 2·exp(−T).
        return_stats : bool, default=False
            Also return [expected rejection rate, its upper bound, upper bound of the cost].
        delta : float in (0, 1), default=0.1
            The upper bound of the rate holds with probability 1 − delta.
        c_fp, c_fn, c_r : float, default=1, 1, None
            Costs of a false positive, a false negative and a rejection. ``c_r=None`` takes the
            contamination.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            0 = inlier, 1 = outlier, −2 = rejected.
        stats : list of three floats
            Rates and cost, only with ``return_stats``.

        Raises
        ------
        NotFittedError, ValueError
            As in ``decision_function``.
        """
        twin = self._with_known_share()
        c_r = twin.contamination if c_r is None or c_r < 0 else c_r
        return BaseDetector.predict_with_rejection(twin, X, T, return_stats, delta, c_fp, c_fn, c_r)

    def compute_rejection_stats(
        self, T: int = 32, delta: float = 0.1, c_fp: float = 1, c_fn: float = 1, c_r: float = -1
    ) -> tuple[float, float, float]:
        """Rejection rate and cost of :meth:`predict_with_rejection`; see PyOD's ``BaseDetector``.

        Parameters
        ----------
        T, delta, c_fp, c_fn, c_r : default=32, 0.1, 1, 1, -1
            As in :meth:`predict_with_rejection`. A negative ``c_r`` takes the contamination.

        Returns
        -------
        rate, rate_bound, cost_bound : float
            Expected rejection rate, its upper bound, and the upper bound of the cost.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        """
        twin = self._with_known_share()
        return BaseDetector.compute_rejection_stats(twin, T, delta, c_fp, c_fn, c_r)  # type: ignore[no-any-return]

    def _labels(self, scores: np.ndarray) -> np.ndarray:
        """Labels of rows with these scores, (n,)."""
        labels: np.ndarray = (scores > self.threshold_).astype(int)
        return labels

    def _confidence(self, scores: np.ndarray) -> np.ndarray:
        """Confidence of the labels that these scores get, (n,)."""
        of_training = {
            "training_scores": self.decision_scores_,
            "share": self.flagged_share_,
            "threshold": self.threshold_,
        }
        return map_scores(partial(label_confidence, **of_training), scores)

    def _with_known_share(self) -> PyODBase:
        """Copy the detector, with a number above 0 as contamination, for PyOD's bounds."""
        check_is_fitted(self)
        twin = object.__new__(type(self))
        share = self.flagged_share_ or 1 / len(self.decision_scores_)
        twin.__dict__.update(vars(self) | {"contamination": share})
        return twin

    def _process_decision_scores(self) -> PyODBase:
        """Set threshold and labels from ``decision_scores_``, under PyOD's name."""
        use_scores(self, self.decision_scores_)
        return self

    def _set_n_classes(self, y: Any) -> PyODBase:
        """Do nothing. Labels are ignored, so there are always two classes."""
        return self
