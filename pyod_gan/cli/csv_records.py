"""Strict reader of the records of a CSV file. Errors name the damaged lines."""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA

Line = tuple[int, str]  # its number in the file, and its text
Record = tuple[int, list[str]]  # the line where it starts, and its fields
DELIMITERS = ",;\t|"
MARKS = {  # first bytes that tell how a file is encoded
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
PACKED = {".gz": "gzip", ".zst": "zstd"}
FIRST = 100  # lines that are looked at to find the delimiter
AT_MOST = 20  # damaged records that are named


@dataclass(frozen=True)
class CSVFormat:
    """How a CSV file is written."""

    delimiter: str = ""  # one character, or nothing to find it
    encoding: str = ""  # nothing is UTF-8, or UTF-16 if the first bytes tell so
    skip_rows: int = 0  # lines before the header
    comment: str = ""  # start of lines that are left out
    header: bool = True  # whether the first record holds the names of the columns


class CSVRecords(Iterator[Record]):
    """Iterate over the records after the header, in one pass. Blank lines are left out.

    Python's ``csv`` counts lines and fields, which pandas does not tell.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    delimiter : str
        What separates fields.
    damaged : list of str
        What is wrong with the first records that have another number of fields. They are left out.
    """

    def __init__(self, path: str, form: CSVFormat) -> None:
        self.path, self.form = path, form
        self.damaged: list[str] = []
        self._file: BinaryIO | None = None
        self._position = 0
        lines = self._lines()
        start = list(islice(lines, FIRST))
        self.delimiter = self._find_delimiter(start)
        self._records = self._read(chain(start, lines))
        first = next(self._records, None)
        if first is None:
            raise ValueError(f"{path} is empty.")
        self.names = first[1]
        if not form.header:
            self.names = [f"column {i}" for i in range(1, len(first[1]) + 1)]
            self._records = chain([first], self._records)

    def __next__(self) -> Record:
        while True:
            line, fields = next(self._records)
            if len(fields) == len(self.names):
                return line, fields
            if len(self.damaged) < AT_MOST:
                said = f"{len(fields)} value(s) for {len(self.names)} columns"
                self.damaged.append(f"line {line}: {said}")

    @property
    def position(self) -> int:
        """Number of bytes read from the file. 0 for a pipe."""
        if self._file is not None and not self._file.closed and self._file.seekable():
            self._position = self._file.tell()
        return self._position

    def _find_delimiter(self, start: list[Line]) -> str:
        """Find what separates fields. A first line such as ``sep=;`` is taken away."""
        said = start[0][1].rstrip("\r\n") if start else ""
        if said[:4].lower() == "sep=" and len(said) == len("sep=;"):
            del start[0]
            return self.form.delimiter or said[4]
        if self.form.delimiter:
            return self.form.delimiter
        if ".tsv" in Path(self.path).suffixes:
            return "\t"
        best, found = (0, 0), ","
        for delimiter in DELIMITERS:
            try:
                records = csv.reader((text for _, text in start), delimiter=delimiter)
                sizes = Counter(len(fields) for fields in records if fields)
            except csv.Error:
                continue
            size, count = max(sizes.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
            if size > 1 and (count, size) > best:
                best, found = (count, size), delimiter
        return found

    def _read(self, lines: Iterable[Line]) -> Iterator[Record]:
        """Read all records with the header. They may have any number of fields."""
        started = number = 0

        def texts() -> Iterator[str]:
            nonlocal started, number
            for number, text in lines:
                started = started or number
                yield text

        reader = csv.reader(texts(), delimiter=self.delimiter, strict=True)
        while True:
            started = 0
            try:
                fields = next(reader, None)
            except csv.Error as error:
                said = f"{error}. Is a quote not closed?"
                raise ValueError(f"{self.path}, line {started or number}: {said}") from error
            if fields is None:
                return
            if fields:
                yield started, fields

    def _lines(self) -> Iterator[Line]:
        """Lines of the file with their numbers, without comments and those to skip."""
        with ExitStack() as stack:
            self._file = stack.enter_context(_opened(self.path))
            content = stack.enter_context(_unpacked(self._file, self.path))
            for number, text in enumerate(self._decoded(content), 1):
                if "\0" in text:
                    raise ValueError(
                        f"{self.path}, line {number}: character {text.index(chr(0)) + 1} is NUL. "
                        "The file is damaged, or in an encoding to be named by --encoding."
                    )
                is_comment = self.form.comment and text.startswith(self.form.comment)
                if number > self.form.skip_rows and not is_comment:
                    yield number, text
            _ = self.position  # which cannot be told when the file is closed

    def _decoded(self, content: BinaryIO) -> Iterator[str]:
        """Decode lines one by one, so that errors can name them."""
        first = content.readline()
        told = (name for mark, name in MARKS.items() if first.startswith(mark))
        encoding = self.form.encoding or next(told, "utf-8")
        if encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
            whole = io.BytesIO(first + content.read())  # a line may end within a character
            yield from io.TextIOWrapper(whole, encoding, newline="")
            return
        for number, line in enumerate(chain([first], content), 1):
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{self.path}, line {number}: byte {error.start + 1} is not "
                    f"{encoding.upper()}. If the file comes from Windows, say --encoding cp1252."
                ) from error
            encoding = encoding.removesuffix("-sig")  # the mark is in the first line only


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for "-"."""
    if path == "-":
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        yield file


@contextmanager
def _unpacked(file: BinaryIO, path: str) -> Iterator[BinaryIO]:
    """Unpack a file whose name ends in .gz or .zst. A ValueError says that it is damaged."""
    packing = PACKED.get(Path(path).suffix)
    if packing is None:
        yield file
        return
    arrow = import_optional("pyarrow", EXTRA)
    stream: Any = arrow.CompressedInputStream(arrow.PythonFile(file, "r"), packing)
    try:
        yield io.BufferedReader(stream)
    except OSError as error:
        if error.errno:  # an error that is not in the content
            raise
        raise ValueError(f"{path} cannot be unpacked ({error}).") from error
