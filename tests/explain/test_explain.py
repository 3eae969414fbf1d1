"""Explanations: in the user's units, names and row labels."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from palmerpenguins import load_penguins
from sklearn import config_context
from sklearn.exceptions import NotFittedError

from pyod_gan import AAE, GAN, GANDetector
from pyod_gan.front_ends.table_scaler import TableScaler
from tests.helpers import QUICK, table


def test_reasons_are_in_the_units_of_the_table() -> None:
    frame = pd.DataFrame(table(400) * [1, 10, 100, 1e3, 1e-3] + 50, columns=list("abcde"))
    rows = frame.iloc[:3].set_axis(["x", "y", "z"])
    before = rows.loc["y", "c"]
    rows.loc["y", "c"] += 1500
    reasons = GANDetector(random_state=0).fit(frame).explain_frame(rows, top=2)
    first = reasons[reasons["row"] == "y"].iloc[0]
    assert first["column"] == "c"
    assert first["observed"] == rows.loc["y", "c"]
    assert first["low"] <= first["expected"] <= first["high"]
    assert abs(first["expected"] - before) < frame["c"].std()
    assert first["reason"].startswith(f"c = {rows.loc['y', 'c']:.3f}; expected ")
    assert reasons.groupby("row").size().max() <= 2
    assert (reasons["share"] > 0).all()
    shares = reasons.groupby("row", sort=False)["share"]
    assert (shares.diff().dropna() <= 0).all()


def test_dependence_shows_the_column_that_does_not_fit() -> None:
    """Each value is usual; the third column does not go with the others."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(500, 1))
    X = np.hstack([a, a, a, a]) + 0.1 * rng.normal(size=(500, 4))
    row = np.array([[1.5, 1.5, -1.0, 1.5]])
    for seed in range(3):
        shares = GANDetector(random_state=seed).fit(X).explain(row)
        assert shares.argmax() == 2
        assert shares[0, 2] > 0.5 * shares.sum()


def test_a_typical_row_has_no_reasons() -> None:
    X = table(300)
    detector = GANDetector(**QUICK).fit(X)
    typical = X[np.argsort(detector.decision_scores_)[:5]]
    assert not detector.explain(typical).any()
    assert detector.explain_frame(typical).empty
    names = detector.explain_frame(X[np.argsort(detector.decision_scores_)[-2:]], top=1)["column"]
    assert set(names) <= {f"x{j}" for j in range(5)}


def test_constant_columns_and_all_pairs() -> None:
    X = np.c_[table(100), np.full(100, 7.0)]
    far = X[:2] + np.array([0, 9, 0, 0, 0, 0])
    for detector in (GANDetector(**QUICK), GANDetector(GAN(), pairing="all", **QUICK)):
        shares = detector.fit(X).explain(far)
        assert np.isfinite(shares).all()
        assert not shares[:, 5].any()


def test_a_replaced_score_does_not_inherit_the_terms_of_another() -> None:
    def score(self, net, x):
        return x[..., 0].abs() + 0 * net.enc(x).sum(-1)

    first = type("First", (AAE,), {"score": score})
    shares = GANDetector(first(), **QUICK).fit(table()).explain([[30.0, 0, 0, 0, 40]])
    assert shares.argmax() == 0
    assert shares[0, 0] == pytest.approx(shares.sum())


def test_shares_do_not_depend_on_the_memory_budget() -> None:
    X = table()
    detector = GANDetector(**QUICK).fit(X)
    shares = detector.explain(X)
    with config_context(working_memory=1):
        np.testing.assert_allclose(detector.explain(X), shares, atol=1e-9)


def test_where_the_score_falls_towards_the_row_distances_are_the_shares() -> None:
    """The mean of the expected rows has half a category each, so it is unlike any row."""
    frame = load_penguins()
    row = frame.iloc[[11]]  # its only flaw is that the sex is missing
    reasons = GANDetector(random_state=0).fit(frame).explain_frame(row, top=1)
    assert reasons["column"].iloc[0] == "sex"


WIDE_TABLE = """
import resource
import numpy as np
from sklearn import config_context
from pyod_gan import GANDetector
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB
X = np.random.default_rng(0).normal(size=(60, 3000))
detector = GANDetector(n_estimators=2, max_iter=5, random_state=0).fit(X)
before = peak()
with config_context(working_memory=32):
    detector.explain(X[:30] + 3)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads peak memory as Linux counts it")
def test_wide_rows_are_explained_in_little_memory() -> None:
    """All expected rows at once, or a square of the columns, would take more than 250 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", WIDE_TABLE], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 100


def test_bad_input() -> None:
    detector = GANDetector(**QUICK)
    with pytest.raises(NotFittedError):
        detector.explain(table())
    detector.fit(table())
    with pytest.raises(ValueError, match="features"):
        detector.explain(table(n_columns=4))
    for top in (0, 1.5, True):
        with pytest.raises(ValueError, match="`top` must be a whole number of at least 1"):
            detector.explain_frame(table(), top=top)


def test_scaler_goes_back() -> None:
    X = table(50) * 3 + 5
    scaler = TableScaler().fit(X)
    far = np.r_[
        X, X.mean(0, keepdims=True) + 40 * X.std(0), X.mean(0, keepdims=True) - 12 * X.std(0)
    ]
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(far)), far, rtol=1e-4)


LABELS = {
    "numbers": range(6),
    "tuples": pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]]),
    "dates": pd.date_range("2024-01-01", periods=6),
    "names": list("abcdef"),
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("mixed", [False, True])
def test_columns_may_have_any_labels(labels: str, mixed: bool, tmp_path: Path) -> None:
    frame = pd.DataFrame(table(100, 6), columns=LABELS[labels])
    if mixed:
        frame[frame.columns[5]] = pd.Series(["x", "y"] * 50, dtype=object)
    frame.iloc[3, 2] = 30.0
    detector = GANDetector(**QUICK).fit(frame)
    detector.save(tmp_path / "model")
    for fitted in (detector, GANDetector.load(tmp_path / "model")):
        reasons = fitted.explain_frame(frame[:5], top=6)
        assert reasons.query("row == 3")["column"].iloc[0] == str(list(frame.columns)[2])
        assert set(reasons["column"]) <= {str(label) for label in frame.columns}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, that an array has no names
        assert len(detector.explain_frame(frame.to_numpy(dtype=object)[:5], top=1)) > 0
    turned = frame[frame.columns[::-1]]
    if mixed or labels == "names":
        with pytest.raises(ValueError, match=r"in the order of fit|same order|feature names"):
            detector.explain_frame(turned)
