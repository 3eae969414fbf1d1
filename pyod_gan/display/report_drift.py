"""How far rows have moved from the training rows, in their scores and in their columns.

The distance is that of Kolmogorov and Smirnov: the largest difference between the shares of rows
that lie below a value (Smirnov 1939). In a column of 0 and 1, which stands for a category, it is
the difference between the shares of the category.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control, ks_2samp

from ..explain.values import Digits, number, quoted, scale_of_dates
from ..front_ends.decoding import MISSING, WHOLE, has_time, marks_missing
from ..front_ends.front_end import Output

CHANCE = 0.05  # p-value up to which a difference is more than chance


class Distance(NamedTuple):
    """How far numbers have moved."""

    size: float  # from 0 to 1
    p: float  # probability of a distance as large, if both came from one distribution
    place: float  # where the shares differ most
    before: float  # share of the earlier numbers up to this place
    now: float  # share of the later ones

    @classmethod
    def between(cls, before: np.ndarray, now: np.ndarray) -> Distance:
        """Compare earlier with later numbers, (n,), (m,)."""
        found = ks_2samp(before, now, method="asymp")
        place = float(found.statistic_location)
        size, p = float(found.statistic), min(1.0, float(found.pvalue))
        return cls(size, p, place, float(np.mean(before <= place)), float(np.mean(now <= place)))

    @property
    def is_chance(self) -> bool:
        """Whether the distance is within chance."""
        return self.p > CHANCE


class Moved(NamedTuple):
    """How far a column has moved, by the value at which it has moved most."""

    column: str
    said: str  # which rows are counted, such as "amount ≤ 120"
    before: float | None  # their share among the training rows; None if no words tell them
    now: float | None  # their share among the later rows
    size: float
    p: float  # adjusted for the number of columns

    @property
    def is_chance(self) -> bool:
        """Whether the distance is within chance."""
        return self.p > CHANCE


def moved_columns(
    names: Sequence[str], outputs: Sequence[Output], before: np.ndarray, now: np.ndarray
) -> list[Moved]:
    """Compare rows (n, D) with later ones (m, D), both as read. The farthest column comes first.

    Of the columns that encode one column of the table the farthest counts. P-values are adjusted
    for their number (Bonferroni), and then for the number of columns (Benjamini and Hochberg 1995).
    """
    if now.dtype != before.dtype:  # equal values must stay equal
        with np.errstate(over="ignore"):
            before, now = before.astype(np.float32), now.astype(np.float32)
    before, now = (np.nan_to_num(rows, nan=np.inf, posinf=np.inf) for rows in (before, now))
    encoding: dict[int, list[int]] = {}
    for k, output in enumerate(outputs):
        encoding.setdefault(output.column, []).append(k)
    distances = [Distance.between(*both) for both in zip(before.T, now.T, strict=True)]
    p_values = false_discovery_control(
        [min(1.0, len(own) * min(distances[k].p for k in own)) for own in encoding.values()]
    )
    moved = []
    for (j, own), p in zip(encoding.items(), p_values, strict=True):
        farthest = max(own, key=lambda k: (distances[k].size, outputs[k].label == WHOLE))
        values = np.concatenate([before[:, farthest], now[:, farthest]])
        distance, with_time = distances[farthest], has_time([outputs[k] for k in own])
        said, shares = _said(names[j], outputs[farthest], distance, values, with_time)
        moved.append(Moved(names[j], said, *shares, distance.size, float(p)))
    return sorted(moved, key=lambda column: -column.size)


def _said(
    name: str, output: Output, distance: Distance, values: np.ndarray, with_time: bool
) -> tuple[str, tuple[float | None, float | None]]:
    """Say which rows the shares of a distance are of, and give these shares."""
    up_to, above = (distance.before, distance.now), (1 - distance.before, 1 - distance.now)
    if output.kind == "text":
        return f"wording of {name}", (None, None)
    if output.kind == "unseen":
        return f"{name} never seen in training", above
    if marks_missing(output) or (output.kind == "category" and output.label == MISSING):
        return f"{name} missing", above
    if output.kind == "category":
        return f"{name} = {quoted(output.label)}", above
    if output.label == WHOLE:
        return f"{name} ≤ {scale_of_dates(None, with_time).said(distance.place)}", up_to
    subject = f"{output.label} of {name}" if output.label else name
    digits = Digits.of(values[np.isfinite(values)])
    sign = "=" if distance.place == values.min() else "≤"
    value = number(distance.place, digits.beside(distance.place))
    return f"{subject} {sign} {value}", up_to
