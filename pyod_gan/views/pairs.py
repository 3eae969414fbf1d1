"""Views of pairs of columns: values that are rare together, though each may be usual."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import numpy as np

N_BINS = 8  # of a column
N_CELLS = N_BINS**2  # of a pair
MOST_PAIRS = 60
MOST_CANDIDATES = 600  # pairs among which they are chosen
NO_EDGE = np.int32(2**31 - 1)
Array = np.ndarray


class Cells(NamedTuple):
    """Training rows in the 8 · 8 cells of p pairs of columns, n in all.

    The row itself is not one of them.
    """

    counts: Array  # (p, 64)
    expected: Array  # (p, 64) numbers of rows if the columns did not depend on each other
    n: int

    def without_own(self) -> Cells:
        """Return the counts if one of the rows in a cell is the row itself."""
        return self._replace(counts=np.maximum(self.counts - 1, 0))


def joint_rarity(c: Cells) -> Array:
    """−log of the share of rows in the same cell, as in HBOS, for two columns."""
    return np.asarray(np.log((c.n + 1) / (c.counts + 1)))


def broken_dependence(c: Cells) -> Array:
    """Log of how many times fewer rows a cell has than if the columns were independent.

    It is minus the pointwise mutual information (Church and Hanks 1990) of both bins.
    """
    return np.asarray(np.log((c.expected + 1) / (c.counts + 1)))


PAIR_VIEWS: tuple[Callable[[Cells], Array], ...] = (joint_rarity, broken_dependence)


def find_edges(values: Array) -> Array:
    """Smallest values of bins 1 to 7 of a column (n,), (7,) int32.

    A column of at most 8 distinct values has a bin for each of them. In others a value is in the
    bin of its mean rank. So a value that most rows have is in a bin of its own.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= N_BINS:
        first = distinct[1:]
    else:
        mean_rank = (counts.cumsum() - counts / 2) / len(values)
        first = distinct[1:][np.diff((N_BINS * mean_rank).astype(int)) > 0]
    edges = np.full(N_BINS - 1, NO_EDGE)
    edges[: len(first)] = first
    return edges


def find_bins(rows: Array, edges: Array) -> Array:
    """Bins of the values of rows, (n, D) int32, (D, 7) -> (n, D). An edge may be missed by one."""
    bins = np.zeros(rows.shape, dtype=np.int64)
    for edge in edges.T:
        bins += rows + 1 >= edge
    return bins


def choose_pairs(bins: Array) -> Array:
    """Choose the pairs of columns that depend most on each other, (n, D) -> (p, 2).

    That is by their mutual information. Of a wide table, 600 random pairs are considered.
    """
    pairs = _some_pairs(bins.shape[1])
    cells = count_cells(bins, pairs)
    ratio = np.maximum(cells.counts, 1) / np.maximum(cells.expected, 1e-9)
    information = (cells.counts * np.log(ratio)).sum(1)
    return pairs[np.argsort(-information, kind="stable")[:MOST_PAIRS]]


def count_cells(bins: Array, pairs: Array) -> Cells:
    """Count the rows in the cells of pairs, (n, D), (p, 2) -> Cells."""
    n, n_columns = bins.shape
    counts = np.zeros((len(pairs), N_CELLS), dtype=np.int64)
    for of_pair, (a, b) in zip(counts, pairs, strict=True):
        of_pair += np.bincount(N_BINS * bins[:, a] + bins[:, b], minlength=N_CELLS)
    single = np.zeros((n_columns, N_BINS))
    for of_column, column in zip(single, bins.T, strict=True):
        of_column += np.bincount(column, minlength=N_BINS)
    margins = single[pairs]  # (p, 2, 8)
    expected = margins[:, 0, :, None] * margins[:, 1, None] / n
    return Cells(counts, expected.reshape(len(pairs), N_CELLS), n)


def _some_pairs(n_columns: int) -> Array:
    """All pairs of columns, or 600 random ones, (p, 2)."""
    if n_columns * (n_columns - 1) // 2 <= MOST_CANDIDATES:
        pairs = list(combinations(range(n_columns), 2))
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)
    drawn = np.random.default_rng(0).integers(n_columns, size=(2 * MOST_CANDIDATES, 2))
    drawn.sort(1)
    different = drawn[drawn[:, 0] < drawn[:, 1]]
    first = np.unique(different, axis=0, return_index=True)[1]
    return different[np.sort(first)[:MOST_CANDIDATES]]
