"""Plausible errors, planted by rule into one row of a clean table.

A rule names the columns that it applies to, draws one of them and a row, and says which value the
cell gets. A draw that no reader of the table could call an error, such as a price × 10 that other
rows have too, is drawn again. What is unusual, and what contradicts another column, is measured on
the clean table:

* A number is **unusual** if it lies beyond all but 1 % of its column's values.
* Rows are **alike** in a column if they have the same category, or are the nearest tenth by number
  or date; at least 8 rows.
* A value **contradicts** another column if rows that are alike in it never have such a value: a
  number outside their range, widened by a quarter on each side; a category that would be expected
  in 5 of them and is in none. The column must explain half of the variance of a number's ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

CATEGORIES = 40  # a column of fewer texts holds categories
ALIKE, LEAST_ALIKE = 0.1, 8  # nearest share of rows, least number of rows
WIDER = 0.25  # of a range, on each side
EXPECTED = 5.0  # rows in which a category must be expected, to be missed
STRENGTH = 0.5  # least share of the variance that another column explains
ATTEMPTS = 100  # draws for each error that is wanted

UNITS = (1000.0, 1 / 1000, 2.54, 1 / 2.54)  # kilo, inches and centimetres
CODES = (-99.0, -1.0, 999.0, 9999.0)  # for missing values
SHIFTS = (-100, -10, -1, 1, 10, 100)  # years
STRANGE = ("asdf", "test", "xxxx", "#REF!", "12345", "see above")


class PlantedError(NamedTuple):
    """One row that is wrong."""

    kind: str
    row: int
    cells: dict[str, Any]  # the wrong value of each planted column
    right: tuple[str, ...]  # columns that a first reason may name


class CleanTable:
    """A table, what its columns hold, and which rows are alike.

    Parameters
    ----------
    frame : DataFrame
        Rows numbered from 0.

    Attributes
    ----------
    kinds : dict of str to str
        "number", "year", "date", "date text", "category" or "text" of each column.
    values : dict of str to ndarray of shape (n,)
        Numbers, and dates in seconds, as floats; NaN for missing ones. All others as objects.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.kinds = {name: _kind(frame[name]) for name in frame.columns}
        self.values = {name: _values(frame[name], kind) for name, kind in self.kinds.items()}
        self.present = {name: frame[name].notna().to_numpy() for name in frame.columns}
        self._strengths: dict[tuple[str, str], float] = {}

    def columns(self, *kinds: str) -> list[str]:
        """Names of the columns of some kinds that hold more than one value."""
        return [c for c, k in self.kinds.items() if k in kinds and self.frame[c].nunique() > 1]

    def alike(self, column: str, row: int) -> np.ndarray:
        """Numbers of the other rows that are alike in a column; none if there are too few."""
        values = self.values[column]
        if not self.present[column][row] or self.kinds[column] == "text":
            return np.array([], dtype=int)
        if self.kinds[column] == "category":
            rows = np.flatnonzero(values == values[row])
        else:
            apart = np.abs(values - values[row])  # missing values come last
            order = np.argsort(apart, kind="stable")
            rows = order[: max(LEAST_ALIKE, int(ALIKE * len(values))) + 1]
            rows = rows[self.present[column][rows]]
        rows = rows[rows != row]
        return np.asarray(rows if len(rows) >= LEAST_ALIKE else rows[:0])

    def is_unusual(self, column: str, value: float) -> bool:
        """Whether a number lies beyond all but 1 % of its column's values."""
        low, high = np.nanquantile(self.values[column], [0.005, 0.995])
        return not low <= value <= high

    def contradicted(self, column: str, row: int, value: Any) -> list[str]:
        """Other columns of a row that a value of one column contradicts."""
        others = [c for c in self.kinds if c != column]
        return [c for c in others if self._contradicts(column, row, value, c)]

    def _contradicts(self, column: str, row: int, value: Any, other: str) -> bool:
        rows = self.alike(other, row)
        rows = rows[self.present[column][rows]]
        if len(rows) < LEAST_ALIKE:
            return False
        values = self.values[column]
        if self.kinds[column] == "category":
            expected = len(rows) * np.mean(values[self.present[column]] == value)
            return bool(expected >= EXPECTED and not (values[rows] == value).any())
        low, high = values[rows].min(), values[rows].max()
        wider = WIDER * (high - low)
        if low - wider <= value <= high + wider:
            return False
        return self._strength(column, other) >= STRENGTH

    def _strength(self, column: str, other: str) -> float:
        """Share of the variance of a number's ranks that the rows alike in ``other`` explain."""
        if (column, other) not in self._strengths:
            ranks = pd.Series(self.values[column]).rank().to_numpy()
            known = np.flatnonzero(self.present[column] & self.present[other])
            alike = [self.alike(other, int(row)) for row in known]
            guessed = [np.nanmean(ranks[rows]) if len(rows) else np.nan for rows in alike]
            missed = np.nanmean((ranks[known] - guessed) ** 2)
            strength = 1 - missed / np.nanvar(ranks[known])
            self._strengths[column, other] = float(np.nan_to_num(strength))
        return self._strengths[column, other]


def _kind(column: pd.Series) -> str:
    """What a column holds."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "date"
    known = column.dropna()
    if pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != bool:
        whole = bool((known % 1 == 0).all())
        return "year" if whole and known.between(1500, 2100).all() else "number"
    if (
        column.dtype != bool
        and pd.to_datetime(known, errors="coerce", format="ISO8601").notna().all()
    ):
        return "date text"
    return "category" if known.nunique() < CATEGORIES else "text"


def _values(column: pd.Series, kind: str) -> np.ndarray:
    if kind in ("category", "text"):
        return np.asarray(column, dtype=object)
    if kind in ("number", "year"):
        return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))
    dates = pd.to_datetime(column)
    return np.asarray((dates - dates.min()).dt.total_seconds(), dtype=float)


def plant(
    table: CleanTable, n_errors: int, rng: np.random.Generator, kinds: Collection[str] = ()
) -> list[PlantedError]:
    """Draw errors of all kinds, each for another row, in random order.

    Parameters
    ----------
    table : CleanTable
        Where.
    n_errors : int
        How many of each kind; there are fewer of a kind that hardly or never applies.
    rng : Generator
        Draws columns, rows and values.
    kinds : collection of str
        Some of ``RULES``; none means all.

    Returns
    -------
    list of PlantedError
        Errors that can all be planted at once.
    """
    found: dict[int, PlantedError] = {}
    for kind in kinds or RULES:
        columns, draw = RULES[kind]
        names, wanted = columns(table), min(len(table.frame), len(found) + n_errors)
        for _ in range(ATTEMPTS * n_errors if names else 0):
            if len(found) == wanted:
                break
            column = names[rng.integers(len(names))]
            row = int(rng.choice(np.flatnonzero(table.present[column])))
            error = draw(table, column, row, rng)
            if error is not None:
                found.setdefault(row, error._replace(kind=kind))
    errors = list(found.values())
    return [errors[place] for place in rng.permutation(len(errors))]


def with_errors(frame: pd.DataFrame, errors: list[PlantedError]) -> pd.DataFrame:
    """Return a copy of a table with some of its rows wrong."""
    wrong = frame.copy()
    for error in errors:
        for column, value in error.cells.items():
            if isinstance(value, float) and not value.is_integer():
                wrong[column] = wrong[column].astype(float)
            wrong.loc[error.row, column] = value
    return wrong


def _of_cell(row: int, column: str, value: Any, *others: str) -> PlantedError:
    """An error of one cell, which may show in other columns too."""
    return PlantedError("", row, {column: value}, (column, *others))


def _numbers(table: CleanTable) -> list[str]:
    return table.columns("number")


def _positive_numbers(table: CleanTable) -> list[str]:
    return [c for c in _numbers(table) if np.nanmin(table.values[c]) > 0]


def _many_numbers(table: CleanTable) -> list[str]:
    return [c for c in _numbers(table) if table.frame[c].nunique() >= 10]


def _dates(table: CleanTable) -> list[str]:
    return table.columns("date", "date text", "year")


def _categories(table: CleanTable) -> list[str]:
    return table.columns("category")


def _words(table: CleanTable) -> list[str]:
    return [c for c in _categories(table) if table.frame[c].dtype != bool]


def _texts(table: CleanTable) -> list[str]:
    return table.columns("text")


def _scaled(*factors: float) -> Draw:
    """Times one of some factors, where that is unusual."""

    def draw(
        table: CleanTable, column: str, row: int, rng: np.random.Generator
    ) -> PlantedError | None:
        value = float(table.values[column][row] * rng.choice(factors))
        return _of_cell(row, column, value) if table.is_unusual(column, value) else None

    return draw


def _sign(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """A minus."""
    return _of_cell(row, column, -float(table.values[column][row]))


def _code(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """A code for a missing value, where no number of the column is so low or high."""
    value, values = float(rng.choice(CODES)), table.values[column]
    inside = np.nanmin(values) <= value <= np.nanmax(values)
    return None if inside else _of_cell(row, column, value)


def _date(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """1, 10 or 100 years off, where no other date is so early or late."""
    shift, cells, kind = int(rng.choice(SHIFTS)), table.frame[column], table.kinds[column]
    if kind == "year":
        dates, value = cells, cells[row] + shift
    else:
        dates = pd.to_datetime(cells)
        value = dates[row] + pd.DateOffset(years=shift)
    if dates.min() <= value <= dates.max():
        return None
    return _of_cell(row, column, value.date().isoformat() if kind == "date text" else value)


def _spelling(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """The same word with its case changed, or with a letter lost, doubled or exchanged."""
    word = str(table.values[column][row])
    at = int(rng.integers(max(1, len(word) - 1)))
    ways = (
        word.swapcase(),
        word[:at] + word[at + 1 :],
        word[:at] + word[at : at + 1] + word[at:],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    )
    value = ways[rng.integers(len(ways))]
    known = {*map(str, table.values[column]), ""}
    return None if value in known else _of_cell(row, column, value)


def _strange(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """What is no text of its kind."""
    return _of_cell(row, column, str(rng.choice(STRANGE)))


def _swap(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """The number of another column, and the other way round.

    One of them is above the other in 99 % of the rows. Their medians differ by a factor of 10 at
    most.
    """
    low, high = column, str(rng.choice(_positive_numbers(table)))
    below, above = table.values[low], table.values[high]
    ordered = (below < above)[table.present[low] & table.present[high]]
    if np.mean(ordered) < 0.99 or np.nanmedian(above) > 10 * np.nanmedian(below):
        return None
    if not below[row] < above[row]:
        return None
    return PlantedError("", row, {low: float(above[row]), high: float(below[row])}, (low, high))


def _category(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """Another category of the column, which contradicts another column."""
    values = table.values[column]
    others = sorted(set(values[table.present[column]]) - {values[row]})
    value = others[rng.integers(len(others))]
    return _of_cell(row, column, value) if table.contradicted(column, row, value) else None


def _dependence(
    table: CleanTable, column: str, row: int, rng: np.random.Generator
) -> PlantedError | None:
    """A number of another row, between 5 and 95 % of its column, which contradicts another column.

    The error may show in the columns that it contradicts too, so these are right as well.
    """
    values = table.values[column]
    value = float(rng.choice(values[table.present[column]]))
    low, high = np.nanquantile(values, [0.05, 0.95])
    others = table.contradicted(column, row, value) if low <= value <= high else []
    return _of_cell(row, column, value, *others) if others else None


Draw = Callable[[CleanTable, str, int, np.random.Generator], PlantedError | None]


class Rule(NamedTuple):
    """Which columns an error applies to, and what the cell of a column and a row becomes."""

    columns: Callable[[CleanTable], list[str]]
    draw: Draw


RULES = {
    "decimal point": Rule(_positive_numbers, _scaled(10.0, 0.1)),
    "unit": Rule(_positive_numbers, _scaled(*UNITS)),
    "sign": Rule(_positive_numbers, _sign),
    "code for missing": Rule(_numbers, _code),
    "date out of range": Rule(_dates, _date),
    "new spelling": Rule(_words, _spelling),
    "strange text": Rule(_texts, _strange),
    "swapped columns": Rule(_positive_numbers, _swap),
    "other category": Rule(_categories, _category),
    "broken dependence": Rule(_many_numbers, _dependence),
}
