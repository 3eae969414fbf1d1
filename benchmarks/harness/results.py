"""``results.csv``: one line per finished run, appended at once, so a crash loses nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from .versions import Versions

KEY = ["dataset", "detector", "seed", "protocol", "max_rows"]
QUALITIES = ["auroc", "ap", "precision", "recall", "f1"]
MEASURES = ["n", "d", "n_anomalies", *QUALITIES, "fit_seconds", "score_seconds", "status"]
METRICS = {"auroc": "AUROC", "ap": "average precision"}
COLUMNS = [*KEY, *MEASURES, "versions"]
ALL_ROWS = "all"  # the value of max_rows where nothing was cut


class Cell(NamedTuple):
    """One run of the grid: everything that changes its result, except the software."""

    dataset: str
    detector: str
    seed: int
    protocol: str
    max_rows: int | None = None

    def key(self) -> dict[str, str]:
        """Return the cell as it stands in the file."""
        values = self._asdict() | {"max_rows": self.max_rows or ALL_ROWS}
        return {name: str(value) for name, value in values.items()}


class ResultsFile:
    """Append-only results in a folder.

    Parameters
    ----------
    folder : Path
        Created if needed; holds ``results.csv`` and ``versions.json``.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "results.csv"
        self._versions = Versions(folder / "versions.json")
        if self.path.exists():
            self._drop_unfinished_line()
        if not self.path.exists() or not self.path.stat().st_size:
            self._append(",".join(COLUMNS) + "\n")

    def _drop_unfinished_line(self) -> None:
        """Cut what a crash left of the last line."""
        content = self.path.read_bytes()
        with self.path.open("r+b") as handle:
            handle.truncate(content.rfind(b"\n") + 1)

    def unfinished(
        self, cells: Sequence[Cell], *, retry_failed: bool = False, any_version: bool = False
    ) -> list[Cell]:
        """Return the cells that the software installed now has not run.

        Parameters
        ----------
        cells : sequence of Cell
            What is wanted.
        retry_failed : bool
            Count failures as not run.
        any_version : bool
            Count what other software has run too.

        Returns
        -------
        list of Cell
            In the order of ``cells``.
        """
        table = read(self.path)
        if retry_failed:
            table = table[table["status"] == "ok"]
        if not any_version:
            names = {cell.detector for cell in cells} & set(table["detector"])
            current = {(name, short) for name in names for short in self._versions.current(name)}
            table = table[pd.MultiIndex.from_frame(table[["detector", "versions"]]).isin(current)]
        finished = set(table[KEY].astype(str).itertuples(index=False, name=None))
        return [cell for cell in cells if tuple(cell.key().values()) not in finished]

    def append(self, cell: Cell, measures: dict[str, Any]) -> None:
        """Write one finished run and flush it to the disk."""
        row = cell.key() | measures | {"versions": self._versions.note(cell.detector)}
        line = io.StringIO()
        csv.DictWriter(line, COLUMNS, lineterminator="\n").writerow(row)
        self._append(line.getvalue())

    def _append(self, text: str) -> None:
        """One write call per line."""
        with self.path.open("a", encoding="utf-8", newline="") as handle:
            handle.write(text)


def section(protocol: str, max_rows: int | str | None) -> str:
    """Name the results that may be averaged together: one protocol, one row limit."""
    return protocol if max_rows in (None, ALL_ROWS) else f"{protocol}-{max_rows}-rows"


def read(path: Path) -> pd.DataFrame:
    """Read ``results.csv``, an unfinished last line left out.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    DataFrame
        One row per run; where software changed or a failure was retried, the latest row counts.
    """
    text = path.read_text(encoding="utf-8")
    finished = text[: text.rfind("\n") + 1]
    texts = dict.fromkeys(["dataset", "detector", "protocol", "max_rows", "status"], str)
    table = pd.read_csv(io.StringIO(finished), dtype={**texts, "versions": str})
    if list(table.columns) != COLUMNS:
        raise ValueError(f"{path} was not written by this version; name another folder with --out.")
    return table.drop_duplicates(KEY, keep="last", ignore_index=True)
