"""Parts of scorers without labels: level sets, rank correlations and synthetic rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.integrate import trapezoid
from scipy.stats import rankdata
from sklearn.base import OutlierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, assert_all_finite, check_array, check_random_state

from ..front_ends.frames import is_frame

MASS = 0.9  # smallest share of rows in the level sets that count (Goix 2016)
MOST_MASS = 0.999  # largest mass on the mass-volume curve, whose end may lie at infinity
STEPS = 100  # points of a curve
N_POINTS = 10_000  # uniform points that measure volumes

Seed = int | np.random.RandomState | None


def last_step(estimator: Any) -> Any:
    """Return the last step of a pipeline, or the estimator itself."""
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def as_table(X: Any) -> Any:
    """Return a data frame as it is, and anything else as an array."""
    return X if is_frame(X) else np.asarray(X)


def as_rows(X: Any) -> Any:
    """Return a data frame as it is, and anything else as an array of rows and columns.

    Raises
    ------
    ValueError
        If it is no table.
    """
    X = as_table(X)
    if np.ndim(X) != 2:
        raise ValueError(
            f"This criterion changes single columns of a table. Got data of shape {np.shape(X)}; "
            "`resample_stability` takes any."
        )
    return X


def anomaly_scores(estimator: Any, X: Any) -> np.ndarray:
    """Finite scores (n,), higher = more anomalous, also of scikit-learn's own detectors."""
    scores = np.asarray(estimator.decision_function(X), dtype=np.float64).ravel()
    assert_all_finite(scores, input_name="decision_function(X)")
    return -scores if isinstance(last_step(estimator), OutlierMixin) else scores


def level_sets(
    estimator: Any, X: Any, max_features: int, n_draws: int, random_state: Seed
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Scores of rows and of uniform points, once or for each draw of columns."""
    X, rng = as_rows(X), check_random_state(random_state)
    varying = np.flatnonzero(np.ptp(finite_numbers(X), axis=0))  # constant columns have no volume
    if len(varying) <= max_features:
        points = uniform_rows(X, N_POINTS, rng)
        yield anomaly_scores(estimator, X), anomaly_scores(estimator, points)
        return
    for _ in range(n_draws):
        some = _safe_indexing(X, rng.permutation(varying)[:max_features], axis=1)
        rows = rng.permutation(len(X))
        detector = clone(estimator).fit(_safe_indexing(some, rows[: len(X) // 2]))
        rest = _safe_indexing(some, rows[len(X) // 2 :])
        points = uniform_rows(some, N_POINTS, rng)
        yield anomaly_scores(detector, rest), anomaly_scores(detector, points)


def excess_mass_area(rows: np.ndarray, points: np.ndarray) -> float:
    """Area under EM(t) = max over u of P(rows ≤ u) − t·P(points ≤ u), while EM(t) ≥ 0.9."""
    levels = np.unique(rows)  # (L,)
    mass = np.searchsorted(np.sort(rows), levels, side="right") / len(rows)
    inside = np.searchsorted(np.sort(points), levels, side="right")
    volume = (1 + inside) / (1 + len(points))  # a volume is never known to be 0
    large = mass > MASS  # the maximum is at one of these while it is at least 0.9
    mass, volume = mass[large], volume[large]
    t = np.linspace(0, ((mass - MASS) / volume).max(), STEPS)
    return float(trapezoid((mass - t[:, None] * volume).max(axis=1), t))


def mean_volume(rows: np.ndarray, points: np.ndarray) -> float:
    """Mean over α of the share of points within the level set that holds the share α of rows."""
    levels = np.quantile(rows, np.linspace(MASS, MOST_MASS, STEPS), method="inverted_cdf")
    return float(np.mean(points <= levels[:, None]))


def mean_correlation(scores: np.ndarray) -> float:
    """Mean Spearman correlation over pairs, (k, n). It is 0 for pairs with constant scores."""
    with np.errstate(invalid="ignore"):
        correlations = np.nan_to_num(np.corrcoef(rankdata(scores, axis=1)))  # (k, k)
    return float(correlations[np.triu_indices(len(scores), 1)].mean())


def uniform_rows(X: Any, n: int, rng: np.random.RandomState) -> Any:
    """Draw n rows from the box around X."""
    numbers = finite_numbers(X)
    return _like(X, list(rng.uniform(numbers.min(axis=0), numbers.max(axis=0), (n, X.shape[1])).T))


def permuted_rows(X: Any, rng: np.random.RandomState) -> Any:
    """Return X with each column in an order of its own."""
    columns = [getattr(X[name], "array", X[name]) for name in X.columns] if is_frame(X) else X.T
    return _like(X, [column[rng.permutation(len(X))] for column in columns])


def finite_numbers(X: Any) -> np.ndarray:
    """Return X as finite floats (n, D), or raise a ValueError that says what to do instead."""
    try:
        return np.asarray(check_array(X, dtype=np.float64, input_name="X"))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Volumes and uniform rows need finite numbers in every column: {error} Encode the "
            "table first, or use `synthetic_negatives` with permuted columns."
        ) from error


def _like(X: Any, columns: Sequence[Any]) -> Any:
    """Make a table of the same kind as X, so that detectors see the names that they know."""
    if is_frame(X):
        return type(X)(dict(zip(X.columns, columns, strict=True)))
    return np.column_stack(columns)
