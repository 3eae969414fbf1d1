"""Tables that are written to CSV and Parquet files in chunks, whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from .._support.atomic_files import atomic_write, check_place
from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", "")  # such as /dev/stdout, which has none
Write = Callable[["pd.DataFrame"], None]


def check_output(path: str) -> None:
    """Raise an error if no table can be written to a path.

    Raises
    ------
    ValueError
        If the suffix is that of another kind of file.
    OSError
        If no file can be written there.
    """
    if path == "-":
        return
    if Path(path).suffix.lower() not in SUFFIXES:
        listed = ", ".join(filter(None, SUFFIXES))
        raise ValueError(f"The output must end in one of {listed}, or in none. Got {path!r}.")
    check_place(Path(path))


@contextmanager
def table_writer(path: str, delimiter: str) -> Iterator[Write]:
    """Give a function that writes the next chunk. The file appears when the block ends well.

    The path "-" is standard output. Any other is as :func:`check_output` wants it.
    """
    if path == "-":
        yield csv_writer(sys.stdout.buffer, delimiter)
        return
    with atomic_write(Path(path)) as file:
        if path.lower().endswith(".parquet"):
            with _parquet_writer(file) as write:
                yield write
        else:
            yield csv_writer(file, "\t" if path.lower().endswith(".tsv") else delimiter)


class Output:
    """Scored rows on their way to a file, which appears when the block ends well.

    Attributes
    ----------
    n_rows, n_outliers : int
        Rows that are written, and those that are labelled 1.
    """

    def __init__(self, path: str, delimiter: str) -> None:
        self.path, self.delimiter = path, delimiter
        self.n_rows = self.n_outliers = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._write = self._stack.enter_context(table_writer(self.path, self.delimiter))
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)

    def left_of(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Rows of the next chunk of the data that are not written yet."""
        return chunk

    def write(self, chunk: pd.DataFrame, n_outliers: int) -> None:
        """Write the next rows."""
        self._write(chunk)
        self.n_rows += len(chunk)
        self.n_outliers += n_outliers


def csv_writer(file: BinaryIO, delimiter: str, *, header: bool = True) -> Write:
    """Make a function that writes the next chunk of a CSV file, the first with the header."""
    is_first = header

    def write(chunk: pd.DataFrame) -> None:
        nonlocal is_first
        text = chunk.to_csv(sep=delimiter, header=is_first, index=False, lineterminator="\n")
        file.write(text.encode())
        is_first = False

    return write


@contextmanager
def _parquet_writer(file: BinaryIO) -> Iterator[Write]:
    arrow = import_optional("pyarrow", EXTRA)
    parquet = import_optional("pyarrow.parquet", EXTRA)
    with ExitStack() as stack:
        writer: Any = None

        def write(chunk: pd.DataFrame) -> None:
            nonlocal writer
            schema = None if writer is None else writer.schema  # as in the first chunk
            table = arrow.Table.from_pandas(chunk, schema=schema, preserve_index=False)
            # without pandas' metadata on types, which readers should choose themselves
            table = table.replace_schema_metadata()
            if writer is None:
                writer = stack.enter_context(parquet.ParquetWriter(file, table.schema))
            writer.write_table(table)

        yield write
