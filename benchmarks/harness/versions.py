"""``versions.json``: the software that made a run, under the short id that stands beside it."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import probe, protocols
from .detectors import is_ours

LIBRARIES = ("numpy", "scipy", "scikit-learn", "pyod", "torch")
Software = dict[str, str]


def software(detector: str) -> Software:
    """Everything installed now that can change the results of a detector.

    Parameters
    ----------
    detector : str
        A name of :mod:`benchmarks.harness.detectors`.

    Returns
    -------
    dict of str to str
        Versions of libraries; for a detector of ours also a :mod:`~benchmarks.harness.probe`.
    """
    shared = {"python": platform.python_version(), "protocols": str(protocols.REVISION)}
    shared |= {library: _version(library) for library in LIBRARIES}
    return shared | (probe.take(detector) if is_ours(detector) else {})


def same(one: Software, other: Software) -> bool:
    """Whether two entries stand for software that gives the same results, rounding apart."""
    libraries = [{k: v for k, v in entry.items() if k not in probe.KEYS} for entry in (one, other)]
    if libraries[0] != libraries[1] or ("probe" in one) != ("probe" in other):
        return False
    return "probe" not in one or probe.agree(one, other)


@cache
def _version(library: str) -> str:
    """Installed version of a library."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


class Versions:
    """The entries of one ``versions.json``.

    Parameters
    ----------
    path : Path
        The file; it is written with the first entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text(encoding="utf-8") if path.exists() else "{}"
        self.entries: dict[str, Software] = json.loads(text)

    def current(self, detector: str) -> list[str]:
        """Ids of the entries that equal the software installed now."""
        now = software(detector)
        return [short for short, entry in self.entries.items() if same(entry, now)]

    def note(self, detector: str) -> str:
        """Return the id of the software installed now, which gets an entry if it has none."""
        for short in self.current(detector):
            return short
        entry = software(detector)
        short = hashlib.sha256(json.dumps(entry).encode()).hexdigest()[:8]
        self.entries[short] = entry
        self._write()
        return short

    def _write(self) -> None:
        """Replace the file at once."""
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.entries, indent=2) + "\n", encoding="utf-8")
        part.replace(self.path)
