"""The ``dte-`` protocols: our figures beside those that their paper gives for the same data sets.

Livernoche et al., "On Diffusion Modeling for Anomaly Detection", ICLR 2024; figures by data set
from https://github.com/vicliv/DTE, means over five seeds.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..harness.results import METRICS

PROTOCOLS = ("dte-one-class", "dte-unsupervised")
NOTE = """\
On the data sets for which the paper gives figures (26 methods, five seeds; its methods are named as
there, ours as above). The one-class split follows the file order, and small sets are resampled
before it, so these figures are for comparison with that paper alone."""


def published(protocol: str) -> pd.DataFrame:
    """Figures of the paper.

    Parameters
    ----------
    protocol : str
        ``dte-one-class`` or ``dte-unsupervised``.

    Returns
    -------
    DataFrame
        Fractions; one line per data set, columns ``(metric, method)``.
    """
    table = pd.read_csv(Path(__file__).parent / "dte.csv", comment="#")
    table = table[table["protocol"] == protocol].drop(columns="protocol")
    return table.set_index(["dataset", "metric"]).unstack("metric").swaplevel(axis=1) / 100


def beside_published(protocol: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Means over the data sets that both have, the best AUROC first.

    Parameters
    ----------
    protocol : str
        ``dte-one-class`` or ``dte-unsupervised``.
    rows : DataFrame
        Its runs, complete.

    Returns
    -------
    DataFrame
        One line per method with its source and the number of data sets.
    """
    theirs = published(protocol)
    ours = rows.pivot_table(index="dataset", columns="detector", values=list(METRICS))
    shared = theirs.index.intersection(ours.index)
    lines = []
    for source, table in (("here", ours), ("published", theirs)):
        means = table.loc[shared].mean().unstack(0)[list(METRICS)].rename(columns=METRICS)
        lines.append(means.assign(source=source, sets=len(shared)))
    table = pd.concat(lines).rename_axis("method").reset_index()
    return table.sort_values("AUROC", ascending=False, ignore_index=True)
