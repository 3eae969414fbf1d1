"""What the columns of a table are read as, and what a user should look at before a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._support.exceptions import Problem, Remedy
from .._support.optional_imports import import_optional
from .column_format import ColumnFormat
from .column_reader import Column
from .columns import FEW
from .date_format import find_date_formats, to_dates
from .frames import EXTRA, as_frame
from .number_format import find_number_formats
from .table_reader import TableReader

if TYPE_CHECKING:
    import pandas as pd

SOME = 0.5  # share of the texts of a column that are worth a note
NEARLY_ALL = 0.95  # share of different values from which on a column may only tell rows apart
ENOUGH = 50  # rows; of fewer, no column is said to tell rows apart


class Note(NamedTuple):
    """What a user should look at, and what would help."""

    said: str
    remedies: tuple[Remedy, ...]  # parameters of TableReader, or "drop", and their values


class Inspected(NamedTuple):
    """What a column is read as."""

    column: str
    kind: str = "unreadable"
    written: str = ""  # how its values are written, as in "a date like 31.12.2024"
    example: str = ""
    read_as: str = ""  # the date that the example is, if it is written otherwise
    missing: float = 0.0  # share of its values
    notes: tuple[Note, ...] = ()


def inspect_table(X: Any, reader: TableReader | None = None) -> pd.DataFrame:
    """Tell how each column of a table is read, without fitting anything.

    Parameters
    ----------
    X : data frame, or array of shape (n_samples, n_features)
        The table.
    reader : TableReader, default=None
        Reads the table. None is ``TableReader()``, as with ``preprocessing="auto"``.

    Returns
    -------
    inspected : DataFrame
        One line a column: "column"; "kind", one of number, date, duration, category, text,
        constant, identifier, nothing and unreadable; "written", how its values are written;
        "example"; "read_as", the date that the example is, if it is written otherwise; "missing",
        a share; "notes".
    """
    pandas, frame = import_optional("pandas", EXTRA), as_frame(X)
    inspected, _ = inspect_columns(frame, reader or TableReader())
    lines = [(*line[:-1], "; ".join(note.said for note in line.notes)) for line in inspected]
    return pandas.DataFrame(lines, columns=list(Inspected._fields))


def inspect_columns(frame: Any, reader: TableReader) -> tuple[list[Inspected], list[Problem]]:
    """Inspect the columns of a pandas frame, and find all problems."""
    read, problems = reader.try_read(frame)
    readable = {column.name: (form, column) for form, column in read}
    lines = []
    for name in frame.columns:
        own = [problem for problem in problems if problem.column == name]
        line = inspect_read(*readable[name], frame[name]) if name in readable else Inspected(name)
        wrong = (Note(problem.said, problem.remedies) for problem in own)
        lines.append(line._replace(notes=(*wrong, *line.notes)))
    return lines, problems


def inspect_read(form: ColumnFormat, column: Column, given: Any) -> Inspected:
    """Inspect a column that was read. ``given`` (n,) is the series that the user has."""
    known = given[~column.missing]
    values = np.asarray(column.values)[~column.missing]
    n, n_distinct = len(values), len(set(values.tolist()))
    kind = form.kind.removesuffix("s")
    if form.kind == "text" and n_distinct < FEW:
        kind = "category"
    if n_distinct == 1:
        kind = "constant"
    notes = _notes(form, known, values)
    if n >= ENOUGH and n_distinct >= NEARLY_ALL * n and _may_tell_apart(form, values):
        kind = kind if form.kind == "dates" else "identifier"
        said = "differs in nearly every row; if it only tells rows apart, leave it out"
        notes.append(Note(said, (("drop", column.name),)))
    example = str(known.iloc[0]).strip() if n else ""
    day = str(values[0])[:10] if form.kind == "dates" and n else ""
    return Inspected(
        column.name,
        kind,
        form.noun,
        example,
        "" if example.startswith(day) else day,
        float(column.missing.mean()),
        tuple(notes),
    )


def _may_tell_apart(form: ColumnFormat, values: np.ndarray) -> bool:
    """Tell whether values that all differ may be numbers of rows. Measured numbers are not."""
    if form.kind != "numbers":
        return True
    steps = np.diff(values)
    in_order = np.all(steps > 0) or np.all(steps < 0)
    is_whole, is_dense = np.all(values == np.round(values)), np.ptp(values) < 2 * len(values)
    return bool(is_whole and (in_order or is_dense))


def _notes(form: ColumnFormat, known: Any, values: np.ndarray) -> list[Note]:
    """Say what speaks against the way in which a column is read, and what would help."""
    name = str(known.name)
    texts = list(dict.fromkeys(value.strip() for value in known if isinstance(value, str)))
    notes: list[Note] = []
    if form.kind == "text" and texts:
        for noun, find in (("numbers", find_number_formats), ("dates", find_date_formats)):
            share = float(np.mean(find(texts)[0]))
            if share >= SOME:
                notes.append(Note(f"{share:.0%} of its texts look like {noun}", ()))
    if form.kind == "numbers":
        if any(text.isdigit() and text[0] == "0" and len(text) > 1 for text in texts):
            said = "has leading zeros; digits that are names are texts"
            notes.append(Note(said, (("text", name),)))
        if len(values) and np.all((values > 1.9e7) & (values < 2.1e7)):
            days = [str(int(value)) for value in values]
            if not np.isnat(to_dates(days, "%Y%m%d")).any():
                notes.append(Note("may be dates", (("date_format", "%Y%m%d"),)))
    return notes
