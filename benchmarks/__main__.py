"""Command line: ``python -m benchmarks [command]``, see :data:`COMMANDS`.

What a command needs is imported when it starts, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from .harness import datasets
from .harness.options import check_options, data_set_names, fetch
from .harness.protocols import PAPERS, PROTOCOLS

if TYPE_CHECKING:
    from .harness.run import Grid

COMMANDS = {
    "run": "Fit and score what is not finished, then report.",
    "report": "Print the summary tables; write ``report.html``, ``report.md``, the pictures.",
    "gate": "Compare kNN with published figures; 1 if any differs.",
    "speed": "Print the timing tables and write ``speed.md``.",
    "growth": "Print how time and memory grow with rows and columns; write ``growth.csv``.",
    "gpu": "Train and score on a GPU beside the CPU; write ``gpu.md``.",
    "large": "Print memory and time of tables of up to ten million rows; write ``large.md``.",
    "cluster": "Print what a cluster of Dask takes to fit and to score; write ``cluster.md``.",
    "stream": "Print how a stream that drifts is scored and learnt; write ``stream.md``.",
    "serve": "Print how the scoring server answers under load; write ``serve.md``.",
    "explain": "Print how often explanations find the planted column.",
    "errors": "Print how many errors planted in real tables are found; write ``errors.csv``.",
    "drift": "Print how well partial_fit recovers when all rows move.",
    "series": "Compare detectors of series on generated series, or on NAB's of --series.",
    "images": "Compare detectors of images on digits, planted defects and the files of --images.",
    "texts": "Compare detectors of texts on generated sentences and the files of --texts.",
    "audio": "Compare detectors of sound on generated clips and the recordings of --audio.",
    "records": "Compare ways to put detectors of a row, a text and an image together.",
    "knowledge": "Write what PyOD's engine is told of our detectors, ``knowledge.json``.",
    "pretrain": "Train the critic that weighs views, on the labelled tables of --tables.",
    "selection": "Compare scorers that need no labels by the AUROC of what they choose.",
}
EXAMPLES = """\
examples:
  python -m benchmarks                                   no download, a minute or two
  python -m benchmarks --seeds 5                         the same with more seeds
  python -m benchmarks --datasets wine,iris --seeds 5    a part of it
  python -m benchmarks --download --data-home data       fetch 64 files, then run them
  python -m benchmarks --data-home data --protocol one-class --max-rows 2000
  python -m benchmarks --detectors GANDetector,GANDetector:alad,KNN
  python -m benchmarks --data-home data --protocol kdd,arrhythmia    beside published figures
  python -m benchmarks report                            tables and pictures again
  python -m benchmarks gate --data-home data             check the harness
  python -m benchmarks errors                            errors planted in real tables
  python -m benchmarks series --series NAB               series, beside PyOD's detectors
  python -m benchmarks images --images usps.npz          images, beside the same on pixels
  python -m benchmarks texts --texts SMSSpamCollection   texts, beside the same measures
  python -m benchmarks audio --audio fsdd                sounds, beside the same frames
  python -m benchmarks records                           a row, a text and an image at once
  python -m benchmarks speed                             wall and CPU time
  python -m benchmarks growth --max-rows 100000          time and memory by rows and columns
  python -m benchmarks large --max-rows 1000000          memory of large tables
  python -m benchmarks cluster --max-rows 1000000        the same on a cluster of Dask
  python -m benchmarks stream --max-rows 600000          a sixth of an hour's stream
  python -m benchmarks serve --max-rows 10000            so many requests to the server
  python -m benchmarks selection --max-rows 1000         scorers without labels
  python -m benchmarks knowledge --out pyod_gan/planning the file that the package ships

A run that was stopped goes on where it stopped when started again with the same --out.
"""


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
    options = _parser().parse_args(arguments)
    try:
        home = datasets.find_data_home(options.data_home)
        if options.command == "run":
            return run_grids(options, home)
        if options.command == "report":
            return write_report(options, home)
        study = import_module(f"benchmarks.studies.{options.command}")
        return int(study.command(options, home))
    except ModuleNotFoundError as error:
        print(f"error: {error}: pip install -e '.[test]' has all of it", file=sys.stderr)
        return 2
    except (datasets.DataError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    """All options; each command uses those that concern it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare GANDetector with PyOD's detectors and with a training-free bar.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    what = " ".join(f"{name}: {purpose}" for name, purpose in COMMANDS.items())
    add("command", nargs="?", default="run", choices=COMMANDS, help=f"default: run. {what}")
    add("--out", type=Path, default=Path("benchmark-results"), help="folder of all output")
    add("--data-home", help=f"folder of ADBench and ODDS files (or {datasets.DATA_VARIABLE})")
    add("--download", action="store_true", help="fetch missing or damaged files first")
    add("--tables", type=Path, help="pretrain: folder of .npz files with X and y")
    add("--images", type=Path, nargs="*", help="images: files of NumPy with images X and labels y")
    add("--texts", type=Path, nargs="*", help="texts: files of lines with a label, a tab, a text")
    add("--audio", type=Path, nargs="*", help="audio: folders of recordings of words")
    add("--series", type=Path, help="series: folder of NAB (default: generated series)")
    add("--ablation", action="store_true", help="pretrain: also leave out views and tasks")
    add("--datasets", help="names, separated by commas, or 'built-in' (default: all at hand)")
    lists = "default, all, family, ablation, parts, robustness"
    add("--detectors", help=f"names, separated by commas; or {lists}")
    add("--protocol", default="contaminated,one-class", help=f"of {', '.join(PROTOCOLS)}")
    more = "2 without data files; kdd, arrhythmia: 20; selection: 1"
    add("--seeds", type=int, help=f"seeds from 0 (default: 3; {more})")
    add("--max-rows", type=int, help="cut larger sets to a stratified sample of so many rows")
    add(
        "--known",
        type=lambda text: [int(n) for n in text.split(",")],
        default=[],
        metavar="N,...",
        help="images, texts, audio: numbers of known anomalies, in place of both settings",
    )
    add("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes (default: 2)")
    add("--retry-failed", action="store_true", help="run recorded failures again")
    add("--any-version", action="store_true", help="count results of other software as finished")
    return parser


def run_grids(options: argparse.Namespace, home: Path | None) -> int:
    """Fit and score what is not finished, then report."""
    from .harness.run import run

    home = fetch(options, home)
    start, made = time.perf_counter(), 0
    how = {name: getattr(options, name) for name in ("jobs", "retry_failed", "any_version")}
    for grid in _grids(options, home):
        made += run(grid, options.out, **how)
    print(f"{made} runs in {time.perf_counter() - start:.0f} s.\n")
    return write_report(options, home)


def _grids(options: argparse.Namespace, home: Path | None) -> list[Grid]:
    """One grid; or one for each of the papers' protocols, which have data sets of their own."""
    from .harness.run import Grid
    from .studies import ablation, papers

    chosen = options.protocol.split(",")
    theirs = [protocol for protocol in chosen if protocol in PAPERS]
    names = [] if theirs else data_set_names(options, datasets.available(home))
    check_options(options, chosen, names, home)
    rows = options.max_rows
    if not theirs:
        wanted = ablation.expand(options.detectors)
        return [Grid(names, wanted, chosen, options.seeds or (3 if home else 2), rows, home)]
    wanted = ablation.expand(options.detectors or ",".join(papers.DETECTORS))
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


def write_report(options: argparse.Namespace, home: Path | None) -> int:
    """Print the summary tables; write ``report.html``, ``report.md`` and the pictures."""
    from .harness import page, pictures, report, results
    from .studies import ablation
    from .studies.published import beside_published

    path = options.out / "results.csv"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: run the benchmark first.")
    table = results.read(path)
    if options.detectors:
        table = table[table["detector"].isin(ablation.expand(options.detectors))]
    for title, rows in report.sections(table):
        print(report.at_a_glance(title, rows, beside_published), end="\n\n")
    report.write(table, options.out / "report.md", beside_published)
    drawn = pictures.draw_all(table, options.out)
    page.write(table, drawn, options.out / "report.html")
    print(f"Open {options.out / 'report.html'} in a browser. The same as Markdown: report.md; the")
    print(f"pictures and the runs, one by one (results.csv), are in {options.out} too.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
