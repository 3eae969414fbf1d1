"""Scaling of tables: standardised columns with soft-clipped tails."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

LEARNT = ("mean", "scale", "var")  # what scikit-learn's StandardScaler learns of each column
CLIP = 10.0  # standard deviations beyond which a value grows only logarithmically


class TableScaler(TransformerMixin, BaseEstimator):
    """Standardise columns. Beyond 10 standard deviations values grow only logarithmically.

    The soft clip keeps a single extreme value from swamping the distance of a row, and far values
    stay ordered. Constant columns become 0.

    Parameters
    ----------
    weights : ndarray of shape (n_columns,), default=None
        Positive factors of the standardised columns. None is 1 for all columns.
    """

    def __init__(self, weights: np.ndarray | None = None) -> None:
        self.weights = weights

    def fit(self, X: np.ndarray, y: object = None) -> TableScaler:
        """Learn means and standard deviations of ``X`` (n, D).

        Raises
        ------
        ValueError
            If the variance of a column is too large for a float.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            self.scaler_ = StandardScaler().fit(X)
        overflow = ~np.isfinite(self.scaler_.var_)
        if overflow.any():
            raise ValueError(
                "Columns must have a variance that a float can hold. The values of column(s) "
                f"{np.flatnonzero(overflow).tolist()} are too large; divide them by a constant."
            )
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Scale rows, (n, D) -> (n, D) float32, finite."""
        check_is_fitted(self)
        with np.errstate(over="ignore"):
            z = np.nan_to_num(self.scaler_.transform(X), copy=False)
        far = (z < -CLIP) | (z > CLIP)
        z[far] = np.copysign(CLIP + np.log1p(np.abs(z[far]) - CLIP), z[far])
        if self.weights is not None:
            z *= self.weights
        return np.asarray(z, dtype=np.float32)

    def inverse_transform(self, z: np.ndarray) -> np.ndarray:
        """Turn scaled values into the units of the table, (..., D) -> (..., D)."""
        check_is_fitted(self)
        if self.weights is not None:
            z = z / self.weights
        far = np.abs(z) > CLIP
        with np.errstate(over="ignore"):
            straight = np.copysign(CLIP + np.expm1(np.abs(z) - CLIP), z)
        standardised = np.where(far, straight, z)
        return np.asarray(standardised * self.scaler_.scale_ + self.scaler_.mean_)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Means, deviations and variances of the columns, (D,) each."""
        return {name: getattr(self.scaler_, f"{name}_") for name in LEARNT}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], weights: np.ndarray | None
    ) -> TableScaler:
        """Make a scaler from :meth:`to_arrays` and its weights."""
        scaler = cls(weights)
        scaler.scaler_ = StandardScaler()
        for name in LEARNT:
            setattr(scaler.scaler_, f"{name}_", arrays[name])
        scaler.scaler_.n_features_in_ = len(arrays["mean"])
        return scaler
