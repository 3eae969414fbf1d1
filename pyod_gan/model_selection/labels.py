"""Labels in any usual form, turned into 1 for anomalies and 0 for normal rows."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d

ANOMALOUS = {"abnormal", "anomalous", "anomaly", "outlier"}
NORMAL = {"inlier", "nominal", "normal"}


def as_outlier_labels(y: ArrayLike, anomaly: Any = None) -> np.ndarray:
    """Labels as scikit-learn's metrics need them for scores that are higher for anomalies.

    With labels that sort the other way, such as −1 for anomalies, ``scoring="roc_auc"`` is silently
    inverted.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Numbers, booleans or strings.
    anomaly : value, or sequence or set of values, default=None
        Values that are anomalies. None understands 1 and 0, True and False, and, as in
        scikit-learn, −1 for anomalies beside 1. It also understands, in any case of letters, the
        words "anomaly", "anomalous", "abnormal" and "outlier" beside "normal", "nominal" and
        "inlier".

    Returns
    -------
    labels : ndarray of shape (n_samples,), int
        1 = anomaly, 0 = normal.

    Raises
    ------
    ValueError
        If a label is missing, or if ``anomaly`` is not in ``y``. Also if ``anomaly`` is None and
        the labels are not understood, such as nothing except 1.

    Examples
    --------
    >>> from pyod_gan.model_selection import as_outlier_labels
    >>> as_outlier_labels([1, -1, 1])
    array([0, 1, 0])
    >>> as_outlier_labels(["benign", "attack"], anomaly="attack")
    array([0, 1])
    """
    labels = column_or_1d(y).tolist()
    values = set(labels)
    unusable = [v for v in values if not isinstance(v, str) and not _is_number(v)]
    if unusable:
        raise ValueError(
            "Labels must be numbers, booleans or strings, and none may be missing. Got "
            f"{unusable[0]!r} among them; drop those rows first."
        )
    anomalies = _understood(values) if anomaly is None else _given(values, anomaly)
    return np.array([label in anomalies for label in labels], dtype=int)


def _is_number(value: Any) -> bool:
    """Tell whether a value is a number or boolean, and not NaN."""
    return isinstance(value, Real) and value == value


def _given(values: set[Any], anomaly: Any) -> set[Any]:
    """Values that the user names as anomalies. Each of them must occur."""
    given = list(anomaly) if isinstance(anomaly, set | frozenset) else anomaly
    anomalies = set(np.atleast_1d(np.asarray(given, dtype=object)).tolist())
    absent = [value for value in anomalies if value not in values]
    if absent:
        raise ValueError(
            f"`anomaly` must hold values of `y`. Got {absent[0]!r} instead; `y` has {_few(values)}."
        )
    return anomalies


def _understood(values: set[Any]) -> set[Any]:
    """Values that are anomalies by convention."""
    words = {value: value.strip().lower() for value in values if isinstance(value, str)}
    if len(words) == len(values):
        if set(words.values()) <= ANOMALOUS | NORMAL:
            return {value for value, word in words.items() if word in ANOMALOUS}
    elif values <= {0, 1} and (0 in values or all(isinstance(v, bool) for v in values)):
        return {1}
    elif values <= {-1, 1} and -1 in values:
        return {-1}
    raise ValueError(
        "Which labels are anomalies must be clear: 1 beside 0, True beside False, −1 beside 1, or "
        f"words such as 'outlier' beside 'normal'. Got {_few(values)} instead; name the "
        "anomalies, as in `as_outlier_labels(y, anomaly=...)`."
    )


def _few(values: set[Any]) -> str:
    """At most five of the values, as text."""
    listed = ", ".join(map(repr, sorted(values, key=str)[:5]))
    return listed if len(values) <= 5 else f"{listed}, …"
