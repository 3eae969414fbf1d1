"""Tables from ``results.csv``: means, ranks, tests, where we lose. Everything is Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import significance
from .detectors import OURS
from .protocols import MEANINGS, PAPERS
from .results import METRICS, section

Beside = Callable[[str, pd.DataFrame], str]  # protocol and runs -> Markdown, or nothing
SPREAD = "sd of AUROC on one data set"
GLANCE = "{:1} {:>2}  {:<22} {:<15} {:>5}   {:<17} {:>5}  {:>8}"
FAILURE_NOTE = (
    "A failed run (an error, or scores that are not finite) counts as AUROC 0.5 and average "
    "precision equal to the share of anomalies."
)

INTRODUCTION = """\
Every detector runs at its defaults, the same on every data set, and never sees a label. Under
`contaminated` it is fitted on all rows and scores them; under `one-class` it is fitted on a random
half of the normal rows and scores the rest. GANDetector gets raw columns, all others get columns
standardised on the rows they are fitted on; the `dte-` protocols standardise for everyone. `±` is
the standard deviation over seeds of the mean over data sets. Ranks: 1 is best. PyOD's GANs appear
as shipped and repaired."""


def sections(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Split results by protocol and row limit, which must not be averaged together.

    Parameters
    ----------
    table : DataFrame
        What :func:`benchmarks.harness.results.read` returns.

    Yields
    ------
    tuple of str and DataFrame
        A title such as ``one-class`` and its rows.
    """
    for (protocol, max_rows), rows in table.groupby(["protocol", "max_rows"], sort=True):
        yield section(protocol, max_rows), rows


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the data sets and seeds that every detector of the section has run."""
    counts = rows.groupby(["dataset", "seed"])["detector"].transform("nunique")
    return rows[counts == rows["detector"].nunique()]


def per_dataset(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mean over seeds: one line per data set, one column per detector."""
    return rows.pivot_table(index="dataset", columns="detector", values=metric, aggfunc="mean")


def mean_ranks(scores: pd.DataFrame) -> pd.Series:
    """Average rank over data sets; 1 is best, equal scores share the mean of their ranks."""
    return scores.round(6).rank(axis=1, ascending=False).mean()


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per detector, best mean rank first.

    Parameters
    ----------
    rows : DataFrame
        One section, complete.

    Returns
    -------
    DataFrame
        Means over data sets, their standard deviation over seeds, mean ranks, the standard
        deviation of AUROC over seeds on a data set (mean over data sets), seconds, failures.
    """
    columns: dict[str, Any] = {}
    for metric, title in METRICS.items():
        by_seed = rows.groupby(["detector", "seed"])[metric].mean().groupby("detector")
        columns[title] = by_seed.mean()
        columns[f"{title} sd"] = by_seed.std()
        columns[f"mean rank by {title}"] = mean_ranks(per_dataset(rows, metric))
    of_one_set = rows.groupby(["detector", "dataset"])["auroc"].std().groupby("detector")
    columns[SPREAD] = of_one_set.mean()
    seconds = rows.assign(seconds=rows["fit_seconds"] + rows["score_seconds"])
    columns["seconds"] = seconds.groupby("detector")["seconds"].mean()
    columns["failed"] = (rows["status"] != "ok").groupby(rows["detector"]).sum()
    return pd.DataFrame(columns).sort_values(f"mean rank by {METRICS['auroc']}").reset_index()


def side_by_side(table: pd.DataFrame) -> str:
    """One line per detector, in the order of the run, with the means of every section."""
    table = table[~table["protocol"].isin(PAPERS)]
    columns = {}
    for title, rows in sections(table):
        means = summary(complete(rows)).set_index("detector")
        for name in METRICS.values():
            columns[f"{title}: {name}"] = with_spread(means[name], means[f"{name} sd"])
    order = pd.Index(table["detector"].unique(), name="detector")
    return markdown(pd.DataFrame(columns).reindex(order).fillna("–").reset_index())


def halves(rows: pd.DataFrame) -> str:
    """Write the means over two random halves of the data sets: what holds on one, on the other.

    Parameters
    ----------
    rows : DataFrame
        One section, complete.

    Returns
    -------
    str
        Which data sets are in the first half, and a Markdown table.
    """
    names = np.random.RandomState(0).permutation(sorted(rows["dataset"].unique()))
    first = rows["dataset"].isin(names[: len(names) // 2])
    table = pd.concat(
        {
            f"{half}: {title}": rows[where].groupby("detector", sort=False)[metric].mean()
            for half, where in (("first half", first), ("second half", ~first))
            for metric, title in METRICS.items()
        },
        axis=1,
    )
    chosen = ", ".join(sorted(names[: len(names) // 2]))
    return f"The first of two random halves: {chosen}.\n\n{markdown(table.reset_index())}"


def losses(scores: pd.DataFrame, ours: str) -> pd.DataFrame:
    """List the data sets where another detector is better, the largest gap first."""
    others = scores.drop(columns=ours)
    table = pd.DataFrame(
        {
            "data set": scores.index,
            ours: scores[ours].to_numpy(),
            "best other": others.idxmax(axis=1).to_numpy(),
            "its score": others.max(axis=1).to_numpy(),
        }
    )
    table["gap"] = table["its score"] - table[ours]
    return table[table["gap"] > 0.0005].sort_values("gap", ascending=False)


def markdown(table: pd.DataFrame) -> str:
    """Write a Markdown table; three decimals for fractions."""
    lines = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    lines += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(text: str, folder: Path, name: str) -> None:
    """Print a text, and write it to a file of a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text + "\n", encoding="utf-8")
    print(text)


def with_mean(lines: Iterable[dict[str, object]]) -> str:
    """Write lines of one ``data set`` each, and their mean, as a Markdown table."""
    table = pd.DataFrame(lines)
    mean = pd.DataFrame([{**table.mean(numeric_only=True), "data set": "mean"}])
    return markdown(pd.concat([table, mean], ignore_index=True).fillna(""))


def _cell(value: Any) -> str:
    """One value as text."""
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.3f}"
    return str(value)


def failures(rows: pd.DataFrame) -> str:
    """Name every failure with its count and reason."""
    failed = rows[rows["status"] != "ok"]
    groups = failed.groupby(["detector", "dataset", "status"], as_index=False).size()
    lines = [
        f"* {name} on {dataset}: {count} × {status}"
        for name, dataset, status, count in groups.itertuples(index=False)
    ]
    return "\n".join([f"{len(failed)} of {len(rows)} runs failed. {FAILURE_NOTE}", "", *lines])


def no_figures(protocol: str, rows: pd.DataFrame) -> str:
    """What stands beside our figures where nobody has published any."""
    return ""


def overview(title: str, rows: pd.DataFrame, beside: Beside = no_figures) -> str:
    """Write the short part of a section of ``report.md``.

    Parameters
    ----------
    title : str
        Title of the section.
    rows : DataFrame
        Its runs.
    beside : callable
        Writes our figures beside published ones.

    Returns
    -------
    str
        Markdown.
    """
    protocol = rows["protocol"].iloc[0]
    if protocol in PAPERS:
        return "\n\n".join([f"## {title}", beside(protocol, rows)])
    kept = complete(rows)
    parts = [f"## {title}", f"Every detector is {MEANINGS[protocol]}"]
    parts += [f"Means over {measured_on(kept)}."]
    left_out = rows["dataset"].nunique() - kept["dataset"].nunique()
    if left_out:
        parts.append(f"Data sets left out, as some detector has not run on them: {left_out}.")
    if not kept.empty:
        parts += [markdown(_readable(summary(kept))), failures(rows)]
        parts += filter(None, [beside(protocol, kept)])
    return "\n\n".join(parts)


def at_a_glance(title: str, rows: pd.DataFrame, beside: Beside = no_figures) -> str:
    """Write what the command line prints of a section: one line per detector, ours marked.

    Parameters
    ----------
    title : str
        Title of the section.
    rows : DataFrame
        Its runs.
    beside : callable
        See :func:`overview`.

    Returns
    -------
    str
        Text in columns; of the papers' protocols what :func:`overview` writes.
    """
    kept, protocol = complete(rows), rows["protocol"].iloc[0]
    if protocol in PAPERS or kept.empty:
        return overview(title, rows, beside)
    table = _readable(summary(kept))
    lines = [
        f"{title}: every detector is {MEANINGS[protocol]}",
        f"Means over {measured_on(kept)}, ± over seeds; ranks are means too, 1 is best.",
        "",
        GLANCE.format("", "", "detector", "AUROC", "rank", "average precision", "rank", "seconds"),
    ]
    shown = table.iloc[:, :5].assign(seconds=table["seconds"])
    for place, line in enumerate(shown.itertuples(index=False), 1):
        lines.append(GLANCE.format(">" if line[0].startswith(OURS) else "", place, *line))
    if failed := table["failed"].sum():
        lines.append(f"{failed} runs failed; the report says which, and why.")
    return "\n".join(lines)


def measured_on(kept: pd.DataFrame) -> str:
    """Say how many data sets and seeds a section has."""
    counts = {"data set": kept["dataset"].nunique(), "seed": kept["seed"].nunique()}
    return " and ".join(f"{n} {what}{'s' if n != 1 else ''}" for what, n in counts.items())


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Write mean and deviation into one column."""
    for title in METRICS.values():
        table[title] = with_spread(table[title], table.pop(f"{title} sd"))
        table[f"mean rank by {title}"] = table[f"mean rank by {title}"].map("{:.2f}".format)
    table["seconds"] = table["seconds"].map("{:.2f}".format)
    return table


def with_spread(means: pd.Series, deviations: pd.Series, decimals: int = 3) -> pd.Series:
    """Means as text, with their standard deviations where there are any."""
    spreads = deviations.map(lambda s: "" if np.isnan(s) else f" ± {s:.{decimals}f}")
    values = means.map(lambda mean: "–" if np.isnan(mean) else f"{mean:.{decimals}f}")
    return values + spreads


def details(rows: pd.DataFrame) -> str:
    """Write the long part of a section: tests, where we lose, every data set."""
    if rows["protocol"].iloc[0] in PAPERS:
        return ""
    kept = complete(rows)
    parts = [halves(kept)] if kept["dataset"].nunique() > 3 else []
    for metric, name in METRICS.items():
        scores = per_dataset(kept, metric)
        if scores.shape[1] < 2:
            continue
        parts += [f"### {name}", f"Friedman test: p = {significance.friedman(scores):.2g}."]
        if OURS in scores:
            parts += [f"{OURS} against each other detector, over {len(scores)} data sets:"]
            parts += [markdown(significance.duels(scores, OURS)), significance.power(scores)]
            parts += ["Where another detector beats it:", markdown(losses(scores, OURS))]
        parts += ["Every data set:", markdown(scores.reset_index())]
    return "\n\n".join(parts)


def write(table: pd.DataFrame, path: Path, beside: Beside = no_figures) -> None:
    """Write the whole report.

    Parameters
    ----------
    table : DataFrame
        What :func:`benchmarks.harness.results.read` returns.
    path : Path
        The Markdown file.
    beside : callable
        See :func:`overview`.
    """
    parts = ["# Benchmark", INTRODUCTION, side_by_side(table)]
    for title, rows in sections(table):
        parts += [overview(title, rows, beside), details(rows)]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
