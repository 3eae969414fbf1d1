"""The training-free bar: distance to the nearest of a few random training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyod.models.base import BaseDetector
from scipy.spatial.distance import cdist
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted


class NearestPrototype(BaseDetector):
    """Mean L1 distance to the nearest of ``n_prototypes`` training rows, over ``n_draws`` draws.

    Columns are standardised and clipped. Nothing is trained. A prototype identical to the row is
    not counted, so training rows and new rows are scored alike.

    Parameters
    ----------
    n_prototypes : int
        Training rows per draw.
    n_draws : int
        Independent draws whose distances are averaged.
    clip : float
        Standardised columns are clipped to [-clip, clip].
    contamination : float
        Share of anomalies expected in the training rows; sets the threshold only.
    random_state : int, RandomState or None
        Seed of the draws.
    """

    def __init__(
        self,
        n_prototypes: int = 16,
        n_draws: int = 48,
        clip: float = 10.0,
        contamination: float = 0.1,
        random_state: int | None = None,
    ) -> None:
        super().__init__(contamination=contamination)
        self.n_prototypes = n_prototypes
        self.n_draws = n_draws
        self.clip = clip
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> NearestPrototype:
        """Draw the prototypes and score the training rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Training rows.
        y : ignored

        Returns
        -------
        NearestPrototype
            self
        """
        rows: NDArray[np.float64] = check_array(X)
        self._set_n_classes(y)
        rng = check_random_state(self.random_state)
        size = min(self.n_prototypes, len(rows))
        draws = [rng.choice(len(rows), size, replace=False) for _ in range(self.n_draws)]
        self.scaler_ = StandardScaler().fit(rows)
        self.prototypes_ = self._prepare(rows)[np.stack(draws)]  # (n_draws, n_prototypes, d)
        self.decision_scores_ = self._distances(rows)
        self._process_decision_scores()
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return one score per row; higher is more anomalous.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Rows to score.

        Returns
        -------
        ndarray of shape (n,)
            Mean distance to the nearest prototype.
        """
        check_is_fitted(self, "prototypes_")
        return self._distances(check_array(X))

    def _prepare(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standardise and clip."""
        return np.asarray(np.clip(self.scaler_.transform(X), -self.clip, self.clip))

    def _distances(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Average over draws; a row that meets only itself in a draw skips that draw."""
        rows = self._prepare(X)
        nearest = np.empty((self.n_draws, len(rows)))
        for draw, prototypes in enumerate(self.prototypes_):
            distances = cdist(rows, prototypes, metric="cityblock")
            nearest[draw] = np.where(distances > 0, distances, np.inf).min(axis=1)
        met = np.isfinite(nearest)
        total = np.where(met, nearest, 0).sum(axis=0)
        return np.asarray(total / np.maximum(met.sum(axis=0), 1))
