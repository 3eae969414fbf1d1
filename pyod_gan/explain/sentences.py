"""Explanations in the columns, values and words of the user's table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._support.optional_imports import import_optional
from .._support.own_settings import own_settings
from ..front_ends.checks import plain_table
from ..front_ends.decoding import MISSING, WHOLE, decoded, has_time, marks_missing
from ..front_ends.frames import EXTRA, as_frame, is_frame
from ..front_ends.front_end import Output
from ..front_ends.number_format import FLAGS
from ..front_ends.table_reader import TableReader
from ..model import FittedModel
from .attribution import by_column, explain_rows
from .reasons import reasons_table
from .values import Digits, date, quoted, scale_of, scale_of_dates

if TYPE_CHECKING:
    import pandas as pd

NEAR_0 = 2.0**-10  # deviations of a column, below which an expected number is said as 0
OFTEN = 0.5  # share of missing values from which on a missing value is expected


class Cell(NamedTuple):
    """One cell of the user's table, with the m columns that encode it."""

    value: Any  # as the user gave it; None where it is missing or a number of an array
    outputs: list[Output]
    shares: np.ndarray  # (m,)
    expected: np.ndarray  # (3, m)
    observed: np.ndarray  # (m,)
    digits: list[Digits]  # of the m columns
    is_duration: bool  # whether the column holds durations; one column encodes them

    @property
    def is_missing(self) -> bool:
        """Whether the value is missing."""
        marked = any(
            v > 0 for o, v in zip(self.outputs, self.observed, strict=True) if marks_missing(o)
        )
        return marked or bool(np.isnan(self.observed).any())

    @property
    def missing_is_expected(self) -> bool:
        """Whether a missing value was expected."""
        marked = (
            e for o, e in zip(self.outputs, self.expected[0], strict=True) if marks_missing(o)
        )
        return any(e >= OFTEN for e in marked)


class _Rows(NamedTuple):
    """Rows to explain."""

    values: np.ndarray  # (n, D) as read
    labels: Sequence[Any]
    given: Callable[[int, int], Any]  # the value of a row and a column, as in a Cell
    unreadable: dict[int, dict[int, str]]  # by row and column, what it should have been


class Reason(NamedTuple):
    """What is said of one cell, in numbers and words."""

    observed: Any
    expected: Any
    low: float
    high: float
    value: str | None  # the value in words, None if it is missing
    against: str  # what speaks against it, "" if the value is usual by itself


@own_settings()
def explain_in_words(
    model: FittedModel, X: Any, typical: float, top: int, sample: np.ndarray, first: int = 0
) -> pd.DataFrame:
    """Make a data frame of the largest reasons of each row, one line per reason.

    ``typical`` is the score that explanations start from; see :func:`explain_rows`. ``sample``
    (k, D) are training rows in the units of the table, which show how many decimals a column has.
    If there are none, the explained rows do. Rows of an array are numbered from ``first`` on.
    """
    values = model.front_end.read(X).values
    is_pandas = isinstance(X, import_optional("pandas", EXTRA).DataFrame)
    labels = X.index if is_pandas else range(first, first + len(values))
    rows = _Rows(values, labels, _given(model, X), _unreadable(model, X))
    return _in_words(model, rows, typical, top, sample)


@own_settings()
def explain_kept(
    model: FittedModel, kept: np.ndarray, typical: float, top: int, sample: np.ndarray
) -> pd.DataFrame:
    """Do the same for rows that a model keeps (n, D), by what they tell of the table's values."""
    rows = _Rows(kept, range(len(kept)), _decoded(model, kept), {})
    return _in_words(model, rows, typical, top, sample)


def _in_words(
    model: FittedModel, rows: _Rows, typical: float, top: int, sample: np.ndarray
) -> pd.DataFrame:
    """Make the data frame of reasons."""
    explained = explain_rows(model, rows.values, typical, top)
    outputs, names = model.front_end.outputs, model.front_end.names
    shares = by_column(explained.shares, outputs)
    labels, given = rows.labels, rows.given
    durations = _durations(model)
    zero, next_to_it = model.front_end.unscale(np.outer([0, NEAR_0], np.ones(len(outputs))))
    least = np.abs(next_to_it - zero)
    own: dict[int, list[int]] = {}
    for k, output in enumerate(outputs):
        own.setdefault(output.column, []).append(k)

    @cache
    def digits(k: int) -> Digits:
        return Digits.of((sample if len(sample) else explained.observed)[:, k], least[k])

    @cache
    def reason(i: int, j: int) -> Reason:
        places = own[j]
        return _reason(
            Cell(
                value=given(i, j),
                outputs=[outputs[k] for k in places],
                shares=explained.shares[i, places],
                expected=explained.expected[:, i, places],
                observed=explained.observed[i, places],
                digits=[digits(k) for k in places],
                is_duration=names[j] in durations,
            )
        )

    lines = []
    for i, (largest, others) in enumerate(zip(explained.largest, explained.partners, strict=True)):
        wrong = rows.unreadable.get(i, {})
        for j, noun in list(wrong.items())[:top]:
            said = f"{names[j]} = {quoted(given(i, j))} cannot be read as {noun}"
            lines.append((labels[i], names[j], shares[i, j], given(i, j), None, nan, nan, said))
        for j, fits_not in zip(largest[: max(0, top - len(wrong))], others, strict=False):
            if shares[i, j] <= 0:
                break
            if j in wrong:
                continue
            found = reason(i, j)
            partners = [(names[k], reason(i, k)) for k in fits_not if k >= 0]
            said = _sentence(names[j], found, partners)
            lines.append((labels[i], names[j], shares[i, j], *found[:4], said))
    columns = ["row", "column", "share", *Reason._fields[:4], "reason"]
    frame = reasons_table(lines, columns)
    numbers = ["share", "low", "high", *([] if lines else ["observed", "expected"])]
    return frame.astype(dict.fromkeys(numbers, float))


def _unreadable(model: FittedModel, X: Any) -> dict[int, dict[int, str]]:
    """Cells that could not be read: by row and column, what they should have been."""
    reader = getattr(model.front_end, "reader_", None)
    if reader is None or reader.on_error == "raise" or not is_frame(X):
        return {}
    found: dict[int, dict[int, str]] = {}
    for j, column in enumerate(reader.read(as_frame(X))):
        for i in np.flatnonzero(column.unreadable):
            found.setdefault(int(i), {})[j] = reader.formats_[column.name].noun
    return found


def _durations(model: FittedModel) -> set[str]:
    """Names of the columns that hold durations."""
    reader = getattr(model.front_end, "reader_", None)
    formats = {} if reader is None else reader.formats_
    return {name for name, form in formats.items() if form.kind == "durations"}


def _sentence(name: str, reason: Reason, partners: Sequence[tuple[str, Reason]]) -> str:
    """Say a reason. A value that is usual by itself is unusual with the partners."""
    subject = f"{name} is missing" if reason.value is None else f"{name} = {reason.value}"
    if reason.against:
        return f"{subject}; {reason.against}"
    others = [
        f"{name} missing" if partner.value is None else f"{name} = {partner.value}"
        for name, partner in partners
    ]
    return f"{subject}; {'unusual with ' + ' and '.join(others) if others else 'rare'}"


def _reason(cell: Cell) -> Reason:
    """Make the reason of a cell, by what its column holds."""
    first = cell.outputs[0]
    if first.kind == "category":
        return _of_category(cell)
    value = None if cell.value is None else quoted(cell.value)
    if first.kind == "missing":  # no value was ever seen
        return Reason(cell.value, None, np.nan, np.nan, value, "expected missing")
    if first.kind == "text":
        said = "unlike what was expected"
        return Reason(cell.value, None, np.nan, np.nan, value, said)
    if first.label:
        return _of_date(cell)
    if isinstance(cell.value, bool | np.bool_) or str(cell.value).lower() in FLAGS:
        return _of_flag(cell)
    return _of_number(cell)


def _of_category(cell: Cell) -> Reason:
    """Make the reason of a category. The expected value is the likeliest category."""
    n = sum(output.kind == "category" for output in cell.outputs)
    place = int(cell.expected[0, :n].argmax())
    likeliest = cell.outputs[place].label
    is_word = likeliest != MISSING and isinstance(cell.value, str | None)
    against = f"expected {quoted(likeliest) if is_word else likeliest}"
    if cell.observed[place]:
        against = ""
    elif not cell.observed[:n].any():
        against = f"never seen; {against}"
    value = None if cell.value is None else quoted(cell.value)
    return Reason(cell.value, likeliest, np.nan, np.nan, value, against)


def _of_flag(cell: Cell) -> Reason:
    """Make the reason of True or False."""
    value, likeliest = bool(cell.observed[0] >= 0.5), bool(cell.expected[0, 0] >= 0.5)
    against = "" if value == likeliest else f"expected {likeliest}"
    return Reason(value, likeliest, np.nan, np.nan, str(value), against)


def _of_number(cell: Cell) -> Reason:
    """Make the reason of a number or a duration."""
    middle, *ends = cell.expected[:, 0]
    low, high = (cell.digits[0].rounded(end) for end in ends)
    missing = cell.is_missing
    observed = np.nan if missing else cell.observed[0]
    scale = scale_of(cell.value, observed, cell.digits[0], cell.is_duration)
    if cell.missing_is_expected:
        against = "" if missing else "expected missing"
    elif not missing and scale.holds(low, observed, high):
        against = ""
    else:
        against = f"expected {scale.span(low, high)}"
    return Reason(observed, middle, low, high, None if missing else scale.said(observed), against)


def _of_date(cell: Cell) -> Reason:
    """Make the reason of a date, by the part of it with the largest share that is not usual."""
    value = None if cell.is_missing else date(cell.value, has_time(cell.outputs))
    return Reason(cell.value, None, np.nan, np.nan, value, _against_date(cell))


def _against_date(cell: Cell) -> str:
    """What speaks against a date, "" if all its parts are usual."""
    if cell.missing_is_expected:
        return "" if cell.is_missing else "expected missing"
    parts = {o.label: k for k, o in enumerate(cell.outputs) if o.kind == "value"}
    dates = scale_of_dates(cell.value, has_time(cell.outputs))
    _, low, high = cell.expected
    if cell.is_missing:
        return f"expected {dates.span(low[parts[WHOLE]], high[parts[WHOLE]])}"
    shares = {label: cell.shares[k] for label, k in parts.items()}
    shares[WHOLE] += shares.pop("year", 0)  # which the whole date says too
    for label in sorted(shares, key=lambda label: -shares[label]):
        k, whole = parts[label], label == WHOLE
        observed = cell.observed[k]
        scale = dates if whole else scale_of(None, observed, cell.digits[k])
        if not scale.holds(low[k], observed, high[k]):
            return f"expected {'' if whole else f'{label} '}{scale.span(low[k], high[k])}"
    return ""


def _given(model: FittedModel, X: Any) -> Callable[[int, int], Any]:
    """Values of a row and a column as the user gave them. None if missing, or in an array."""
    front_end = model.front_end
    if not is_frame(X) and all(output.is_number for output in front_end.outputs):
        return lambda i, j: None
    frame = as_frame(plain_table(X), front_end.names)
    reader = getattr(front_end, "reader_", None) or TableReader()

    @cache
    def column(j: int) -> list[Any]:
        (cells,) = reader.cells(frame.iloc[:, [j]])
        values = frame.iloc[:, j].to_list()
        return [None if m else value for value, m in zip(values, cells.missing, strict=True)]

    return lambda i, j: column(j)[i]


def _decoded(model: FittedModel, kept: np.ndarray) -> Callable[[int, int], Any]:
    """Values of rows that a model keeps, as far as they tell them. None if missing or a number."""
    outputs, names = model.front_end.outputs, model.front_end.names
    reader = getattr(model.front_end, "reader_", None)
    formats = {} if reader is None else reader.formats_

    @cache
    def column(j: int) -> list[Any]:
        own = [k for k, output in enumerate(outputs) if output.column == j]
        zone = formats[names[j]].zone if names[j] in formats else ""
        return decoded([outputs[k] for k in own], kept[:, own], zone)

    return lambda i, j: column(j)[i]
