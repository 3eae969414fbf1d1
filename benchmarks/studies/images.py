"""Compare ImageDetector with other detectors on images, and measure its maps."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..harness.comparison import compare
from ..harness.image_data import digits, from_file, generated


def command(options: Namespace, home: Path | None) -> int:
    """Run what is not finished, and print a table for each group of sets and each setting."""
    del home
    files = [from_file(path) for path in options.images or []]
    groups = {one.name: "digits" for one in digits()} | {
        one.name: "generated" for one in generated()
    }
    groups |= {one.name: one.name for one in files}
    return compare(options, "images", [*digits(), *generated(), *files], groups)
