"""What a fitted estimator shows of its training in a notebook, inside scikit-learn's diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import isfinite, nan
from typing import Any

from ..model import FittedModel

TITLES = ("Part", "GAN", "Members", "Rows", "Columns", "Steps", "Last training")
WIDTH, HEIGHT, MARGIN = 80, 14, 1  # of a curve, in pixels


class SummaryMixin:
    """Adds a summary of the training to the diagram of a fitted estimator."""

    def _get_fitted_attr_html(self, doc_link: str = "") -> Any:
        """Fitted attributes for the diagram of this estimator, or of a pipeline that has it."""
        attributes = super()._get_fitted_attr_html(doc_link)  # type: ignore[misc]  # scikit-learn's
        shown = attributes._html_repr
        attributes._html_repr = lambda: shown() + summary_of(self)
        return attributes

    def _fitted_parts(self) -> Any:
        """Return the detectors that this one is made of, in a dict or a list, or itself."""
        return getattr(self, "detectors_", self)


def summary_of(estimator: Any) -> str:
    """Say in HTML what a fitted estimator was trained on, and what it flags."""
    lines = [(escape(name), *_training(part)) for name, part in _parts(estimator)]
    first = 0 if len(lines) > 1 else 1  # a part that is alone needs no name
    rows = [_row("th", TITLES[first:]), *(_row("td", line[first:]) for line in lines)]
    return (
        '<div class="estimator-table"><details open=""><summary>Training</summary>'
        f'<table class="parameters-table"><tbody>{"".join(rows)}</tbody></table>'
        f'<div style="padding: .5rem">{_flagged(estimator)}</div></details></div>'
    )


def _parts(fitted: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the detectors that a fitted one is made of at last, with the names of their parts."""
    parts = fitted._fitted_parts() if isinstance(fitted, SummaryMixin) else fitted
    if isinstance(parts, list):
        parts = {i if len(parts) > 1 else "": part for i, part in enumerate(parts, 1)}
    if isinstance(parts, dict):
        for key, part in parts.items():
            yield from _parts(part, f"{name} {key}".strip())
    else:
        yield name, parts


def _training(detector: Any) -> tuple[str, ...]:
    """Cells of HTML for a detector. Of one that is not of this package only the class is known."""
    model = getattr(detector, "model_", None)
    if not isinstance(model, FittedModel):
        return (escape(type(detector).__name__), *[""] * 5)
    began, left = detector.n_members_, model.n_members
    dropped = f", {began - left} dropped" if left < began else ""
    return (
        escape(type(model.gan).__name__),
        f"{left} of {max(left, began)}{dropped}",
        f"{detector.n_samples_seen_:,}",
        f"{detector.n_features_in_:,}",
        f"{detector.n_iter_:,}",
        "<br/>".join(_last_training(detector.history_)),
    )


def _last_training(history: Sequence[dict[str, float]]) -> Iterator[str]:
    """Curve and last value of each loss, and the duration."""
    last = history[-1] if history else {}
    for name in last:
        if name.endswith("_loss"):
            values = [row.get(name, nan) for row in history]
            yield f"{_curve(values)} {escape(name.replace('_', ' '))} {last[name]:.3g}"
    if "seconds" in last:
        yield f"{last['seconds']:,.2f} s"


def _curve(values: Sequence[float]) -> str:
    """Draw values at equal distances as a small line in the colour of the text."""
    finite = [value for value in values if isfinite(value)]
    low, high = min(finite, default=0), max(finite, default=0)
    x_step, y_step = WIDTH / max(len(values) - 1, 1), HEIGHT / ((high - low) or 1)
    points = " ".join(
        f"{x_step * i:.1f},{y_step * (high - value) + MARGIN:.1f}"
        for i, value in enumerate(values)
        if isfinite(value)
    )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT + 2 * MARGIN}" style="vertical-align: middle" '
        'aria-hidden="true"><polyline fill="none" stroke="currentColor" '
        f'points="{points}"/></svg>'
    )


def _flagged(estimator: Any) -> str:
    """Say the threshold of a fitted estimator, and the share of training rows above it."""
    scored = getattr(estimator, "detector_", estimator)
    n_rows, share = len(scored.labels_), scored.labels_.mean()
    return (
        f"Anomaly scores above {scored.threshold_:.4g} are flagged: {100 * share:.3g} % of the "
        f"{n_rows:,} training scores."
    )


def _row(tag: str, cells: Sequence[str]) -> str:
    """Make a row of a table of cells of HTML."""
    return f'<tr class="default">{"".join(f"<{tag}>{cell}</{tag}>" for cell in cells)}</tr>'
