"""The papers' protocols (``kdd``, ``arrhythmia``): our figures beside the published ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..harness.detectors import OURS
from ..harness.protocols import PAPERS

PROTOCOLS = tuple(PAPERS)
QUALITIES = {"precision": "precision", "recall": "recall", "f1": "F1"}
SEEDS = 20  # a test half of arrhythmia has about 33 anomalies: one hit more moves F1 by 0.03
DETECTORS = [OURS, *(f"{OURS}:{gan}" for gan in ("alad", "bigan", "anogan", "ganomaly"))]
NOTE = """\
Each run halves the rows at random, fits on the normal rows of one half and scores the other; a
fixed share of it is flagged. Ours: mean ± standard deviation over seeds, all at their defaults.
Published figures are of splits, scalings and training lengths chosen by their authors; those that
are not verified could not be read in the paper itself."""


def published(protocol: str) -> pd.DataFrame:
    """Figures from papers.

    Parameters
    ----------
    protocol : str
        ``kdd`` or ``arrhythmia``.

    Returns
    -------
    DataFrame
        One line per model with precision, recall, F1, source and status.
    """
    table = pd.read_csv(Path(__file__).parent / "papers.csv")
    return table[table["protocol"] == protocol].drop(columns="protocol")


def beside_published(protocol: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Our figures, then the published ones.

    Parameters
    ----------
    protocol : str
        ``kdd`` or ``arrhythmia``.
    rows : DataFrame
        Its runs.

    Returns
    -------
    DataFrame
        Text, ready to print; failures count as 0 and are named in ``status``.
    """
    lines = []
    for name, runs in rows.groupby("detector", sort=False):
        failed = int((runs["status"] != "ok").sum())
        line = {"model": name}
        for column, title in QUALITIES.items():
            line[title] = f"{runs[column].mean():.3f} ± {runs[column].std():.3f}"
        lines.append(line | {"source": f"{len(runs)} seeds", "status": f"{failed} failed"})
    theirs = published(protocol).rename(columns=QUALITIES)
    for title in QUALITIES.values():
        theirs[title] = theirs[title].map("{:.3f}".format)
    return pd.concat([pd.DataFrame(lines), theirs], ignore_index=True)
