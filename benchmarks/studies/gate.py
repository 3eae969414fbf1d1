"""The harness's own test: kNN must give DTE's published figures to two decimals.

kNN(k=5) under ``dte-one-class`` has no randomness on sets with 1,000 to 50,000 rows, so any
difference is a fault of the split, the scaling, the metric or the data.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ..harness import datasets, report
from ..harness.options import fetch
from ..harness.protocols import DTE_LEAST, DTE_MOST
from ..harness.results import Cell
from ..harness.run import evaluate
from . import dte

PROTOCOL = "dte-one-class"
TOLERANCE = 0.005  # equal when rounded to two decimals of percent


def command(options: Namespace, home: Path | None) -> int:
    """Print the comparison; 1 if any figure differs."""
    home = fetch(options, home)
    if home is None:
        raise datasets.DataError("The gate needs the data files: --data-home or --download.")
    names = options.datasets.split(",") if options.datasets else None
    lines = list(tqdm(check(home, names), unit="set"))
    print(report.markdown(pd.DataFrame(lines)) if lines else "No data set with a published figure.")
    return int(not lines or any(line["agrees"] != "yes" for line in lines))


def reference() -> pd.DataFrame:
    """Published figures of kNN in percent, by data set, where the protocol has no randomness."""
    figures = 100 * dte.published(PROTOCOL).xs("kNN", axis=1, level=1)
    sizes = {name: file.n for name, file in datasets.registry().items()}
    fixed = [DTE_LEAST <= sizes[name] <= DTE_MOST for name in figures.index]
    return figures[fixed]


def check(data_home: Path, names: Collection[str] | None = None) -> Iterator[dict[str, object]]:
    """Compare kNN with the published figures, one data set at a time.

    Parameters
    ----------
    data_home : Path
        Folder of the data files.
    names : collection of str or None
        Data sets to check; None means every one present that has a published figure.

    Yields
    ------
    dict
        Data set, our figures, the published ones, and whether they agree.
    """
    expected = reference()
    present = datasets.available(data_home) if names is None else names
    for name in (name for name in present if name in expected.index):
        measures = evaluate(Cell(name, "KNN", 0, PROTOCOL), data_home).measures
        ours = {key: 100 * float(measures[key]) for key in ("auroc", "ap")}
        gaps = [abs(round(ours[key], 2) - expected.loc[name, key]) for key in ours]
        yield {
            "data set": name,
            "n": measures["n"],
            "AUROC": f"{ours['auroc']:.2f}",
            "published AUROC": f"{expected.loc[name, 'auroc']:.2f}",
            "AP": f"{ours['ap']:.2f}",
            "published AP": f"{expected.loc[name, 'ap']:.2f}",
            "agrees": "yes" if max(gaps) < TOLERANCE and measures["status"] == "ok" else "NO",
        }
