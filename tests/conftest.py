"""Data and detectors shared by the tests."""

from __future__ import annotations

import os
from pathlib import Path

# Small matrix products: one thread each, also in worker processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from pyod_gan.gans import GANS, BaseGAN

QUICK = {"n_estimators": 2, "max_iter": 20, "random_state": 0}  # of GANDetector
FAMILY = sorted(set(GANS.values()), key=lambda gan: gan.__name__)


@pytest.fixture(params=FAMILY, ids=lambda gan: gan.__name__)
def gan_class(request: pytest.FixtureRequest) -> type[BaseGAN]:
    """Every GAN of the registry in turn."""
    return request.param


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


@pytest.fixture(scope="session")
def cancer() -> tuple[np.ndarray, np.ndarray]:
    """ODDS's wbc recipe on real data: 357 benign rows and 21 of the malignant, in random order."""
    X, benign = load_breast_cancer(return_X_y=True)
    keep = np.r_[np.flatnonzero(benign == 1), np.flatnonzero(benign == 0)[:21]]
    keep = np.random.RandomState(0).permutation(keep)
    return X[keep], 1 - benign[keep]


@pytest.fixture(scope="session")
def odds_folder() -> Path:
    """The folder that PYOD_GAN_DATA names; tests that need it are skipped without."""
    folder = os.environ.get("PYOD_GAN_DATA")
    if not folder:
        pytest.skip("set PYOD_GAN_DATA to a folder with ODDS files to run this test")
    return Path(folder)
