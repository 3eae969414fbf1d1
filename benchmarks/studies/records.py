"""Compare RecordDetector with other ways to put detectors of parts together."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..harness.comparison import compare
from ..harness.record_data import generated


def command(options: Namespace, home: Path | None) -> int:
    """Run what is not finished, and print a table for each set and each setting."""
    del home
    data = generated()
    return compare(options, "records", data, {one.name: one.name for one in data})
