"""Numbers as people write them: marks between digits, units of money, percent, and signs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

FLAGS = {"true": 1.0, "false": 0.0}  # in small letters
SPACES = "\u00a0\u2009\u202f"  # non-breaking, thin, and narrow non-breaking
SAME = str.maketrans(dict.fromkeys(SPACES, " ") | dict.fromkeys("−–‐‑", "-") | {"’": "'"})
# fmt: off
CURRENCIES = [  # symbols, and codes of ISO 4217
    *"$€£¥¢₹₽₩₺₴₦₫₪₱฿₿", "US$", "R$", "kr", "zł", "Kč", "Ft", "lei", "Fr.", "EUR", "USD", "GBP",
    "JPY", "CHF", "CNY", "INR", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "RON", "RUB", "TRY", "BRL", "MXN", "ZAR", "KRW", "SGD", "HKD", "THB", "ILS",
]
# fmt: on
SHARES = ("%", "‰")  # units without which a number would be another one
UNIT = "|".join(re.escape(unit) for unit in sorted([*CURRENCIES, *SHARES], key=len, reverse=True))
EXPONENT = r"(?:[eE][-+]?\d+)?"
PLAIN = re.compile(rf"[-+]?(?:\d+\.?\d*|\.\d+){EXPONENT}")
AMOUNT = re.compile(  # a sign and a unit may stand before or after the digits
    rf"([-+]?) ?({UNIT})? ?([-+]?) ?(\d[\d.,' ]*{EXPONENT}|[.,]\d+{EXPONENT})"
    rf" ?([-+]?) ?({UNIT})? ?([-+]?)"
)
MARKS = [  # of decimals and thousands; the plain ones come first, because they win where two agree
    (decimal, between)
    for between, decimal in product(("", ",", ".", " ", "'"), ".,")
    if decimal != between
]
SAMPLE = 1000  # texts on which all formats are tried


class NumberFormat(NamedTuple):
    """How the numbers of a column are written."""

    decimal: str = "."
    thousands: str = ""
    unit: str = ""  # a currency or percent; a currency may be left out

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as programs write them."""
        return self == NumberFormat()

    @property
    def is_known(self) -> bool:
        """Whether its marks and its unit are among those that are tried."""
        return self[:2] in MARKS and self.unit in ("", *CURRENCIES, *SHARES)

    @property
    def example(self) -> str:
        """A number in this format."""
        return f"1{self.thousands}234{self.decimal}5 {self.unit}".strip()

    def value(self, text: str) -> float:
        """Read a text, or return NaN if it is no number in this format."""
        if self.is_plain and PLAIN.fullmatch(text):
            return float(text)
        if text.lower() in FLAGS:
            return FLAGS[text.lower()]
        amount = amount_in(text)
        if amount is None or not _digits(self.decimal, self.thousands).fullmatch(amount.digits):
            return np.nan
        digits = amount.digits.replace(self.thousands, "") if self.thousands else amount.digits
        value = float(digits.replace(self.decimal, "."))
        without_unit = not amount.unit and (self.unit not in SHARES or value == 0)
        if amount.unit != self.unit and not without_unit:
            return np.nan
        return -value if amount.is_negative else value


class Amount(NamedTuple):
    """A number, with its digits as they are written."""

    is_negative: bool
    digits: str
    unit: str


def amount_in(text: str) -> Amount | None:
    """Find the one number that a text consists of, or None. Brackets are a minus."""
    text = text.translate(SAME).strip()
    is_bracketed = text.startswith("(") and text.endswith(")")
    match = AMOUNT.fullmatch(text[1:-1].strip() if is_bracketed else text)
    if match is None:
        return None
    first, before, inner, digits, trailing, after, last = match.groups(default="")
    signs = first + inner + trailing + last
    if len(signs) + is_bracketed > 1 or (before and after):
        return None
    return Amount(is_bracketed or signs == "-", digits.strip(), before or after)


def to_floats(texts: Sequence[str], form: NumberFormat) -> np.ndarray:
    """Read texts in a format, (n,) float64, with NaN where a text has another one."""
    if form.is_plain and all(map(PLAIN.fullmatch, texts)):
        return np.array(list(map(float, texts)), dtype=np.float64)
    return np.array([form.value(text) for text in texts], dtype=np.float64)


def find_number_formats(texts: Sequence[str]) -> tuple[np.ndarray, list[NumberFormat]]:
    """Find the texts that are numbers, (n,) bool, and the formats in which they are.

    One format counts for all texts, which are all different. The formats are those that read most
    of the texts, and read them as different numbers. There is more than one where texts such as
    "1,234" can be read in two ways.
    """
    if texts and all(text.lower() in FLAGS for text in texts):
        return np.ones(len(texts), dtype=bool), [NumberFormat()]
    found = _best(texts[:SAMPLE], _all_formats(texts[:SAMPLE]))
    if len(texts) > SAMPLE:
        found = _best(texts, [form for form, _ in found])
    read = ~np.isnan(found[0][1]) if found else np.zeros(len(texts), dtype=bool)
    return read, [form for form, _ in found]


def _all_formats(texts: Sequence[str]) -> list[NumberFormat]:
    """Formats that may fit texts."""
    units = Counter(amount.unit for amount in map(amount_in, texts) if amount and amount.unit)
    unit = units.most_common(1)[0][0] if units else ""
    return [NumberFormat(decimal, thousands, unit) for decimal, thousands in MARKS]


def _best(
    texts: Sequence[str], formats: Sequence[NumberFormat]
) -> list[tuple[NumberFormat, np.ndarray]]:
    """Formats that read most texts, each as other values than those before, and the values."""
    found: list[tuple[NumberFormat, np.ndarray]] = []
    for form in formats:
        values = np.array([np.nan if text.lower() in FLAGS else form.value(text) for text in texts])
        if not any(np.array_equal(values, others, equal_nan=True) for _, others in found):
            found.append((form, values))
    counts = [int((~np.isnan(values)).sum()) for _, values in found]
    most = max(counts, default=0)
    return [f for f, count in zip(found, counts, strict=True) if 0 < count == most]


@lru_cache
def _digits(decimal: str, thousands: str) -> re.Pattern[str]:
    """What digits look like. Thousands may also be grouped as in India."""
    whole = r"\d+"
    if thousands:
        mark = re.escape(thousands)
        whole = rf"(?:\d{{1,3}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}|\d+)"
    mark = re.escape(decimal)
    return re.compile(rf"(?:{whole}(?:{mark}\d*)?|{mark}\d+){EXPONENT}")
