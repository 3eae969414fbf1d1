"""Views of all columns together: the Mahalanobis distance to normal rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEAST = 1e-3  # least variance of an axis, in variances of the first
MOST_AXES = 256
MOST_ROWS = 512  # of a table that has more columns than that
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
