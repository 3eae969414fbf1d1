"""What a detector is given: numbers as they are, any other table through its encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from .tables import Output, TableEncoder, is_frame


def read_rows(detector: Any, X: Any, *, reset: bool) -> np.ndarray:
    """Dense finite floats (n, D); ``reset`` learns the columns and sets ``encoder_``."""
    few = 2 if reset else 1
    if reset:
        detector.encoder_ = TableEncoder() if _needs_encoder(X, detector.preprocessing) else None
    encoder = detector.encoder_
    if encoder is None:
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


def weights(detector: Any) -> np.ndarray | None:
    """Of the columns of ``read_rows``; None for 1 each."""
    return None if detector.encoder_ is None else detector.encoder_.weights_


def _needs_encoder(X: Any, preprocessing: str) -> bool:
    """For "auto": a data frame that is not all numbers."""
    if preprocessing == "table":
        return True
    if not is_frame(X):
        return False
    try:
        if np.asarray(X).dtype.kind in "mM":  # all dates
            return True
        floats = check_array(X, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=0)
    except (ValueError, TypeError):
        return True
    return bool(np.isnan(floats).any())
