"""What a column of a user's table holds, decided by its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import compress
from numbers import Number, Real
from typing import Any

import numpy as np

from .date_format import ISO, find_date_formats, spoken_date, to_seconds
from .frames import missing_in
from .number_format import NumberFormat, find_number_formats

# fmt: off
MISSING_WORDS = frozenset([  # in small letters
    "", "na", "n/a", "n.a.", "#n/a", "#n/a n/a", "#na", "<na>", "nan", "-nan", "nat", "null",
    "none", "nil", "(null)", "\\n", "-", "--", "---", "–", "—", "?", ".", "..", "*", "1.#ind",
    "-1.#ind", "1.#qnan", "-1.#qnan", "#value!", "#ref!", "#div/0!", "#name?", "#num!", "#null!",
    "missing",
])
# fmt: on
MOST = 0.9  # more than this share of the values shows what a column holds; the others are odd
HALF, FEW = 0.5, 3  # the same where the others are a few words, which may mean a missing value
TYPED = dict.fromkeys("biuf", "numbers") | {"M": "dates", "m": "durations", "c": "no scalar"}
READABLE = ("dates", "numbers", "durations")  # kinds that texts may be read as


@dataclass(frozen=True)
class ColumnFormat:
    """What a column holds, and how it is written."""

    kind: str  # "numbers", "dates", "durations", "text" or "nothing"
    decimal: str = "."
    thousands: str = ""
    unit: str = ""  # a currency, or percent
    dates: str = ISO  # ISO 8601, or a format of strptime
    zone: str = ""  # the time zone in which dates are split into parts

    @property
    def numbers(self) -> NumberFormat:
        """How its numbers are written."""
        return NumberFormat(self.decimal, self.thousands, self.unit)

    def check(self) -> None:
        """Raise a ValueError unless this is what :func:`guess_format` could have found."""
        known = self.kind in (*READABLE, "text", "nothing") and all(
            isinstance(text, str) for text in (self.dates, self.zone)
        )
        if not known or not self.numbers.is_known:
            raise ValueError(f"there is no such format of a column: {self!r:.200}")

    @property
    def noun(self) -> str:
        """One value, in words."""
        if self.kind == "numbers":
            return "a number" + ("" if self.numbers.is_plain else f" like {self.numbers.example}")
        if self.kind == "dates":
            return f"a date like {spoken_date(self.dates)}"
        return "a duration like 12:30:00" if self.kind == "durations" else "a text"


@dataclass
class Guess:
    """What a column can be read as, before it is compared with the other columns."""

    formats: list[ColumnFormat]  # more than one if texts such as "1,234" can be read in two ways
    words: list[str] = field(default_factory=list)  # the values that cannot be read so, if few
    decimal: str = ""  # the decimal mark, if the values show it
    problem: str = ""  # why the column cannot be read at all


class Cells:
    """The values of a column of a pandas frame, and which of them are missing.

    Parameters
    ----------
    column : Series
        The column.
    words : collection of str
        Words for missing values, in small letters.

    Attributes
    ----------
    missing : ndarray of shape (n,)
        Which values are missing.
    typed : str
        The kind of the values, if the type of the column says it. Nothing if it does not.
    objects : ndarray of shape (n,)
        The values as Python objects, with None for missing ones, if the column has no such type.
    """

    def __init__(self, column: Any, words: Collection[str] = MISSING_WORDS) -> None:
        self.name, self.column, self.missing = str(column.name), column, missing_in(column)
        kind = getattr(column.dtype, "numpy_dtype", column.dtype).kind  # of Arrow's types, too
        self.typed = TYPED.get(kind, "")
        if str(column.dtype).startswith("date32"):  # Arrow's days, on which pandas knows little
            self.typed = ""
        self.objects = np.empty(len(column), dtype=object)
        if self.typed:
            return
        for i, value in enumerate(column.to_list()):
            if isinstance(value, str):
                value = value.strip()
                self.missing[i] = value.lower() in words
            self.objects[i] = None if self.missing[i] else value

    @property
    def known(self) -> list[Any]:
        """The values that are not missing, as Python objects."""
        if self.typed:
            return list(self.column[~self.missing].astype(object))
        return list(self.objects[~self.missing])


def guess_format(cells: Cells, date_formats: Sequence[str] = (), as_text: bool = False) -> Guess:
    """Find what a column holds. It is text if the user says so, also by the type "category"."""
    if cells.missing.all():
        return Guess([ColumnFormat("nothing")])
    types = set(map(type, cells.known))
    kinds = {cells.typed} if cells.typed else set(map(kind_of, types))
    if "no scalar" in kinds:
        bad = sorted(t.__name__ for t in types if kind_of(t) == "no scalar")
        said = f"holds values of type {', '.join(bad)}; a value is a number, a date or a text"
        return Guess([], problem=said)
    if as_text or str(cells.column.dtype) == "category":
        return Guess([ColumnFormat("text")])
    if len(kinds) == 1 and "text" not in kinds:
        dtype = cells.column.dtype
        zone = getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None)
        return Guess([ColumnFormat(kinds.pop(), zone=str(zone or ""))])
    return _guess_from_texts(cells.known, date_formats)


def _guess_from_texts(known: list[Any], date_formats: Sequence[str]) -> Guess:
    """Find what values hold that are texts, some or all of them."""
    texts = Counter(value for value in known if isinstance(value, str))
    others: Counter[str] = Counter()
    for python_type, count in Counter(type(v) for v in known if not isinstance(v, str)).items():
        others[kind_of(python_type)] += count
    distinct = list(texts)
    numbers, number_formats = find_number_formats(distinct)
    dates, dates_found = find_date_formats(distinct, date_formats)
    read = {"numbers": numbers, "dates": dates, "durations": ~np.isnan(to_seconds(distinct))}
    n_read = {k: sum(compress(texts.values(), read[k])) + others[k] for k in READABLE}
    kind = max(READABLE, key=lambda k: n_read[k])
    left = list(compress(distinct, ~read[kind]))
    few = len(left) <= FEW and others.total() == others[kind]
    if n_read[kind] <= len(known) * (HALF if few else MOST):
        return Guess([ColumnFormat("text")])
    formats = [ColumnFormat(kind)]
    if kind == "numbers" and number_formats:
        formats = [ColumnFormat(kind, *form) for form in number_formats]
    if kind == "dates" and dates_found:
        formats = [ColumnFormat(kind, dates=form) for form in dates_found]
    is_shown = False
    if kind == "numbers" and len(formats) == 1:
        marks = {formats[0].decimal, formats[0].thousands} - {""}
        is_shown = any(mark in text for text in compress(distinct, numbers) for mark in marks)
    return Guess(formats, left if few else [], formats[0].decimal if is_shown else "")


def kind_of(python_type: type) -> str:
    """What objects of a type hold: a kind of column, or "no scalar"."""
    if issubclass(python_type, Real | Decimal | np.bool_):
        return "numbers"
    if issubclass(python_type, datetime | date | np.datetime64) or _is_period(python_type):
        return "dates"
    if issubclass(python_type, timedelta | time | np.timedelta64):
        return "durations"
    others = (Number, bytes, bytearray, memoryview, list, tuple, dict, set, frozenset)
    if issubclass(python_type, others) or hasattr(python_type, "__array__"):
        return "no scalar"
    return "text"


def _is_period(python_type: type) -> bool:
    """Tell whether a type is pandas' ``Period``."""
    return python_type.__name__ == "Period"
