"""Our figures beside published ones, for the protocols that repeat those of papers."""

from __future__ import annotations

import pandas as pd

from ..harness.report import markdown
from . import dte, papers


def beside_published(protocol: str, rows: pd.DataFrame) -> str:
    """Write both as Markdown.

    Parameters
    ----------
    protocol : str
        A key of :data:`benchmarks.harness.protocols.PROTOCOLS`.
    rows : DataFrame
        Its runs.

    Returns
    -------
    str
        A note and a table; nothing for a protocol that is this project's own.
    """
    for study in (dte, papers):
        if protocol in study.PROTOCOLS:
            return f"{study.NOTE}\n\n{markdown(study.beside_published(protocol, rows))}"
    return ""
