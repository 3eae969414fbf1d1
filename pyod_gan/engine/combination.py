"""Combination of the views by E members to one score per row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from torch import nn

from .._support.spread import deviation_by_few

RELATIVE_NOISE = 1e-9  # a difference below this share of the largest score is rounding
DECIMALS = 7  # of a score; rows have about 7 digits too


class Judge(Protocol):
    """What makes one score of a row and of its views. Without a judge the largest view counts."""

    def scores(self, rows: np.ndarray, views: np.ndarray) -> np.ndarray:
        """Scores of scaled rows and the means of their views, (n, D), (n, V) -> (n,)."""

    def tensors(self) -> nn.Module:
        """Make the same in torch, (B, D), (B, V) -> (B,), in double precision."""

    def expected(self, rows: np.ndarray) -> np.ndarray:
        """Rows that were expected in place of each row, K opinions, (n, D) -> (K, n, D)."""

    def shares(self, rows: np.ndarray, views: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Shares of the columns in the scores, not negative, (n, D)."""

    def to_arrays(self) -> Mapping[str, np.ndarray]:
        """Everything learnt, as arrays."""


class Units(NamedTuple):
    """Centre and scale of each member's training scores, (E, 1, 1) each."""

    centre: np.ndarray
    scale: np.ndarray


def find_units(scores: np.ndarray) -> Units:
    """Median and spread of each member's training scores, (E, n, V) -> Units.

    The spread is the interquartile range. If half of the scores are equal, it is the standard
    deviation that they had if all others had the median distance of the others to the centre, so
    that no single score decides it. If all scores are equal, it is 1, so that the member adds
    nothing.
    """
    centre = np.median(scores, axis=(1, 2), keepdims=True)
    low, high = np.percentile(scores, [25, 75], axis=(1, 2), keepdims=True)
    noise = RELATIVE_NOISE * np.abs(scores).max(axis=(1, 2), keepdims=True)
    distances = zip(np.abs(scores - centre), noise, strict=True)
    of_others = [deviation_by_few(of_member, least.item()) for of_member, least in distances]
    scale = np.where(high - low > noise, high - low, np.reshape(of_others, noise.shape))
    scale = np.where(scale > 0, scale, 1.0)
    return Units(np.array(centre, order="C"), np.array(scale, order="C"))


def combine(
    scores: np.ndarray, units: Units, rows: np.ndarray | None = None, judge: Judge | None = None
) -> np.ndarray:
    """Take the mean over members, then the largest view or the judge's score, (E, n, V) -> (n,).

    A judge also needs the scaled rows (n, D).

    A matrix product adds in another order where it has other rows or another number of threads. So
    the scores of a row differ by about 1e-15, and a score that equals the threshold could be above
    it by chance. Rounding to 1e-7 removes these differences.
    """
    by_view = in_units(scores, units).mean(axis=0)
    if judge is None or rows is None:
        combined = by_view.max(axis=-1)
    else:
        combined = judge.scores(rows, by_view)
    return np.asarray(combined.round(DECIMALS) + 0.0)  # 0.0 in place of -0.0


def in_units(scores: np.ndarray, units: Units) -> np.ndarray:
    """Put the scores of all members on one scale, (E, n, V) -> (E, n, V)."""
    members: np.ndarray = scores - units.centre
    members /= units.scale
    return members
