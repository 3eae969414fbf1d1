"""The report of a fitted detector: one HTML page that needs nothing else."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._support.atomic_files import atomic_write, check_place
from .._support.optional_imports import import_optional
from ..explain.reasons import check_top
from .report_figures import EXTRA, colours_of_losses, figures_of
from .report_findings import Drift, Findings, find

TEMPLATE = Path(__file__).with_name("report_page.html")
MOST_MOVED = 10  # columns that are listed
ABOUT_DISTANCES = (
    "A distance is the largest difference between the shares of rows up to some value (Kolmogorov "
    "and Smirnov), from 0 to 1."
)
ABOUT_COLUMNS = (
    "The table says this value or category, and the shares of rows. P-values are adjusted for the "
    "number of columns (Benjamini and Hochberg). Columns that may have moved by chance are grey."
)
MADE_BY = ("pyod-gan", "torch", "scikit-learn", "numpy", "bokeh")


def report(
    estimator: Any,
    X: Any = None,
    path: str | os.PathLike[str] = "report.html",
    *,
    top: int = 50,
) -> Path:
    """Write a page about a fitted detector and rows that it scores, to look at in a browser.

    The page shows the scores beside those of the training rows, the rows that score highest with
    their reasons, a map of the rows, how far they have moved from the training rows, and the losses
    of training. It is one HTML file, which loads nothing and needs no network. The same detector
    and rows give the same file.

    Parameters
    ----------
    estimator : GANDetector, GANOutlierDetector or Pipeline
        A fitted detector of tables, or a pipeline that ends in one. Scores are in the convention of
        :class:`GANDetector`: higher = more anomalous.
    X : array-like of shape (n_samples, n_features), default=None
        Rows in memory. None takes the training rows, as far as the model keeps them.
    path : str or path-like, default="report.html"
        Path of the file. An existing file is replaced. After an error it is as it was.
    top : int, default=50
        Number of rows that are explained, those that score highest.

    Returns
    -------
    path : Path
        Path of the file.

    Raises
    ------
    NotFittedError
        If the detector is not fitted.
    TypeError
        If the estimator is no detector of tables.
    ValueError
        If ``top`` is less than 1, or ``X`` does not lie in memory, or as in ``decision_function``.
    OSError
        If the file cannot be written.
    ImportError
        If Bokeh is not installed. The extra ``report`` has it.
    """
    path = Path(path)
    check_place(path)
    import_optional("bokeh", EXTRA)
    check_top(top)
    page = _page(find(estimator, X, top))
    with atomic_write(path) as file:
        file.write(page.encode())
    return path


def _page(found: Findings) -> str:
    """Make the page."""
    resources = import_optional("bokeh.resources", EXTRA).Resources
    bokeh = resources("inline", components=["bokeh"], minified=True, log_level="warn")
    environment = import_optional("jinja2", EXTRA).Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {}  # in Bokeh's order, as models refer to others
    page: str = environment.from_string(TEMPLATE.read_text("utf-8")).render(
        found=found,
        title=_title(found),
        facts=_facts(found),
        n_others=len(found.map.rows.labels) - len(found.top) if found.map else 0,
        these="training rows" if found.scores is None else "these rows",
        has_reasons=any(row.reasons for row in found.top),
        drift=found.drift and _said_of(found.drift, found.held_out_scores is not None),
        most_moved=MOST_MOVED,
        figures=figures_of(found),
        colours=colours_of_losses(found),
        scripts=bokeh.js_raw,
        versions={name: version(name) for name in MADE_BY},
    )
    return page


def _title(found: Findings) -> str:
    """Say how many rows are flagged."""
    scores, what = found.scores, "rows"
    if scores is None:
        scores, what = found.training_scores, "training rows"
    return f"{(scores > found.threshold).sum():,} of {len(scores):,} {what} are flagged"


def _facts(found: Findings) -> list[tuple[str, str, str]]:
    """The summary: names, values, and what there is more to say of them."""

    def flagged(scores: np.ndarray) -> str:
        return f"{np.mean(scores > found.threshold):.1%} flagged"

    facts = [
        ("GAN", found.gan, f"{found.n_members:,} member{'s' * (found.n_members != 1)}"),
        ("Columns", f"{found.n_columns:,}", ""),
        ("Training rows", f"{found.n_learnt:,}", flagged(found.training_scores)),
    ]
    if found.scores is not None:
        facts.append(("These rows", f"{len(found.scores):,}", flagged(found.scores)))
    if found.held_out_scores is not None:
        held_out = found.held_out_scores
        facts.append(("Held-out rows", f"{len(held_out):,}", flagged(held_out)))
    return [*facts, ("Threshold", f"{found.threshold:.4g}", "")]


class _Said(NamedTuple):
    """What is said of a drift."""

    title: str
    of_scores: str
    meaning: str  # of the numbers


def _said_of(drift: Drift, has_held_out: bool) -> _Said:
    """Say how far rows have moved."""
    scores, n_columns = drift.scores, len(drift.columns)
    others = "held-out rows" if has_held_out else "training rows"
    numbers = f"(distance\u00a0{scores.size:.2f}, p\u00a0=\u00a0{scores.p:.2g})"
    way = "higher" if scores.now < scores.before else "lower"
    said = f"These rows score {way} than the {others} {numbers}."
    if scores.is_chance:
        said = f"The scores differ from those of the {others} by no more than chance {numbers}."
    elif way == "higher" and not has_held_out:
        said += (
            " Rows that were not in training score somewhat higher also without drift. After "
            "calibrate(held_out_rows) they are compared with those rows."
        )
    if not n_columns:
        return _Said("Drift", said, ABOUT_DISTANCES)
    n_moved = sum(not column.is_chance for column in drift.columns)
    title = f"{n_moved} of {n_columns} columns {'has' if n_moved == 1 else 'have'} moved"
    if not n_moved:
        title = "No column has moved by more than chance"
    meaning = f"{ABOUT_DISTANCES} {ABOUT_COLUMNS}"
    if n_columns > MOST_MOVED:
        meaning = f"These are the {MOST_MOVED} columns that moved most. {meaning}"
    return _Said(title, said, meaning)
