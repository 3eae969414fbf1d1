"""Views of single columns: how far out, and how rare, a value is in its own column."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

MOST_POINTS = 1024  # of one column
MOST_IN_ALL = 2**18  # of all columns, but at least 64 of each
Array = np.ndarray


class Counts(NamedTuple):
    """Numbers of training values on either side of some values, and on them.

    The row's own value is not one of them. So a training row compares with the other training rows
    as a new row does, and what differs by chance only is no sign of being new.
    """

    left: Array  # (q,) number of training values that are at most as large
    right: Array  # (q,) number of training values that are at least as large
    equal: Array  # (q,) number of training values that are equal
    n: int  # number of training values
    typical: float  # median of ``equal`` over the training values, each without itself

    def without_own(self) -> Counts:
        """Return the counts if one of the equal values is the row's own."""
        return self._replace(left=self.left - 1, right=self.right - 1, equal=self.equal - 1)


def tail(c: Counts) -> Array:
    """−log of the share of values that are as far out, on the value's own side.

    ECOD takes the larger tail of a column, too (Li et al. 2022).
    """
    return minus_log(np.minimum(c.left, c.right), c.n)


def left_tail(c: Counts) -> Array:
    """−log of the share of values that are at most as large (Li et al. 2022)."""
    return minus_log(c.left, c.n)


def right_tail(c: Counts) -> Array:
    """−log of the share of values that are at least as large (Li et al. 2022)."""
    return minus_log(c.right, c.n)


def rarity(c: Counts) -> Array:
    """−log of the share of values that are equal, as in HBOS (Goldstein and Dengel 2012)."""
    return minus_log(c.equal, c.n)


def relative_rarity(c: Counts) -> Array:
    """Rarity, minus that of a typical value of the column."""
    relative: Array = rarity(c) - minus_log(c.typical, c.n)
    return relative


COLUMN_VIEWS: tuple[Callable[[Counts], Array], ...] = (
    tail,
    left_tail,
    right_tail,
    rarity,
    relative_rarity,
)


def minus_log(count: Array | float, n: float) -> Array:
    """−log of a share that is never 0, (count + 1) / (n + 1)."""
    return np.asarray(np.log((n + 1) / (np.asarray(count) + 1)))


class Column(NamedTuple):
    """Counts of a column at Q of its training values, and in the Q + 1 gaps between them."""

    points: Array  # (Q,) int32, ascending
    at: Counts
    between: Counts  # (Q + 1,)


def count_column(values: Array, most_points: int = MOST_POINTS) -> Column:
    """Count the values (n,) of a column.

    The points are all distinct values, or where these are too many, evenly spaced ones.
    """
    n = len(values)
    points, which, equal = np.unique(values, return_inverse=True, return_counts=True)
    typical = float(np.median(equal[which])) - 1
    left = equal.cumsum()
    if len(points) > most_points:
        chosen = np.linspace(0, len(points) - 1, most_points).astype(int)
        points, left, equal = points[chosen], left[chosen], equal[chosen]
    at = Counts(left, n - left + equal, equal, n, typical)
    lower, upper = np.concatenate([[0], left]), np.concatenate([left - equal, [n]])
    middle = (lower + upper) / 2  # both are the same where no value was left out
    return Column(points, at, Counts(middle, n - middle, np.zeros(len(middle)), n, typical))
