"""Reads time series: values of the channels, and times that must be equally spaced."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_array

from .._support.optional_imports import import_optional
from .checks import check_names, column_names
from .column_reader import Column
from .frames import EXTRA, as_frame, is_frame
from .table_reader import TableReader

NAMED = 5  # positions that an error names at most
IGNORE = "irregular='ignore' to take the points as equally spaced"
CALENDARS = ("days", "months")
UNEVEN = 1e-6  # share of the spacing by which times that are floats may differ
CHANNELS = ("numbers", "durations", "nothing")  # kinds of columns that are channels


class SeriesReader:
    """Reads series of numbers, and knows the channels of the series of ``fit_read``.

    The points of a data frame are its rows, and its columns are channels, but for the one that
    holds the times. Columns are read by a :class:`TableReader`, so that numbers and times may be
    written as texts.

    Parameters
    ----------
    time : str or None
        Name of the column that holds the times of a data frame. With None its index may hold them.
    interpolate : bool
        Whether a missing value is the linear interpolation of its neighbours in time. A missing
        value at an end is its only neighbour.
    checks_times : bool
        Whether the times must be equally spaced. If not, they are not looked at.
    table_reader : TableReader
        How to read the columns of a data frame. It is not changed.

    Attributes
    ----------
    names : list of str
        Names of the C channels.
    spacing : str
        Time from one point to the next, or "" if the series had no times.
    reader : TableReader or None
        Reads the columns of data frames. None if ``fit_read`` got an array.
    """

    def __init__(
        self,
        time: str | None,
        *,
        interpolate: bool,
        checks_times: bool,
        table_reader: TableReader,
    ) -> None:
        self.time = time
        self.interpolate = interpolate
        self.checks_times = checks_times
        self.table_reader = table_reader

    def fit_read(self, X: Any) -> np.ndarray:
        """Read a series, and learn its channels, (T, C) float64.

        Raises
        ------
        ValueError
            If a value is no number, infinite or missing, or if times are missing, doubled, unsorted
            or not equally spaced. The error names positions.
        UnreadableTableError
            If columns of a data frame cannot be read. All problems are named.
        """
        self.reader: TableReader | None = None
        self.spacing = ""
        X = self._as_frame(X)
        if is_frame(X):
            self.reader = clone(self.table_reader)
        values, self.names, self.spacing = self._read(X, fits=True)
        return values

    def read(self, X: Any) -> np.ndarray:
        """Read a series with the channels and the spacing of ``fit_read``, (T, C) float64.

        Raises
        ------
        ValueError, UnreadableTableError
            As in :meth:`fit_read`, or if the series has other channels or another spacing.
        """
        values, names, spacing = self._read(X, fits=False)
        if values.shape[1] != len(self.names):
            raise ValueError(
                f"The series of fit has {len(self.names)} channels. Got {values.shape[1]} instead."
            )
        if all(n != column_names(None, len(names)) for n in (names, self.names)):
            check_names(names, self.names)
        if spacing and self.spacing and not _same_spacing(spacing, self.spacing):
            raise ValueError(
                f"The points of fit are {self.spacing} apart. Got points that are {spacing} apart; "
                "resample the series."
            )
        return values

    def labels(self, X: Any) -> Sequence[Any]:
        """Times of the points of a series, or their positions if it has no times."""
        X = self._as_frame(X)
        if not is_frame(X):
            return range(len(X))
        frame = as_frame(X)
        if self.time is None or self.time == frame.index.name:
            return list(frame.index)
        columns = self._columns(frame, fits=False)
        return [v for column in columns if column.name == self.time for v in column.values]

    def read_point(self, x: Any) -> np.ndarray:
        """Read the next point of a series, (C,) float64.

        Raises
        ------
        ValueError
            If it is no point of finite numbers, or has labels that are not the channels.
        """
        if self.reader is not None and hasattr(getattr(x, "index", None), "dtype"):
            check_names([str(label) for label in x.index], self.names)
        point = np.asarray(x, dtype=np.float64).reshape(-1)
        if point.shape != (len(self.names),) or not np.isfinite(point).all():
            raise ValueError(f"A point must have {len(self.names)} finite numbers. Got {x!r:.100}.")
        return point

    def to_dict(self) -> dict[str, Any]:
        """Return everything learnt in types that JSON can hold."""
        return {
            "time": self.time,
            "interpolate": self.interpolate,
            "checks_times": self.checks_times,
            "names": self.names,
            "spacing": self.spacing,
            "reader": None if self.reader is None else self.reader.to_dict(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> SeriesReader:
        """Make a reader that has read a series, from :meth:`to_dict`.

        Raises
        ------
        ValueError
            If a name, a flag or a format is none.
        """
        names, time, spacing = (content[name] for name in ("names", "time", "spacing"))
        flags = {name: content[name] for name in ("interpolate", "checks_times")}
        words = [*names, spacing] if time is None else [*names, spacing, time]
        if not names or any(type(word) is not str for word in words):
            raise ValueError("the names of channels and of times must be words")
        if any(type(flag) is not bool for flag in flags.values()):
            raise ValueError(f"{sorted(flags)} must be true or false")
        fitted = None if content["reader"] is None else TableReader.from_dict(content["reader"])
        reader = cls(time, **flags, table_reader=fitted or TableReader())
        reader.names, reader.spacing, reader.reader = list(names), spacing, fitted
        return reader

    def _read(self, X: Any, *, fits: bool) -> tuple[np.ndarray, list[str], str]:
        """Values, names of the channels, and spacing of a series."""
        labels: list[str] | None
        X = self._as_frame(X)
        if is_frame(X):
            values, labels, spacing = self._read_frame(as_frame(X), fits=fits)
        else:
            if self.time is not None:
                raise ValueError(
                    f"'time' names the column {self.time!r} of a data frame. Got no data frame."
                )
            labels, values, spacing = None, _array(X), ""
        infinite = np.flatnonzero(np.isinf(values).any(axis=1))
        if infinite.size:
            raise ValueError(f"A series must be finite. Infinite at {_some(infinite)}.")
        values = _without_gaps(values, self.interpolate)
        return values, column_names(labels, values.shape[1]), spacing

    def _as_frame(self, X: Any) -> Any:
        """Make a frame of one column of a series of pandas or polars. Others stay as they are.

        A series without a name is the channel of ``fit_read``, if that had one.
        """
        if not hasattr(X, "to_frame") or is_frame(X):
            return X
        known = getattr(self, "names", ["x0"])
        return X.to_frame(X.name if X.name not in (None, "") else known[0])

    def _read_frame(self, frame: Any, *, fits: bool) -> tuple[np.ndarray, list[str], str]:
        """The same of a pandas frame."""
        if frame.index.nlevels > 1:
            raise ValueError(
                f"A series has one index of times. Got one of {frame.index.nlevels} levels; pass "
                "one series at a time, such as X.loc[key]."
            )
        if self.time is not None and self.time == frame.index.name:
            frame = frame.reset_index()
        if self.time is not None and self.time not in frame.columns:
            raise ValueError(f"The data frame has no column {self.time!r}, which 'time' names.")
        channels = [name for name in frame.columns if name != self.time]
        if not channels:
            raise ValueError("A series must have at least one channel. Got only times.")
        if not fits and self.reader is not None:
            check_names(channels, self.names)
        read = self._columns(frame, fits)
        others = [c.name for c in read if c.name != self.time and c.kind not in CHANNELS]
        if others:
            raise ValueError(
                f"The channels of a series must be numbers. {others} are not. Leave out what is no "
                "channel, and name the column of times, as by time='t'."
            )
        spacing = self._spacing(frame.index) if self.time is None else ""
        for column in read:
            if column.name == self.time and self.checks_times:
                spacing = self._spacing(_as_index(column))
        of_channels = [np.asarray(c.values, dtype=float) for c in read if c.name != self.time]
        return np.column_stack(of_channels), channels, spacing

    def _spacing(self, index: Any) -> str:
        """Distance from one point to the next, if times are looked at."""
        if not self.checks_times:
            return ""
        return _spacing(_times_of(index, self.table_reader.date_format), self.spacing)

    def _columns(self, frame: Any, fits: bool) -> list[Column]:
        """Read the columns of a frame, as in ``fit_read`` if there was one."""
        if fits and self.reader is not None:
            return self.reader.fit_read(frame)
        reader = self.reader or TableReader().assume(dict.fromkeys(frame.columns, "numbers"))
        return reader.read(frame)


def _times_of(index: Any, date_format: str | Sequence[str]) -> Any:
    """The index of a frame, as dates if it holds these as texts.

    Whole numbers that do not ascend are warned of. They are no times, but may be meant as such.
    """
    if index.dtype.kind in "iu" and not (index.is_monotonic_increasing and index.is_unique):
        warnings.warn(
            "The index of the series holds whole numbers that do not ascend. They are not looked "
            "at, and the rows are taken in their order. If they are times, sort them, or name "
            "their column by `time`.",
            stacklevel=7,
        )
    if index.dtype.kind not in "OTU" and "str" not in str(index.dtype):
        return index
    cells = index.to_frame(index=False, name="index")
    read, _ = TableReader(date_format=date_format).try_read(cells)
    dates = [column for _, column in read if column.kind == "dates"]
    return _as_index(dates[0]) if dates else index


def _as_index(column: Column) -> Any:
    """Times of a column as a pandas index of dates, or of numbers.

    Raises
    ------
    ValueError
        If it holds neither.
    """
    pandas = import_optional("pandas", EXTRA)
    if column.missing.any():
        raise ValueError(
            f"Times are missing at {_some(np.flatnonzero(column.missing))}. Fill them, or use "
            f"{IGNORE}."
        )
    if column.kind == "dates":
        return pandas.DatetimeIndex(column.values)
    if column.kind == "numbers":
        return pandas.Index(column.values)
    raise ValueError(
        f"The times of a series must be dates or numbers. {column.name!r} holds {column.kind}."
    )


def _array(X: Any) -> np.ndarray:
    """Points of an array or a list, (T, C)."""
    points: Any = X.to_numpy() if hasattr(X, "to_numpy") else np.asanyarray(X)
    if isinstance(points, np.ma.MaskedArray):
        points = np.ma.filled(points.astype(np.float64), np.nan)
    if points.ndim == 1:
        points = points.reshape(-1, 1)
    return np.asarray(
        check_array(points, dtype=np.float64, ensure_all_finite=False, estimator="SeriesDetector")
    )


def _without_gaps(values: np.ndarray, interpolate: bool) -> np.ndarray:
    """Fill missing values between others, or raise a ValueError that names them."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    if not interpolate:
        raise ValueError(
            f"Values of the series are missing at {_some(np.flatnonzero(missing.any(axis=1)))}. "
            "Fill them, or use missing='interpolate'."
        )
    if missing.all(axis=0).any():
        raise ValueError(
            f"Channels {np.flatnonzero(missing.all(axis=0)).tolist()} have no values at all."
        )
    filled, points = values.copy(), np.arange(len(values))
    for j in np.flatnonzero(missing.any(axis=0)):
        known = ~missing[:, j]
        filled[:, j] = np.interp(points, points[known], values[known, j])
    return filled


def _spacing(index: Any, like: str) -> str:
    """Distance from one point to the next, of an index of times or of times as floats.

    An index of any other kind, such as one of whole numbers, has none. Points that are as far apart
    as ``like`` in a calendar have this distance.

    Raises
    ------
    ValueError
        If times are missing, doubled, unsorted or not equally spaced.
    """
    dates = hasattr(index, "freq")  # dates, periods and durations have one, which may be None
    if not dates and getattr(getattr(index, "dtype", None), "kind", "") != "f":
        return ""
    if hasattr(index, "to_timestamp"):  # periods
        index = index.to_timestamp()
    if index.hasnans:
        raise ValueError(
            f"Times are missing at {_some(np.flatnonzero(index.isna()))}. Fill them, or use "
            f"{IGNORE}."
        )
    steps = np.diff(index.asi8 if dates else index.to_numpy())
    for wrong, said in ((steps == 0, "doubled"), (steps < 0, "not in order")):
        if wrong.any():
            raise ValueError(
                f"The times of a series must ascend. They are {said} at "
                f"{_some(np.flatnonzero(wrong) + 1)}. Sort or correct them, or use {IGNORE}."
            )
    if not len(steps):
        return ""
    if dates:
        lengths, counts = np.unique(steps, return_counts=True)
        usual, allowed = float(lengths[counts.argmax()]), 0.0
    else:
        resolution = float(np.spacing(np.abs(index.to_numpy()).max()))
        usual = float(np.median(steps))
        allowed = max(UNEVEN * usual, 4 * resolution)
    apart = np.abs(steps - usual) > allowed
    if (apart.any() or like.endswith(CALENDARS)) and (calendar := _calendar(index, like)):
        return calendar
    first = int(np.argmin(apart))
    said = str(index[first + 1] - index[first]) if dates else f"{steps[~apart].mean():.6g}"
    said = said.removesuffix(" 00:00:00")
    if not apart.any():
        return said
    raise ValueError(
        f"Points of a series must be equally spaced. Most are {said} apart; others lie before "
        f"{_some(np.flatnonzero(apart) + 1)}. Resample it, as by X.resample(...).mean() with "
        f"missing='interpolate', or use {IGNORE}."
    )


def _calendar(index: Any, like: str) -> str:
    """Say how far dates are apart in days, business days or months, "" if not equally far.

    ``like`` is the only distance that counts, unless it is "".
    """
    if not hasattr(index, "tz"):  # no dates
        return ""
    offsets = import_optional("pandas", EXTRA).tseries.offsets
    days = (index[1].date() - index[0].date()).days
    months = 12 * (index[1].year - index[0].year) + index[1].month - index[0].month
    units = {
        f"{days} days": (offsets.DateOffset(days=days),),  # of 23 to 25 hours
        "1 business days": (offsets.BDay(),),
        f"{months} months": (offsets.DateOffset(months=months), offsets.MonthEnd(months)),
    }
    for name, ways in units.items():
        fits = name == like or not like
        if fits and name[0] != "0" and any((index[:-1] + way == index[1:]).all() for way in ways):
            return name
    return ""


def _same_spacing(one: str, other: str) -> bool:
    """Tell whether two spacings are the same, up to the digits of numbers."""
    try:
        return bool(np.isclose(float(one), float(other), rtol=1e-4, atol=0))
    except ValueError:
        return one == other


def _some(positions: np.ndarray) -> str:
    """Say the first positions of points, and how many there are."""
    said = ", ".join(map(str, positions[:NAMED]))
    rest = f" and {len(positions) - NAMED} more" if len(positions) > NAMED else ""
    return f"position{'s' if len(positions) > 1 else ''} {said}{rest}"
