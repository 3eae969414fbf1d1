"""Tables in CSV and Parquet files, in chunks of rows as they are in the file."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Container, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._support.exceptions import Problem
from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA, arrow_to_pandas
from ..front_ends.number_format import find_number_formats
from .csv_records import CSVFormat, CSVRecords

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 8192  # rows in memory at once; a multiple of the rows that are scored at once
AHEAD = 100  # records that are read ahead to tell an index from a column
OPTIONS = {  # options of the command line for parameters of TableReader
    "na": "--na",
    "text": "--text",
    "decimal": "--decimal",
    "date_format": "--date-format",
    "on_error": "--on-error",
    "drop": "--drop",
}


class TableFile(ABC):
    """A table that is read from a file in one pass, a chunk at a time.

    Attributes
    ----------
    names, header : list of str
        Names of the columns, and these names as they are in the file, where some may be empty.
    index : list of str
        Names of the columns that pandas wrote as the index, which are not fitted.
    notes : list of str
        What a reader of the file should know.
    damaged : list of str
        What is wrong with records that were left out.
    size, position : int
        Size of the file and what is read of it, in ``measure``. ``size`` is None if it is unknown.
    """

    unit = "row"  # what errors count from 1
    delimiter = ","  # of fields, also in a CSV file that is written
    measure = "row"
    index: list[str]
    size: int | None = None
    position = 0

    def __init__(self, path: str, names: list[str]) -> None:
        self.path, self.names, self.header = path, names, names
        self.notes: list[str] = []
        self.damaged: list[str] = []
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"{path}: column names must differ. Got {doubled} more than once.")

    def chunks(self) -> Iterator[pd.DataFrame]:
        """Rows as they are in the file, numbered as in errors.

        Raises
        ------
        ValueError
            If the file has no rows or is damaged.
        """
        chunk = None
        for chunk in self._chunks():
            yield chunk
        if chunk is None:
            said = f": {self.damaged[0]}" if self.damaged else " has column names and no rows"
            raise ValueError(f"{self.path}{said}.")

    def sentence(self, problem: Problem, rows: pd.DataFrame, options: Container[str]) -> str:
        """Say what is wrong with a column of ``rows``, and which of the options would help."""
        place = "" if problem.row is None else f"{self.unit} {rows.index[problem.row]}"
        said = problem.sentence(place)
        ways = [self.option(*remedy) for remedy in problem.remedies if remedy[0] in options]
        if ways:
            return f"{said} Correct it, or say {' or '.join(ways)}."
        return f"{said} Correct it, or leave the column out."

    def option(self, name: str, value: str) -> str:
        """An option of the command line for a parameter of ``TableReader``."""
        return f"{OPTIONS[name]} {shlex.quote(value)}"

    def refuse(self, column: pd.Series, wrong: np.ndarray, said: str) -> None:
        """Raise a ValueError for the first wrong value of a column, if there is one."""
        if wrong.any():
            row = int(wrong.argmax())
            place = f"{self.path}, {self.unit} {column.index[row]}, column {column.name!r}"
            raise ValueError(f"{place}: {column.iloc[row]!r} {said}.")

    @abstractmethod
    def _chunks(self) -> Iterator[pd.DataFrame]:
        """Read the chunks that have rows."""


class CSVFile(TableFile):
    """A CSV file. All values are texts."""

    unit, measure = "line", "B"

    def __init__(self, path: str, form: CSVFormat) -> None:
        self._pandas = import_optional("pandas", EXTRA)
        self._records = CSVRecords(path, form)
        self.delimiter = self._records.delimiter
        names = self._records.names
        # more than one column may have no name
        super().__init__(path, [name or f"column {i}" for i, name in enumerate(names, 1)])
        self.header, self.damaged = names, self._records.damaged
        self.size = None if path == "-" else Path(path).stat().st_size or None  # a pipe has no size
        self._ahead = list(islice(self._records, AHEAD))
        self.index = self.names[:1] if not names[0] and self._counts_rows() else []
        unnamed = [name for name, given in zip(self.names, names, strict=True) if not given]
        unnamed = [name for name in unnamed if name not in self.index]
        self.notes += [f"{name!r} has no name in the file" for name in unnamed]
        if form.header and self._ahead and find_number_formats(names)[0].all():
            self.notes.append("the header looks like data (--no-header, if the file has none)")

    def _counts_rows(self) -> bool:
        """Tell whether the first column numbers the rows, as the index that pandas writes."""
        numbers = [fields[0] for _, fields in self._ahead]
        return all(map(str.isdigit, numbers)) and len(set(numbers)) == len(numbers)

    def _chunks(self) -> Iterator[pd.DataFrame]:
        records = chain(self._ahead, self._records)
        while chunk := list(islice(records, CHUNK)):
            self.position = self._records.position
            lines, rows = zip(*chunk, strict=True)
            yield self._pandas.DataFrame(rows, lines, self.names, dtype=str)


class ParquetFile(TableFile):
    """A Parquet file. Columns keep Arrow's types, and are written with them."""

    def __init__(self, path: str) -> None:
        self._arrow = import_optional("pyarrow", EXTRA)
        parquet = import_optional("pyarrow.parquet", EXTRA)
        with self._damage_named(path):
            self._file = parquet.ParquetFile(path)
        super().__init__(path, self._file.schema_arrow.names)
        self.size = self._file.metadata.num_rows
        written = self._file.schema_arrow.pandas_metadata or {}  # a range index is a dict
        self.index = [name for name in written.get("index_columns", []) if isinstance(name, str)]

    def _chunks(self) -> Iterator[pd.DataFrame]:
        with self._damage_named(self.path):
            for batch in self._file.iter_batches(CHUNK):
                chunk = arrow_to_pandas(batch, EXTRA)
                chunk.index = range(self.position + 1, self.position + len(chunk) + 1)
                self.position += len(chunk)
                if len(chunk):
                    yield chunk

    @contextmanager
    def _damage_named(self, path: str) -> Iterator[None]:
        """Turn Arrow's errors into errors that name the file."""
        try:
            yield
        except (self._arrow.ArrowException, OSError) as error:
            if getattr(error, "errno", None):  # an error that is not in the content
                raise
            raise ValueError(f"{path} is no whole Parquet file ({error}).") from error


def open_table(path: str, form: CSVFormat) -> TableFile:
    """Open a table. A file is CSV unless its suffix is .parquet; "-" is CSV on standard input."""
    is_parquet = Path(path).suffix.lower() == ".parquet"
    return ParquetFile(path) if is_parquet else CSVFile(path, form)
