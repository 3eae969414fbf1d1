"""What the commands ask of their options: data sets, protocols, seeds, files to fetch."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from . import datasets, download, kddcup99
from .protocols import MIN_ANOMALIES, PAPERS, PROTOCOLS


def data_set_names(options: argparse.Namespace, default: list[str]) -> list[str]:
    """Return the data sets asked for; ``built-in`` stands for all that need no download."""
    if not options.datasets:
        return default
    chosen = options.datasets.split(",")
    return list(datasets.BUILT_IN) if chosen == ["built-in"] else chosen


def check_options(
    options: argparse.Namespace, chosen: list[str], names: list[str], home: Path | None
) -> None:
    """Explain options that cannot work."""
    unknown = sorted(set(chosen) - set(PROTOCOLS))
    if unknown:
        raise ValueError(f"Unknown protocol: {', '.join(unknown)}. Known: {', '.join(PROTOCOLS)}.")
    theirs = set(chosen) & set(PAPERS)
    if theirs and (options.datasets or theirs != set(chosen)):
        raise ValueError(
            "The protocols kdd and arrhythmia have data sets of their own: run them without "
            "--datasets and without other protocols."
        )
    if not names and not theirs:
        raise ValueError(f"{home} holds none of the known files; --download fetches them.")
    least = 2 * MIN_ANOMALIES
    too_few = options.seeds is not None and options.seeds < 1
    if too_few or (options.max_rows is not None and options.max_rows < least):
        raise ValueError(f"--seeds starts at 1, --max-rows at {least}.")


def fetch(options: argparse.Namespace, home: Path | None) -> Path | None:
    """Fetch the named files, or all, where asked to."""
    if not options.download:
        return home
    import pooch

    home = home or Path(pooch.os_cache("pyod-gan"))
    theirs = [PAPERS[p].dataset for p in options.protocol.split(",") if p in PAPERS]
    names = data_set_names(options, theirs or list(datasets.registry()))
    elsewhere = {*datasets.BUILT_IN, kddcup99.NAME}
    files = [name for name in names if name not in elsewhere]
    download.download(tqdm(files, desc=f"to {home}", unit="file"), home)
    return home
