"""Compare SeriesDetector with other detectors of series, on generated series or on those of NAB.

There are two settings. Under ``first-15%`` a detector is fitted on the first 15 % of a series,
without labels, and scores the whole; the rest counts. Under ``same`` it is fitted on the whole
series and scores it. All measures are free of thresholds, and none is adjusted to labels.
"""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from ..harness import report, significance
from ..harness.detectors import OURS as OURS_ON_TABLES
from ..harness.isolation import isolated
from ..harness.run_file import RunFile, chosen
from ..harness.series_data import LabelledSeries, generated, nab
from ..harness.series_metrics import find_period, volume_under_surface
from ..peers import series as peers

FIRST = 0.15  # share of a series that is fitted
SETTINGS = ("first-15%", "same")
ONE_SERIES = {"MatrixProfile"}  # these score no series but the one they are fitted on
METRICS = {"vus_pr": "VUS-PR", "vus_roc": "VUS-ROC", "auroc": "AUROC", "ap": "AP"}
KEY = ["series", "detector", "setting", "seed"]


def command(options: Namespace, home: Path | None) -> int:
    """Run what is not finished, and print a table for each setting."""
    del home
    series = nab(options.series) if options.series else generated()
    series = chosen(series, options.datasets)
    names, seeds = peers.expand(options.detectors), range(options.seeds or 3)
    results = RunFile(options.out, "series", KEY, on_tables)
    jobs = [
        (one, name, setting, seed)
        for one in series
        for name in names
        for setting in SETTINGS
        for seed in seeds
        if not (name in ONE_SERIES and setting != "same")
    ]
    results.finish(jobs, lambda job: (job[0].name, *job[1:]), measure, options.jobs)
    lines = results.lines
    wanted = lines["detector"].isin(names) & lines["series"].isin([one.name for one in series])
    text = tables(lines[wanted & lines["seed"].isin(seeds)])
    (options.out / "series.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def measure(series: LabelledSeries, name: str, setting: str, seed: int) -> dict[str, Any]:
    """Fit and score one detector on one series. A failure counts as scores that are all equal."""
    first = int(FIRST * len(series.y)) if setting == SETTINGS[0] else 0
    line: dict[str, Any] = {"series": series.name, "detector": name, "setting": setting}
    line |= {"seed": seed, "status": "ok"}
    start = time.perf_counter()
    try:
        with isolated(seed):
            detector = peers.make(name, seed).fit(series.values[: first or None])
            if first:
                scores = np.asarray(detector.decision_function(series.values), dtype=float)
            else:
                scores = np.asarray(detector.decision_scores_, dtype=float)
        if not np.isfinite(scores).all():
            raise ValueError("scores are not finite")
    except Exception as error:  # a failing detector is a result too
        line["status"] = f"{type(error).__name__}: {error}"[:200].replace("\n", " ")
        scores = np.zeros(len(series.y))
    line["seconds"] = time.perf_counter() - start
    y, scores = series.y[first:], scores[first:]
    volume = volume_under_surface(y, scores, find_period(series.values))
    line |= {"vus_pr": volume.pr, "vus_roc": volume.roc}
    return line | {"auroc": roc_auc_score(y, scores), "ap": average_precision_score(y, scores)}


def on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    return ":".join([OURS_ON_TABLES, *name.split(":")[1:2]]) if peers.is_ours(name) else name


def tables(lines: pd.DataFrame) -> str:
    """A table for each setting: means over series, spread over seeds, tests, and failures."""
    parts = []
    for setting, rows in lines.groupby("setting"):
        n_series = rows["series"].nunique()
        parts.append(f"## {setting}: means over {n_series} series, the highest VUS-PR first")
        parts.append(report.markdown(_means(rows)))
        scores = rows.pivot_table(index="series", columns="detector", values="vus_pr")
        if peers.OURS in scores and scores.shape[1] > 1 and len(scores) > 1:
            parts.append(f"{peers.OURS} against each other detector in VUS-PR, series by series:")
            parts.append(report.markdown(significance.duels(scores, peers.OURS)))
    return "\n\n".join(parts) + "\n"


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of every detector over series and seeds; ``±`` is the deviation over seeds."""
    by_seed = rows.groupby(["detector", "seed"])[[*METRICS, "seconds"]].mean()
    means = by_seed.groupby("detector").mean()
    deviations = by_seed.groupby("detector").std()
    best_first = means["vus_pr"].sort_values(ascending=False).index
    table = pd.DataFrame({"detector": best_first}, index=best_first)
    for metric, name in METRICS.items():
        table[name] = report.with_spread(means[metric], deviations[metric])
    table["seconds a series"] = means["seconds"].map("{:.1f}".format)
    failed = rows[rows["status"] != "ok"].groupby("detector").size()
    if len(failed):
        table["failed runs"] = failed.reindex(table.index).fillna(0).astype(int)
    return table
