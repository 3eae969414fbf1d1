"""Scaled columns: linear in the bulk, ordered beyond."""

from __future__ import annotations

import numpy as np

from pyod_gan.front_ends.table_scaler import TableScaler


def test_scaler_is_linear_in_the_bulk_and_ordered_beyond() -> None:
    X = np.random.default_rng(0).normal(5, 3, size=(1000, 2))
    scaler = TableScaler().fit(X)
    z = scaler.transform(X)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(z.std(0), 1, atol=1e-5)
    far = scaler.transform(np.array([[1e2, 0], [1e4, 0], [1e8, 0], [1e300, 0], [-1e300, 0]]))[:, 0]
    assert (np.diff(far[:4]) > 0).all() and far[4] == -far[3]
    assert np.isfinite(far).all()


def test_scaler_is_blind_to_units_and_constants() -> None:
    X = np.random.default_rng(0).normal(size=(50, 2))
    scaled = TableScaler().fit(X * [1e6, 1e-6]).transform(X * [1e6, 1e-6])
    np.testing.assert_allclose(scaled, TableScaler().fit(X).transform(X), rtol=1e-5)
    constant = np.full((50, 1), 0.1)
    np.testing.assert_allclose(TableScaler().fit(constant).transform(constant), 0, atol=1e-9)
