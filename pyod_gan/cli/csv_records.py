"""Strict reader of the records of a CSV file. Errors name the damaged line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

Record = tuple[int, list[str]]  # the line where it starts, and its fields


class CSVRecords(Iterator[Record]):
    """Iterate over the records after the header, in one pass.

    Python's ``csv`` counts lines and fields, which pandas does not tell. ``names`` is the header.
    ``position`` is the number of bytes read. Blank lines are skipped.
    """

    def __init__(self, path: Path, delimiter: str) -> None:
        self.path, self.delimiter, self.position = path, delimiter, 0
        self._records = self._read()
        first = next(self._records, None)
        if first is None:
            raise ValueError(f"{path} is empty.")
        self.names = first[1]
        others = [other for other in ",;\t|" if other != delimiter and other in self.names[0]]
        if len(self.names) == 1 and others:
            raise ValueError(
                f"{path}, line {first[0]}: one column, {self.names[0][:40]!r}. If {others[0]!r} "
                f"separates columns, say --delimiter {others[0]!r}."
            )

    def __next__(self) -> Record:
        line, fields = next(self._records)
        if len(fields) != len(self.names):
            raise ValueError(
                f"{self.path}, line {line}: {len(fields)} value(s) for {len(self.names)} columns. "
                f"Is the file whole, and does {self.delimiter!r} separate columns?"
            )
        return line, fields

    def _read(self) -> Iterator[Record]:
        """Read all records with the header. They may have any number of fields."""
        start = 1
        with open(self.path, "rb") as file:
            reader = csv.reader(self._decoded(file), delimiter=self.delimiter, strict=True)
            try:
                for fields in reader:
                    if fields:
                        yield start, fields
                    start = reader.line_num + 1
            except csv.Error as error:
                raise ValueError(
                    f"{self.path}, line {start}: {error}. Is a quote not closed?"
                ) from error

    def _decoded(self, file: BinaryIO) -> Iterator[str]:
        """Decode the lines of the file."""
        for number, line in enumerate(file, 1):
            self.position += len(line)
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{self.path}, line {number}: byte {error.start + 1} is not UTF-8. Save the "
                    "table as CSV in UTF-8."
                ) from error
            if "\0" in text:
                raise ValueError(
                    f"{self.path}, line {number}: character {text.index(chr(0)) + 1} is NUL. The "
                    "file is damaged, or is not CSV in UTF-8."
                )
            yield text
