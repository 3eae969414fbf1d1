"""The report as one HTML page, with its pictures inside."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from matplotlib import image

from . import report
from .detectors import OURS
from .protocols import MEANINGS, PAPERS
from .results import METRICS

TEMPLATE = Path(__file__).with_name("page.html.j2")


def write(table: pd.DataFrame, drawn: dict[str, list[Path]], path: Path) -> None:
    """Write the page. It names nothing outside itself, and needs no network.

    Parameters
    ----------
    table : DataFrame
        What :func:`benchmarks.harness.results.read` returns.
    drawn : dict of str to list of Path
        What :func:`benchmarks.harness.pictures.draw_all` returns.
    path : Path
        The HTML file.
    """
    shown = table[~table["protocol"].isin(PAPERS)]
    sections = [_section(title, rows, drawn[title]) for title, rows in report.sections(shown)]
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = page.from_string(TEMPLATE.read_text(encoding="utf-8"))
    values = {"sections": sections, "ours": OURS, "failure_note": report.FAILURE_NOTE}
    path.write_text(template.render(values), encoding="utf-8")


def _section(title: str, rows: pd.DataFrame, pictures: list[Path]) -> dict[str, Any]:
    """What the page says of one protocol."""
    kept = report.complete(rows)
    lines = _lines(report.summary(kept)) if len(kept) else []
    return {
        "title": title,
        "meaning": MEANINGS[rows["protocol"].iloc[0]],
        "measured_on": f"Means over {report.measured_on(kept)}",
        "metrics": list(METRICS.values()),
        "lines": lines,
        "pictures": [_picture(path) for path in pictures],
        "losses": list(_losses(kept)),
    }


def _lines(summary: pd.DataFrame) -> list[dict[str, Any]]:
    """One line per detector, with bars from 0 to 1."""
    lines = []
    texts = {m: report.with_spread(summary[m], summary[f"{m} sd"]) for m in METRICS.values()}
    for place, one in summary.iterrows():
        qualities = [
            {
                "text": texts[name][place],
                "percent": round(100 * one[name], 1),
                "rank": f"{one[f'mean rank by {name}']:.2f}",
                "best": one[name] == summary[name].max(),
            }
            for name in METRICS.values()
        ]
        ours, seconds = one["detector"].startswith(OURS), f"{one['seconds']:.2f}"
        line = {"detector": one["detector"], "ours": ours, "qualities": qualities}
        lines.append(line | {"seconds": seconds, "failed": one["failed"]})
    return lines


def _losses(kept: pd.DataFrame) -> list[dict[str, Any]]:
    """Data sets where another detector is better, by metric."""
    found = []
    for metric, name in METRICS.items():
        scores = report.per_dataset(kept, metric)
        if OURS in scores and scores.shape[1] > 1:
            lost = report.losses(scores, OURS).itertuples(index=False)
            found.append({"metric": name, "lines": list(lost)})
    return found


def _picture(path: Path) -> dict[str, Any]:
    """A picture as text, shown at half of its size in pixels, so that it is sharp."""
    height, width = image.imread(path).shape[:2]
    png = b64encode(path.read_bytes()).decode()
    return {"name": path.stem, "png": png, "width": width // 2, "height": height // 2}
