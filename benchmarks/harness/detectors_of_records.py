"""Detectors of records that RecordDetector is compared with.

All have the same detectors of the parts. ``MultiModalOD`` of PyOD takes the mean or the largest of
their scores, in standard deviations of the training records. ``table alone`` and so on see one
part.
"""

from __future__ import annotations

from typing import Any

from ..peers.records import OnOnePart, OnParts
from . import detectors
from .record_data import PARTS

OURS = "RecordDetector"
MEANS = {"MultiModalOD:average": "average", "MultiModalOD:maximization": "maximization"}
ALONE = tuple(f"{part} alone" for part in PARTS)
DEFAULT = (OURS, *MEANS, *ALONE)


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector of records."""
    return name == OURS


def on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    del name
    return detectors.OURS


def make(name: str, seed: int) -> Any:
    """Build a detector."""
    from pyod_gan import GANDetector, ImageDetector, RecordDetector, TextDetector

    kinds = (GANDetector, TextDetector, ImageDetector)
    parts = [(part, kind(random_state=seed)) for part, kind in zip(PARTS, kinds, strict=True)]
    if name in ALONE:
        part = name.removesuffix(" alone")
        return OnOnePart(dict(parts)[part], PARTS, part)
    if name == OURS:
        return OnParts(RecordDetector(parts), PARTS)
    from pyod.models.embedding import MultiModalOD

    return OnParts(MultiModalOD(dict(parts), combination=MEANS[name]), PARTS)


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names. None is ours and all others.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    return detectors.chosen(names, DEFAULT, lambda name: name in DEFAULT, OURS)
