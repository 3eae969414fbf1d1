"""The bank of prototypes: training rows, shared by all members, to compare rows with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import kernels

SIZE = 1024  # number of prototypes
FENCE = 3.0  # Tukey's outer fence, in interquartile ranges above the upper quartile
ROUNDS = 3  # of concentration steps, which find the core
KEPT = 0.8  # share of the rows that such a step keeps
FENCED, CONCENTRATED = 3, 1  # levels that decide: the nearest of 2³ and of 2¹ prototypes
Array = np.ndarray


class Bank(NamedTuple):
    """Prototypes in S places, a power of two. The last places may hold none."""

    places: Array  # (D, S) int32
    n_present: int
    core: Array  # (S,) bool, prototypes of the core
    later: Array  # (S,) bool, copies of earlier prototypes

    def levels(self, rows: Array) -> Array:
        """Distance to the nearest prototype of a group, by group size, (n, D) int32 -> (n, 11)."""
        found = np.empty((len(rows), kernels.N_LEVELS))
        kernels.find_all_levels(rows, self.places, self.n_present, self.later, found)
        return found


class Choice(NamedTuple):
    """A bank, and what its choice says of the rows of the pool."""

    bank: Bank
    inside: Array  # (P,) bool, rows within the fence
    core: Array  # (P,) bool, rows of the core


def make_bank(rows: Array, core: Array | None = None) -> Bank:
    """Make a bank of the first rows of (P, D) int32, at most 1,024. By default all are core."""
    taken = rows[:SIZE]
    n_places = 1 << (len(taken) - 1).bit_length()
    free = (0, n_places - len(taken))
    of_core = np.ones(len(taken), dtype=bool) if core is None else core[:SIZE]
    places = np.ascontiguousarray(np.pad(taken, (free, (0, 0))).T)
    later = np.zeros(n_places, dtype=bool)
    kernels.find_later(places, len(taken), later)
    return Bank(places, len(taken), np.pad(of_core, free), later)


def choose_bank(pool: Array) -> Choice:
    """Choose the bank among the rows of a pool, (P, D) int32, which may hold anomalies.

    A prototype that is an anomaly would make similar anomalies look normal. So a row beyond Tukey's
    outer fence cannot be a prototype: its distance to the nearest of 8 prototypes is more than
    three interquartile ranges above the upper quartile.

    The *core* is stricter. Three times over, the fifth of the rows that is farthest from the bank
    cannot be in the next bank. These are the concentration steps of the minimum covariance
    determinant (Rousseeuw and Van Driessen 1999), by the nearest of 2 prototypes.
    """
    bulk = make_bank(pool).levels(pool)[:, FENCED]
    low, high = np.quantile(bulk, [0.25, 0.75])
    inside = bulk <= high + FENCE * (high - low)
    core = np.ones(len(pool), dtype=bool)
    for _ in range(ROUNDS):
        apart = make_bank(pool[core]).levels(pool)[:, CONCENTRATED]
        core = apart <= np.quantile(apart, KEPT)
    inside |= core
    return Choice(make_bank(pool[inside], core[inside]), inside, core)
