"""Thresholds: the label-free rule, held-out rows, p-values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pythresh.thresholds.iqr import IQR
from sklearn.exceptions import NotFittedError

from pyod_gan import GANDetector, GANOutlierDetector
from pyod_gan.api.thresholds import outlying_from
from tests.helpers import QUICK, table, with_far_rows


def rows(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3))


@pytest.fixture(scope="module")
def fitted() -> GANDetector:
    return GANDetector(**QUICK).fit(rows(200, 0))


# --- contamination="auto" ------------------------------------------------------------------------


def test_modified_z_score_by_hand() -> None:
    scores = np.array([1.0, 2, 3, 4, 5, 100])  # median 3.5, MAD 1.5
    assert outlying_from(scores) == pytest.approx(3.5 + 3.5 * 1.5 / 0.6745)
    mostly_equal = np.array([0.0] * 8 + [1, 9])  # MAD 0, mean absolute deviation 1
    assert outlying_from(mostly_equal) == pytest.approx(3.5 * 1.253314)
    assert outlying_from(np.full(5, 2.0)) == 2.0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_auto_finds_planted_rows_and_few_others(seed: int) -> None:
    X, y = with_far_rows(seed)
    detector = GANDetector(contamination="auto", random_state=seed).fit(X)
    assert detector.labels_[y == 1].all()
    assert detector.labels_[y == 0].mean() < 0.05
    np.testing.assert_array_equal(detector.predict(X), detector.labels_)
    assert detector.predict_proba(X).shape == (len(X), 2)
    labels, (rate, bound, cost) = detector.predict_with_rejection(X, return_stats=True)
    assert set(labels) <= {0, 1, -2} and 0 <= rate <= bound and cost > 0
    turned = GANOutlierDetector(contamination="auto", random_state=seed).fit(X)
    np.testing.assert_array_equal(turned.predict(X) == -1, detector.labels_ == 1)


def test_confidence_counts_whole_outliers() -> None:
    """One of 49 rows is an outlier, though 49 · (1 / 49) is a little below 1."""
    X = rows(49, 0)
    detector = GANDetector(contamination=1 / 49, **QUICK).fit(X)
    confidence = detector.predict_confidence(np.full((1, 3), 9.0))
    assert 0.3 < confidence[0] < 0.9


def test_other_words_are_refused() -> None:
    with pytest.raises(ValueError, match="'contamination' parameter"):
        GANDetector(contamination="automatic", **QUICK).fit(table())


# --- held-out rows -------------------------------------------------------------------------------


def test_p_values_by_hand(fitted: GANDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GANDetector, "decision_function", lambda self, X: np.array(X))
    fitted.calibrate([3.0, 1.0, 2.0, 2.0])
    found = fitted.p_values([0.0, 1.0, 2.0, 2.5, 3.0, 9.0])
    np.testing.assert_allclose(found, [1, 1, 0.8, 0.4, 0.4, 0.2])
    adjusted = fitted.p_values([9.0, 9.0, 0.0], adjust="bh")
    np.testing.assert_allclose(adjusted, [0.3, 0.3, 1])


def test_p_values_hold_on_new_normal_rows() -> None:
    """P(p ≤ α) ≤ α, over detectors, held-out rows and new rows."""
    found = []
    for seed in range(20):
        detector = GANDetector(n_estimators=2, max_iter=20, random_state=seed)
        detector.fit(rows(100, seed)).calibrate(rows(99, 100 + seed))
        found.append(detector.p_values(rows(500, 200 + seed)))
    shares = np.array(found)
    for alpha in (0.01, 0.05, 0.1, 0.5):
        # over draws of 99 held-out rows the share has about this standard deviation
        error = np.sqrt(alpha * (1 - alpha) * (1 / 100 + 1 / 500) / len(shares))
        assert alpha - 4 * error < (shares <= alpha).mean() < alpha + 3 * error


def test_adjusted_values_keep_the_false_discoveries_down() -> None:
    """At α = 0.2 at most α times the share of normal rows of the flagged is normal, on average."""
    false = []
    for seed in range(40):
        detector = GANDetector(n_estimators=2, max_iter=20, random_state=seed)
        detector.fit(rows(100, seed)).calibrate(rows(299, 100 + seed))
        X, y = np.r_[rows(180, 200 + seed), rows(20, 300 + seed) + 6], np.repeat([0, 1], [180, 20])
        flagged = detector.p_values(X, adjust="bh") <= 0.2
        assert flagged[y == 1].all()
        false.append((flagged & (y == 0)).sum() / flagged.sum())
    error = np.std(false) / np.sqrt(len(false))
    assert 0.18 - 4 * error < np.mean(false) < 0.18 + 3 * error


def test_threshold_is_where_p_values_cross(fitted: GANDetector) -> None:
    fitted.calibrate(rows(299, 1))
    X = np.r_[rows(500, 2), 3 * rows(50, 3)]
    for fpr in (0.01, 0.05, 1 / 300, 0.3):
        assert fitted.set_threshold(fpr=fpr) is fitted
        np.testing.assert_array_equal(
            fitted.predict(X) == 1, fitted.p_values(X) <= fpr * (1 + 1e-9)
        )
        expected = (fitted.decision_scores_ > fitted.threshold_).astype(int)
        np.testing.assert_array_equal(fitted.labels_, expected)
        fitted.predict_with_rejection(X, return_stats=True)


def test_bad_input(fitted: GANDetector) -> None:
    fresh = GANDetector(**QUICK)
    with pytest.raises(NotFittedError):
        fresh.calibrate(table())
    fresh.fit(table())
    for call in (fresh.p_values, lambda X: fresh.set_threshold(fpr=0.1)):
        with pytest.raises(NotFittedError, match="call `calibrate` with normal rows"):
            call(table())
    fitted.calibrate(rows(98, 1))
    before = dict(vars(fitted))
    with pytest.raises(ValueError, match=r"needs at least 99 held-out rows.*got 98"):
        fitted.set_threshold(fpr=0.01)
    for fpr in (0, 1, -0.1, 2, True, np.nan, np.inf, None, "0.1", 0.1j, [0.1], np.array([0.1])):
        with pytest.raises(ValueError, match="a number between 0 and 1"):
            fitted.set_threshold(fpr=fpr)
    with pytest.raises(ValueError, match="needs at least inf held-out rows"):
        fitted.set_threshold(fpr=1e-320)
    with pytest.raises(ValueError, match="must be None or 'bh'"):
        fitted.p_values(rows(3, 0), adjust="holm")
    assert vars(fitted).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(fitted).items())


def test_a_threshold_is_set_with_all_that_belongs_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = GANDetector(contamination=IQR(), **QUICK).fit(rows(200, 0)).calibrate(rows(99, 1))
    before = dict(vars(detector))

    def interrupted(self: GANDetector, name: str, value: object) -> None:
        if name == "flagged_share_":
            raise KeyboardInterrupt
        object.__setattr__(self, name, value)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(GANDetector, "__setattr__", interrupted)
        detector.set_threshold(fpr=0.3)
    assert vars(detector).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(detector).items())
    detector.set_threshold(fpr=0.3)
    assert detector.flagged_share_ == detector.labels_.mean()
    assert not hasattr(detector, "thresholder_")  # it did not find this threshold


def test_saved_and_forgotten(fitted: GANDetector, tmp_path: Path) -> None:
    fitted.calibrate(rows(99, 1)).set_threshold(fpr=0.05).save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.p_values(rows(9, 2)), fitted.p_values(rows(9, 2)))
    np.testing.assert_array_equal(loaded.labels_, fitted.labels_)
    loaded.fit(rows(200, 0))
    assert not hasattr(loaded, "conformal_scores_")  # the rows were held out of another fit
