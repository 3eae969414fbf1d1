"""Reads the columns of a user's table: numbers, dates, durations and texts as people write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from .._support.exceptions import Problem, Remedy, UnreadableTableError
from .column_format import MISSING_WORDS, Cells, ColumnFormat, Guess, guess_format
from .column_reader import Column, read_column
from .date_format import to_dates
from .number_format import to_floats

CONSTRAINTS: dict[str, list[Any]] = {
    "decimal": [StrOptions({".", ","}), None],
    "thousands": [StrOptions({"", ".", ",", " ", "'"}), None],
    "na": [list, tuple],
    "date_format": [str, list, tuple],
    "text": [list, tuple],
    "on_error": [StrOptions({"raise", "flag"})],
}


class TableReader(BaseEstimator):
    """Reads a data frame column by column. What a column holds is decided by its values in ``fit``.

    A column holds numbers, dates or durations if all its values are such, also if they are written
    as texts, and else texts. One way of writing counts for a whole column: decimal and thousands
    marks, one currency or percent, one format of dates. A type of the column decides only if it is
    "category", which holds texts.

    Parameters
    ----------
    decimal, thousands : str, default=None
        Marks of numbers that are written as texts, where texts such as "1,234" can be read in two
        ways. None takes the marks that other columns of the table show.
    na : sequence of str, default=()
        Words for a missing value beside the usual ones, such as "", "NA", "-" and "?".
    date_format : str or sequence of str, default=()
        Formats of dates, as in ``datetime.strptime``, that are tried before ISO 8601 and the usual
        ones.
    text : sequence of str, default=()
        Names of columns that hold texts, whatever they look like.
    on_error : {"raise", "flag"}, default="raise"
        What happens to a value that cannot be read. "raise" raises an error that names it. "flag"
        takes it as missing, and as a value of a kind that has never been seen.

    Attributes
    ----------
    formats_ : dict of str to ColumnFormat
        What each column holds, and how it is written.
    """

    def __init__(
        self,
        decimal: str | None = None,
        thousands: str | None = None,
        na: Sequence[str] = (),
        date_format: str | Sequence[str] = (),
        text: Sequence[str] = (),
        on_error: str = "raise",
    ) -> None:
        self.decimal = decimal
        self.thousands = thousands
        self.na = na
        self.date_format = date_format
        self.text = text
        self.on_error = on_error

    def fit(self, frame: Any, y: object = None) -> TableReader:
        """Find what the columns of a pandas frame hold.

        Raises
        ------
        UnreadableTableError
            If values cannot be read, or can be read in two ways. All of them are named.
        """
        self.fit_read(frame)
        return self

    def fit_read(self, frame: Any) -> list[Column]:
        """Find what the columns of a pandas frame hold, and read them."""
        read, problems = self.try_read(frame)
        if problems:
            raise UnreadableTableError(problems)
        self.formats_ = {column.name: form for form, column in read}
        return [column for _, column in read]

    def try_read(self, frame: Any) -> tuple[list[tuple[ColumnFormat, Column]], list[Problem]]:
        """Find formats, read the columns for which there is one, and find all problems."""
        self._check_params(frame)
        cells = self.cells(frame)
        dates = [self.date_format] if isinstance(self.date_format, str) else self.date_format
        guesses = [guess_format(c, dates, c.name in self.text) for c in cells]
        read, problems = [], []
        for c, guess in zip(cells, guesses, strict=True):
            form = self._choose(guess, guesses)
            if guess.problem:
                problems.append(Problem(c.name, guess.problem))
            elif form is None:
                problems.append(_ambiguous(c, guess.formats))
            else:
                read.append((form, read_column(c, form)))
                problems += self._unread(c, read[-1][1], form, guess.words)
        return read, problems

    def read(self, frame: Any) -> list[Column]:
        """Read a pandas frame with the columns of ``fit``.

        Raises
        ------
        UnreadableTableError
            If values cannot be read as in ``fit``, and ``on_error`` is "raise".
        """
        check_is_fitted(self, "formats_")
        columns, problems = [], []
        for c in self.cells(frame):
            columns.append(read_column(c, self.formats_[c.name]))
            problems += self._unread(c, columns[-1], self.formats_[c.name])
        if problems:
            raise UnreadableTableError(problems)
        return columns

    @property
    def all_numbers(self) -> bool:
        """Whether all columns hold numbers."""
        return all(form.kind == "numbers" for form in self.formats_.values())

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and formats in types that JSON can hold."""
        formats = {name: asdict(form) for name, form in self.formats_.items()}
        return {"params": self.get_params(), "formats": formats}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TableReader:
        """Make a reader from :meth:`to_dict`.

        Raises
        ------
        ValueError
            If a parameter or a format is none.
        """
        reader = cls(**content["params"])
        validate_parameter_constraints(CONSTRAINTS, reader.get_params(), cls.__name__)
        formats = content["formats"].items()
        reader.formats_ = {name: ColumnFormat(**form) for name, form in formats}
        for form in reader.formats_.values():
            form.check()
        return reader

    def assume(self, kinds: Mapping[str, str], zones: Mapping[str, str] = {}) -> TableReader:
        """Take the kinds of the columns as known, and their values as written plainly."""
        zone = zones.get
        self.formats_ = {n: ColumnFormat(kind, zone=zone(n, "")) for n, kind in kinds.items()}
        return self

    def _check_params(self, frame: Any) -> None:
        """Raise a ValueError for a bad parameter."""
        validate_parameter_constraints(CONSTRAINTS, self.get_params(), type(self).__name__)
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(f"'decimal' and 'thousands' must differ. Both are {self.decimal!r}.")
        unknown = [name for name in self.text if name not in list(frame.columns)]
        if unknown:
            raise ValueError(f"'text' must name columns of the table. Unknown: {unknown}.")

    def cells(self, frame: Any) -> list[Cells]:
        """Values of the columns of a pandas frame, and which of them are missing."""
        words = MISSING_WORDS | {word.strip().lower() for word in self.na}
        return [Cells(frame[name], words) for name in frame.columns]

    def _choose(self, guess: Guess, guesses: Sequence[Guess]) -> ColumnFormat | None:
        """Choose the format of a column by what the user says, and by what other columns show.

        None means that nothing tells which of several formats is right.
        """
        formats = guess.formats
        if len(formats) > 1 and formats[0].kind == "numbers":
            marks = {self.decimal or ""} - {""} or {g.decimal for g in guesses} - {""}
            if self.thousands is not None:
                formats = [f for f in formats if f.thousands == self.thousands] or formats
            if not marks and formats[0].numbers.is_plain:
                return formats[0]
            if len(formats) > 1:
                formats = [f for f in formats if f.decimal in marks]
        elif len(formats) > 1:
            sure = [g.formats[0].dates for g in guesses if len(g.formats) == 1]
            first = {form[:2] for form in sure if form[:2] in ("%d", "%m")}
            formats = [f for f in formats if f.dates[:2] in first]
        return formats[0] if len(formats) == 1 else None

    def _unread(
        self, cells: Cells, column: Column, form: ColumnFormat, words: Sequence[str] = ()
    ) -> list[Problem]:
        """Name what could not be read in a column, if that is an error."""
        if self.on_error == "flag" or not column.unreadable.any():
            return []
        rows = np.flatnonzero(column.unreadable)
        row, value = int(rows[0]), cells.column.iloc[rows[0]]
        remedies: list[Remedy] = [("na", word) for word in words]
        if not cells.typed:
            remedies.append(("text", cells.name))
        said = f"has {len(rows)} value(s) that cannot be read as {form.noun}"
        return [Problem(cells.name, said, row, value, (*remedies, ("on_error", "flag")))]


def _ambiguous(cells: Cells, formats: Sequence[ColumnFormat]) -> Problem:
    """Say how the texts of a column can be read in two ways."""
    texts = [value for value in cells.known if isinstance(value, str)]
    if formats[0].kind == "numbers":
        one, other = (to_floats(texts, form.numbers) for form in formats[:2])
        remedies = [("decimal", form.decimal) for form in formats]
    else:
        one, other = (to_dates(texts, form.dates) for form in formats[:2])
        remedies = [("date_format", form.dates) for form in formats]
    place = int(np.flatnonzero(one != other)[0])
    said = f"can be read in two ways: {texts[place]!r} is {one[place]} or {other[place]}"
    return Problem(cells.name, said, remedies=tuple(remedies))
