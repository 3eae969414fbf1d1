"""Data and parameters that many tests share."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from vega_datasets import local_data

from pyod_gan.gans import GANS

QUICK = {"n_estimators": 2, "max_iter": 20, "random_state": 0}  # of GANDetector
FAMILY = sorted(set(GANS.values()), key=lambda gan: gan.__name__)


def table(n: int = 200, n_columns: int = 5, seed: int = 0) -> np.ndarray:
    """Correlated normal rows."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)) @ rng.normal(size=(2, n_columns)) + 0.3 * rng.normal(
        size=(n, n_columns)
    )


def with_far_rows(
    seed: int = 0, n: int = 300, share: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Normal rows and a few at 6 to 12 standard deviations in random directions, labelled 1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    y = (np.arange(n) < share * n).astype(int)
    direction = rng.normal(size=(y.sum(), 6))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    X[y == 1] = direction * rng.uniform(6, 12, size=(y.sum(), 1)) * np.sqrt(6)
    return X, y


Labelled = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows to fit, rows to score, their labels


def clean(seed: int = 0) -> Labelled:
    """Far rows among those to score only."""
    X, y = with_far_rows(seed)
    return X[y == 0], X, y


def contaminated(seed: int = 0) -> Labelled:
    """Far rows among those to fit too."""
    (X, _), (fresh, far) = with_far_rows(seed), with_far_rows(seed + 100)
    return X, fresh, far


def with_broken_dependence(seed: int = 0) -> Labelled:
    """Rows whose columns come from different rows: every column looks normal alone."""
    rows = table(600, 6, seed)
    rng = np.random.default_rng(seed)
    broken = np.column_stack([rng.permutation(column)[:60] for column in rows.T])
    return rows[:400], np.r_[rows[400:], broken], np.repeat([0, 1], [200, 60])


def with_rows_in_a_gap(seed: int = 0) -> Labelled:
    """Rows between two clusters, near everything and like nothing."""
    rng = np.random.default_rng(seed)
    X = np.r_[rng.normal(-4, 0.5, (300, 4)), rng.normal(4, 0.5, (300, 4))]
    return X, np.r_[X, rng.normal(0, 0.5, (30, 4))], np.repeat([0, 1], [600, 30])


def with_known_kind(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows to fit, 5 anomalies of one kind that lie among them, rows to score, their labels."""
    rng = np.random.default_rng(seed)
    kind = np.array([1.6, -1.6, 0, 0]) + 0.25 * rng.normal(size=(105, 4))
    normal = rng.normal(size=(700, 4))
    return normal[:400], kind[:5], np.r_[normal[400:], kind[5:]], np.repeat([0, 1], [300, 100])


def amounts_of_kinds(seed: int = 0, n: int = 600) -> pd.DataFrame:
    """Payments: the kind of each says what it costs, the date and a flag say nothing."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["rent", "food", "travel"], n)
    usual = pd.Series(kind).map({"rent": 700.0, "food": 40.0, "travel": 900.0})
    return pd.DataFrame(
        {
            "date": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "kind": kind,
            "amount": (usual * rng.lognormal(0, 0.15, n)).round(2),
            "paid": rng.random(n) < 0.9,
        }
    )


def cars() -> pd.DataFrame:
    """406 cars: names, origin, model year as a date, numbers, some missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return local_data.cars()


def weather() -> pd.DataFrame:
    """1,461 days: a date, four numbers, the kind of weather."""
    return local_data.seattle_weather()
