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

import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score
from tqdm import tqdm

from ..harness import report, significance
from ..harness.detectors import OURS as OURS_ON_TABLES
from ..harness.isolation import isolated
from ..harness.series_data import LabelledSeries, generated, nab
from ..harness.series_metrics import find_period, volume_under_surface
from ..harness.versions import Versions
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
    if options.datasets:
        series = [one for one in series if one.name in options.datasets.split(",")]
    names, seeds = peers.expand(options.detectors), range(options.seeds or 3)
    options.out.mkdir(parents=True, exist_ok=True)
    results = Results(options.out)
    jobs = [
        (one, name, setting, seed)
        for one in series
        for name in names
        for setting in SETTINGS
        for seed in seeds
        if not (name in ONE_SERIES and setting != "same")
    ]
    jobs = [job for job in jobs if not results.has(job[0].name, *job[1:])]
    pool = joblib.Parallel(n_jobs=options.jobs, return_as="generator_unordered")
    for line in tqdm(pool(joblib.delayed(measure)(*job) for job in jobs), total=len(jobs)):
        results.add(line)
    text = tables(results.table(names, [one.name for one in series], seeds))
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


class Results:
    """``series.csv``: one line per finished run, with the software that made it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "series.csv"
        self.versions = Versions(folder / "versions.json")
        known = self.path.exists()
        self.lines = pd.read_csv(self.path, dtype={"versions": str}) if known else pd.DataFrame()
        self._finished = set()
        if known:
            names = self.lines["detector"].unique()
            current = {name: self.versions.current(_as_on_tables(name)) for name in names}
            now = [v in current[n] for n, v in self.lines[["detector", "versions"]].to_numpy()]
            self.lines = self.lines[now]
            self._finished = set(self.lines[KEY].itertuples(index=False, name=None))

    def has(self, series: str, detector: str, setting: str, seed: int) -> bool:
        """Whether the software installed now has made this run."""
        return (series, detector, setting, seed) in self._finished

    def add(self, line: dict[str, Any]) -> None:
        """Keep one run, and write the file."""
        note = self.versions.note(_as_on_tables(line["detector"]))
        new = pd.DataFrame([line | {"versions": note}])
        self.lines = pd.concat([self.lines, new], ignore_index=True)
        self.lines.sort_values(KEY).to_csv(self.path, index=False, float_format="%.5f")

    def table(self, names: list[str], series: list[str], seeds: range) -> pd.DataFrame:
        """Runs of some detectors on some series."""
        wanted = self.lines["detector"].isin(names) & self.lines["series"].isin(series)
        return self.lines[wanted & self.lines["seed"].isin(seeds)]


def _as_on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    return name.replace(peers.OURS, OURS_ON_TABLES) if peers.is_ours(name) else name


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
