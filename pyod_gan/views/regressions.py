"""Views of a value beside the others in its row: how little they lead one to expect it.

Each column is the target of a regression on the others, as in FRaC (Noto et al. 2012) and ALSO
(Paulheim and Meusel 2015). The regressions are additive (Hastie and Tibshirani 1986): every other
column adds the effect of its bin and a slope, which ridge regression finds for all columns at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .kernels import CLIP, LEAST_SHARE
from .pairs import N_BINS

REGRESSION_VIEWS = ("surprisal", "contradiction")
MOST_COLUMNS = 256  # of a table that take part
MOST_EFFECTS = 1024  # in a regression, or else columns have slopes only
RIDGE = 10.0  # rows without an effect that are added, so to speak
LEAST_DEVIATION = 0.01  # from what is expected, in standard deviations
MOST_LEVERAGE = 0.99
Array = np.ndarray


class Regressions(NamedTuple):
    """Effects of d columns on each other, and how far training values are from what they give.

    Values are in standard deviations, at most ±8.
    """

    columns: Array  # (d,) the columns of the table that take part
    effects: Array  # (d, 9 or 1, d) float32 of 8 bins, and the slope, of a column on another
    intercepts: Array  # (d,)
    middles: Array  # (d,) means of the columns
    units: Array  # (2, d) 1 / deviation from what is expected, and from the mean; 0 for constants
    inverse_widths: Array  # (d,) 1 / distance of the two values of a column; 0 for other columns
    leverages: Array  # (P, d) float32, part of each training row in what is expected of it

    def views(self, values: Array, bins: Array, rows: Array) -> Array:
        """Surprisal and contradiction of every column, (n, D) -> (n, d, 2).

        Parameters
        ----------
        values : ndarray of shape (n, D)
            Values in standard deviations.
        bins : ndarray of shape (n, D)
            Their bins.
        rows : ndarray of shape (n,)
            Numbers of the training rows that they are, -1 for new rows. What is expected of a
            training row, and the deviation from it, are those of the other rows alone.
        """
        values = np.clip(values[:, self.columns], -CLIP, CLIP)
        of_bins, slopes = self.effects[:, :-1], self.effects[:, -1]
        expected = self.intercepts + values @ slopes.astype(np.float64)
        if of_bins.size:
            for of_bin, bin_of in zip(of_bins, bins[:, self.columns].T, strict=True):
                expected += of_bin[bin_of]
        known, n = rows[:, None] >= 0, len(self.leverages)
        own = np.where(known, self.leverages[rows].astype(np.float64), 0.0)
        of_mean = np.where(known, 1 / n, 0.0)

        def surprisal(apart: Array, unit: Array) -> Array:
            z = apart * unit
            z *= np.sqrt(np.where(known, (n - 1) / np.maximum(n - z**2, 1), 1))
            share = np.maximum(1 - apart * self.inverse_widths, LEAST_SHARE)
            return np.asarray(np.where(self.inverse_widths > 0, np.minimum(z, -np.log(share)), z))

        beside = surprisal(np.abs(values - expected) / (1 - own), self.units[0])
        alone = surprisal(np.abs(values - self.middles) / (1 - of_mean), self.units[1])
        return np.stack([beside, beside - alone], axis=-1)


def fit_regressions(values: Array, bins: Array) -> Regressions:
    """Fit a regression for each column, by values and bins of training rows (P, D).

    Of a wide table, 256 random columns take part.
    """
    n, n_columns = values.shape
    columns = np.arange(n_columns)
    if n_columns > MOST_COLUMNS:
        columns = np.sort(np.random.default_rng(0).permutation(n_columns)[:MOST_COLUMNS])
    values, bins = np.clip(values[:, columns], -CLIP, CLIP), bins[:, columns]
    has_two = np.array([len(np.unique(column)) == 2 for column in values.T])
    design, of, place = _design(values, bins, has_two)
    middles = values.mean(0)
    centred, targets = design - design.mean(0), values - middles
    found, leverages = _ridge(centred, targets, _exclusive(values, has_two)[:, of])
    d, n_effects = len(columns), N_BINS + 1 if (place < N_BINS).any() else 1
    effects = np.zeros((d, n_effects, d), dtype=np.float32)
    effects[of, place - (N_BINS + 1)] = found  # counted from the slope, which is the last
    by_effect = effects[of, place - (N_BINS + 1)].astype(np.float64)
    leverages = np.clip(leverages, 0, MOST_LEVERAGE).astype(np.float32)
    missed = (targets - centred @ by_effect) / (1 - leverages)
    alone = targets / (1 - 1 / n)
    deviations = np.stack([np.sqrt((part**2).mean(0)) for part in (missed, alone)])
    width = np.where(has_two, np.ptp(values, axis=0), 1)
    return Regressions(
        columns=columns,
        effects=effects,
        intercepts=middles - design.mean(0) @ by_effect,
        middles=middles,
        units=np.where(np.ptp(values, axis=0) > 0, 1 / np.maximum(deviations, LEAST_DEVIATION), 0),
        inverse_widths=np.where(has_two, 1 / width, 0.0),
        leverages=leverages,
    )


def _design(values: Array, bins: Array, has_two: Array) -> tuple[Array, Array, Array]:
    """Predictors (P, F), the column of each (F,), and whether it is one of 8 bins or a slope (F,).

    A column of two values has a slope only, and all have, if there were too many effects.
    """
    d = values.shape[1]
    full = np.zeros((d, N_BINS + 1), dtype=bool)
    full[:, N_BINS] = True
    for j in np.flatnonzero(~has_two):
        full[j, np.unique(bins[:, j])] = True
    if full.sum() > MOST_EFFECTS:
        full[:, :N_BINS] = False
    of, place = np.nonzero(full)
    design = np.where(place == N_BINS, values[:, of], bins[:, of] == place)
    return design, of, place


def _ridge(centred: Array, targets: Array, left_out: Array) -> tuple[Array, Array]:
    """Regressions of d targets (P, d) on predictors (P, F), all centred, each without some of them.

    ``left_out`` (d, F) says without which. The inverse of all products is the start for each, as
    those of a block can be taken out of it. Returns slopes (F, d), 0 for what is left out, and the
    leverage of each row in each regression, (P, d).
    """
    inverse = np.linalg.inv(centred.T @ centred + RIDGE * np.eye(centred.shape[1]))
    projected, products = centred @ inverse, centred.T @ targets
    whole = (projected * centred).sum(1) + 1 / len(centred)
    slopes, leverages = np.zeros_like(products), np.empty_like(targets)
    for j, without in enumerate(map(np.flatnonzero, left_out)):
        kept = products[:, j].copy()
        kept[without] = 0
        found = inverse @ kept
        block = np.linalg.inv(inverse[np.ix_(without, without)])
        found -= inverse[:, without] @ (block @ found[without])
        found[without] = 0
        slopes[:, j] = found
        own = projected[:, without]
        leverages[:, j] = whole - ((own @ block) * own).sum(1)
    return slopes, leverages


def _exclusive(values: Array, has_two: Array) -> Array:
    """Tell which columns say nothing new of each other, (P, d) -> (d, d).

    They are a column itself, and two columns of two values that no row has the larger of both, as
    categories have that are encoded one by one.
    """
    large = (values > values.min(0)) & has_two
    together = large.T.astype(np.float64) @ large
    apart: Array = (together == 0) & np.outer(has_two, has_two)
    return apart | np.eye(len(has_two), dtype=bool)
