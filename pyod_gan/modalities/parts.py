"""What estimators have in common that are made of several detectors, one for each part."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..detector import GANDetector
from ..engine.callbacks import ProgressBar
from ..engine.combination import DECIMALS, find_units


def fit_part(
    estimator: BaseEstimator,
    own: Collection[str],
    rows: np.ndarray,
    seed: int,
    name: str,
    anomalies: np.ndarray | Sequence[np.ndarray] = (),
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
    seed : int
        The detector's seed, see :func:`new_seed`.
    name : str
        What the progress bar says beside the part.
    anomalies : ndarray of shape (k, P, D) or sequence of ndarray of shape (P, D)
        Rows of each known anomaly. If there are several, it is not known which of them make it an
        anomaly (multiple-instance learning; Dietterich et al. 1997). It is taken to be the one
        that a detector without known anomalies scores highest. A row that equals it is not learnt.
    **params : dict
        Parameters that are other than the estimator's.
    """
    given = {n: v for n, v in estimator.get_params(deep=False).items() if n not in own} | params
    given |= {"random_state": seed, "reservoir_size": 0}
    shown = dict(given)
    if given["verbose"] == 1:
        shown |= {"verbose": 0, "callbacks": [*(given["callbacks"] or ()), ProgressBar(name)]}
    known = [its_rows[0] for its_rows in anomalies]
    if any(len(its_rows) > 1 for its_rows in anomalies):
        alone = GANDetector(**shown).fit(rows)
        known = [its_rows[alone.decision_function(its_rows).argmax()] for its_rows in anomalies]
    detector = GANDetector(**shown).fit(rows, known_anomalies=known or None)
    return detector.set_params(verbose=given["verbose"], callbacks=given["callbacks"])


def some_of(places: np.ndarray, most: int, draws: np.random.RandomState) -> np.ndarray:
    """Places (n,), or ``most`` of them in their order, if there are more."""
    return places if len(places) <= most else np.sort(draws.choice(places, most, replace=False))


def rows_at(places: np.ndarray, blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Rows at ascending places (n,) among those of blocks (m, ...) in their order, (n, D)."""
    found, first = [], 0
    for block in blocks:
        here = slice(*np.searchsorted(places, [first, first + len(block)]))
        some = block[places[here] - first]
        found.append(some.reshape(len(some), math.prod(block.shape[1:])))
        first += len(block)
    return np.concatenate(found)


def new_seed(draws: np.random.RandomState) -> int:
    """Draw a seed of a detector."""
    return int(draws.randint(2**31 - 1))


def unit_of(scores: np.ndarray) -> tuple[float, float]:
    """Centre and scale of the training scores of a part, (n,)."""
    units = find_units(scores[None, :, None])
    return units.centre.item(), units.scale.item()


def mean_of_parts(by_part: np.ndarray) -> np.ndarray:
    """Scores of samples from those of K parts, which are in one unit, (K, ...) -> (...).

    The noise of rounding is removed.
    """
    mean: np.ndarray = by_part.mean(axis=0)
    return mean.round(DECIMALS) + 0.0


def unit_from(entry: Any) -> tuple[float, float]:
    """Centre and scale of the scores of a part, as a file has them.

    Raises
    ------
    ValueError
        If it is no such pair.
    """
    centre, scale = entry
    are_floats = type(centre) is float and type(scale) is float
    if not are_floats or not np.isfinite(centre) or not 0 < scale < np.inf:
        raise ValueError(f"the unit of a part must be two numbers. Got {entry!r:.100}")
    return centre, scale


def chosen_parts(
    estimator: Any, default: tuple[str, ...], known: Collection[str], embedding: str
) -> tuple[str, ...]:
    """Names of the parts that the parameters ``parts`` and ``embedding`` ask for.

    Raises
    ------
    ValueError
        If there is no such part, if one is named twice, or if the part of the embedding and the
        parameter are not both there.
    """
    if isinstance(estimator.parts, str):
        return (embedding,) if estimator.embedding is not None else default
    owner, names = type(estimator).__name__, tuple(estimator.parts)
    every = [*known, embedding]
    is_ordered = not isinstance(estimator.parts, set | frozenset)
    if not (names and is_ordered and {*names} <= {*every} and len({*names}) == len(names)):
        raise ValueError(
            f"The 'parts' parameter of {owner} must be 'auto', or some of {', '.join(every)}, each "
            f"once. Got {estimator.parts!r}."
        )
    if (embedding in names) != (estimator.embedding is not None):
        raise ValueError(
            f"The part {embedding!r} and the parameter `embedding` need each other. Got "
            f"parts={estimator.parts!r} and embedding={estimator.embedding!r}."
        )
    return names
