"""What ``partial_fit`` remembers: a bounded sample of all rows seen, in which old rows fade."""

from __future__ import annotations

import numpy as np


def first_rows(rows: np.ndarray, size: int) -> np.ndarray:
    """All rows, or a random subset, (n, D) -> (at most size, D)."""
    if len(rows) <= size:
        return rows.copy()
    return rows[np.sort(np.random.default_rng(0).choice(len(rows), size, replace=False))]


def renewed(reservoir: np.ndarray, rows: np.ndarray, size: int, n_seen: int) -> np.ndarray:
    """A new reservoir that holds new rows too; the old one is left as it is.

    Biased reservoir sampling (Aggarwal, VLDB 2006): a full reservoir gives a random place to each
    new row, so that a row is kept with probability exp(−t / size) after t later rows.

    ``n_seen``, the rows seen before, seeds the draw: the same stream gives the same reservoir.
    """
    free = max(size - len(reservoir), 0)
    filled = np.concatenate([first_rows(reservoir, size), rows[:free]])
    later = rows[free:]
    if len(filled):
        places = np.random.default_rng(n_seen).integers(len(filled), size=len(later))
        filled[places] = later  # where places repeat, the last row stays
    return filled
