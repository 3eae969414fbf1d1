"""Cells of rows that were encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyod_gan.front_ends.decoding import LOST, decoded
from pyod_gan.front_ends.table import TableFrontEnd

NOTES = [f"note {i}" for i in range(60)]


def roundtrip(values: Any, later: Any = None) -> list[Any]:
    """Encode a column, or later values of it, and decode them."""
    front_end = TableFrontEnd("table").fit(pd.DataFrame({"c": values}))
    rows = front_end.read(pd.DataFrame({"c": values if later is None else later})).values
    assert front_end.reader_ is not None
    return decoded(front_end.outputs, rows, front_end.reader_.formats_["c"].zone)


def test_categories_and_texts() -> None:
    assert roundtrip(["x", None, "y", "x"]) == ["x", None, "y", "x"]
    assert roundtrip(["x", "y", "x"], later=["z", None, "y"]) == [LOST, LOST, "y"]
    assert roundtrip([*NOTES, None]) == [LOST] * 60 + [None]


def test_numbers_are_told_by_the_rows_themselves() -> None:
    assert roundtrip([1.5, np.nan, 2.0]) == [None] * 3
    assert roundtrip([None, None]) == [None, None]
    assert roundtrip(pd.to_timedelta([1, 2], unit="h")) == [None, None]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "Asia/Kolkata"])
def test_dates(zone: str | None) -> None:
    days = pd.Series(pd.date_range("2024-01-01", periods=400, tz=zone))
    times = days.dt.tz_localize(None) + pd.to_timedelta(np.arange(400) % 24, unit="h")
    times = times.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    assert roundtrip([*days, None]) == [*days.dt.tz_localize(None), None]
    assert roundtrip(times) == list(times)
    minutes = pd.Series(pd.date_range("2024-10-26", periods=3000, freq="min", tz=zone))
    away = (pd.Series(roundtrip(minutes)) - minutes).abs()
    assert pd.Timedelta(0) < away.max() <= pd.Timedelta("2min")
    assert not away[::5].any()
