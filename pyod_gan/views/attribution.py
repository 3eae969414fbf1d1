"""Which columns a score comes from: first by view, then by what each view looks at."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import kernels
from .pairs import N_BINS, find_bins
from .table_views import KNOWN, VIEWS, TableViews, find_known, on_grid

STEPS = 8  # points on the way from a typical row's inputs, over which gradients are averaged
GROUPS = 64  # of prototypes, of which each gives one expected row
MOST = 1.0  # standard deviations up to which a difference counts for being alike
Array = np.ndarray[Any, Any]


def expected_rows(views: TableViews, rows: Array) -> Array:
    """Most similar prototype of every group, (n, D) float32 -> (K, n, D).

    The difference in a column counts up to one standard deviation. So one wrong column does not
    decide the choice. A prototype that equals the row is chosen only if its group has no other.
    """
    places = views.bank[:, : int(views.n_present)]  # (D, M)
    n_groups = min(GROUPS, places.shape[1])
    whole = on_grid(rows, views.grid)
    chosen = np.empty((n_groups, len(rows)), dtype=np.int64)
    kernels.find_alike(whole, places, int(MOST * views.grid), chosen)
    return np.ascontiguousarray(places.T[chosen] / views.grid)


def shares_of_views(score: Callable[[Tensor], Tensor], inputs: Array) -> Array:
    """Shares of the views and of the own views in a score, by inputs (n, 2 V + K) -> (n, V + K).

    ``score`` makes scores (n,) of inputs. Shares are integrated gradients (Sundararajan et al.
    2017) from the inputs of a typical row, whose views are all at the median, and which is new if
    the row is.
    """
    n_views = len(VIEWS)
    end = torch.from_numpy(inputs)
    start = torch.zeros_like(end)
    start[:, :n_views] = math.log(2)
    for same in (KNOWN, n_views + KNOWN):
        start[:, same] = end[:, same]
    total = torch.zeros_like(end)
    with torch.inference_mode(False), torch.enable_grad():
        for step in range(STEPS):
            point = torch.lerp(start, end, (step + 0.5) / STEPS).requires_grad_()
            total += torch.autograd.grad(score(point).sum(), point)[0]
    terms = ((end - start) * total / STEPS).numpy()
    of_views = terms[:, :n_views] + terms[:, n_views : 2 * n_views]
    return np.hstack([of_views, terms[:, 2 * n_views :]])


def shares_of_columns(views: TableViews, by_view: Array, rows: Array, expected: Array) -> Array:
    """Shares of the columns in the scores of rows, not negative, (n, D).

    A share of a view (n, V + K) goes to the columns that it comes from: those far from the expected
    rows, those that stand out in a summary over columns or pairs, or those that make a distance
    long.
    """
    n, n_columns = rows.shape
    by_view = np.maximum(by_view, 0)
    apart = np.abs(rows - expected.mean(0))  # (n, D)
    details = _Details(views, rows)
    total = np.zeros((n, n_columns))
    at = {"columns": 0, "pairs": 0, "regressions": 0, "axes": 0}
    for v, view in enumerate(VIEWS):
        if view.kind in at:
            number = at[view.kind]
            at[view.kind] += 1
            look, summary = divmod(number, 3)
            parts = getattr(details, view.kind)(look, summary, apart)
        else:
            parts = apart
        total += by_view[:, v, None] * normalised(parts)
    total += by_view[:, len(VIEWS) :].sum(1, keepdims=True) * normalised(apart)
    return total


class _Details:
    """What single columns, pairs, regressions and axes contribute to the views of rows."""

    def __init__(self, views: TableViews, rows: Array) -> None:
        self.views = views
        self.whole = on_grid(rows, views.grid)  # (n, D)
        self.rows = find_known(self.whole, views)  # (n,) numbers of rows of the pool, or -1
        self.known = (self.rows >= 0).astype(int)  # (n,)

    def columns(self, look: int, summary: int, apart: Array) -> Array:
        """Parts of the columns in a summary of a column view, (n, D)."""
        return _standing_out(self._of_columns[..., look], summary)

    def pairs(self, look: int, summary: int, apart: Array) -> Array:
        """Parts of the columns in a summary of a pair view, (n, D).

        The share of a pair goes to its columns by how far these are from what was expected.
        """
        pairs, parts = self.views.pairs, np.zeros_like(apart)
        if not len(pairs):
            return parts
        of_pairs = _standing_out(self._of_pairs[..., look], summary)  # (n, p)
        both = apart[:, pairs] + 1e-9  # (n, p, 2)
        split = of_pairs[..., None] * both / both.sum(-1, keepdims=True)
        for p, (a, b) in enumerate(pairs):
            parts[:, a] += split[:, p, 0]
            parts[:, b] += split[:, p, 1]
        return parts

    def regressions(self, look: int, summary: int, apart: Array) -> Array:
        """Parts of the columns in a summary of a view of regressions, (n, D)."""
        parts = np.zeros_like(apart)
        parts[:, self.views.columns] = _standing_out(self._of_regressions[..., look], summary)
        return parts

    def axes(self, look: int, summary: int, apart: Array) -> Array:
        """Parts of the columns in a length, in its last axes, or in its largest axis, (n, D)."""
        centred = self.whole / self.views.grid - self.views.means[look]
        axes = self.views.axes[look]
        along = centred @ axes  # (n, K)
        if summary == 1:
            along[:, : along.shape[1] // 2] = 0
        elif summary == 2:
            along *= np.abs(along) == np.abs(along).max(1, keepdims=True)
        parts: Array = np.maximum(centred * (along @ axes.T), 0)
        return parts

    @cached_property
    def _of_columns(self) -> Array:
        """Column views of every column, (n, D, T)."""
        v = self.views
        found = np.empty((*self.whole.shape, v.at.shape[-1]))
        for j, values in enumerate(self.whole.T):
            points = v.points[j, : v.n_points[j]]
            place = np.searchsorted(points, values + 1, "right")
            below = np.maximum(place - 1, 0)
            equal = (place > 0) & (points[below] >= values - 1)
            at, between = v.at[self.known, j, below], v.between[j, place]
            found[:, j] = np.where(equal[:, None], at, between)
        return found

    @cached_property
    def _bins(self) -> Array:
        """Bins of values, (n, D)."""
        return find_bins(self.whole, self.views.edges)

    @cached_property
    def _of_regressions(self) -> Array:
        """Views of the columns by regressions, (n, d, 2)."""
        values = self.whole / self.views.grid
        return self.views.regressions.views(values, self._bins, self.rows)

    @cached_property
    def _of_pairs(self) -> Array:
        """Pair views of every pair, (n, p, U)."""
        a, b = (self._bins[:, column] for column in self.views.pairs.T)
        which = np.arange(len(self.views.pairs))
        found: Array = self.views.cells[self.known[:, None], :, which, N_BINS * a + b]
        return found


def _standing_out(values: Array, summary: int) -> Array:
    """Parts of values (n, N) in their mean, their largest, or the mean of their three largest."""
    if summary == 0 or values.shape[1] < 3:
        above: Array = np.maximum(values - np.median(values, axis=1, keepdims=True), 0)
        return above
    rank = 1 if summary == 1 else 3
    least = np.partition(values, -rank, axis=1)[:, -rank, None]
    top: Array = np.where(values >= least, np.maximum(values, 0), 0)
    return top


def normalised(parts: Array) -> Array:
    """Scale parts (n, D) so that the sum of each row is 1. Rows of zeros become equal parts."""
    total = parts.sum(1, keepdims=True)
    return np.where(total > 0, parts / np.where(total > 0, total, 1), 1 / parts.shape[1])
