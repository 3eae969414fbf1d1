"""Known anomalies that a user passes beside the rows to learn."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..front_ends.front_end import FrontEnd


def read_anomalies(front_end: FrontEnd, given: Any) -> np.ndarray:
    """Read known anomalies by a fitted front end, (k, D) in its units. None and no rows are none.

    Raises
    ------
    ValueError
        If the rows are not like those of ``fit``.
    """
    if given is None or (hasattr(given, "__len__") and not len(given)):
        return np.zeros((0, len(front_end.outputs)))
    try:
        return front_end.read(given).values
    except ValueError as error:
        error.add_note("These are the rows of `known_anomalies`.")
        raise


def other_rows(values: np.ndarray, anomalies: np.ndarray) -> np.ndarray:
    """Tell which rows stay if each known anomaly takes one equal row away, (n, D), (k, D) -> (n,).

    So known anomalies may be left in the table, and further rows of the same values stay.

    Raises
    ------
    ValueError
        If fewer than 2 rows stay.
    """
    left = Counter(map(_key, anomalies))
    stays = np.ones(len(values), dtype=bool)
    for i, row in enumerate(values if left else ()):
        key = _key(row)
        if left[key]:
            left[key] -= 1
            stays[i] = False
    if stays.sum() < 2:
        raise ValueError(
            f"At least 2 rows are needed besides the known anomalies. {len(values)} were given, "
            f"and {np.sum(~stays)} of them are known anomalies. Pass more rows that are not."
        )
    return stays


def _key(row: np.ndarray) -> bytes:
    """Bytes that equal rows share."""
    return (row.astype(np.float64) + 0.0).tobytes()
