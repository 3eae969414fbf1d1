"""GANOutlierDetector: GANDetector in scikit-learn's own convention."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted

from .api.parameters import CONSTRAINTS, ParametersMixin
from .api.summary import SummaryMixin
from .detector import GANDetector
from .engine.network_spec import NetworkSpec
from .engine.spec import BaseGAN
from .front_ends.batches import TableLike

if TYPE_CHECKING:
    import pandas as pd


class GANOutlierDetector(SummaryMixin, ParametersMixin, OutlierMixin, BaseEstimator):
    """:class:`GANDetector` with labels 1 and −1, and scores that are *lower* for anomalies.

    This is the convention of scikit-learn's ``IsolationForest`` and ``LocalOutlierFactor``. The
    parameters are those of :class:`GANDetector`.

    Attributes
    ----------
    detector_ : GANDetector
        The fitted detector, in PyOD's convention.
    offset_ : float
        Minus ``detector_.threshold_``. Rows whose ``score_samples`` lie below it are outliers.
    n_iter_ : int
        Number of steps trained.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if ``fit`` got a data frame with string names.

    Examples
    --------
    >>> import numpy as np
    >>> from pyod_gan import GANOutlierDetector
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> X[0] = 8
    >>> GANOutlierDetector(contamination=0.01, random_state=0).fit_predict(X)[:3]
    array([-1,  1,  1])
    """

    _parameter_constraints = CONSTRAINTS
    __init__ = GANDetector.__init__

    def fit(
        self, X: TableLike, y: Any = None, *, known_anomalies: ArrayLike | None = None
    ) -> GANOutlierDetector:
        """Train on ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows, at least 2. They are finite numbers, or a data frame of any columns.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_anomalies, n_features), default=None
            Rows that are known to be anomalies, as in :meth:`GANDetector.fit`.

        Returns
        -------
        self : GANOutlierDetector
            The fitted detector. If ``fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError
            If a parameter or an input cannot be used.
        TrainingCollapsedError
            If no ensemble member could be trained.
        ImportError
            If a table has to be encoded without the extra ``tabular``.
        """
        self.detector_ = self._inner().fit(X, known_anomalies=known_anomalies)
        return self

    def partial_fit(
        self, X: ArrayLike, y: Any = None, *, known_anomalies: ArrayLike | None = None
    ) -> GANOutlierDetector:
        """Learn new rows, and forget old ones, as :meth:`GANDetector.partial_fit` does.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New rows, with the columns of ``fit`` in the same order.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_anomalies, n_features), default=None
            Rows that are known to be anomalies, as in :meth:`GANDetector.partial_fit`.

        Returns
        -------
        self : GANOutlierDetector
            The detector. If ``partial_fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError, TrainingCollapsedError
            As in :meth:`GANDetector.partial_fit`.
        """
        self.detector_ = self._inner().partial_fit(X, known_anomalies=known_anomalies)
        return self

    def _fitted_parts(self) -> GANDetector:
        return self.detector_

    def _inner(self) -> GANDetector:
        """Copy the detector with these parameters, so that a failure does not change it."""
        known = copy(self.detector_) if hasattr(self, "detector_") else GANDetector()
        return known.set_params(**self.get_params(deep=False))

    def score_samples(self, X: TableLike) -> np.ndarray:
        """Minus the anomaly score of each row: lower = more anomalous.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to score.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            A typical training row has about 0.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            As in :meth:`GANDetector.decision_function`.
        """
        check_is_fitted(self)
        return -self.detector_.decision_function(X)

    def decision_function(self, X: TableLike) -> np.ndarray:
        """Return ``score_samples(X) - offset_``, which is at least 0 for inliers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to score.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Scores, which are negative for outliers.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`score_samples`.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: TableLike) -> np.ndarray:
        """Label rows as inliers or outliers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to label.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            1 = inlier, −1 = outlier.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`score_samples`.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: TableLike) -> np.ndarray:
        """Share of each column in the anomaly score: :meth:`GANDetector.explain`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to explain.

        Returns
        -------
        shares : ndarray of shape (n_samples, n_features)
            Shares of at least 0.
        """
        check_is_fitted(self)
        return self.detector_.explain(X)

    def explain_frame(self, X: TableLike, *, top: int = 3) -> pd.DataFrame:
        """Reasons in words and numbers: :meth:`GANDetector.explain_frame`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to explain.
        top : int, default=3
            Number of reasons per row, at most.

        Returns
        -------
        reasons : DataFrame
            One line per row and reason.
        """
        check_is_fitted(self)
        return self.detector_.explain_frame(X, top=top)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file: :meth:`GANDetector.save`.

        Parameters
        ----------
        path : str or path-like
            Path of the file. :meth:`load` and :meth:`GANDetector.load` both read it.
        """
        check_is_fitted(self)
        self.detector_.save(path)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        gans: Sequence[type[BaseGAN]] = (),
        networks: Sequence[type[NetworkSpec]] = (),
    ) -> GANOutlierDetector:
        """Read a file of :meth:`save` or of :meth:`GANDetector.save`.

        Parameters
        ----------
        path : str or path-like
            Path of the file. No code in it is run.
        gans : sequence of BaseGAN classes, default=()
            GANs of your own that the file may name.
        networks : sequence of NetworkSpec classes, default=()
            Kinds of networks of your own that the file may name.

        Returns
        -------
        detector : GANOutlierDetector
            The fitted detector, with the same scores.
        """
        inner = GANDetector.load(path, gans=gans, networks=networks)
        turned: GANOutlierDetector = cls(**inner.get_params(deep=False))
        turned.detector_ = inner
        return turned

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write one ONNX model: :meth:`GANDetector.to_onnx`.

        Its outputs follow that detector's convention: ``score`` is higher for anomalies, and
        ``label`` is 1 for outliers.

        Parameters
        ----------
        path : str or path-like
            Path of the file.
        """
        check_is_fitted(self)
        self.detector_.to_onnx(path)

    @property
    def offset_(self) -> float:
        """Minus the detector's threshold."""
        return -float(self.detector_.threshold_)

    @property
    def n_iter_(self) -> int:
        """Number of steps trained."""
        return self.detector_.n_iter_

    @property
    def n_features_in_(self) -> int:
        """Number of columns seen in ``fit``."""
        return self.detector_.n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns seen in ``fit``."""
        return self.detector_.feature_names_in_
