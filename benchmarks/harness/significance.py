"""Tests over data sets: what differences between detectors are more than chance.

Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006.
"""

from __future__ import annotations

import pandas as pd
import scikit_posthocs
from scipy.stats import friedmanchisquare, wilcoxon
from statsmodels.stats.multitest import multipletests


def friedman(scores: pd.DataFrame) -> float:
    """P-value of "all detectors rank alike"; NaN with fewer than 3 detectors or 2 sets."""
    if scores.shape[1] < 3 or len(scores) < 2:
        return float("nan")
    return float(friedmanchisquare(*scores.to_numpy().T).pvalue)


def pairwise(scores: pd.DataFrame) -> pd.DataFrame:
    """P-values of paired Wilcoxon tests over data sets, corrected by Holm over all pairs."""
    long = scores.melt(var_name="detector", value_name="score")
    return scikit_posthocs.posthoc_wilcoxon(
        long, val_col="score", group_col="detector", zero_method="zsplit", p_adjust="holm"
    )


def duels(scores: pd.DataFrame, ours: str) -> pd.DataFrame:
    """Our wins, ties (to three decimals) and losses against every other detector.

    Parameters
    ----------
    scores : DataFrame of shape (n_datasets, n_detectors)
        Mean over seeds.
    ours : str
        The column that the others are compared with.

    Returns
    -------
    DataFrame
        A line per other detector, with the p-value of the paired Wilcoxon test, corrected by Holm
        over these comparisons (ours is the control; pairs of others are not compared).
    """
    lines = []
    for peer in scores.columns.drop(ours):
        gaps = scores[ours] - scores[peer]
        rounded = gaps.round(3)
        won, lost = int((rounded > 0).sum()), int((rounded < 0).sum())
        p_value = wilcoxon(gaps, zero_method="zsplit").pvalue if gaps.any() else 1.0
        lines.append((peer, won, len(gaps) - won - lost, lost, gaps.mean(), p_value))
    columns = ["against", "won", "tied", "lost", "mean gap", "p (Holm)"]
    table = pd.DataFrame(lines, columns=columns)
    table["p (Holm)"] = multipletests(table["p (Holm)"], method="holm")[1]
    return table.sort_values("mean gap")


def power(scores: pd.DataFrame) -> str:
    """Say what :func:`duels` can show at best with so few data sets."""
    n_sets, n_tests = len(scores), scores.shape[1] - 1
    least = min(1.0, n_tests * 2 / 2**n_sets)
    return (
        f"With {n_sets} data sets and {n_tests} comparisons the smallest p-value that a Wilcoxon "
        f"test with Holm's correction can give is {least:.2g}."
    )
