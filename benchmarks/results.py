"""``results.csv``: one line per finished run, appended at once, so a crash loses nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from . import protocols
from .detectors import is_ours

LIBRARIES = ("numpy", "scipy", "scikit-learn", "pyod", "torch")
KEY = ["dataset", "detector", "seed", "protocol", "max_rows"]
QUALITIES = ["auroc", "ap", "precision", "recall", "f1"]
MEASURES = ["n", "d", "n_anomalies", *QUALITIES, "fit_seconds", "score_seconds", "status"]
METRICS = {"auroc": "AUROC", "ap": "average precision"}
COLUMNS = [*KEY, *MEASURES, "versions"]
ALL_ROWS = "all"  # the value of max_rows where nothing was cut


class Cell(NamedTuple):
    """One run of the grid: everything that changes its result, but for the software."""

    dataset: str
    detector: str
    seed: int
    protocol: str
    max_rows: int | None = None

    def key(self) -> dict[str, str]:
        """Return the cell as it stands in the file."""
        values = self._asdict() | {"max_rows": self.max_rows or ALL_ROWS}
        return {name: str(value) for name, value in values.items()}


@cache
def software(detector: str) -> dict[str, str]:
    """Versions that can change the results of a detector; ours includes a hash of its source."""
    found = {"python": platform.python_version(), "protocols": str(protocols.REVISION)}
    found |= {library: _version(library) for library in LIBRARIES}
    if is_ours(detector):
        found |= {"pyod-gan": _version("pyod-gan"), "pyod_gan source": _source_hash("pyod_gan")}
    return found


def fingerprint(detector: str) -> str:
    """Return a short name for :func:`software`; ``versions.json`` spells it out."""
    return hashlib.sha256(json.dumps(software(detector)).encode()).hexdigest()[:8]


def _version(library: str) -> str:
    """Installed version of a library."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def _source_hash(package: str) -> str:
    """Hash of a package's Python files."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return "not installed"
    folder = Path(spec.submodule_search_locations[0])
    source = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py")))
    return hashlib.sha256(source).hexdigest()[:16]


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
        self._versions_path = folder / "versions.json"
        if self.path.exists():
            self._drop_unfinished_line()
        if not self.path.exists() or not self.path.stat().st_size:
            self._append(",".join(COLUMNS) + "\n")

    def _drop_unfinished_line(self) -> None:
        """Cut what a crash left of the last line."""
        content = self.path.read_bytes()
        with self.path.open("r+b") as handle:
            handle.truncate(content.rfind(b"\n") + 1)

    def finished(
        self, *, retry_failed: bool = False, any_version: bool = False
    ) -> set[tuple[str, ...]]:
        """Keys of the runs that need not be repeated: made with the software installed now."""
        table = read(self.path)
        if retry_failed:
            table = table[table["status"] == "ok"]
        if not any_version:
            table = table[table["versions"] == table["detector"].map(fingerprint)]
        return set(table[KEY].astype(str).itertuples(index=False, name=None))

    def append(self, cell: Cell, measures: dict[str, Any]) -> None:
        """Write one finished run and flush it to the disk."""
        self._note_versions(cell.detector)
        row = cell.key() | measures | {"versions": fingerprint(cell.detector)}
        line = io.StringIO()
        csv.DictWriter(line, COLUMNS, lineterminator="\n").writerow(row)
        self._append(line.getvalue())

    def _append(self, text: str) -> None:
        """One write call per line."""
        with self.path.open("a", encoding="utf-8", newline="") as handle:
            handle.write(text)

    def _note_versions(self, detector: str) -> None:
        """Explain the fingerprint in ``versions.json``."""
        path = self._versions_path
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if fingerprint(detector) not in known:
            known[fingerprint(detector)] = software(detector)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
            part.replace(path)


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
