"""Rows that are not normal, to learn beside those that are: known anomalies, changed rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from ..engine.network_spec import NetworkSpec
from ..engine.training import random_numbers
from ..front_ends.augmentations import augmented, on_windows
from ..front_ends.batches import in_memory
from ..front_ends.front_end import FrontEnd, no_rows

NOTE = "This is about `known_anomalies`."  # of an error


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
    if are_none(given):
        return no_rows(len(front_end.outputs))
    with about_anomalies():
        return front_end.read(in_memory(given, "`known_anomalies`")).values


def are_none(given: Any) -> bool:
    """Whether no known anomalies were passed."""
    return given is None or (hasattr(given, "__len__") and not len(given))


@contextmanager
def about_anomalies() -> Iterator[None]:
    """Say of a ValueError in the body that it is about known anomalies."""
    try:
        yield
    except ValueError as error:
        error.add_note(NOTE)
        raise


def is_about_anomalies(error: ValueError) -> bool:
    """Whether a ValueError is about known anomalies, and not about what is to be fitted."""
    return NOTE in getattr(error, "__notes__", ())


def other_rows(values: np.ndarray, anomalies: np.ndarray) -> np.ndarray:
    """Tell which rows stay, see :func:`other_items`, (n, D), (k, D) -> (n,)."""
    if not len(anomalies):
        return other_items(range(len(values)), (), "rows")
    return other_items([*map(_key, values)], [*map(_key, anomalies)], "rows")


def other_items(items: Sequence[Hashable], anomalies: Sequence[Hashable], kind: str) -> np.ndarray:
    """Tell which items stay if each known anomaly takes one equal item away, (n,) bool.

    So known anomalies may be left among the items, and further items that are equal stay.

    Raises
    ------
    ValueError
        If fewer than 2 items stay.
    """
    left = Counter(anomalies)
    stays = np.ones(len(items), dtype=bool)
    for i, item in enumerate(items if left else ()):
        if left[item]:
            left[item] -= 1
            stays[i] = False
    if stays.sum() < 2:
        raise ValueError(
            f"At least 2 {kind} are needed besides the known anomalies. {len(items)} were given, "
            f"and {np.sum(~stays)} of them are known anomalies. Pass more {kind} that are not."
        )
    return stays


def marked_points(given: Any, n_points: int) -> np.ndarray:
    """Read which points of a series are known to be anomalous, (T,) bool. None marks none.

    Raises
    ------
    ValueError
        If it is no such array.
    """
    if given is None:
        return np.zeros(n_points, dtype=bool)
    marks = np.asarray(given)
    if marks.shape != (n_points,) or not np.isin(marks, (0, 1)).all():
        raise ValueError(
            "`known_anomalies` of a series must be an array of one True or False (or 1 or 0) for "
            f"each of its {n_points} points. Got an array of shape {marks.shape}"
            + (f" with values such as {marks.ravel()[0]!r}." if marks.size else ".")
        )
    return marks.astype(bool)


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
