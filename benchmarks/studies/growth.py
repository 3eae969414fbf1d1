"""How time and memory grow with rows and columns: fit and score, of our default and its peers.

Every measurement is a process of its own, on one thread, so that its peak of memory is its own and
a detector that takes too long can be stopped. One that was stopped, or failed, is not tried on
larger tables. What is measured is kept in ``growth.csv``, and is not measured again.
"""

from __future__ import annotations

import csv
import multiprocessing
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from tqdm import tqdm

from ..harness import detectors, report
from ..harness.isolation import isolated
from . import ablation
from .large import GIB, resident, rows_of_clusters

NAMES = (
    *(detectors.OURS, "IForest", "KNN", "ECOD", "AutoEncoder", "VAE", "LUNAR"),
    *("PyOD-SO_GAAL", "PyOD-ALAD", "PyOD-AnoGAN"),
)
ROWS, COLUMNS = (1_000, 10_000, 100_000, 1_000_000), (5, 20, 100, 500)
USUAL_ROWS, USUAL_COLUMNS = 10_000, 20  # while the other number grows
MOST_SECONDS = 60
SINGLES, MOST_SECONDS_OF_SINGLES = 1_000, 5  # rows that are scored one by one
WARM_UP = 200  # rows
PICTURES = (
    ("fit", "seconds of fit"),
    ("score", "seconds to score as many rows"),
    ("peak", "peak GiB of the process"),
)
Array = np.ndarray[Any, Any]
MEASURES = ("fit", "score", "p50", "p99", "peak")  # seconds, and GiB
FIELDS = ("detector", "rows", "columns", *MEASURES, "status")


class Size(NamedTuple):
    """Shape of a table."""

    rows: int
    columns: int


def command(options: Namespace, home: Path | None) -> int:
    """Print the tables; write ``growth.csv``, ``growth.md`` and the picture."""
    del home
    names = ablation.expand(options.detectors) if options.detectors else list(NAMES)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "growth.csv"
    measure(names, sizes(options.max_rows or max(ROWS)), path)
    table = pd.read_csv(path)
    table = table[table.detector.isin(names)]
    text = "\n\n".join(f"## {title}\n\n{report.markdown(part)}" for title, part in tables(table))
    draw(table, options.out / "growth.png")
    report.publish(text, options.out, "growth.md")
    return 0


def sizes(most_rows: int) -> list[Size]:
    """Shapes of the tables: rows grow at 20 columns, and columns at 10,000 rows."""
    by_rows = [Size(n, USUAL_COLUMNS) for n in ROWS if n <= most_rows]
    return by_rows + [Size(min(USUAL_ROWS, most_rows), d) for d in COLUMNS if d != USUAL_COLUMNS]


def measure(names: list[str], shapes: list[Size], path: Path) -> None:
    """Measure what is not in the file, one line after the other."""
    done = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(FIELDS))
    known = {(line.detector, Size(line.rows, line.columns)): line for line in done.itertuples()}
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if not len(done):
            writer.writeheader()
        for name, shape in tqdm([(n, s) for n in names for s in shapes], desc="growth"):
            if (name, shape) in known:
                continue
            smaller = [
                line.status
                for (other, of), line in known.items()
                if other == name and of.rows <= shape.rows and of.columns <= shape.columns
            ]
            stopped = any(status != "ok" for status in smaller)
            line = {"status": "not tried"} if stopped else _apart(name, shape)
            line = {"detector": name, **shape._asdict(), **line}
            writer.writerow(line)
            file.flush()
            known[name, shape] = pd.Series(line)


def _apart(name: str, shape: Size) -> dict[str, Any]:
    """Measure in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measured, args=(name, shape, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(MOST_SECONDS):
            return {"status": f"more than {MOST_SECONDS} s"}
        measured: dict[str, Any] = ours.recv()
        return measured
    except EOFError:
        return {"status": "the process ended, which is mostly for want of memory"}
    finally:
        process.kill()
        process.join()


def _measured(name: str, shape: Size, pipe: Connection) -> None:
    """Fit and score as many rows, and some one by one."""
    try:
        with isolated(0):
            few = rows_of_clusters(WARM_UP, shape.columns, seed=2)
            _fitted(name, few).decision_function(few[:2])  # what is compiled or read once
            rows, new = (rows_of_clusters(*shape, seed=seed) for seed in (0, 1))
            fit, detector = _seconds(lambda: _fitted(name, rows))
            score, _ = _seconds(lambda: detector.decision_function(new))
            each = list(_one_by_one(detector, new[:SINGLES]))
        p50, p99 = np.quantile(each, [0.5, 0.99])
        peak = resident(peak=True) / GIB
        found = {"fit": fit, "score": score, "p50": p50, "p99": p99, "peak": peak}
        pipe.send({key: f"{value:.6g}" for key, value in found.items()} | {"status": "ok"})
    except Exception as error:  # shown in the table
        pipe.send({"status": f"{type(error).__name__}: {error}"[:100]})


def _fitted(name: str, rows: Array) -> Any:
    detector = detectors.make(name, 0)
    detector.fit(rows)  # some of PyOD's return nothing
    return detector


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _one_by_one(detector: Any, rows: Array) -> Iterator[float]:
    """Seconds of single rows, for some seconds in all."""
    start = time.perf_counter()
    for row in rows:
        yield _seconds(lambda row=row: detector.decision_function(row[None]))[0]  # type: ignore[misc]
        if time.perf_counter() - start > MOST_SECONDS_OF_SINGLES:
            return


def tables(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Seconds of fit, rows scored a second and peak memory, by rows and by columns."""
    ok = table.assign(rate=table.rows / table.score, ms50=1000 * table.p50, ms99=1000 * table.p99)
    for what, by, where in (
        ("rows", "rows", ok["columns"] == USUAL_COLUMNS),
        ("columns", "columns", ok.rows == min(USUAL_ROWS, ok.rows.max())),
    ):
        part = ok[where]
        for measure, title, digits in (
            ("fit", "seconds of fit", 2),
            ("rate", "rows scored a second", 0),
            ("peak", "peak GiB of the process", 2),
        ):
            yield f"{title[0].upper()}{title[1:]}, by {what}", _wide(part, by, measure, digits)
    usual = ok[(ok["columns"] == USUAL_COLUMNS) & (ok.rows == min(USUAL_ROWS, ok.rows.max()))]
    single = usual[["detector", "ms50", "ms99"]].round(2)
    yield "One row: milliseconds", single.rename(columns={"ms50": "p50", "ms99": "p99"})


def _wide(part: pd.DataFrame, by: str, measure: str, digits: int) -> pd.DataFrame:
    """A line for each detector and a column for each size; what was not measured says why."""
    lines = []
    for name in part.detector.unique():
        line = {"detector": name}
        for found in part[part.detector == name].sort_values(by).itertuples():
            value = getattr(found, measure)
            said = f"{value:,.{digits}f}" if found.status == "ok" else str(found.status)
            line[f"{getattr(found, by):,}"] = said
        lines.append(line)
    return pd.DataFrame(lines)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw time and memory against rows and columns, both on logarithmic axes."""
    ok = table[table.status == "ok"]
    figure, grid = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
    halves = (
        ("rows", ok[ok["columns"] == USUAL_COLUMNS]),
        ("columns", ok[ok.rows == min(USUAL_ROWS, ok.rows.max())]),
    )
    for axes_of_row, (by, part) in zip(grid, halves, strict=True):
        for axes, (measure, label) in zip(axes_of_row, PICTURES, strict=True):
            for name in table.detector.unique():
                line = part[part.detector == name].sort_values(by)
                style = {"color": "black", "linewidth": 2.5} if name == detectors.OURS else {}
                axes.loglog(line[by], line[measure], "o-", markersize=3, label=name, **style)
            axes.set(xlabel=by, ylabel=label)
    grid[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=90)
    plt.close(figure)
