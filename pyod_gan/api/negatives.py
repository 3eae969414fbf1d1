"""Rows that are not normal, to learn beside those that are: known anomalies, changed rows."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

import numpy as np

from ..engine.network_spec import NetworkSpec
from ..engine.training import random_numbers
from ..front_ends.augmentations import augmented, on_windows
from ..front_ends.front_end import FrontEnd, no_rows


class Augmenting(Protocol):
    """What augmentations need of the detector."""

    augmentations: Any
    random_state: Any


def read_anomalies(front_end: FrontEnd, given: Any) -> np.ndarray:
    """Read known anomalies by a fitted front end, (k, D) in its units. None and no rows are none.

    Raises
    ------
    ValueError
        If the rows are not like those of ``fit``.
    """
    if given is None or (hasattr(given, "__len__") and not len(given)):
        return no_rows(len(front_end.outputs))
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


def augmented_rows(detector: Augmenting, network: NetworkSpec, values: np.ndarray) -> np.ndarray:
    """Rows that the detector's augmentations make of training rows, (n, D) -> (a, D).

    Raises
    ------
    ValueError
        If there is no augmentation of a name, or if it cannot change such rows.
    """
    if detector.augmentations is None or not len(detector.augmentations):
        return values[:0]
    changes = on_windows(detector.augmentations, network.shape_of(values.shape[1]))
    return augmented(values, changes, random_numbers(detector.random_state))


def _key(row: np.ndarray) -> bytes:
    """Bytes that equal rows share."""
    return (row.astype(np.float64) + 0.0).tobytes()
