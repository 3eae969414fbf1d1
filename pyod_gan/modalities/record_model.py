"""What RecordDetector makes of the scores of parts: tails, and one number of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..api.conformal import conformal_p_values
from ..front_ends.records import Part
from .parts import unit_of


class Calibrated(NamedTuple):
    """A fitted detector of a part, and the scores of the training records that have it."""

    detector: Any
    ordered: np.ndarray  # (m,) ascending
    upper: float  # their upper quartile
    scale: float  # their interquartile range

    @classmethod
    def of(cls, detector: Any, scores: np.ndarray) -> Calibrated:
        """Take a fitted detector and its training scores, of which some may be NaN, (m,)."""
        return cls.known(detector, np.sort(scores[~np.isnan(scores)]))

    @classmethod
    def known(cls, detector: Any, ordered: np.ndarray) -> Calibrated:
        """Take a fitted detector and its training scores, ascending, (m,)."""
        return cls(detector, ordered, float(np.quantile(ordered, 0.75)), unit_of(ordered)[1])

    def shares(self, scores: np.ndarray) -> np.ndarray:
        """Shares of the training records whose part is as odd, (n,). NaN stays NaN."""
        return conformal_p_values(scores, self.ordered)

    def tails(self, scores: np.ndarray) -> np.ndarray:
        """Tails of scores, (n,): −log of the share of training records whose part is as odd.

        What lies above their upper quartile adds the logarithm of its distance to it, in
        interquartile ranges, so that the oddest are still told apart.
        """
        above = np.maximum(scores - self.upper, 0) / self.scale
        return np.asarray(np.log1p(above) - np.log(self.shares(scores)))


class Scored(NamedTuple):
    """A part of n records, and the scores of those that have it."""

    part: Part
    scores: np.ndarray  # (m,)

    def by_record(self, values: np.ndarray) -> np.ndarray:
        """Values of the records that have it, (m,), and NaN for the others, (n,)."""
        found = np.full(len(self.part.present), np.nan)
        found[self.part.present] = values
        return found


def cubic_mean(tails: np.ndarray) -> np.ndarray:
    """Cubic mean of the tails that are there, (K, n) -> (n,), NaN where there are none."""
    there = ~np.isnan(tails)
    cubes = np.where(there, tails, 0) ** 3
    return np.asarray(np.cbrt(cubes.sum(axis=0) / there.sum(axis=0)))
