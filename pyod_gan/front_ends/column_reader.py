"""Values of a column, read as what the column was found to hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np

from .._support.optional_imports import import_optional
from .column_format import Cells, ColumnFormat, kind_of
from .date_format import to_dates, to_seconds
from .frames import EXTRA
from .number_format import to_floats

NOT_A_TIME = np.datetime64("NaT", "us")


class Column(NamedTuple):
    """A column of n rows, as it was read."""

    name: str
    kind: str
    # numbers, and seconds of durations: (n,) float64, with NaN; dates: a pandas series;
    # texts: (n,) objects, with None; nothing: (n,) NaN
    values: Any
    missing: np.ndarray  # (n,) bool, also true where a value is unreadable
    unreadable: np.ndarray  # (n,) bool


def read_column(cells: Cells, form: ColumnFormat) -> Column:
    """Read a column in a format. Values that have another one are marked, and become missing."""
    missing, unreadable = cells.missing, np.zeros(len(cells.missing), dtype=bool)
    values: Any = np.full(len(missing), np.nan)
    if form.kind == "text":
        values = np.full(len(missing), None, dtype=object)
        values[~missing] = [_as_text(value) for value in cells.known]
    elif form.kind == "dates":
        moments = _dates(cells, form)
        unreadable = np.isnat(moments) & ~missing
        values = _as_series(moments, cells.name, form.zone)
    elif form.kind != "nothing":
        values = _numbers(cells, form) if form.kind == "numbers" else _seconds(cells)
        unreadable = ~np.isfinite(values) & ~missing
        values = np.where(unreadable, np.nan, values)
    return Column(cells.name, form.kind, values, missing | unreadable, unreadable)


def _numbers(cells: Cells, form: ColumnFormat) -> np.ndarray:
    """Read numbers, (n,) float64, or NaN."""
    if cells.typed == "numbers":
        return np.asarray(cells.column.to_numpy(dtype=np.float64, na_value=np.nan))
    return _mapped(cells, "numbers", lambda t: to_floats(t, form.numbers), _as_float, np.nan)


def _seconds(cells: Cells) -> np.ndarray:
    """Read durations and times of a day, (n,) float64 seconds, or NaN."""
    if cells.typed == "durations":
        return np.asarray(cells.column.dt.total_seconds(), dtype=np.float64)
    return _mapped(cells, "durations", to_seconds, _as_seconds, np.nan)


def _dates(cells: Cells, form: ColumnFormat) -> np.ndarray:
    """Read dates, in UTC if they have a zone, (n,) datetime64[us], or NaT."""
    if cells.typed == "dates":
        column = cells.column
        if column.dt.tz is not None:
            column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        return np.asarray(column.to_numpy(dtype="datetime64[us]", na_value=NOT_A_TIME))
    return _mapped(cells, "dates", lambda t: to_dates(t, form.dates), _as_moment, NOT_A_TIME)


def _mapped(
    cells: Cells,
    kind: str,
    read: Callable[[Sequence[str]], np.ndarray],
    convert: Callable[[Any], Any],
    nothing: Any,
) -> np.ndarray:
    """Read each distinct text once, and convert objects of the kind. ``nothing`` is the rest."""
    values = np.full(len(cells.missing), nothing)
    if cells.typed:  # the column is typed, and of another kind
        return values
    texts = list(dict.fromkeys(value for value in cells.known if isinstance(value, str)))
    of_text = dict(zip(texts, read(texts), strict=True)) if texts else {}
    kinds = {python_type: kind_of(python_type) for python_type in set(map(type, cells.known))}
    if set(kinds) == {str}:
        values[~cells.missing] = [of_text[value] for value in cells.known]
        return values
    for i in np.flatnonzero(~cells.missing):
        value = cells.objects[i]
        if isinstance(value, str):
            values[i] = of_text[value]
        elif kinds[type(value)] == kind:
            values[i] = convert(value)
    return values


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # of a whole number beyond 1e308
        return np.inf


def _as_seconds(value: timedelta | time | np.timedelta64) -> float:
    if isinstance(value, np.timedelta64):
        return float(value / np.timedelta64(1, "s"))
    if isinstance(value, time):
        return 3600.0 * value.hour + 60 * value.minute + value.second + value.microsecond / 1e6
    return value.total_seconds()


def _as_moment(value: Any) -> np.datetime64:
    """Turn a date, a moment, or the start of a period, into a moment in UTC."""
    if hasattr(value, "start_time"):
        value = value.start_time
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if hasattr(value, "to_datetime64"):
        value = value.to_datetime64()
    return np.datetime64(value, "us")


def _as_series(moments: np.ndarray, name: str, zone: str) -> Any:
    """Make a pandas series of moments in a time zone, or without one."""
    series = import_optional("pandas", EXTRA).Series(moments, name=name)
    return series.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else series


def _as_text(value: Any) -> str:
    """Write a value as a text. A whole number has no decimal mark, whatever its type."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and value.is_integer():
        return str(int(value))
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
