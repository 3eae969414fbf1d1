"""Compare TextDetector with other detectors of the same measures of texts."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..harness.comparison import compare
from ..harness.text_data import from_file, generated


def command(options: Namespace, home: Path | None) -> int:
    """Run what is not finished, and print a table for each group of sets and each setting."""
    del home
    files = [from_file(path) for path in options.texts or []]
    groups = {one.name: "generated" for one in generated()} | {one.name: one.name for one in files}
    return compare(options, "texts", [*generated(), *files], groups)
