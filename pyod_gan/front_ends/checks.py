"""Checks of the values in a table, with the messages of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from .table_scaler import LARGEST

ESTIMATOR = "GANDetector"  # the name in errors
NO_NUMBERS = {  # types of cells, and why they cannot be read as numbers
    (complex, np.complexfloating): "Complex data not supported. Pass its two parts as columns.",
    (date, time, timedelta, np.datetime64, np.timedelta64): (
        "Dates and durations are no numbers. Pass a data frame, or use `preprocessing='table'`."
    ),
}

IF_MISSING = "Fill missing values, or fit with `preprocessing='table'`."


def plain_table(X: Any) -> Any:
    """Return a table in which the masked cells of NumPy's masked arrays are missing values.

    Raises
    ------
    ValueError
        If the table is sparse.
    """
    if issparse(X):
        raise ValueError("Sparse data was passed for X. Pass X.toarray(), which is dense.")
    if isinstance(X, list | tuple) and any(isinstance(row, np.ma.MaskedArray) for row in X):
        X = np.ma.stack(X)
    if not isinstance(X, np.ma.MaskedArray):
        return X
    if not np.ma.is_masked(X):
        return X.data
    dtype = np.result_type(X.dtype, np.float32) if X.dtype.kind in "biuf" else np.dtype(object)
    return np.ma.filled(X.astype(dtype), np.nan)


def check_cells(X: Any) -> None:
    """Raise a ValueError if an array or a list holds cells that are no floats, and of what kind.

    They are dates, durations, complex numbers, pandas' mark of missing values and huge integers.
    """
    try:
        cells = np.asarray(X, dtype=None if hasattr(X, "dtype") else object)
    except ValueError:  # rows of different lengths, which scikit-learn names
        return
    types = set(map(type, cells.flat)) if cells.dtype.kind == "O" else {cells.dtype.type}
    for kinds, reason in NO_NUMBERS.items():
        _refuse(cells, {t for t in types if issubclass(t, kinds)}, reason)
    _refuse(cells, {t for t in types if t.__name__ == "NAType"}, f"It is missing. {IF_MISSING}")
    if int in types:
        _refuse(cells, {int}, "It is too large for a float.", above=LARGEST)


def _refuse(cells: np.ndarray, types: set[type], reason: str, above: float = 0) -> None:
    """Raise a ValueError with the place of the first cell of these types and this size, if any."""
    for i, cell in enumerate(cells.flat if types else ()):
        if type(cell) in types and (not above or abs(cell) > above):
            place = ", ".join(map(str, np.unravel_index(i, cells.shape)))
            raise ValueError(f"X[{place}] is {cell!r:.100}. {reason}")


def finite_floats(X: Any, *, least_rows: int) -> np.ndarray:
    """Return a table of finite numbers as floats, single or double, (n, D).

    Raises
    ------
    ValueError
        If a value is missing, infinite or not a number, or if there are fewer than ``least_rows``
        rows or no columns.
    """
    values = np.asarray(
        check_array(
            X,
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan",
            ensure_min_samples=least_rows,
            estimator=ESTIMATOR,
            input_name="X",
        )
    )
    missing = np.isnan(values)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise ValueError(f"Input X contains NaN, first in X[{row}, {column}]. {IF_MISSING}")
    return values


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
