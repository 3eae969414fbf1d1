"""Why clips of sound are flagged: which parts of them are unusual, when, and at which tones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .reasons import reasons_table
from .regions import region

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("clip", "score", "part", "part_score", "start", "end", "low", "high", "reason")
WORDS = {
    "events": "sound",
    "texture": "rise and fall of the sound",
    "spectrum": "mean power",
    "embedding": "features",
}


class FlaggedClip(NamedTuple):
    """A part of a clip that is flagged."""

    name: str | int
    score: float  # of the clip
    part: str
    part_score: float
    start: float  # seconds
    end: float
    low: float  # Hz, NaN if the part has no bands
    high: float


def reasons_of_clips(flagged: Sequence[FlaggedClip]) -> pd.DataFrame:
    """One line per clip and part."""
    lines = [(*part, _in_words(part)) for part in flagged]
    return reasons_table(lines, COLUMNS)


def around_peak(values: np.ndarray) -> tuple[int, int]:
    """First and last place around the largest value of (n,)."""
    _, first, _, last = region(values[None])
    return first, last


def _in_words(flagged: FlaggedClip) -> str:
    """Say why a part is flagged."""
    said = WORDS[flagged.part]
    if flagged.part_score <= 0:
        return f"{said}: as in typical clips"
    if not np.isnan(flagged.low):
        said += f" at {flagged.low:.0f} to {flagged.high:.0f} Hz"
    if flagged.part in ("events", "texture"):
        said += f", {flagged.start:.2f} to {flagged.end:.2f} s"
    return f"{said}: {flagged.part_score:.3g} interquartile ranges above typical clips"
