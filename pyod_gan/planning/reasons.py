"""What detectors of this package say about single items of the data that they have scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..modalities import SeriesDetector


def reasons_of(detector: Any, X: Any, places: Sequence[int]) -> list[list[str]]:
    """Reasons in words for each of some items; none for an item that the detector does not flag.

    Parameters
    ----------
    detector : estimator
        Fitted, with a method ``explain_frame``. A :class:`GANDetector` has reasons for every row.
    X : array, data frame, list or dict
        What it has scored. The reasons of a point of a series are those of its stretch.
    places : sequence of int
        Positions of the items.
    """
    if isinstance(detector, SeriesDetector):
        said = detector.explain_frame(np.asarray(X, dtype=np.float64))
        stretches = [said[(said["start"] <= i) & (said["end"] >= i)] for i in places]
        return [list(stretch["reason"]) for stretch in stretches]
    return [list(detector.explain_frame(_only(X, i))["reason"]) for i in places]


def _only(X: Any, place: int) -> Any:
    """The data with one item."""
    if isinstance(X, Mapping):
        return {name: _only(part, place) for name, part in X.items()}
    return getattr(X, "iloc", X)[place : place + 1]
