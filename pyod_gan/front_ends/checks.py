"""Checks of the values in a table, with the messages of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

ESTIMATOR = "GANDetector"  # the name in errors


def finite_floats(X: Any, *, least_rows: int) -> np.ndarray:
    """Return a table of finite numbers as floats, single or double, (n, D).

    Raises
    ------
    ValueError
        If a value is missing, infinite or not a number, or if there are fewer than ``least_rows``
        rows or no columns.
    """
    floats = (np.float64, np.float32)
    return np.asarray(
        check_array(
            X, dtype=floats, ensure_min_samples=least_rows, estimator=ESTIMATOR, input_name="X"
        )
    )


class _Columns(BaseEstimator):
    """Number and names of the columns in ``fit``, as scikit-learn checks them."""


_Columns.__name__ = ESTIMATOR  # scikit-learn's messages name the class of what it checks


def column_names(labels: Sequence[Any] | None, n_columns: int) -> list[str]:
    """Names of columns by the labels of a data frame, or x0, x1, … for an array."""
    if labels is None:
        return [f"x{j}" for j in range(n_columns)]
    return [str(label) for label in labels]


def check_columns(X: Any, n_columns: int, names: np.ndarray | None) -> None:
    """Raise a ValueError if a table has other columns than in ``fit``."""
    known = _Columns()
    known.n_features_in_ = n_columns
    if names is not None:
        known.feature_names_in_ = names
    validate_data(known, X, reset=False, skip_check_array=True)


def check_names(now: Sequence[str], in_fit: Sequence[str]) -> None:
    """Raise a ValueError if columns have other labels, or another order, than in ``fit``."""
    missing = [name for name in in_fit if name not in now]
    unknown = [name for name in now if name not in in_fit]
    if missing or unknown:
        raise ValueError(
            f"Columns must be those of fit, in the same order. Missing: {missing}; not seen in "
            f"fit: {unknown}."
        )
    if list(now) != list(in_fit):
        raise ValueError(f"Columns must be in the order of fit, {in_fit}. Got {now} instead.")
