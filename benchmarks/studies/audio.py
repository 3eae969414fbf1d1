"""Compare AudioDetector with other detectors on clips of sound."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..harness.audio_data import from_folder, generated
from ..harness.comparison import compare


def command(options: Namespace, home: Path | None) -> int:
    """Run what is not finished, and print a table for each group of sets and each setting."""
    del home
    groups = {one.name: "generated" for one in generated()}
    sets = generated()
    for folder in options.audio or []:
        recorded = from_folder(folder)
        sets += recorded
        groups |= {one.name: folder.name for one in recorded}
    return compare(options, "audio", sets, groups)
