"""Tables of reasons, made only where there is pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA

if TYPE_CHECKING:
    import pandas as pd


def reasons_table(lines: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Make the data frame of reasons, of lines or of a frame: a notebook shows whole sentences."""
    import_optional("pandas", EXTRA)
    from .reasons_table import ReasonsTable

    table = ReasonsTable(lines, columns=list(columns))
    table.made_with = tuple(columns)
    return table
