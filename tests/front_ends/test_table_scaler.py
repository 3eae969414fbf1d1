"""Scaled columns: linear in the bulk, ordered beyond, and no few values decide the scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyod_gan import GANDetector
from pyod_gan.front_ends.table_scaler import TableScaler

from ..helpers import QUICK

COLUMNS = {
    "normal": lambda rng: rng.normal(5, 3, 200),
    "skewed": lambda rng: rng.lognormal(3, 0.5, 200),
    "counts": lambda rng: rng.poisson(0.3, 200).astype(float),
    "mostly zero": lambda rng: np.where(rng.random(200) < 0.9, 0, rng.gamma(2, size=200)),
    "times": lambda rng: 1.7e9 + 1e6 * rng.random(200),
}


def scaled(column: np.ndarray, values: np.ndarray | list[float] | None = None) -> np.ndarray:
    """Scaled ``values``, or the column itself, on the scale of one column."""
    scaler = TableScaler().fit(column[:, None])
    return scaler.transform(column[:, None] if values is None else np.array(values)[:, None])[:, 0]


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


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("size", [1e2, 1e6, 1e12, 1e300])
def test_two_percent_of_errors_hardly_move_the_scale(kind: str, size: float) -> None:
    column = COLUMNS[kind](np.random.default_rng(0))
    wrong = column.copy()
    wrong[:4] = np.array([size, size, size, -size]) * min(column.max(), 1e6)
    clean, disturbed = (TableScaler().fit(c[:, None]) for c in (column, wrong))
    assert 0.8 < disturbed.scale_[0] / clean.scale_[0] < 2.1
    assert abs(disturbed.mean_[0] - clean.mean_[0]) < 0.4 * clean.scale_[0]
    z = disturbed.transform(wrong[:, None])[:, 0]
    assert np.abs(z[:4]).min() > np.abs(z[4:]).max()


@pytest.mark.parametrize("n_ones", [1, 2, 4, 10, 100])
def test_a_flag_keeps_its_standard_deviation(n_ones: int) -> None:
    flag = (np.arange(200) < n_ones).astype(float)
    assert TableScaler().fit(flag[:, None]).scale_[0] == pytest.approx(flag.std())


def test_an_error_in_a_rare_flag_does_not_hide_the_flag() -> None:
    z = scaled(np.r_[1e12, np.ones(3), np.zeros(196)])
    assert z[0] > z[1] > z[-1] + 5


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("other", [np.float32, np.float64])
def test_rounding_is_no_change(precision: type, other: type) -> None:
    scaler = TableScaler().fit(np.full((50, 1), 0.1, precision))
    assert abs(scaler.transform(np.full((1, 1), 0.1, other))[0, 0]) < 0.1
    noisy = 1e6 * (1 + np.finfo(precision).eps * np.arange(3).repeat(9)).astype(precision)
    assert np.abs(scaled(noisy)).max() < 0.5


@pytest.mark.parametrize("constant", [0.0, 0.1, -7.0, 1e9, 1e-300])
@pytest.mark.parametrize("change", [1e-3, 1.0, 1e300, -1e-3])
def test_any_change_of_a_constant_is_as_rare_as_one_row(constant: float, change: float) -> None:
    z = scaled(np.full(81, constant), [constant, constant + change])
    np.testing.assert_allclose(z, [0, 9 * np.sign(change)], rtol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 4, 39])
def test_few_rows(n: int) -> None:
    column = np.arange(n, dtype=float)
    z = scaled(column)
    assert (np.diff(z) > 0).all() and np.abs(z).max() < 10
    column[-1] = 1e9
    assert scaled(column)[-1] > (10 if n > 3 else 0)


def test_numbers_of_every_size_have_a_scale() -> None:
    rng = np.random.default_rng(0)
    steps = rng.integers(-50, 50, 200).astype(float)
    for column in (steps * 5e-324, steps * 1e-310, steps * 1e300, np.sign(steps) * 1.7e308):
        z = scaled(column)
        assert np.isfinite(z).all() and 0.2 < z.std() < 5
        assert (np.diff(z[np.argsort(column)]) >= 0).all()
    single = np.float32(steps * 6e36)
    assert np.isfinite(scaled(single)).all() and 0.9 < scaled(single).std() < 1.1


def test_values_go_back_to_their_units() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([make(rng) for make in COLUMNS.values()])
    X[0], X[1] = 1e6 * X[0], -1e9
    scaler = TableScaler(weights=np.linspace(0.5, 2, X.shape[1])).fit(X)
    back = scaler.inverse_transform(scaler.transform(X))
    np.testing.assert_allclose(back[2:], X[2:], atol=1e-5 * scaler.scale_.max(), rtol=1e-5)
    np.testing.assert_allclose(back[:2], X[:2], rtol=1e-4, atol=1e-4)
    assert np.isfinite(scaler.inverse_transform(np.full(X.shape[1], 2000.0))).all()


def test_scale_does_not_depend_on_the_order_of_rows() -> None:
    column = COLUMNS["skewed"](np.random.default_rng(0))
    column[3] = 1e9
    first, second = (TableScaler().fit(c[:, None]) for c in (column, column[::-1]))
    assert first.scale_ == pytest.approx(second.scale_, rel=1e-12)


def test_a_joint_scale_keeps_the_shares_of_columns() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([10 * rng.normal(size=500), rng.normal(size=500), np.full(500, 3.0)])
    scaler = TableScaler(joint=True).fit(X)
    z = scaler.transform(X)
    assert (z**2).mean() == pytest.approx(1, abs=0.01)
    assert z[:, 0].std() / z[:, 1].std() == pytest.approx(10, rel=0.1)
    changed = np.array([[0, 0, 3.1]])
    assert abs(scaler.transform(changed)[0, 2]) < 0.1  # little, in one unit with the others
    np.testing.assert_allclose(scaler.inverse_transform(z), X, atol=1e-5)
    huge = TableScaler(joint=True).fit(X * 1e200).transform(X * 1e200)
    np.testing.assert_allclose(huge, z, rtol=1e-5, atol=1e-6)
    constant = np.full((50, 2), 3.0)
    for joint in (False, True):
        far = TableScaler(joint=joint).fit(constant).transform(constant + np.array([0, 1]))
        assert far[0, 1] > 7


@pytest.mark.parametrize("form", ["array", "frame"])
def test_joint_preprocessing(form: str, tmp_path: Path) -> None:
    """A column that hardly varies counts little in distances, also in files and partial_fit."""
    rng = np.random.default_rng(0)
    X = np.column_stack([10 * rng.normal(size=(300, 2)), 0.1 * rng.normal(size=300)])
    rows = X[:1] * [0, 0, 0] + [0, 0, 1.0]  # ten deviations of the third column
    if form == "frame":
        X, rows = (pd.DataFrame(values, columns=list("abc")) for values in (X, rows))
    joint = GANDetector("prototype", preprocessing="joint", **QUICK).fit(X)
    each = GANDetector("prototype", **QUICK).fit(X)
    assert joint.predict(rows) == 0
    assert each.predict(rows) == 1
    joint.save(tmp_path / "m")
    loaded = GANDetector.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.decision_function(X), joint.decision_scores_)
    scale = loaded.partial_fit(X).model_.front_end.scaler_.scale_
    assert len(set(scale)) == 1
    with pytest.raises(ValueError, match="preprocessing='joint' is for numbers that share a unit"):
        GANDetector(preprocessing="joint").fit(pd.DataFrame({"a": ["x", "y"] * 20}))
