"""One line per finished run of a study, in a CSV file, with the software that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from tqdm import tqdm

from . import report
from .versions import Versions

Job = tuple[Any, ...]


def chosen(data: list[Any], names: str | None) -> list[Any]:
    """Sets that the command line names, or all.

    Raises
    ------
    ValueError
        If there is no set of a name, or if two have the same.
    """
    known = [one.name for one in data]
    if len(set(known)) < len(known):
        raise ValueError(f"Sets must have different names. Got {', '.join(known)}.")
    wanted = names.split(",") if names else known
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"No such set: {', '.join(unknown)}. Known: {', '.join(known)}.")
    return [one for one in data if one.name in wanted]


class RunFile:
    """``<study>.csv`` in a folder, beside a ``versions.json``.

    Parameters
    ----------
    folder : Path
        The folder, which is made.
    study : str
        Name of the study.
    key : list of str
        Columns that tell runs apart. One is "detector".
    on_tables : callable
        Turns the name of a detector into that of the detector of tables whose software counts.
    """

    def __init__(
        self, folder: Path, study: str, key: list[str], on_tables: Callable[[str], str]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.key, self.on_tables = folder / f"{study}.csv", key, on_tables
        self.versions = Versions(folder / "versions.json")
        known = self.path.exists()
        none = pd.DataFrame(columns=[*key, "versions"])
        self.lines = pd.read_csv(self.path, dtype={"versions": str}) if known else none
        self._finished: set[Job] = set()
        if known:
            names = self.lines["detector"].unique()
            current = {name: self.versions.current(on_tables(name)) for name in names}
            now = [v in current[n] for n, v in self.lines[["detector", "versions"]].to_numpy()]
            self.lines = self.lines[now]
            self._finished = set(self.lines[key].itertuples(index=False, name=None))

    def finish(
        self,
        jobs: Iterable[Job],
        key_of: Callable[[Job], Job],
        measure: Callable[..., dict[str, Any]],
        n_jobs: int,
    ) -> None:
        """Make the runs that the software installed now has not made, and keep each as it ends."""
        missing = [job for job in jobs if key_of(job) not in self._finished]
        pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        for line in tqdm(
            pool(joblib.delayed(measure)(*job) for job in missing), total=len(missing)
        ):
            self._add(line)

    def _add(self, line: dict[str, Any]) -> None:
        """Keep one run, and write the file."""
        note = self.versions.note(self.on_tables(line["detector"]))
        new = pd.DataFrame([line | {"versions": note}])
        self.lines = pd.concat([self.lines, new], ignore_index=True) if len(self.lines) else new
        self.lines.sort_values(self.key).to_csv(self.path, index=False, float_format="%.5f")


def tables(lines: pd.DataFrame, groups: dict[str, str], data: str, metrics: dict[str, str]) -> str:
    """A table for each group of sets and each setting: means, spread over seeds, and failures.

    Parameters
    ----------
    lines : DataFrame
        Runs, with the columns detector, setting, seed, status, seconds and auroc.
    groups : dict
        Group of each set.
    data : str
        Name of the column that has the sets.
    metrics : dict
        Titles of the measures that are shown, by column.
    """
    parts = []
    group_of = lines[data].map(groups)
    for (group, setting), rows in lines.groupby([group_of, "setting"], sort=False):
        n_sets = rows[data].nunique()
        sets = f", means over {n_sets} sets" if n_sets > 1 else ""
        parts.append(f"## {group}, {setting}{sets}")
        parts.append(report.markdown(_means(rows, data, metrics)))
    return "\n\n".join(parts) + "\n"


def _means(rows: pd.DataFrame, data: str, metrics: dict[str, str]) -> pd.DataFrame:
    """Means of every detector over sets and seeds; ``±`` is the deviation over seeds."""
    measured = [*metrics, "seconds"]
    by_seed = rows.groupby(["detector", "seed"])[measured].mean()
    means, deviations = (getattr(by_seed.groupby("detector"), f)() for f in ("mean", "std"))
    best_first = means["auroc"].sort_values(ascending=False).index
    table = pd.DataFrame({"detector": best_first}, index=best_first)
    for metric, title in metrics.items():
        if means[metric].notna().any():
            table[title] = report.with_spread(means[metric], deviations[metric], 4)
    table["lowest AUROC"] = (
        rows.groupby(["detector", data])["auroc"]
        .mean()
        .groupby("detector")
        .min()
        .map("{:.3f}".format)
    )
    table["seconds a set"] = means["seconds"].map("{:.1f}".format)
    failed = rows[rows["status"] != "ok"].groupby("detector").size()
    if len(failed):
        table["failed runs"] = failed.reindex(table.index).fillna(0).astype(int)
    return table
