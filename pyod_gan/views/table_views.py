"""All views of a row of a table. This file lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple

import numpy as np

from . import kernels
from .axes import find_axes, lengths_if_new
from .bank import choose_bank
from .checked_arrays import Shapes, check_arrays
from .columns import COLUMN_VIEWS, MOST_IN_ALL, MOST_POINTS, count_column
from .pairs import N_BINS, PAIR_VIEWS, choose_pairs, count_cells, find_bins, find_edges
from .regressions import REGRESSION_VIEWS, Regressions, fit_regressions

POOL = 2048  # number of training rows that views are made of
GRID = 2.0**16  # steps of the whole numbers per standard deviation
WIDE = 256  # number of columns up to which sums of differences on this grid have 32 bits
FINGERPRINT = 2.0**35  # largest sum of the weights of fingerprints, which stay exact
SUMMARIES = ("mean", "largest", "mean of three largest")
Array = np.ndarray


class View(NamedTuple):
    """What a view looks at."""

    kind: str  # "bank", "copies", "columns", "pairs", "regressions", "axes" or "row"
    of: str
    summary: str = ""

    def __str__(self) -> str:
        return f"{self.of}, {self.summary}" if self.summary else self.of


VIEWS: tuple[View, ...] = (
    *(View("bank", f"nearest of {2**k}") for k in range(kernels.N_LEVELS)),
    *(View("bank", f"nearest of {2**k} of the core") for k in range(0, kernels.N_LEVELS, 2)),
    View("copies", "further equal prototypes"),
    *(View("columns", view.__name__, summary) for view in COLUMN_VIEWS for summary in SUMMARIES),
    *(View("pairs", view.__name__, summary) for view in PAIR_VIEWS for summary in SUMMARIES),
    *(View("regressions", view, summary) for view in REGRESSION_VIEWS for summary in SUMMARIES),
    *(
        View("axes", f"Mahalanobis distance to {of}", summary)
        for of in ("rows within the fence", "the core")
        for summary in ("all axes", "half of least variance", "largest axis")
    ),
    View("row", "a training row"),
)
BANK = slice(sum(view.kind == "bank" for view in VIEWS))  # numbers of the views of the bank
AXES = slice(len(VIEWS) - 7, len(VIEWS) - 1)  # numbers of the views of axes
KNOWN = len(VIEWS) - 1  # number of the view that tells training rows, 1, from new rows, 0


@dataclass(frozen=True, kw_only=True, eq=False)
class TableViews:
    """What views of a row need of the training rows, as arrays.

    Values are whole numbers of steps of 2⁻¹⁶ standard deviations, or coarser for more than 256
    columns. So differences and their sums are exact, and the same in every order.
    """

    bank: Array  # (D, S) int32, S places for prototypes
    n_present: Array  # () number of places that hold one
    core: Array  # (S,) bool
    later: Array  # (S,) bool, copies of earlier prototypes
    points: Array  # (D, Q) int32, training values of each column, ascending
    n_points: Array  # (D,) number of points of each column
    at: Array  # (2, D, Q, T) float32, column views at the points, of new rows and of known ones
    between: Array  # (D, Q + 1, T) float32, column views in the gaps between points
    edges: Array  # (D, 7) int32, smallest values of bins 1 to 7
    pairs: Array  # (p, 2) pairs of columns
    cells: Array  # (2, U, p, 64) float32, pair views of new rows and of known ones
    columns: Array  # (d,) columns of regressions, see :class:`Regressions`
    effects: Array  # (d, 9 or 1, d) float32
    intercepts: Array  # (d,)
    middles: Array  # (d,)
    units: Array  # (2, d)
    inverse_widths: Array  # (d,)
    leverages: Array  # (P, d) float32
    means: Array  # (A, D)
    axes: Array  # (A, D, K)
    weights: Array  # (D,) of the fingerprint that tells a row of the pool from others
    prints: Array  # (2, P) fingerprints of the pool on two grids, ascending
    printed: Array  # (2, P) number of the row of each fingerprint

    @classmethod
    def fit(cls, rows: Array) -> TableViews:
        """Learn from training rows (n, D) float32, of which at most 2,048 are used."""
        pool = rows[some_rows(len(rows))]
        n_columns = pool.shape[1]
        grid = grid_of(n_columns)
        whole = on_grid(pool, grid)
        choice = choose_bank(whole)
        most = int(np.clip(MOST_IN_ALL // n_columns, 64, MOST_POINTS))
        columns = [count_column(values, most) for values in whole.T]
        n_points = np.array([len(column.points) for column in columns])
        points = np.zeros((n_columns, n_points.max()), dtype=np.int32)
        at = np.zeros((2, *points.shape, len(COLUMN_VIEWS)), dtype=np.float32)
        between = np.zeros((n_columns, points.shape[1] + 1, len(COLUMN_VIEWS)), dtype=np.float32)
        for j, column in enumerate(columns):
            q = len(column.points)
            points[j, :q], points[j, q:] = column.points, column.points[-1]
            for t, view in enumerate(COLUMN_VIEWS):
                at[0, j, :q, t] = view(column.at)
                at[1, j, :q, t] = view(column.at.without_own())
                between[j, : q + 1, t] = view(column.between)
        edges = np.stack([find_edges(values) for values in whole.T]).astype(np.int32)
        bins = find_bins(whole, edges)
        pairs = choose_pairs(bins)
        counted = count_cells(bins, pairs)
        cells = [[view(c) for view in PAIR_VIEWS] for c in (counted, counted.without_own())]
        spaces = [find_axes(whole[of] / grid) for of in (choice.inside, choice.core)]
        n_axes = min(space.axes.shape[1] for space in spaces)  # fewer rows, fewer axes
        weights = _fingerprint_weights(n_columns)
        prints, printed = fingerprints(whole, weights)
        return cls(
            bank=choice.bank.places,
            n_present=np.array(choice.bank.n_present),
            core=choice.bank.core,
            later=choice.bank.later,
            points=points,
            n_points=n_points,
            at=at,
            between=between,
            edges=edges,
            pairs=pairs,
            cells=np.array(cells, dtype=np.float32),
            **fit_regressions(whole / grid, bins)._asdict(),
            means=np.stack([space.mean for space in spaces]),
            axes=np.stack([space.axes[:, :n_axes] for space in spaces]),
            weights=weights,
            prints=prints,
            printed=printed,
        )

    @classmethod
    def lengths_if_new(cls, rows: Array) -> Array:
        """Views of axes that training rows would have if they were new, (n, D) float32 -> (n, 6).

        It takes at most 2,048 rows.
        """
        grid = grid_of(rows.shape[1])
        whole = on_grid(rows, grid)
        choice = choose_bank(whole)
        spaces = (lengths_if_new(whole / grid, of) for of in (choice.inside, choice.core))
        return np.hstack(list(spaces))

    @property
    def n_columns(self) -> int:
        """Number of columns D."""
        return len(self.bank)

    @cached_property
    def grid(self) -> float:
        """Steps per standard deviation."""
        return grid_of(self.n_columns)

    @property
    def unit(self) -> float:
        """A mean difference of one standard deviation, as a sum of whole numbers."""
        return self.grid * self.n_columns

    def of(self, rows: Array) -> Array:
        """Views of rows, (n, D) float32 -> (n, V)."""
        whole = on_grid(rows, self.grid)
        found = np.empty((len(rows), len(VIEWS)))
        kernels.find_views(
            whole, whole / self.grid, self.prints, self.printed, self.bank, int(self.n_present),
            self.later, self.core, self.unit, self.points, self.n_points, self.at, self.between,
            self.edges, self.pairs, self.cells, self.columns, self.effects, self.intercepts,
            self.middles, self.units, self.inverse_widths, self.leverages, self.means, self.axes,
            self.weights, found,
        )  # fmt: skip
        return found

    @property
    def regressions(self) -> Regressions:
        """The regressions of the columns."""
        return Regressions(**{name: getattr(self, name) for name in Regressions._fields})

    def to_arrays(self) -> dict[str, Array]:
        """Everything, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> TableViews:
        """Make views of :meth:`to_arrays`.

        Raises
        ------
        ValueError
            If the arrays do not fit together. So no index leads out of them.
        """
        views = cls(**check_arrays(arrays, _SHAPES))
        n_columns, n_places = views.bank.shape
        n_points, n_cells = views.points.shape[1], views.cells.shape[3]
        right = (
            n_places & (n_places - 1) == 0
            and 0 < views.n_present <= n_places
            and ((views.n_points > 0) & (views.n_points <= n_points)).all()
            and ((views.pairs >= 0) & (views.pairs < n_columns)).all()
            and views.effects.shape[1] in (1, N_BINS + 1)
            and ((views.columns >= 0) & (views.columns < n_columns)).all()
            and ((views.printed >= 0) & (views.printed < len(views.leverages))).all()
            and ((views.leverages >= 0) & (views.leverages < 1)).all()
            and views.between.shape[1] == n_points + 1
            and n_cells == (views.edges.shape[1] + 1) ** 2
        )
        if not right:
            raise ValueError("The arrays of the views do not fit together.")
        return views


# Shape and type of every array. A letter is one size, wherever it stands.
_SHAPES: Shapes = {
    "bank": (("D", "S"), np.int32),
    "n_present": ((), np.int64),
    "core": (("S",), np.bool_),
    "later": (("S",), np.bool_),
    "points": (("D", "Q"), np.int32),
    "n_points": (("D",), np.int64),
    "at": ((2, "D", "Q", len(COLUMN_VIEWS)), np.float32),
    "between": (("D", "gaps", len(COLUMN_VIEWS)), np.float32),
    "edges": (("D", kernels.N_EDGES), np.int32),
    "pairs": (("p", 2), np.int64),
    "cells": ((2, len(PAIR_VIEWS), "p", "cells"), np.float32),
    "columns": (("d",), np.int64),
    "effects": (("d", "effects", "d"), np.float32),
    "intercepts": (("d",), np.float64),
    "middles": (("d",), np.float64),
    "units": ((2, "d"), np.float64),
    "inverse_widths": (("d",), np.float64),
    "leverages": (("P", "d"), np.float32),
    "means": ((2, "D"), np.float64),
    "axes": ((2, "D", "K"), np.float64),
    "weights": (("D",), np.float64),
    "prints": ((2, "P"), np.float64),
    "printed": ((2, "P"), np.int64),
}


def grid_of(n_columns: int) -> float:
    """Steps per standard deviation at which sums over the columns have 32 bits."""
    return float(GRID / 2 ** max(0, int(np.ceil(np.log2(n_columns / WIDE)))))


def on_grid(rows: Array, grid: float) -> Array:
    """Round rows to whole numbers of steps, (n, D) float32 -> (n, D) int32."""
    return np.rint(rows * np.float32(grid)).astype(np.int32)


def some_rows(n: int) -> Array:
    """Choose at most 2,048 of n rows. The choice depends on n alone."""
    return np.random.default_rng(0).permutation(n)[:POOL]


def are_mostly_copies(rows: Array) -> bool:
    """Tell whether most rows (n, D) have an equal one, to the last bit."""
    numbers = Counter(row.tobytes() for row in rows + 0.0)
    return 2 * sum(n for n in numbers.values() if n > 1) > len(rows)


def fingerprints(whole: Array, weights: Array) -> tuple[Array, Array]:
    """Fingerprints of rows on two coarse grids, (P, D) int32 -> (2, P), ascending, and whose.

    Where rows have the same fingerprint, it is that of the first.
    """
    prints = np.stack([_coarse(whole, shift) @ weights for shift in (0, kernels.COARSE // 2)])
    order = np.argsort(prints, axis=1, kind="stable")
    prints = np.take_along_axis(prints, order, axis=1)
    firsts = (np.searchsorted(of_grid, of_grid, "left") for of_grid in prints)
    return prints, np.take_along_axis(order, np.stack(list(firsts)), axis=1)


def find_known(whole: Array, views: TableViews) -> Array:
    """Numbers of the rows of the pool that rows equal, or -1, (n, D) int32 -> (n,)."""
    found = np.full(len(whole), -1)
    for shift, prints, printed in zip(
        (kernels.COARSE // 2, 0), views.prints[::-1], views.printed[::-1], strict=True
    ):
        own = _coarse(whole, shift) @ views.weights
        place = np.searchsorted(prints, own).clip(max=len(prints) - 1)
        found = np.where(prints[place] == own, printed[place], found)
    return found


def _coarse(whole: Array, shift: int) -> Array:
    """Rows on a coarse grid, (n, D) -> (n, D)."""
    return (whole.astype(np.int64) + shift) // kernels.COARSE


def _fingerprint_weights(n_columns: int) -> Array:
    """Whole random weights (D,), which make the weighted sum of a row exact in double precision."""
    largest = int(FINGERPRINT / n_columns)
    return np.random.default_rng(1).integers(1, largest, n_columns).astype(np.float64)
