"""What a detector is given: numbers as they are, any other table through its encoder."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from .columns import Output, is_number, missing_in
from .tables import TableEncoder, is_frame


def read_rows(detector: Any, X: Any, *, reset: bool) -> np.ndarray:
    """Dense finite floats (n, D); ``reset`` learns the columns and sets ``encoder_``."""
    few = 2 if reset else 1
    if reset:
        detector.encoder_ = TableEncoder() if _needs_encoder(X, detector.preprocessing) else None
    encoder = detector.encoder_
    if encoder is None:
        if is_frame(X) and not reset:
            validate_data(detector, X, reset=False, skip_check_array=True)
            _check_numbers(X)
        floats = (np.float64, np.float32)
        X = validate_data(detector, X, reset=reset, dtype=floats, ensure_min_samples=few)
    else:
        validate_data(detector, X, reset=reset, skip_check_array=True)
        X = encoder.fit_transform(X) if reset else encoder.transform(X)
        X = check_array(X, ensure_min_samples=few, estimator=detector)
    return np.asarray(X)


def outputs(detector: Any) -> list[Output]:
    """What each column of ``read_rows`` stands for."""
    if detector.encoder_ is None:
        return [Output(j, "value") for j in range(detector.n_features_in_)]
    return list(detector.encoder_.outputs_)


def column_names(detector: Any) -> list[str]:
    """Names of the table's columns; x0, x1, … of an array."""
    unnamed = [f"x{j}" for j in range(detector.n_features_in_)]
    return [str(name) for name in getattr(detector, "feature_names_in_", unnamed)]


def weights(detector: Any, rows: np.ndarray) -> np.ndarray | None:
    """Of the columns of ``read_rows``; None for 1 each."""
    return None if detector.encoder_ is None else detector.encoder_.weights(rows)


def _needs_encoder(X: Any, preprocessing: str) -> bool:
    """For "auto": a data frame that is not all numbers, by its types, or has missing values."""
    if preprocessing == "table":
        return True
    if not is_frame(X):
        return False
    if not all(is_number(dtype) for dtype in X.dtypes):
        return True
    return len(set(X.columns)) == len(X.columns) and any(missing_in(X[c]).any() for c in X.columns)


def _check_numbers(frame: Any) -> None:
    """Name the columns that have what the table of numbers in ``fit`` had not."""
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
