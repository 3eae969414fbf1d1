"""Command line: ``python -m benchmarks [run|report|gate|speed|explain|selection]``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from . import datasets, detectors, download, kddcup99
from .protocols import MIN_ANOMALIES, PAPERS, PROTOCOLS

if TYPE_CHECKING:
    from .run import Grid

EXAMPLES = """\
examples:
  python -m benchmarks                                   no download, a few minutes
  python -m benchmarks --datasets wine,iris --seeds 5    a part of it
  python -m benchmarks --download --data-home data       fetch 64 files, then run them
  python -m benchmarks --data-home data --protocol one-class --max-rows 2000
  python -m benchmarks --detectors GANDetector,GANDetector:alad,KNN
  python -m benchmarks --data-home data --protocol kdd,arrhythmia    beside published figures
  python -m benchmarks report                            tables and pictures again
  python -m benchmarks gate --data-home data             check the harness
  python -m benchmarks speed                             wall and CPU time
  python -m benchmarks selection --max-rows 1000         scorers without labels

A run that was stopped goes on where it stopped when started again with the same --out.
"""


def _parser() -> argparse.ArgumentParser:
    """All options; each command uses those that concern it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare GANDetector with PyOD's detectors and with a training-free bar.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    what = " ".join(f"{name}: {command.__doc__}" for name, command in COMMANDS.items())
    add("command", nargs="?", default="run", choices=COMMANDS, help=f"default: run. {what}")
    add("--out", type=Path, default=Path("benchmark-results"), help="folder of all output")
    add("--data-home", help=f"folder of ADBench and ODDS files (or {datasets.DATA_VARIABLE})")
    add("--download", action="store_true", help="fetch missing or damaged files first")
    add("--datasets", help="names, separated by commas, or 'built-in' (default: all at hand)")
    add("--detectors", help="names, separated by commas; or default, all, family, ablation")
    add("--protocol", default="contaminated,one-class", help=f"of {', '.join(PROTOCOLS)}")
    add("--seeds", type=int, help="seeds from 0 (default: 3; kdd, arrhythmia: 20; selection: 1)")
    add("--max-rows", type=int, help="cut larger sets to a stratified sample of so many rows")
    add("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes (default: 2)")
    add("--retry-failed", action="store_true", help="run recorded failures again")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : list of str or None
        None means those of the process.

    Returns
    -------
    int
        0 on success.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        home = datasets.find_data_home(options.data_home)
        return COMMANDS[options.command](options, home)
    except (datasets.DataError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace, home: Path | None) -> int:
    """Fit and score what is not finished, then report."""
    from .run import run

    home = _download(options, home)
    start, made = time.perf_counter(), 0
    for grid in _grids(options, home):
        made += run(grid, options.out, jobs=options.jobs, retry_failed=options.retry_failed)
    print(f"{made} runs in {time.perf_counter() - start:.0f} s.\n")
    return _report(options, home)


def _grids(options: argparse.Namespace, home: Path | None) -> list[Grid]:
    """One grid; or one for each of the papers' protocols, which have data sets of their own."""
    from . import papers
    from .run import Grid

    chosen = options.protocol.split(",")
    theirs = [protocol for protocol in chosen if protocol in PAPERS]
    names = [] if theirs else _names(options, datasets.available(home))
    _check(options, chosen, names, home)
    rows = options.max_rows
    if not theirs:
        wanted = detectors.expand(options.detectors)
        return [Grid(names, wanted, chosen, options.seeds or 3, rows, home)]
    wanted = detectors.expand(options.detectors or ",".join(papers.DETECTORS))
    seeds = options.seeds or papers.SEEDS
    grids = [Grid([PAPERS[p].dataset], wanted, [p], seeds, rows, home) for p in theirs]
    return [grid for grid in grids if _at_hand(grid)]


def _at_hand(grid: Grid) -> bool:
    """Whether the data of a papers' protocol can be had; if not, it is skipped and said so."""
    try:
        datasets.check(grid.datasets[0], grid.data_home)
    except datasets.DataError as error:
        print(f"skipped {grid.protocols[0]}: {error}")
        return False
    return True


def _names(options: argparse.Namespace, default: list[str]) -> list[str]:
    """Return the data sets asked for; ``built-in`` stands for all that need no download."""
    if not options.datasets:
        return default
    chosen = options.datasets.split(",")
    return list(datasets.BUILT_IN) if chosen == ["built-in"] else chosen


def _check(
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


def _download(options: argparse.Namespace, home: Path | None) -> Path | None:
    """Fetch the named files, or all, where asked to."""
    if not options.download:
        return home
    import pooch

    home = home or Path(pooch.os_cache("pyod-gan"))
    theirs = [PAPERS[p].dataset for p in options.protocol.split(",") if p in PAPERS]
    names = _names(options, theirs or list(datasets.registry()))
    elsewhere = {*datasets.BUILT_IN, kddcup99.NAME}
    files = [name for name in names if name not in elsewhere]
    download.download(tqdm(files, desc=f"to {home}", unit="file"), home)
    return home


def _report(options: argparse.Namespace, home: Path | None) -> int:
    """Print the summary tables; write ``report.md`` and the pictures."""
    from . import pictures, report, results

    path = options.out / "results.csv"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: run the benchmark first.")
    table = results.read(path)
    if options.detectors:
        table = table[table["detector"].isin(detectors.expand(options.detectors))]
    for title, rows in report.sections(table):
        print(report.overview(title, rows), end="\n\n")
    report.write(table, options.out / "report.md")
    for picture in pictures.draw_all(table, options.out):
        print(f"wrote {picture}")
    print(f"wrote {options.out / 'report.md'} and {path}")
    return 0


def _gate(options: argparse.Namespace, home: Path | None) -> int:
    """Compare kNN with published figures; 1 if any differs."""
    import pandas as pd

    from . import gate, report

    home = _download(options, home)
    if home is None:
        raise datasets.DataError("The gate needs the data files: --data-home or --download.")
    names = options.datasets.split(",") if options.datasets else None
    lines = list(tqdm(gate.check(home, names), unit="set"))
    print(report.markdown(pd.DataFrame(lines)) if lines else "No data set with a published figure.")
    return int(not lines or any(line["agrees"] != "yes" for line in lines))


def _speed(options: argparse.Namespace, home: Path | None) -> int:
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


def _explain(options: argparse.Namespace, home: Path | None) -> int:
    """Print how often explanations find the planted column."""
    import pandas as pd

    from . import explain, report

    names = _names(options, datasets.available(home))
    lines = list(tqdm(explain.measure(home, names, options.seeds or 3), total=len(names)))
    table = pd.DataFrame(lines)
    means = {**table.mean(numeric_only=True), "data set": "mean", "columns": ""}
    print(report.markdown(pd.concat([table, pd.DataFrame([means])], ignore_index=True)))
    return 0


def _selection(options: argparse.Namespace, home: Path | None) -> int:
    """Compare scorers that need no labels by the AUROC of what they choose."""
    from . import report, selection
    from .run import Grid

    names, chosen = _names(options, datasets.available(home)), options.protocol.split(",")
    _check(options, chosen, names, home)
    grid = Grid(names, [], chosen, options.seeds or 1, options.max_rows, home)
    for protocol, table in selection.measure(grid, options.out).groupby("protocol"):
        print(f"## {protocol}\n\n{report.markdown(selection.summary(table))}\n")
    return 0


COMMANDS = {f.__name__[1:]: f for f in (_run, _report, _gate, _speed, _explain, _selection)}

if __name__ == "__main__":
    sys.exit(main())
