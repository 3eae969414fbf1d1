"""Commands beside ``run`` and ``report``, and what all commands ask of their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tqdm import tqdm

from . import datasets, detectors, download, kddcup99
from .protocols import MIN_ANOMALIES, PAPERS, PROTOCOLS

Measure = Callable[[Path | None, list[str], int], Iterator[dict[str, object]]]


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


def run_gate(options: argparse.Namespace, home: Path | None) -> int:
    """Compare kNN with published figures; 1 if any differs."""
    import pandas as pd

    from . import gate, report

    home = fetch(options, home)
    if home is None:
        raise datasets.DataError("The gate needs the data files: --data-home or --download.")
    names = options.datasets.split(",") if options.datasets else None
    lines = list(tqdm(gate.check(home, names), unit="set"))
    print(report.markdown(pd.DataFrame(lines)) if lines else "No data set with a published figure.")
    return int(not lines or any(line["agrees"] != "yes" for line in lines))


def run_speed(options: argparse.Namespace, home: Path | None) -> int:
    """Print the timing tables and write ``speed.md``."""
    from . import report, speed

    names = detectors.expand(options.detectors) if options.detectors else None
    text = [
        f"## {title}\n\n{report.markdown(table)}"
        for title, table in tqdm(speed.measure(home, names), total=5)
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "speed.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    print("\n\n".join(text))
    return 0


def run_explain(options: argparse.Namespace, home: Path | None) -> int:
    """Print how often explanations find the planted column."""
    from . import explain

    return _print_by_data_set(explain.measure, options, home)


def run_drift(options: argparse.Namespace, home: Path | None) -> int:
    """Print how well partial_fit recovers when all rows move."""
    from . import drift

    for name in detectors.expand(options.detectors or detectors.OURS):
        if not detectors.is_ours(name):
            raise ValueError(f"Only {detectors.OURS} has a partial_fit. Got {name} instead.")
        print(f"## {name}\n")
        _print_by_data_set(partial(drift.measure, detector=name), options, home)
    return 0


def _print_by_data_set(measure: Measure, options: argparse.Namespace, home: Path | None) -> int:
    """Print a line for each data set, and their mean."""
    import pandas as pd

    from . import report

    names = data_set_names(options, datasets.available(home))
    table = pd.DataFrame(tqdm(measure(home, names, options.seeds or 3), total=len(names)))
    mean = pd.DataFrame([{**table.mean(numeric_only=True), "data set": "mean"}])
    print(report.markdown(pd.concat([table, mean], ignore_index=True).fillna("")))
    return 0


def run_selection(options: argparse.Namespace, home: Path | None) -> int:
    """Compare scorers that need no labels by the AUROC of what they choose."""
    from . import report, selection
    from .run import Grid

    names, chosen = data_set_names(options, datasets.available(home)), options.protocol.split(",")
    check_options(options, chosen, names, home)
    grid = Grid(names, [], chosen, options.seeds or 1, options.max_rows, home)
    for protocol, table in selection.measure(grid, options.out).groupby("protocol"):
        print(f"## {protocol}\n\n{report.markdown(selection.summary(table))}\n")
    return 0
