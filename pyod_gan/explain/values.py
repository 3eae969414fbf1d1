"""Values in words: numbers with the decimals of their column, dates, durations and booleans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import floor, log10
from typing import Any, NamedTuple

import numpy as np

from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA

SIGNIFICANT = 5  # digits of a number with many decimals
FULL = 3  # decimals up to which a number is said in full
MANY = 8  # decimals of a column that are not counted further
TINY = 5e-8  # relative error of a number that came in single precision
SINGLE = 6  # decimal digits of a float in single precision, which scaled rows are
LONGEST = 60  # characters of a text that are said
YEARS = (-62135596800, 253402300799)  # seconds from 1970 to the first and last date in ISO form


class Digits(NamedTuple):
    """Number of decimals of a column."""

    decimals: int  # as few as write its values
    most: int  # as many as single precision, which scaled rows have, tells apart
    least: float  # size below which an expected value is 0

    @classmethod
    def of(cls, numbers: np.ndarray, least: float = 0.0) -> Digits:
        """Find the decimals of a column's numbers (n,), of which some may be missing."""
        numbers = numbers[~np.isnan(numbers)]
        size = (
            np.nan_to_num(numbers.std() if len(numbers) else 0.0)
            or np.abs(numbers).max(initial=0)
            or 1.0
        )
        most = max(0, SINGLE - floor(log10(size)))
        return cls(min(_decimals(numbers), most), most, least)

    def rounded(self, value: float) -> float:
        """Round an expected value."""
        return 0.0 if abs(value) < self.least else round(float(value), self.decimals)

    def beside(self, value: float) -> int:
        """Decimals that write the column and one more value, unless that is NaN."""
        if np.isnan(value):
            return self.decimals
        for decimals in range(self.decimals, self.most):
            if abs(round(float(value), decimals) - value) <= TINY * abs(value):
                return decimals
        return self.most


class Scale(NamedTuple):
    """How the numbers that encode a column are said."""

    said: Callable[[float], str]
    place: Callable[[float], Any]  # puts numbers in order; equal where they are said alike

    def span(self, low: float, high: float) -> str:
        """Say a range, or one value if both ends are said alike."""
        first, last = self.said(low), self.said(high)
        return first if first == last else f"{first} to {last}"

    def holds(self, low: float, value: float, high: float) -> bool:
        """Tell whether a value lies in a range, as both are said."""
        return bool(self.place(low) <= self.place(value) <= self.place(high))


def scale_of(value: Any, observed: float, digits: Digits, is_duration: bool = False) -> Scale:
    """Scale of a column of numbers, by one of its values: as the user gave it, and its number."""
    decimals = digits.beside(observed)
    if is_duration:
        return Scale(lambda v: _duration(v, decimals), lambda v: round(v, decimals))
    if _is_period(value):  # its number counts periods from 1970 on
        return Scale(lambda v: str(type(value)(ordinal=round(v), freq=value.freq)), round)
    return Scale(lambda v: number(v, decimals), lambda v: float(number(v, decimals)))


def scale_of_dates(value: Any, with_time: bool) -> Scale:
    """Scale of seconds since 1970, in the zone of a date of the column."""

    def said(seconds: float) -> str:
        return _moment(seconds, value, with_time)

    return Scale(said, said)  # dates in ISO form are in order


def number(value: float, decimals: int) -> str:
    """Write a number with all digits before the point, and at most ``decimals`` after it.

    Beyond three decimals it has at most five significant digits.
    """
    value = round(float(value), decimals) + 0.0  # no -0.0
    if not np.isfinite(value):
        return str(value)
    exponent = floor(log10(abs(value))) if value else 0
    if not -6 <= exponent <= 15:
        return f"{value:.{SIGNIFICANT}g}"
    places = min(decimals, max(FULL, SIGNIFICANT - 1 - exponent))
    return np.format_float_positional(value, places, unique=False, trim="-")


def quoted(value: Any) -> str:
    """Write a category or a text as Python does, shortened."""
    if not isinstance(value, str):
        return str(value)
    return repr(value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…")


def date(value: Any, with_time: bool) -> str:
    """Write a date in ISO form, and a text or a period as it is.

    Midnight is left out if the column has no times, and seconds are if they are 0.
    """
    if not isinstance(value, datetime):  # a text, a date without a time, or a period
        return str(value)
    midnight = not (value.hour or value.minute or value.second or value.microsecond)
    if midnight and not with_time:
        return str(value.date())
    whole = not (value.second or value.microsecond)
    return str(value.isoformat(sep=" ", timespec="minutes" if whole else "auto"))


def _decimals(numbers: np.ndarray) -> int:
    """As few decimals as write all numbers (n,), or ``MANY``."""
    for decimals in range(MANY):
        if np.all(np.abs(numbers.round(decimals) - numbers) <= TINY * np.abs(numbers)):
            return decimals
    return MANY


def _is_period(value: Any) -> bool:
    return isinstance(value, import_optional("pandas", EXTRA).Period)


def _moment(seconds: float, like: Any, with_time: bool) -> str:
    """Write seconds since 1970 like a date of the column, rounded to days or minutes."""
    pandas = import_optional("pandas", EXTRA)
    moment = pandas.Timestamp(np.datetime64(round(float(np.clip(seconds, *YEARS))), "s"))
    zone = getattr(like, "tzinfo", None)
    if zone is not None:
        moment = moment.tz_localize("UTC").tz_convert(zone)
    if _is_period(like):
        return str(moment.to_period(like.freq))
    moment = moment.tz_localize(None).round("min" if with_time else "D")
    return date(moment, with_time)


def _duration(seconds: float, decimals: int) -> str:
    """Write seconds as days, hours, minutes and seconds."""
    most = timedelta.max.total_seconds() / 2
    return str(timedelta(seconds=round(float(np.clip(seconds, -most, most)), decimals)))
