"""Why records are flagged: which parts of them are odd, and what their own detectors say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .reasons import reasons_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("record", "score", "part", "share", "reason")


class FlaggedPart(NamedTuple):
    """A part of a record that is flagged."""

    record: int
    score: float  # of the record
    part: str
    share: float  # of the training records whose part is as odd
    said: str  # by the part's own detector, or ""


def reasons_of_records(flagged: Sequence[FlaggedPart]) -> pd.DataFrame:
    """One line per record and part."""
    return reasons_table([(*part[:4], _in_words(part)) for part in flagged], COLUMNS)


def _in_words(flagged: FlaggedPart) -> str:
    """Say how odd a part is, and why."""
    reason = f"{flagged.part}: as odd as {flagged.share:.2%} of the training records"
    return f"{reason} ({flagged.said})" if flagged.said else reason
