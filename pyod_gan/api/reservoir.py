"""The rows that ``partial_fit`` remembers: a bounded sample in which old rows fade."""

from __future__ import annotations

import numpy as np


def first_rows(rows: np.ndarray, size: int) -> np.ndarray:
    """Return all rows, or a random subset, (n, D) -> (at most size, D)."""
    if len(rows) <= size:
        return rows.copy()
    return rows[np.sort(np.random.default_rng(0).choice(len(rows), size, replace=False))]


def renewed(reservoir: np.ndarray, rows: np.ndarray, size: int, n_seen: int) -> np.ndarray:
    """Return a new reservoir that also holds new rows. The old one is left as it is.

    This is biased reservoir sampling (Aggarwal, VLDB 2006). A full reservoir gives a random place
    to each new row, so that a row is kept with probability exp(−t / size) after t later rows.

    ``n_seen`` is the number of rows seen before. It seeds the draw, so the same rows in the same
    order give the same reservoir.
    """
    free = max(size - len(reservoir), 0)
    filled = np.concatenate([first_rows(reservoir, size), rows[:free]])
    later = rows[free:]
    if len(filled):
        places = np.random.default_rng(n_seen).integers(len(filled), size=len(later))
        filled[places] = later  # where places repeat, the last row stays
    return filled
