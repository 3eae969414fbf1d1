"""Tables of reasons, made only where there is pandas."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA

if TYPE_CHECKING:
    import pandas as pd


def check_top(top: Any) -> None:
    """Raise a ValueError unless ``top``, a number of reasons or of rows, is a whole one above 0."""
    if not isinstance(top, Integral) or isinstance(top, bool) or top < 1:
        raise ValueError(f"`top` must be a whole number of at least 1. Got {top!r} instead.")


def reasons_table(lines: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Make the data frame of reasons, of lines or of a frame: a notebook shows whole sentences."""
    import_optional("pandas", EXTRA)
    from .reasons_table import ReasonsTable

    table = ReasonsTable(lines, columns=list(columns))
    table.made_with = tuple(columns)
    return table
