"""The command ``watch``: rows are scored as they come in, and learnt if that is asked for."""

from __future__ import annotations

import csv
import io
import json
import os
import queue
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from .._support.atomic_files import check_place
from .._support.exceptions import UnreadableTableError
from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA
from .terminal import say

if TYPE_CHECKING:
    import pandas as pd

    from ..detector import GANDetector
    from ..front_ends.table_reader import TableReader

AT_ONCE = 2**20  # bytes that are read at once, if so many have come
AHEAD = 4  # such blocks that are read before the rows of the first are scored
LONGEST = 2**24  # bytes of a line
TICK = 1.0  # seconds after which it is looked at what is due, though no rows come
NEW = 256  # rows that are learnt at once
OLD = 10.0  # seconds after which fewer rows are learnt, too
DELIMITERS = ",;\t|"
NO_LINES = (".parquet", ".gz", ".zst")


class Row(NamedTuple):
    """A row as it came."""

    line: int  # its number in the input, from 1
    cells: dict[str, Any]


def watch(options: Namespace, detector: GANDetector, reader: TableReader) -> None:
    """Score the rows of standard input or a file as they come, until it ends or a signal comes.

    Raises
    ------
    ValueError
        If an option cannot be used with the model or the data.
    OSError
        If the data cannot be read, or the model not be written though it is to learn.
    """
    if options.save_every < 0:
        raise ValueError(f"--save-every must be at least 0. Got {options.save_every:g}.")
    if options.data.is_dir() or options.data.suffix.lower() in NO_LINES:
        raise ValueError(f"{options.data} does not hold lines of CSV or JSON, as watch needs them.")
    if options.learn:
        check_place(options.model)
        if detector.reservoir_size < 2:
            raise ValueError(f"{options.model} keeps no rows (reservoir_size), and cannot learn.")
    scored = Scored(options, detector)
    learner = Learner(options, detector, reader)
    try:
        for lines in Lines(str(options.data)):
            scored.of_lines(lines, learner)
            learner.do_what_is_due()
    finally:  # the input has ended, or a signal or an error has come
        learner.finish()
    if not options.quiet:
        say(scored.summary())


class Lines:
    """Lines of a growing input: all that have come, with their numbers, or none after a second.

    A thread reads, so that what is due is done while no rows come.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._blocks: queue.Queue[bytes | OSError] = queue.Queue(AHEAD)

    def __iter__(self) -> Iterator[list[tuple[int, bytes]]]:
        if self.path == "-" and sys.stdin is None:
            raise ValueError("Standard input is closed.")
        file = sys.stdin.fileno() if self.path == "-" else os.open(self.path, os.O_RDONLY)
        threading.Thread(target=self._read, args=(file,), daemon=True).start()
        number, rest = 0, b""
        while True:
            try:
                block = self._blocks.get(timeout=TICK)
            except queue.Empty:
                yield []
                continue
            if isinstance(block, OSError):
                raise block
            *lines, rest = (rest + block).split(b"\n")
            if not block and rest:  # the last line has no end
                lines, rest = [rest], b""
            if len(rest) > LONGEST:
                raise ValueError(f"{self.path}, line {number + len(lines) + 1}: it does not end.")
            yield list(enumerate(lines, number + 1))
            number += len(lines)
            if not block:
                return

    def _read(self, file: int) -> None:
        """Read until the input ends, which an empty block says."""
        try:
            while block := os.read(file, AT_ONCE):
                self._blocks.put(block)
            self._blocks.put(b"")
        except OSError as error:
            self._blocks.put(error)


def _text(line: bytes, number: int) -> str:
    """Decode a line."""
    try:
        text = line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"Byte {error.start + 1} is not UTF-8.") from error
    return text.removeprefix("\ufeff") if number == 1 else text


class Scored:
    """Scores lines of CSV or JSON, and writes each row with its score at once."""

    def __init__(self, options: Namespace, detector: GANDetector) -> None:
        self.options, self.detector = options, detector
        self.names = list(map(str, detector.feature_names_in_))
        doubled = [n for n in self._added() if options.prefix + n in self.names]
        if doubled:
            raise ValueError(f"The model has columns {doubled}. --prefix renames the added ones.")
        self.columns: list[str] | None = None  # of CSV, when its header has come
        self.is_json: bool | None = None  # what the first line tells
        self.delimiter = options.delimiter or ""
        self.n_rows = self.n_outliers = self.n_left_out = 0

    def of_lines(self, lines: list[tuple[int, bytes]], learner: Learner) -> None:
        """Score and write the rows of lines, and hand them to a learner."""
        rows = list(self._rows(lines))
        if not rows:
            return
        pandas = import_optional("pandas", EXTRA)
        numbers = [row.line for row in rows]
        cells = [[row.cells[name] for name in self.names] for row in rows]
        frame = pandas.DataFrame(cells, numbers, self.names, dtype=object)
        try:
            scores = self.detector.decision_function(frame)
        except UnreadableTableError as error:
            said = " ".join(
                p.sentence("" if p.row is None else f"line {numbers[p.row]}")
                for p in error.problems
            )
            raise ValueError(f"{self.options.data}: {said}") from error
        threshold = self.options.threshold
        flagged = scores > (self.detector.threshold_ if threshold is None else threshold)
        reasons: dict[int, list[str]] = {}
        if self.options.explain and flagged.any():
            found = self.detector.explain_frame(frame[flagged], top=self.options.explain)
            reasons = found.groupby("row")["reason"].agg(list).to_dict()
        learner.take(frame)  # before they are seen, so that a signal behind that loses none
        self._write(rows, scores.tolist(), flagged.astype(int).tolist(), reasons)
        self.n_rows += len(rows)
        self.n_outliers += int(flagged.sum())

    def summary(self) -> str:
        """Say how many rows came."""
        said = f"{self.options.data}: {self.n_rows} rows, {self.n_outliers} labelled 1"
        return said + (f", {self.n_left_out} left out" if self.n_left_out else "")

    def _rows(self, lines: list[tuple[int, bytes]]) -> Iterator[Row]:
        """Rows of the lines. What is no row is said and left out, or an error."""
        for number, line in lines:
            try:
                text = _text(line, number)
                if text.strip() and not self._takes_header(text):
                    yield Row(number, self._json_row(text) if self.is_json else self._csv_row(text))
            except ValueError as error:
                said = f"{self.options.data}, line {number}: {error}"
                knows_columns = self.is_json or self.columns is not None
                if self.options.on_error == "raise" or not knows_columns:
                    raise ValueError(said) from error
                self.n_left_out += 1
                say(f"warning: {said} The line is left out.")

    def _takes_header(self, text: str) -> bool:
        """Find the columns of CSV by its first line. Tells whether it is a header, and no row."""
        if self.is_json is None:
            self.is_json = text.lstrip().startswith("{")
        if self.is_json or self.columns is not None:
            return False
        self.delimiter = self.delimiter or max(DELIMITERS, key=lambda mark: self._fit(text, mark))
        columns = self.names if self.options.no_header else self._cells(text)
        missing = [name for name in self.names if name not in columns]
        added = [self.options.prefix + name for name in self._added()]
        doubled = sorted({n for n in [*columns, *added] if [*columns, *added].count(n) > 1})
        if missing:
            raise ValueError(f"There is no column {', '.join(map(repr, missing))}. Got {columns}.")
        if doubled:
            raise ValueError(
                f"More than one column would be {doubled}. --prefix renames the added."
            )
        self.columns = columns
        self._write_csv([[*columns, *added]])
        return not self.options.no_header

    def _fit(self, text: str, delimiter: str) -> tuple[bool, int, int]:
        """How well a delimiter fits the first line: by columns of the model, then by its number.

        Further lines, by which :class:`CSVRecords` finds it in a file, have not come yet.
        """
        cells = next(csv.reader([text], delimiter=delimiter), [])
        found = len({*cells} & {*self.names})
        return len(cells) == len(self.names), found, text.count(delimiter)

    def _added(self, *, as_json: bool = False) -> list[str]:
        """Names of what is added to a row, without the prefix."""
        k = self.options.explain
        if as_json:
            return ["score", "label", *(["reasons"] if k else [])]
        return ["score", "label", *(f"reason_{i + 1}" for i in range(k))]

    def _cells(self, text: str) -> list[str]:
        """Cells of a line of CSV."""
        try:
            return next(csv.reader([text], delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            raise ValueError(f"{error}. A row is one line.") from error

    def _csv_row(self, text: str) -> dict[str, Any]:
        assert self.columns is not None
        cells = self._cells(text)
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} value(s) for {len(self.columns)} columns.")
        return dict(zip(self.columns, cells, strict=True))

    def _json_row(self, text: str) -> dict[str, Any]:
        try:
            cells = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"It is no JSON ({error}).") from error
        except RecursionError:
            raise ValueError("It is nested too deeply.") from None
        if not isinstance(cells, dict):
            raise ValueError("It is no JSON object.")
        missing = [name for name in self.names if name not in cells]
        if missing:
            raise ValueError(f"There is no {', '.join(map(repr, missing))}.")
        nested = [name for name in self.names if isinstance(cells[name], dict | list)]
        if nested:
            raise ValueError(f"{', '.join(map(repr, nested))} must be single values.")
        doubled = [n for n in self._added(as_json=True) if self.options.prefix + n in cells]
        if doubled:
            raise ValueError(f"It has {doubled}, which are added. --prefix renames the added.")
        return cells

    def _write(
        self,
        rows: list[Row],
        scores: list[float],
        labels: list[int],
        reasons: dict[int, list[str]],
    ) -> None:
        """Write rows with their scores, and let them go at once."""
        prefix, k = self.options.prefix, self.options.explain
        if not self.is_json:
            blank = [""] * k
            found = [[*reasons.get(row.line, []), *blank][:k] for row in rows]
            table = zip(rows, scores, labels, found, strict=True)
            self._write_csv([[*row.cells.values(), s, label, *f] for row, s, label, f in table])
            return
        text = []
        for row, score, label in zip(rows, scores, labels, strict=True):
            added: dict[str, Any] = {prefix + "score": score, prefix + "label": label}
            if k:
                added[prefix + "reasons"] = reasons.get(row.line, [])
            text.append(json.dumps(row.cells | added) + "\n")
        _send("".join(text))

    def _write_csv(self, lines: list[list[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator="\n").writerows(lines)
        _send(text.getvalue())


def _send(text: str) -> None:
    """Write a text to standard output at once."""
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


class Learner:
    """Rows that have come and are not learnt yet, and the file of the model.

    Learning takes at most half of the time, however many rows come. Of what comes meanwhile the
    newest rows are kept, enough to replace the reservoir of the detector four times.
    """

    def __init__(self, options: Namespace, detector: GANDetector, reader: TableReader) -> None:
        self.options, self.detector, self.reader = options, detector, reader
        self.on_error = reader.on_error  # of the model
        reader.set_params(on_error=options.on_error)
        self.waiting: list[pd.DataFrame] = []
        self.n_waiting = 0
        self.came = self.learnt = self.saved = monotonic()
        self.took = 0.0
        self.is_saved = True

    def take(self, rows: pd.DataFrame) -> None:
        """Take rows, and keep them if they are to be learnt."""
        if not self.options.learn:
            return
        self.came = self.came if self.n_waiting else monotonic()
        self.waiting.append(rows)
        self.n_waiting += len(rows)
        while self.n_waiting - len(self.waiting[0]) > 4 * self.detector.reservoir_size:
            self.n_waiting -= len(self.waiting.pop(0))

    def do_what_is_due(self) -> None:
        """Learn where enough rows have come, and save where enough time is past."""
        now = monotonic()
        is_enough = self.n_waiting >= NEW or now - self.came >= OLD
        if self.n_waiting and is_enough and now - self.learnt >= self.took:
            self._learn()
        if not self.is_saved and now - self.saved >= self.options.save_every:
            self._save()

    def finish(self) -> None:
        """Learn what is left, and save."""
        if self.n_waiting:
            self._learn()
        if not self.is_saved:
            self._save()

    def _learn(self) -> None:
        start = monotonic()
        self.detector.partial_fit(import_optional("pandas", EXTRA).concat(self.waiting))
        self.waiting, self.n_waiting = [], 0  # only now: a signal undoes what was half learnt
        self.is_saved, self.learnt = False, monotonic()
        self.took = self.learnt - start

    def _save(self) -> None:
        self.reader.set_params(on_error=self.on_error)
        self.detector.save(self.options.model)
        self.reader.set_params(on_error=self.options.on_error)
        self.is_saved, self.saved = True, monotonic()
