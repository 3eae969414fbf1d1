"""Pictures of the results: rank diagram, score histograms, training curves.

Figures are made without pyplot, so no display is needed and no global state is touched. Colours are
those of Okabe and Ito, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scikit_posthocs
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

from .detectors import OURS
from .report import complete, mean_ranks, per_dataset, sections
from .results import METRICS
from .significance import pairwise

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#5F5F5F"
SHOWN_SETS = 4
COMPARED = (OURS, "IForest", "KNN")
Arrays = dict[str, np.ndarray]


def draw_all(table: pd.DataFrame, out: Path) -> dict[str, list[Path]]:
    """Draw every picture the results allow.

    Parameters
    ----------
    table : DataFrame
        What :func:`benchmarks.harness.results.read` returns.
    out : Path
        The folder of ``results.csv`` and ``scores``.

    Returns
    -------
    dict of str to list of Path
        The PNG files written, by the title of the section.
    """
    written = {}
    for title, rows in sections(table):
        kept = _kept_scores(out / "scores" / title)
        drawn = [
            *(_rank_diagram(rows, m, title, out / f"ranks-{title}-{m}.png") for m in METRICS),
            _histograms(kept, title, out / f"scores-{title}.png"),
            _training_curves(kept, title, out / f"training-{title}.png"),
        ]
        written[title] = [path for path in drawn if path]
    return written


def _rank_diagram(rows: pd.DataFrame, metric: str, title: str, path: Path) -> Path | None:
    """Mean ranks; a bar joins detectors that the tests cannot tell apart."""
    scores = per_dataset(complete(rows), metric)
    if scores.shape[1] < 2 or len(scores) < 2:
        return None
    ranks = mean_ranks(scores)
    figure = Figure(figsize=(10, 1.6 + 0.2 * len(ranks)), layout="constrained")
    axes = figure.subplots()
    colours = {name: BLUE if name.startswith(OURS) else GREY for name in ranks.index}
    scikit_posthocs.critical_difference_diagram(
        ranks,
        pairwise(scores),
        ax=axes,
        color_palette=colours,
        text_h_margin=0.1,
        label_fmt_left="{label} ({rank:.1f}) ",
        label_fmt_right=" ({rank:.1f}) {label}",
        crossbar_props={"color": ORANGE},
    )
    axes.set_title(
        f"{title}: mean rank by {METRICS[metric]} on {len(scores)} data sets (1 is best).\n"
        "Bars join detectors that a Wilcoxon test with Holm's correction cannot separate (5 %).",
        fontsize=10,
        pad=16,
    )
    return _save(figure, path)


def _kept_scores(folder: Path) -> dict[str, dict[str, Arrays]]:
    """Read ``scores/<section>/<data set>--<detector>.npz`` as {data set: {detector: arrays}}.

    Four data sets are chosen by our AUROC, from the worst to the best, evenly spaced.
    """
    found: dict[str, dict[str, Arrays]] = {}
    for path in sorted(folder.glob("*.npz")):
        dataset, _, detector = path.stem.partition("--")
        with np.load(path) as arrays:
            found.setdefault(dataset, {})[detector] = dict(arrays)
    ours = {dataset: kept for dataset, kept in found.items() if OURS in kept} or found
    order = sorted(ours, key=lambda dataset: _auroc(ours[dataset]))
    places = np.unique(np.linspace(0, len(order) - 1, SHOWN_SETS).round().astype(int))
    return {order[place]: ours[order[place]] for place in places} if order else {}


def _auroc(kept: dict[str, Arrays]) -> float:
    """AUROC of our detector, or of the first kept one."""
    arrays = kept.get(OURS) or next(iter(kept.values()))
    return float(roc_auc_score(arrays["y"], arrays["scores"]))


def _histograms(kept: dict[str, dict[str, Arrays]], title: str, path: Path) -> Path | None:
    """Scores of normal rows and anomalies: data sets down, detectors across."""
    names = [name for name in COMPARED if any(name in arrays for arrays in kept.values())]
    if not kept or not names:
        return None
    figure = Figure(figsize=(3.2 * len(names) + 1, 2 * len(kept) + 1.2), layout="constrained")
    grid = figure.subplots(len(kept), len(names), squeeze=False)
    for axes_row, (dataset, arrays) in zip(grid, kept.items(), strict=True):
        for axes, name in zip(axes_row, names, strict=True):
            if name in arrays:
                auroc = _histogram(axes, arrays[name])
                axes.set_title(f"{dataset}, {name}: AUROC {auroc:.3f}", fontsize=9)
    grid[0, 0].legend(fontsize=8, frameon=False)
    figure.supxlabel("anomaly score; the most extreme 0.5 % sit in the end bins", fontsize=9)
    figure.supylabel("share of each class", fontsize=9)
    figure.suptitle(f"{title}: scores on sets from our worst (top) to our best", fontsize=10)
    return _save(figure, path)


def _histogram(axes: Axes, arrays: Arrays) -> float:
    """Draw one panel, each class scaled to its own size; return the AUROC."""
    y, scores = arrays["y"], arrays["scores"]
    low, high = np.quantile(scores, [0.005, 0.995])
    bins = np.linspace(low, high if high > low else low + 1, 31)
    for label, value, colour, hatch in (("normal", 0, BLUE, ""), ("anomaly", 1, ORANGE, "///")):
        chosen = np.clip(scores[y == value], bins[0], bins[-1])
        weights = np.full(len(chosen), 1 / max(len(chosen), 1))
        style: dict[str, Any] = {"label": label, "color": colour, "hatch": hatch, "alpha": 0.6}
        axes.hist(chosen, bins.tolist(), weights=weights, **style)
    axes.tick_params(labelsize=7)
    return float(roc_auc_score(y, scores))


def _training_curves(kept: dict[str, dict[str, Arrays]], title: str, path: Path) -> Path | None:
    """One panel per column of the training history, one line per data set."""
    curves = {name: arrays[OURS] for name, arrays in kept.items() if OURS in arrays}
    keys = sorted({key for arrays in curves.values() for key in arrays if _is_curve(key)})
    if not keys:
        return None
    across = min(3, len(keys))
    down = math.ceil(len(keys) / across)
    figure = Figure(figsize=(3.6 * across + 0.6, 2.6 * down + 0.8), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    styles = zip((BLUE, ORANGE, GREEN, PINK), ("-", "--", "-.", ":"), strict=True)
    for (name, arrays), (colour, line) in zip(curves.items(), styles, strict=False):
        for axes, key in zip(panels, keys, strict=False):
            if key in arrays:
                steps = arrays.get("history_step", np.arange(len(arrays[key])))
                axes.plot(steps, arrays[key], line, color=colour, label=name)
    for axes, key in zip(panels, keys, strict=False):
        axes.set_title(key.removeprefix("history_"), fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=7)
    for axes in panels[len(keys) :]:
        axes.set_axis_off()
    panels[0].legend(fontsize=7, frameon=False)
    figure.suptitle(f"{title}: training of {OURS}, first seed", fontsize=10)
    return _save(figure, path)


def _is_curve(key: str) -> bool:
    """Whether a kept array is worth a panel."""
    return key.startswith("history_") and key not in {"history_step", "history_seconds"}


def _save(figure: Figure, path: Path) -> Path:
    """Write a PNG."""
    figure.savefig(path, dpi=150)
    return path
