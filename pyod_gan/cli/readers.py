"""Tables read from CSV and Parquet files in chunks. Errors name file, line and column."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._support.optional_imports import import_optional
from ..front_ends.columns import EXTRA, column_kinds
from .csv_records import CSVRecords

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 8192  # rows in memory at once; a multiple of the rows that are scored at once
# fmt: off
MISSING = frozenset([  # texts that pandas takes for missing values
    "", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan",
    "NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
])
# fmt: on
FLAGS = {"True": "1", "TRUE": "1", "true": "1", "False": "0", "FALSE": "0", "false": "0"}
NOUNS = {
    "numbers": "a number",
    "dates": "a date like 2024-12-31",
    "text": "a text",
    "durations": "a duration",
}
Kinds = dict[str, str]  # what each column holds: "numbers", "dates", "durations" or "text"


class TableFile(ABC):
    """A table that is read from a file in one pass, a chunk at a time.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    index : list of str
        Names of the columns that pandas wrote as the index, which are not fitted.
    size, position : int
        Size of the file and what is read of it, in ``measure``. ``size`` is None if it is unknown.
    """

    unit = "row"  # what errors count from 1
    measure = "row"
    index: list[str]
    size: int | None = None
    position = 0

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path, self.names = path, names
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
            raise ValueError(f"{self.path} has column names and no rows.")

    def typed(self, chunk: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
        """Convert the columns of ``kinds`` to floats, dates, durations and texts.

        Raises
        ------
        ValueError
            If a column or value is of another kind, or if a number is infinite.
        """
        typed = self._typed(chunk, kinds)
        for name in (name for name, kind in kinds.items() if kind == "numbers"):
            self.refuse(chunk[name], np.isinf(typed[name]), "is not finite")
        return typed

    def refuse(self, column: pd.Series, wrong: Any, said: str) -> None:
        """Raise a ValueError for the first wrong value of a column, if there is one."""
        if np.any(wrong):
            row = int(np.argmax(np.asarray(wrong)))
            place = f"{self.path}, {self.unit} {column.index[row]}, column {column.name!r}"
            raise ValueError(f"{place}: {column.iloc[row]!r} {said}.")

    @abstractmethod
    def find_kinds(self, table: pd.DataFrame, as_text: Sequence[str]) -> Kinds:
        """Kinds of the columns of a table to fit."""

    @abstractmethod
    def _chunks(self) -> Iterator[pd.DataFrame]:
        """Read the chunks that have rows."""

    @abstractmethod
    def _typed(self, chunk: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
        """Convert columns to their kinds, with NaN where a value is missing."""


class CSVFile(TableFile):
    """A CSV file. Values stay texts until ``typed``, so that all chunks get the same types."""

    unit, measure = "line", "B"

    def __init__(self, path: Path, delimiter: str) -> None:
        self._pandas = import_optional("pandas", EXTRA)
        self._records = CSVRecords(path, delimiter)
        super().__init__(path, self._records.names)
        self.index = [name for name in self.names if not name]
        self.size = path.stat().st_size or None  # a pipe has no size

    def find_kinds(self, table: pd.DataFrame, as_text: Sequence[str]) -> Kinds:
        """Find columns of numbers or dates. A column must not mix them with other values."""
        kinds = {}
        for name in table:
            kinds[str(name)] = "text" if name in as_text else self._find_kind(table[name])
        return kinds

    def _find_kind(self, texts: pd.Series) -> str:
        known = texts[~texts.isin(MISSING)]
        for kind in ("numbers", "dates"):
            read = self._parsed(known, kind).notna()
            if read.all():
                return kind
            if read.any():
                remedy = f"Correct it, or take the column as it is: --text {known.name}"
                n_read, n_others, n = int(read.sum()), int((~read).sum()), len(known)
                if n_read < n_others:
                    said = f"is {NOUNS[kind]}, and {n_others} of {n} values are not. {remedy}"
                    self.refuse(known, read, said)
                said = f"is not {NOUNS[kind]}, and {n_read} of {n} values are. {remedy}"
                self.refuse(known, ~read, said)
        return "text"

    def _chunks(self) -> Iterator[pd.DataFrame]:
        while records := list(islice(self._records, CHUNK)):
            self.position = self._records.position
            lines, rows = zip(*records, strict=True)
            yield self._pandas.DataFrame(rows, lines, self.names, dtype=str)

    def _typed(self, chunk: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
        columns = {}
        for name, kind in kinds.items():
            missing = chunk[name].isin(MISSING)
            columns[name] = self._parsed(chunk[name].mask(missing), kind)
            wrong = columns[name].isna() & ~missing
            self.refuse(chunk[name], wrong, f"is not {NOUNS[kind]}")
        return self._pandas.DataFrame(columns, chunk.index)

    def _parsed(self, texts: pd.Series, kind: str) -> pd.Series:
        """Parse texts, with NaN where a text is not of the kind."""
        if kind == "numbers":
            return self._pandas.to_numeric(texts.replace(FLAGS), errors="coerce").astype(float)
        if kind == "text":
            return texts.astype("string")
        if kind == "durations":
            return self._pandas.to_timedelta(texts, errors="coerce")
        texts = texts.where(texts.str.match(r"\d{4}", na=False))  # pandas would also take "now"
        dates = self._pandas.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
        return dates.dt.tz_localize(None)  # one type with and without time zones


class ParquetFile(TableFile):
    """A Parquet file. Columns keep Arrow's types until ``typed``, and are written with them."""

    def __init__(self, path: Path) -> None:
        self._pandas = import_optional("pandas", EXTRA)
        self._arrow = import_optional("pyarrow", EXTRA)
        parquet = import_optional("pyarrow.parquet", EXTRA)
        with self._damage_named(path):
            self._file = parquet.ParquetFile(path)
        super().__init__(path, self._file.schema_arrow.names)
        self.size = self._file.metadata.num_rows
        written = self._file.schema_arrow.pandas_metadata or {}  # a range index is a dict
        self.index = [name for name in written.get("index_columns", []) if isinstance(name, str)]

    def find_kinds(self, table: pd.DataFrame, as_text: Sequence[str]) -> Kinds:
        """Find the kinds by the types of the columns."""
        return column_kinds(table) | dict.fromkeys(as_text, "text")

    def _chunks(self) -> Iterator[pd.DataFrame]:
        with self._damage_named(self.path):
            for batch in self._file.iter_batches(CHUNK):
                chunk = self._of_known_types(batch).to_pandas(
                    types_mapper=self._pandas.ArrowDtype, ignore_metadata=True
                )
                chunk.index = range(self.position + 1, self.position + len(chunk) + 1)
                self.position += len(chunk)
                if len(chunk):
                    yield chunk

    def _of_known_types(self, batch: Any) -> Any:
        """Cast string views to strings, which pandas knows."""
        types, arrow = batch.schema.types, self._arrow
        known = [arrow.large_string() if t == arrow.string_view() else t for t in types]
        fields = [f.with_type(t) for f, t in zip(batch.schema, known, strict=True)]
        return arrow.Table.from_batches([batch]).cast(arrow.schema(fields))

    def _typed(self, chunk: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
        now = column_kinds(chunk[list(kinds)])
        wrong = [
            f"{name!r} should hold {kind} and holds {now[name]}"
            for name, kind in kinds.items()
            if now[name] != kind and chunk[name].notna().any()
        ]
        if wrong:
            raise ValueError(
                f"{self.path}: column {'; column '.join(wrong)}. Convert, or fit again."
            )
        columns = {name: self._converted(chunk[name], kind) for name, kind in kinds.items()}
        return self._pandas.DataFrame(columns, chunk.index)

    def _converted(self, column: pd.Series, kind: str) -> Any:
        if kind == "numbers":
            return column.to_numpy(float, na_value=np.nan)
        if kind == "durations":
            return self._pandas.to_timedelta(column)
        return self._pandas.to_datetime(column) if kind == "dates" else column.astype("string")

    @contextmanager
    def _damage_named(self, path: Path) -> Iterator[None]:
        """Turn Arrow's errors into errors that name the file."""
        try:
            yield
        except (self._arrow.ArrowException, OSError) as error:
            if getattr(error, "errno", None):  # an error that is not in the content
                raise
            raise ValueError(f"{path} is no whole Parquet file ({error}).") from error


def open_table(path: Path, delimiter: str) -> TableFile:
    """Open a table. A file is CSV unless its suffix is .parquet."""
    return ParquetFile(path) if path.suffix.lower() == ".parquet" else CSVFile(path, delimiter)
