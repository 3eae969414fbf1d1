"""Write what PyOD's engine is told about our detectors: ``knowledge.json`` of the package.

All figures come from the results in ``benchmarks/measured``, and so does the order in which
detectors are recommended. Nothing is measured here. ``--out pyod_gan/planning`` writes the file
that the package ships.
"""

from __future__ import annotations

import json
import re
import tomllib
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pyod.utils.knowledge import KnowledgeBase

from pyod_gan.gans import GANS

from ..harness import results, significance
from ..harness.detectors import OURS, PEERS
from . import errors

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "benchmarks" / "measured"
FAMILY = ROOT / "docs" / "gans.md"  # has the paper of each GAN
DEFAULT = f"{OURS}:views"  # the default, among the GANs
FIRST, STEP = 0.95, 0.01  # confidence of what is recommended first; PyOD's are at most 0.9
MOST = 5  # recommendations, sets or detectors that are named at most
TABLES = ("contaminated", "one-class")  # settings of tables
WORTH = 0.5  # share of the best score that is worth a recommendation
FEWEST_ROWS, FEWEST_POINTS = 50, 64  # of a table, and of a series: two of the shortest windows
Json = dict[str, Any]
Table = dict[str, pd.DataFrame]  # scores by metric: a line per set, a column per detector
Tables = Mapping[tuple[str, str], Table]  # by benchmark and setting


class Benchmark(NamedTuple):
    """Results that may be averaged."""

    data_type: str  # in PyOD's words
    file: str
    of: str  # what its sets are
    command: str
    sets: str = ".*"  # pattern of their names
    metrics: Sequence[str] = ("auroc", "ap")  # the first decides
    settings: Sequence[str] = ("same", "one-class")

    def rows(self) -> pd.DataFrame:
        """Read its runs."""
        path = MEASURED / self.file
        table = results.read(path) if path.name == "results.csv" else pd.read_csv(path)
        table = table.rename(columns={"protocol": "setting", table.columns[0]: "set"})
        return table[table["set"].str.fullmatch(self.sets) & table["setting"].isin(self.settings)]


TITLES = {"auroc": "AUROC", "ap": "AP", "vus_pr": "VUS-PR"}
WORDS = {
    "contaminated": "anomalies in the training data",
    "same": "anomalies in the training data",
    "one-class": "clean training data",
    "first-15%": "fitted on the first 15 %",
}
# what PyOD's engine builds for detectors that have other names in the results
BUILT: Json = {
    "LSTM": {"detector": "LSTMAD"},
    "TimeSeriesOD:IForest": {"detector": "TimeSeriesOD", "params": {"detector": "IForest"}},
    "TimeSeriesOD:KNN": {"detector": "TimeSeriesOD", "params": {"detector": "KNN"}},
    "TimeSeriesOD:PCA": {"detector": "TimeSeriesOD", "params": {"detector": "PCA"}},
}


class Told(NamedTuple):
    """What is said of one of our detectors, and the benchmarks that say more."""

    full_name: str
    data_types: Sequence[str]
    benchmarks: Sequence[str]
    strengths: Sequence[str]
    weaknesses: Sequence[str]
    best_for: str
    avoid_when: str
    paper: str = "pyod_gan"
    requires: Sequence[str] = ("torch",)
    alone: str = ""  # of a detector that is recommended alone: what is to be known of the others


SAID = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
BENCHMARKS = {name: Benchmark(**entry) for name, entry in SAID["benchmarks"].items()}
DETECTORS = {name: Told(**entry) for name, entry in SAID["detectors"].items()}


def command(options: Namespace, home: Path | None) -> int:
    """Write ``knowledge.json``."""
    del home
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "knowledge.json"
    path.write_text(knowledge(), encoding="utf-8")
    print(f"wrote {path}")
    return 0


def knowledge() -> str:
    """What the engine is told, in the form of PyOD's own knowledge, as JSON."""
    tables = {
        (name, setting): per_set(rows, benchmark.metrics)
        for name, benchmark in BENCHMARKS.items()
        for setting, rows in benchmark.rows().groupby("setting")
    }
    papers = papers_of_gans()
    family = [gan for gan in GANS if gan not in ("auto", "views")]
    told = DETECTORS | {f"{OURS}:{gan}": told_of(gan, tables) for gan in family}
    planted = planted_errors()
    content = {
        "algorithms": {name: algorithm(name, told[name], tables, papers) for name in told},
        "rules": rules(tables, planted["key_finding"]),
        "benchmarks": {key(*which): benchmark_of(*which, table) for which, table in tables.items()}
        | {"pyod_gan_errors": planted},
        "papers": papers,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def per_set(rows: pd.DataFrame, metrics: Sequence[str]) -> Table:
    """Means over seeds of the detectors that have scored every set."""
    tables = {m: rows.pivot_table(index="set", columns="detector", values=m) for m in metrics}
    return {metric: table.dropna(axis=1) for metric, table in tables.items()}


def key(name: str, setting: str) -> str:
    """Name of a benchmark in the engine's knowledge."""
    return f"pyod_gan_{name}_{re.sub('[^a-z0-9]+', '_', setting).strip('_')}"


def deciding(table: Table) -> tuple[str, pd.DataFrame]:
    """Title and scores of the metric that decides."""
    metric, scores = next(iter(table.items()))
    return TITLES[metric], scores


def best_first(table: Table) -> pd.Series:
    """Mean of the metric that decides, by detector."""
    return deciding(table)[1].mean().sort_values(ascending=False, kind="stable")


def figures(table: Table, detector: str) -> dict[str, float]:
    """Mean of each metric, by its title."""
    return {TITLES[m]: round(float(scores[detector].mean()), 3) for m, scores in table.items()}


def in_words(table: Table, detector: str) -> str:
    """Means of a detector in words."""
    return ", ".join(f"{title} {mean:.3f}" for title, mean in figures(table, detector).items())


def measured(which: tuple[str, str], table: Table, detector: str) -> str:
    """How good a detector was in a benchmark, in words."""
    (name, setting), order = which, list(best_first(table).index)
    sets = f"{len(deciding(table)[1])} {BENCHMARKS[name].of}, {WORDS[setting]}"
    rank = f"rank {order.index(detector) + 1} of {len(order)}"
    return f"{in_words(table, detector)} on {sets}: {rank}"


def losses(which: tuple[str, str], table: Table, ours: str) -> str:
    """Name the sets of a benchmark on which others are furthest ahead, the largest gap first."""
    title, scores = deciding(table)
    others = scores.drop(columns=ours)
    gaps = (others.max(axis=1) - scores[ours]).round(3)
    worst = gaps[gaps > 0].sort_values(ascending=False, kind="stable")[:MOST]
    said = [f"{others.loc[s].idxmax()} by {gap:.3f} on {s}" for s, gap in worst.items()]
    return f"Behind in {title}, {WORDS[which[1]]}: {', '.join(said)}" if said else ""


def benchmark_of(name: str, setting: str, table: Table) -> Json:
    """A benchmark in the form of PyOD's knowledge."""
    order = list(best_first(table).index)
    return {
        "scope": BENCHMARKS[name].data_type,
        "setting": WORDS[setting],
        "command": BENCHMARKS[name].command,
        "n_datasets": len(deciding(table)[1]),
        "n_algorithms": len(order),
        "rankings": {"overall_top_5": order[:5]},
        "figures": {detector: figures(table, detector) for detector in order},
        "key_finding": f"{order[0]} is first: {in_words(table, order[0])}",
    }


def planted_errors() -> Json:
    """The benchmark of errors in mixed tables, which has no AUROC."""
    lines = pd.read_csv(MEASURED / "errors" / "errors.csv")
    title = next(iter(errors.LIMITS))
    shares = {
        name: round(float(errors.summary(lines, name)[title].iloc[-1]), 3)
        for name in lines["detector"].unique()
    }
    order = sorted(shares, key=shares.__getitem__, reverse=True)
    n_tables = lines["table"].nunique()
    said = ", ".join(f"{name} {shares[name]:.3f}" for name in order)
    return {
        "scope": "mixed_table",
        "setting": WORDS["same"],
        "command": "python -m benchmarks errors",
        "n_datasets": n_tables,
        "n_algorithms": len(order),
        "rankings": {"overall_top_5": order[:5]},
        "figures": {name: {title: shares[name]} for name in order},
        "key_finding": f"Errors planted in {n_tables} mixed tables, {title}: {said}",
    }


def algorithm(name: str, told: Told, tables: Tables, papers: Json) -> Json:
    """One of our detectors in the form of PyOD's knowledge, with all that was measured of it."""
    own = {(b, s): tables[b, s] for b in told.benchmarks for s in BENCHMARKS[b].settings}
    said = [measured(which, table, name) for which, table in own.items()]
    behind = [losses(which, table, name) for which, table in own.items()]
    cls, _, gan = name.partition(":")
    ranks = {key(*w): list(best_first(t).index).index(name) + 1 for w, t in own.items()}
    return {
        "class_path": f"pyod_gan.{cls}",
        "full_name": told.full_name,
        "status": "shipped",
        "data_types": told.data_types,
        "category": "deep_learning",
        "complexity": {
            "time": "O(steps * batch_size * weights) to train, O(n) to score",
            "space": "O(weights + batch_size * d)",
        },
        "strengths": [*said, *told.strengths],
        "weaknesses": [*filter(None, behind), *told.weaknesses],
        "best_for": told.best_for,
        "avoid_when": told.avoid_when,
        "benchmark_refs": sorted(ranks),
        "benchmark_rank": ranks,
        "paper": {"id": told.paper, "short": papers[told.paper].get("authors", "pyod-gan")},
        "default_params": {"gan": gan, "contamination": 0.1} if gan else {"contamination": 0.1},
        "preprocessing_mode": "internal",
        "requires": told.requires,
        "version_added": "pyod-gan 0.2.0",
    }


def told_of(gan: str, tables: Tables) -> Told:
    """What is said of one of the GANs: how it was beside the default."""
    name, family = f"{OURS}:{gan}", {s: best_first(tables["family", s]) for s in TABLES}
    title = deciding(tables["family", TABLES[0]])[0]
    gaps = " and ".join(f"{m[DEFAULT] - m[name]:.3f} ({WORDS[s]})" for s, m in family.items())
    told = Told(
        (GANS[gan].__doc__ or "").partition("\n")[0].rstrip("."),
        ("tabular",),
        ("family",),
        (),
        (),
        "Comparing with the GAN of the paper, or as one of several opinions",
        f"One detector is wanted: the default's mean {title} less its own is {gaps}",
        paper=gan,
    )
    if gan != "prototype":
        return told
    return told._replace(
        weaknesses=("Was made on the ODDS data sets, on which it is measured",),
        best_for="Normal rows of many classes, in columns that say little by themselves",
        avoid_when="Single columns and their pairs say more than distances",
        paper="pyod_gan",
    )


def papers_of_gans() -> Json:
    """Papers by the name of the GAN, from the page of the family, and what is cited for ours."""
    rows = re.findall(r"^\| `(\w+)` \| \[(.*?)\]\((.*?)\)", FAMILY.read_text("utf-8"), re.M)
    ours = {
        "title": "pyod-gan: GAN anomaly detection for scikit-learn and PyOD",
        "url": "https://github.com/pyod-gan/pyod-gan",
    }
    return {gan: {"authors": authors, "url": url} for gan, authors, url in rows} | {
        "pyod_gan": ours
    }


def rules(tables: Tables, errors_found: str) -> list[Json]:
    """Which detectors are recommended for which data."""
    slow = condition("priority", "in", ["balanced", "accuracy"])
    rows = condition("n_samples", "gte", FEWEST_ROWS)
    points = condition("n_samples", "gte", FEWEST_POINTS)
    found = [
        rule(
            key("odds", setting),
            ("tabular", slow, rows, condition("clean", "eq", clean)),
            recommended(tables["odds", setting]),
            f"{beside(OURS, tables, setting)} {level(tables['odds', setting])} "
            f"{OURS}:prototype is not recommended by these data sets, as it was made on them.",
            [key("odds", setting)],
        )
        for setting, clean in zip(TABLES, (False, True), strict=True)
    ]
    encoded = {"detector": OURS, "params": {"preprocessing": "table"}}
    said = f"{errors_found}. PyOD's detectors take only numbers, and no missing values."
    found.append(rule("pyod_gan_errors", ("mixed_table",), [encoded], said, ["pyod_gan_errors"]))
    said, evidence = beside("SeriesDetector", tables, "same"), [key("nab", "same")]
    best = recommended(tables["nab", "same"])
    found.append(rule(evidence[0], ("time_series", slow, points), best, said, evidence))
    filled = [{"detector": "SeriesDetector", "params": {"missing": "interpolate"}}]
    where = ("series_with_gaps", points)
    found.append(rule(f"{evidence[0]}_with_gaps", where, filled, said, evidence))
    for name, told in DETECTORS.items():
        if not told.alone:
            continue
        evidence = [key(benchmark, "same") for benchmark in told.benchmarks]
        said = f"{beside(name, tables, 'same')} {told.alone}"
        found.append(rule(evidence[0], told.data_types, [{"detector": name}], said, evidence))
    return found


def condition(field: str, op: str, value: Any) -> Json:
    """A condition of a rule."""
    return {"field": field, "op": op, "value": value}


def rule(
    name: str, where: Sequence[Any], chosen: list[Json], reason: str, evidence: list[str]
) -> Json:
    """A rule of the engine, for a kind of data and on conditions.

    The confidence only orders. It is higher than those of PyOD, so that what was measured goes
    first.
    """
    return {
        "id": name,
        "conditions": [condition("data_type", "eq", where[0]), *where[1:]],
        "recommendations": [
            {"params": {}, **one, "confidence": round(FIRST - STEP * place, 2)}
            for place, one in enumerate(chosen)
        ],
        "reason": reason,
        "evidence": evidence,
    }


def beside(name: str, tables: Tables, setting: str) -> str:
    """How good one of our detectors was in all its benchmarks, and who was best, in words."""
    said = []
    for benchmark in DETECTORS[name].benchmarks:
        table = tables[benchmark, setting]
        title = deciding(table)[0]
        best = [f"{d} {mean:.3f}" for d, mean in best_first(table)[:MOST].items()]
        said.append(
            f"{name}: {measured((benchmark, setting), table, name)}. "
            f"The best by {title}: {', '.join(best)}."
        )
    return " ".join(said)


def recommended(table: Table) -> list[Json]:
    """What the engine can build of a benchmark's detectors, the best first, each once."""
    known = {*KnowledgeBase().algorithms, *DETECTORS}
    means = best_first(table)
    chosen: dict[str, Json] = {}
    for name in means[means >= WORTH * means.iloc[0]].index.astype(str):
        one: Json = BUILT.get(name, {"detector": name})
        if one["detector"] in known:
            chosen.setdefault(one["detector"], one)
    return list(chosen.values())[:MOST]


def level(table: Table) -> str:
    """Name the detectors of PyOD from which ours does not differ by more than chance."""
    duels = significance.duels(deciding(table)[1], OURS)
    same = duels["against"][duels["p (Holm)"] >= 0.05]
    return f"No significant difference between {OURS} and {', '.join(sorted({*same} & {*PEERS}))}."
