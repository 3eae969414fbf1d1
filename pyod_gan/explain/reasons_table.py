"""The data frame of reasons, as a notebook shows it. This module needs pandas."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

import pandas as pd

BESIDE = ("part", "score", "share")  # columns shown between the first one and the reason
BAR = "background:linear-gradient(90deg,rgba(70,130,210,.35) {0}%,transparent {0}%)"
CELL = '<td style="text-align:left;vertical-align:top;padding:.2em .8em;{}">{}</td>'


class ReasonsTable(pd.DataFrame):
    """A data frame of reasons. A notebook shows their sentences whole, and shares as bars.

    Columns that the sentences say are not shown, unless somebody chose columns or added some.
    """

    _metadata: ClassVar[list[str]] = ["made_with"]  # its columns, which pandas hands on
    made_with: tuple[str, ...] = ()

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return ReasonsTable

    def _repr_html_(self) -> str | None:
        """Write the sentences, with what they are of; None where a notebook shall show text."""
        if not pd.get_option("display.notebook_repr_html"):
            return None
        if tuple(self.columns) != self.made_with:
            with pd.option_context("display.max_colwidth", None):
                html: str | None = super()._repr_html_()
            return html
        shown = [self.columns[0], *(name for name in BESIDE if name in self), "reason"]
        most = pd.get_option("display.max_rows") or len(self)
        largest = self["share"].max() if "share" in self else 1
        lines, last = [], object()
        for line in self[shown].head(most).itertuples(index=False, name=None):
            first, last = "" if line[0] == last else line[0], line[0]
            cells = "".join(
                map(_cell, (first, *line[1:]), (largest * (n == "share") for n in shown))
            )
            lines.append(f"<tr>{cells}</tr>")
        head = "".join(f'<th style="text-align:left">{escape(str(name))}</th>' for name in shown)
        left = f"<p>{len(self) - most} more reasons</p>" if len(self) > most else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        return f"<div>{table}{left}</div>"


def _cell(value: Any, largest: float) -> str:
    """One cell, with a bar behind it if ``largest``, which fills the cell, is not 0."""
    style = BAR.format(round(100 * value / largest)) if largest > 0 else ""
    return CELL.format(style, f"{value:.3g}" if isinstance(value, float) else escape(str(value)))
