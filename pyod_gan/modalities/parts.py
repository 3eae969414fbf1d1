"""What estimators have in common that are made of several detectors, one for each part."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..detector import GANDetector
from ..engine.combination import find_units


def fit_part(
    estimator: BaseEstimator,
    own: Collection[str],
    rows: np.ndarray,
    draws: np.random.RandomState,
    **params: Any,
) -> GANDetector:
    """Fit a detector on rows (n, D) with the parameters of an estimator.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator.
    own : collection of str
        Its parameters that ``GANDetector`` does not have, or has for tables.
    rows : ndarray of shape (n, D)
        Rows to train on.
    draws : RandomState
        Source of the detector's seed.
    **params : dict
        Parameters that are other than the estimator's.
    """
    given = {n: v for n, v in estimator.get_params(deep=False).items() if n not in own} | params
    given |= {"random_state": int(draws.randint(2**31 - 1)), "reservoir_size": 0}
    return GANDetector(**given).fit(rows)


def unit_of(scores: np.ndarray) -> tuple[float, float]:
    """Centre and scale of the training scores of a part, (n,)."""
    units = find_units(scores[None, :, None])
    return units.centre.item(), units.scale.item()
