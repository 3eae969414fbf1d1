"""Tables of reasons, made only where there is pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA

if TYPE_CHECKING:
    import pandas as pd


def reasons_table(lines: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """Make the data frame of reasons, which a notebook shows with whole sentences."""
    import_optional("pandas", EXTRA)
    from .reasons_table import ReasonsTable

    return ReasonsTable(lines, columns=list(columns))
