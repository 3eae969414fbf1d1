"""Dates and durations as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import product

import numpy as np

from .._support.optional_imports import import_optional
from .frames import EXTRA

ISO = "ISO8601"
ISO_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d(?:[T ]\d.*)?)?|\d{8}T\d.*")
LASTS = re.compile(r"([-+]?)(?:(\d+) days?,? ?)?(?:(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?)?")
# fmt: off
DAYS = [
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%y/%m/%d",
    "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d. %B %Y", "%d. %b %Y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%a, %d %b %Y", "%A, %B %d, %Y",
    "%a %b %d %Y",
]
TIMES = [
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p",
    ", %H:%M", ", %H:%M:%S", ", %I:%M %p", " %H:%M %z", " %H:%M:%S %z", ":%H:%M:%S %z",
]
# fmt: on
SAMPLE = 50  # texts on which all formats are tried


def find_date_formats(
    texts: Sequence[str], given: Sequence[str] = ()
) -> tuple[np.ndarray, list[str]]:
    """Find the texts that are dates, (n,) bool, and the formats in which they are.

    One format counts for all texts, which are all different. It is one of the ``given`` formats of
    ``strptime``, or ISO 8601, or one of the usual ones. There is more than one where texts such
    as "01/02/2024" can be read in two ways. Digits alone are a number, unless a given format reads
    them.
    """
    some = texts[:SAMPLE]
    usual = [form for form, shape in _shapes() if any(map(shape.fullmatch, some))]
    for formats in (*([form] for form in given), [ISO], usual):
        counts = [sum(_moment(text, form) is not None for text in some) for form in formats]
        best = [f for f, count in zip(formats, counts, strict=True) if 0 < count == max(counts)]
        if best:
            return _most(texts, best)
    return np.zeros(len(texts), dtype=bool), []


@cache
def _shapes() -> list[tuple[str, re.Pattern[str]]]:
    """The usual formats with what their texts look like, which is quicker to try."""
    name, number = r"[A-Za-z]+", r"\d+"
    parts = dict.fromkeys("dmYyHMSIf", number) | dict.fromkeys("abABp", name)
    shapes = []
    for form in (day + time for time, day in product(TIMES, DAYS)):
        shape = re.escape(form).replace("%z", r"(?:Z|[-+]\d\d:?\d\d)")
        for letter, part in parts.items():
            shape = shape.replace(f"%{letter}", part)
        shapes.append((form, re.compile(shape)))
    return shapes


def to_dates(texts: Sequence[str], form: str) -> np.ndarray:
    """Read texts as dates, in UTC if they have a zone, (n,) datetime64[us], or NaT."""
    pandas = import_optional("pandas", EXTRA)
    known = pandas.Series(texts, dtype=object)
    if form == ISO:
        known = known.where(known.str.fullmatch(ISO_DATE.pattern))
    dates = pandas.to_datetime(known, format=form, errors="coerce", utc=True)
    moments = dates.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").copy()
    for i in map(int, np.flatnonzero(np.isnat(moments))):  # years that pandas may not know
        moment = _moment(texts[i], form)
        if moment is not None:
            moments[i] = np.datetime64(moment, "us")
    return np.asarray(moments)


def to_seconds(texts: Sequence[str]) -> np.ndarray:
    """Seconds of durations and times, such as "1 day 02:30:00" and "8:15", (n,), or NaN."""
    return np.array([_seconds(text) for text in texts], dtype=np.float64)


def spoken_date(form: str) -> str:
    """A date in a format, for errors."""
    return "2024-12-31" if form == ISO else datetime(2024, 12, 31, 23, 59).strftime(form).strip()


def _most(texts: Sequence[str], formats: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Keep the formats that read most texts, and read them as different dates."""
    found: list[tuple[str, np.ndarray]] = []
    for form in formats:
        dates = to_dates(texts, form)
        if not any(np.array_equal(dates, others, equal_nan=True) for _, others in found):
            found.append((form, dates))
    counts = [int((~np.isnat(dates)).sum()) for _, dates in found]
    best = [f for f, count in zip(found, counts, strict=True) if count == max(counts)]
    return ~np.isnat(best[0][1]), [form for form, _ in best]


def _moment(text: str, form: str) -> datetime | None:
    """Read one text, in UTC and without a zone, or None."""
    try:
        if form != ISO:
            moment = datetime.strptime(text, form)
        elif ISO_DATE.fullmatch(text):
            moment = datetime.fromisoformat(text if len(text) > len("2024-12") else f"{text}-01")
        else:
            return None
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return None


def _seconds(text: str) -> float:
    match = LASTS.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return np.nan
    sign, days, hours, minutes, seconds = match.groups(default="0")
    total = 86400 * int(days) + 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    return -total if sign == "-" else total
