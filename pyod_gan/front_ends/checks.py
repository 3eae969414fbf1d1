"""Checks of the values in a table, with the messages of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from .columns import is_number, missing_in

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


def check_numbers(frame: Any) -> None:
    """Raise a ValueError, with column names, if a frame has missing values or not only numbers."""
    columns = [(name, frame[name]) for name in frame.columns]
    others = [name for name, c in columns if not is_number(c.dtype) and not _numbers_in(c)]
    if others:
        raise ValueError(
            f"Columns must hold numbers, as in fit. Others: {others}. Convert them, or fit again."
        )
    gaps = [name for name, column in columns if missing_in(column).any()]
    if gaps:
        raise ValueError(
            f"Columns {gaps} have missing values (NaN), and no column had any in fit. Fill them, "
            "or fit with `preprocessing='table'`."
        )


def _numbers_in(column: Any) -> bool:
    """Tell whether a column of Python objects holds only numbers."""
    if str(column.dtype) != "object":
        return False
    return all(isinstance(value, Number) for value in column[~missing_in(column)])
