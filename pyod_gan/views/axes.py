"""Views of all columns together: the Mahalanobis distance to normal rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .kernels import LENGTHS

LEAST = 1e-3  # least variance of an axis, in variances of the first
MOST_AXES = 256
MOST_ROWS = 512  # of a table that has more columns than that
FOLDS = 8
Array = np.ndarray


class Axes(NamedTuple):
    """Whitening: (x − mean) @ axes has variance 1 in every axis, the axes by falling variance."""

    mean: Array  # (D,)
    axes: Array  # (D, K)


def find_axes(rows: Array) -> Axes:
    """Find the axes of rows (n, D). No variance counts as less than 1e-3 of the largest."""
    n_columns = rows.shape[1]
    if n_columns > MOST_ROWS:
        rows = rows[:MOST_ROWS]
    mean = rows.mean(0)
    centred = (rows - mean) / np.sqrt(max(len(rows) - 1, 1))
    if n_columns > MOST_ROWS:  # the axes from products of rows, which are fewer
        variances, by_row = np.linalg.eigh(centred @ centred.T)
        directions = centred.T @ by_row / np.sqrt(np.maximum(variances, 1e-12))
    else:
        variances, directions = np.linalg.eigh(centred.T @ centred)
    largest = np.argsort(-variances, kind="stable")[:MOST_AXES]
    floor = max(LEAST * variances[largest[0]], 1e-9)
    axes = directions[:, largest] / np.sqrt(np.maximum(variances[largest], floor))
    return Axes(mean, np.ascontiguousarray(axes))


def lengths_if_new(rows: Array, members: Array) -> Array:
    """Lengths of training rows if they were new, (n, D), whose axes some of them make -> (n, 3).

    In a table with few rows and many columns the axes fit the rows that they are made of, so that
    these have much shorter lengths than new rows. So the rows are cut into 8 folds, and those of
    each are measured by axes that the others make.
    """
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    found = np.empty((len(rows), 3))
    for k in np.unique(fold):
        others = members & (fold != k)
        space = find_axes(rows[others if others.sum() > 1 else members])
        found[fold == k] = _lengths(rows[fold == k], space)
    return found


def _lengths(rows: Array, space: Axes) -> Array:
    """Length, length in the last half of the axes, and in the largest axis, (n, D) -> (n, 3)."""
    squares = ((rows - space.mean) @ space.axes) ** 2
    last = squares[:, squares.shape[1] // 2 :]
    lengths = np.sqrt(np.stack([squares.mean(1), last.mean(1), squares.max(1)], axis=1))
    return np.asarray(np.rint(lengths * LENGTHS) / LENGTHS)
