"""Figures of a report, by Bokeh.

Their axes take the colours of the page, which are CSS variables (``--bk-...``), so that they can be
read on a light and on a dark ground. All other colours can be read on both.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np

from .._support.optional_imports import import_optional
from .display import BLUE, GREEN, GREY, ORANGE
from .report_findings import Findings, Map

EXTRA = "report"
FONT = "system-ui, sans-serif"
PHASES = (BLUE, ORANGE, GREEN, GREY)  # colours of losses
N_BINS = 50


def figures_of(findings: Findings) -> dict[str, dict[str, Any]]:
    """Make the figures of a report, as JSON that ``Bokeh.embed.embed_item`` takes, by name."""
    made = {"scores": _scores(findings)}
    if findings.map is not None:
        made["map"] = _map(findings.map, findings)
    made["losses"] = _losses(findings)
    embed = import_optional("bokeh.embed", EXTRA)
    return {name: _with_own_ids(embed.json_item(made[name], name), name) for name in made}


def colours_of_losses(findings: Findings) -> dict[str, str]:
    """Colour of each phase's loss."""
    return dict(zip(findings.losses, cycle(PHASES), strict=False))


def _figure(height: int, **options: Any) -> Any:
    """Make an empty figure in the style of the page, as wide as its place."""
    plotting = import_optional("bokeh.plotting", EXTRA)
    figure = plotting.figure(
        height=height,
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border=0,
        **options,
    )
    for axis in figure.axis:
        axis.update(
            axis_line_color=GREY,
            axis_label_text_color=GREY,
            axis_label_text_font=FONT,
            axis_label_text_font_size="13px",
            axis_label_text_font_style="normal",
            axis_label_standoff=8,
            major_label_text_color=GREY,
            major_label_text_font=FONT,
            major_label_text_font_size="12px",
            major_tick_line_color=None,
            minor_tick_line_color=None,
        )
    figure.yaxis.axis_line_color = None
    figure.xgrid.visible = False
    figure.ygrid.update(grid_line_color=GREY, grid_line_alpha=0.25)
    return figure


def _scores(findings: Findings) -> Any:
    """Histogram of scores, of the training rows and of the rows that were passed."""
    models = import_optional("bokeh.models", EXTRA)
    of_rows = findings.scores
    both = [findings.training_scores] + ([] if of_rows is None else [of_rows])
    ends = [findings.threshold] if np.isfinite(findings.threshold) else []  # a thresholder's −∞
    edges = np.histogram_bin_edges(np.concatenate([*both, ends]), N_BINS)
    shares = [np.histogram(scores, edges)[0] / len(scores) for scores in both]
    lowest = 0.5 * min(share[share > 0].min() for share in shares)
    figure = _figure(
        260,
        y_axis_type="log",
        y_range=(lowest, 1.5 * max(share.max() for share in shares)),
        x_axis_label="score",
        y_axis_label="share of rows",
    )
    figure.yaxis.ticker = [m * 10.0**-k for k in range(7) for m in (1, 3)]
    figure.yaxis.formatter = models.NumeralTickFormatter(format="0.[0000]%")
    looks = [
        {"fill_color": GREY, "fill_alpha": 0.45, "line_color": None},
        {"fill_color": BLUE, "fill_alpha": 0.2, "line_color": BLUE},
    ]
    names = ["training rows", "these rows"]
    for name, share, look in zip(names, shares, looks, strict=False):
        some = share > 0
        source = models.ColumnDataSource(
            {"left": edges[:-1][some], "right": edges[1:][some], "share": share[some]}
        )
        bars = figure.quad("left", "right", "share", lowest, source=source, **look)
        said = [(name, "@share{0.[00]%}"), ("score", "@left{0.00} to @right{0.00}")]
        figure.add_tools(models.HoverTool(renderers=[bars], tooltips=said))
    look = {"line_color": ORANGE, "line_width": 2}
    for place in ends:
        figure.add_layout(models.Span(location=place, dimension="height", **look))
    return figure


def _map(found: Map, findings: Findings) -> Any:
    """Rows in two components. Their source is named "rows"."""
    models = import_optional("bokeh.models", EXTRA)
    first, second = (f"{share:.0%} of the variance" for share in found.shares)
    figure = _figure(
        440, x_axis_label=f"first component, {first}", y_axis_label=f"second component, {second}"
    )
    figure.axis.ticker = []
    figure.scatter(*found.training.T, size=5, color=GREY, fill_alpha=0.35, line_color=None)
    n_top = len(findings.top)
    flagged = found.rows.scores > findings.threshold
    source = models.ColumnDataSource(
        {
            "x": found.rows.places[:, 0],
            "y": found.rows.places[:, 1],
            "row": found.rows.labels,
            "score": found.rows.scores,
            "size": np.repeat([6, 10], [len(flagged) - n_top, n_top]),
            "colour": np.where(flagged, ORANGE, BLUE).tolist(),
        },
        name="rows",
    )
    look = {"fill_color": "colour", "fill_alpha": 0.75, "nonselection_fill_alpha": 0.75}
    rows = figure.scatter("x", "y", size="size", source=source, line_color=None, **look)
    rows.selection_glyph = rows.glyph.clone(size=18, fill_alpha=1.0)
    said = [("Row", "@row"), ("Score", "@score{0.000}")]
    hover = models.HoverTool(renderers=[rows], tooltips=said, limit=3, visible=False)
    tap = models.TapTool(renderers=[rows], visible=False)
    figure.add_tools(models.PanTool(), models.WheelZoomTool(), models.ResetTool(), tap, hover)
    figure.toolbar.update(active_drag=None, active_scroll=None, logo=None)
    figure.toolbar_location = "below"
    return figure


def _losses(findings: Findings) -> Any:
    """Loss of each phase over the steps of training."""
    models = import_optional("bokeh.models", EXTRA)
    figure = _figure(260, x_axis_label="training step", y_axis_label="loss, mean over members")
    for name, colour in colours_of_losses(findings).items():
        source = models.ColumnDataSource({"step": findings.steps, "loss": findings.losses[name]})
        line = figure.line("step", "loss", source=source, line_color=colour, line_width=2)
        said = [("step", "@step"), (name, "@loss{0.000}")]
        figure.add_tools(models.HoverTool(renderers=[line], tooltips=said, mode="vline"))
    return figure


def _with_own_ids(item: Any, name: str) -> Any:
    """Number the models of a figure by themselves, so that the same figure has the same JSON."""
    numbers: dict[str, str] = {}

    def renamed(key: str, value: Any) -> Any:
        if key in ("id", "root_id"):
            return numbers.setdefault(value, f"{name}-{len(numbers)}")
        if isinstance(value, dict):
            return {k: renamed(k, v) for k, v in value.items()}
        return [renamed("", v) for v in value] if isinstance(value, list) else value

    return renamed("", item)
