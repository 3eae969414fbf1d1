"""Scaling of tables: robustly standardised columns with soft-clipped tails."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

CLIP = 10.0  # standard deviations beyond which a value grows only logarithmically
TAIL = 0.025  # share of the values on each side that may be anything
ROUNDING = 16.0  # in spacings of floats, up to which two values are the same value
LARGEST = float(np.finfo(np.float64).max)


class TableScaler(TransformerMixin, BaseEstimator):
    """Standardise columns. Beyond 10 standard deviations values grow only logarithmically.

    Mean and standard deviation are winsorised (Tukey 1962): values are first moved to the ends of
    an interval if they lie beyond it. The interval is the central 95 % of the column, widened by
    its own width on each side. In normal data it ends 5.9 standard deviations from the middle and
    changes nothing. So a few extreme values, however large, cannot decide the scale. Up to 2.5 % of
    the values on each side may be anything.

    If the central 95 % have one value, as in a rare flag, then the interval is this value ± the
    median distance of the others.

    If all values are the same up to rounding, any other value is news. Whatever its unit, it counts
    as if it had occurred in one of the n rows: √n standard deviations.

    The soft clip keeps a single extreme value from swamping the distance of a row, and far values
    stay ordered.

    Parameters
    ----------
    weights : ndarray of shape (n_columns,), default=None
        Positive factors of the standardised columns. None is 1 for all columns.
    joint : bool, default=False
        Whether all columns have one scale, the root mean square of their deviations. It is for
        columns of one unit, such as pixels: one that hardly varies then counts little. It changes
        nothing if all columns are constant.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_columns,)
        Winsorised means and standard deviations; the scale of a constant column is the rounding.
    news_ : ndarray of shape (n_columns,)
        Standard deviations that a change in a constant column counts. 0 for other columns.

    References
    ----------
    Tukey, "The Future of Data Analysis", Annals of Mathematical Statistics 33, 1962.
    """

    def __init__(self, weights: np.ndarray | None = None, joint: bool = False) -> None:
        self.weights = weights
        self.joint = joint

    def fit(self, X: np.ndarray, y: object = None) -> TableScaler:
        """Learn means and standard deviations of ``X`` (n, D), finite or NaN, which is left out."""
        columns = [column[~np.isnan(column)] for column in np.asarray(X).T]
        moments = [_moments(column) for column in columns]
        self.mean_, self.scale_ = np.array(moments, dtype=np.float64).T.copy()
        rounding = (
            [np.finfo(column.dtype).eps for column in columns] * np.abs(self.mean_) * ROUNDING
        )
        constant = self.scale_ <= rounding
        self.news_ = np.where(constant, [np.sqrt(len(column)) for column in columns], 0.0)
        self.scale_[constant] = np.maximum(rounding, np.finfo(np.float64).tiny)[constant]
        if self.joint and not constant.all():
            largest = self.scale_.max()  # so that squares are finite
            shares = np.where(constant, 0.0, self.scale_ / largest)
            self.scale_[:] = largest * np.sqrt((shares**2).mean())
            self.news_[:] = 0.0
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Scale rows, (n, D) -> (n, D) float32, finite."""
        check_is_fitted(self, "mean_")
        largest = np.finfo(X.dtype).max
        with np.errstate(over="ignore"):
            z = X - self.mean_.astype(X.dtype)  # in single precision, too, constants become 0
            np.clip(z, -largest, largest, out=z)
            z /= self.scale_
        constant = self.news_ > 0
        change = np.sign(z[:, constant]) * (np.abs(z[:, constant]) > 1)
        z[:, constant] = change * self.news_[constant]
        far = (z < -CLIP) | (z > CLIP)
        beyond = np.minimum(np.abs(z[far]), largest) - CLIP
        z[far] = np.copysign(CLIP + np.log1p(beyond), z[far])
        if self.weights is not None:
            z *= self.weights
        return np.asarray(z, dtype=np.float32)

    def inverse_transform(self, z: np.ndarray) -> np.ndarray:
        """Turn scaled values into the units of the table, (..., D) -> (..., D)."""
        check_is_fitted(self, "mean_")
        if self.weights is not None:
            z = z / self.weights
        far = np.abs(z) > CLIP
        with np.errstate(over="ignore"):
            straight = np.copysign(CLIP + np.expm1(np.abs(z) - CLIP), z)
            values = np.where(far, straight, z) * self.scale_ + self.mean_
        return np.asarray(np.clip(values, -LARGEST, LARGEST))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Means, deviations and news of the columns, (D,) each."""
        return {"mean": self.mean_, "scale": self.scale_, "news": self.news_}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], weights: np.ndarray | None
    ) -> TableScaler:
        """Make a scaler from :meth:`to_arrays` and its weights. The first ones have no news."""
        scaler = cls(weights)
        scaler.mean_, scaler.scale_ = arrays["mean"], arrays["scale"]
        scaler.news_ = arrays.get("news", np.zeros(len(scaler.mean_)))
        return scaler


def _moments(column: np.ndarray) -> tuple[float, float]:
    """Winsorised mean and standard deviation of a column, (n,)."""
    x = np.clip(column.astype(np.float64), -LARGEST / 4, LARGEST / 4)  # differences are finite
    cut = min(ceil(TAIL * (len(x) - 1)), (len(x) - 1) // 2)
    low, middle, high = np.partition(x, places := [cut, len(x) // 2, len(x) - 1 - cut])[places]
    others = np.abs(x - middle)[x != middle]
    reach = high - low or (np.median(others) if len(others) else 0.0)
    inside = np.clip(x, low - reach, high + reach) - middle  # exactly 0 in a constant column
    size = np.abs(inside).max() or 1.0  # so that sums and squares are finite
    mean = middle + size * (inside / size).mean()
    return float(mean), float(size * (inside / size).std())
