"""Checks of what a table holds, in scikit-learn's words."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np
from sklearn.utils import check_array

from .columns import is_number, missing_in

ESTIMATOR = "GANDetector"  # whom errors name


def finite_floats(X: Any, *, least_rows: int) -> np.ndarray:
    """A table of numbers as floats, single or double, (n, D).

    Raises
    ------
    ValueError
        If a value is missing or infinite or is no number, or there are fewer rows or no column.
    """
    floats = (np.float64, np.float32)
    return np.asarray(
        check_array(
            X, dtype=floats, ensure_min_samples=least_rows, estimator=ESTIMATOR, input_name="X"
        )
    )


def check_width(values: np.ndarray, expected: int) -> None:
    """Raise a ValueError where an array (n, D) has not as many columns as in ``fit``."""
    if values.shape[1] != expected:
        raise ValueError(
            f"X has {values.shape[1]} features, but {ESTIMATOR} is expecting {expected} features "
            "as input."
        )


def check_numbers(frame: Any) -> None:
    """Raise a ValueError that names the columns of a frame that hold more than numbers."""
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
    """True for a column of Python objects that are numbers."""
    if str(column.dtype) != "object":
        return False
    return all(isinstance(value, Number) for value in column[~missing_in(column)])
