"""The PyOD contract of GANDetector, and PyOD's own wrappers around it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pyod.models.base import BaseDetector
from pyod.models.combination import average
from pyod.models.embedding import EmbeddingOD
from pyod.models.iforest import IForest
from pyod.models.suod import SUOD
from pyod.models.ts_od import TimeSeriesOD
from pyod.utils.utility import standardizer
from pythresh.thresholds.iqr import IQR
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from statsmodels.datasets import co2

from pyod_gan import GANDetector
from tests.helpers import QUICK, table, with_far_rows


@pytest.fixture(scope="module")
def fitted() -> tuple[GANDetector, np.ndarray]:
    X, _ = with_far_rows()
    return GANDetector(**QUICK).fit(X), X


def test_is_a_pyod_detector(fitted) -> None:
    assert isinstance(fitted[0], BaseDetector)


def test_labels_follow_the_threshold(fitted) -> None:
    detector, X = fitted
    assert detector.labels_.mean() == pytest.approx(0.1, abs=0.005)
    np.testing.assert_array_equal(detector.labels_, detector.predict(X))
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > detector.threshold_)
    many = GANDetector(**QUICK, contamination=0.3).fit(X)
    np.testing.assert_array_equal(many.decision_scores_, detector.decision_scores_)
    assert many.labels_.mean() == pytest.approx(0.3, abs=0.005)


@pytest.mark.parametrize("method", ["linear", "unify"])
def test_probabilities(fitted, method: str) -> None:
    detector, X = fitted
    probability = detector.predict_proba(X, method=method)
    assert probability.shape == (len(X), 2)
    np.testing.assert_allclose(probability.sum(1), 1)
    assert probability.min() >= 0 and probability.max() <= 1
    order = np.argsort(detector.decision_scores_)
    assert (np.diff(probability[order, 1]) >= 0).all()
    with_confidence = detector.predict_proba(X, method=method, return_confidence=True)
    np.testing.assert_array_equal(with_confidence[0], probability)
    assert with_confidence[1].shape == (len(X),)


def test_probabilities_know_their_methods(fitted) -> None:
    with pytest.raises(ValueError, match=r"'linear' or 'unify'\. Got 'magic'"):
        fitted[0].predict_proba(fitted[1], method="magic")


def test_probabilities_match_pyods_own(fitted) -> None:
    detector, X = fitted
    for method in ("linear", "unify"):
        expected = BaseDetector.predict_proba(detector, X, method=method)
        np.testing.assert_allclose(detector.predict_proba(X, method=method), expected)


def test_contamination_of_any_float_type(fitted) -> None:
    detector, X = fitted
    same = GANDetector(**QUICK, contamination=np.float32(0.1)).fit(X)
    np.testing.assert_array_equal(same.predict(X), detector.labels_)
    assert same.predict_with_rejection(X).shape == (len(X),)


def test_confidence_matches_pyods_own(fitted) -> None:
    detector, X = fitted
    expected = BaseDetector.predict_confidence(detector, X)
    np.testing.assert_allclose(detector.predict_confidence(X), expected)
    np.testing.assert_array_equal(BaseDetector.predict(detector, X), detector.predict(X))


def test_a_shared_thresholder_is_left_alone(fitted) -> None:
    detector, X = fitted
    shared = IQR()
    before = str(vars(shared))
    first = GANDetector(**QUICK, contamination=shared).fit(X)
    labels = first.labels_
    GANDetector(**QUICK, contamination=shared).fit(table())
    assert str(vars(shared)) == before
    assert 0 < labels.mean() < 0.3
    np.testing.assert_array_equal(first.decision_scores_, detector.decision_scores_)
    np.testing.assert_array_equal(first.predict(X), labels)
    assert first.predict(X[:1]).shape == (1,)
    assert first.predict_proba(X[:1]).shape == (1, 2)
    assert first.predict_confidence(X).shape == (len(X),)
    assert first.predict_with_rejection(X).shape == (len(X),)


def test_confidence_and_rejection(fitted) -> None:
    detector, X = fitted
    labels, confidence = detector.predict(X, return_confidence=True)
    assert ((confidence >= 0) & (confidence <= 1)).all()
    np.testing.assert_array_equal(labels, detector.labels_)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rejected, stats = detector.predict_with_rejection(X, return_stats=True)
    assert set(np.unique(rejected)) <= {-2, 0, 1}
    assert tuple(stats) == detector.compute_rejection_stats()
    assert len(GANDetector(**QUICK, contamination="auto").fit(X).compute_rejection_stats()) == 3


def test_one_class_labels_and_fit_predict(fitted) -> None:
    detector, X = fitted
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = GANDetector(**QUICK).fit_predict(X, np.zeros(len(X), int))
        one_class = GANDetector(**QUICK).fit(X, ["normal"] * len(X))
    np.testing.assert_array_equal(labels, detector.labels_)
    assert one_class.predict_proba(X).shape == (len(X), 2)


def test_repr_names_what_was_set() -> None:
    assert repr(GANDetector(n_estimators=3)) == "GANDetector(n_estimators=3)"


def test_time_series() -> None:
    """Atmospheric CO2 at Mauna Loa, weekly differences, with one sensor fault put in."""
    series = co2.load_pandas().data["co2"].interpolate().diff().dropna().to_numpy()[:800].copy()
    series[400:410] += 3
    detector = TimeSeriesOD(GANDetector(**QUICK), window_size=20).fit(series)
    assert 380 <= int(np.argmax(detector.decision_scores_)) <= 430
    assert detector.decision_function(series).shape == (800,)


def test_embedding() -> None:
    images, digit = load_digits(return_X_y=True)
    keep = np.r_[np.flatnonzero(digit == 0), np.flatnonzero(digit == 6)[:15]]
    wrapped = EmbeddingOD(lambda X: np.asarray(X)[:, ::2], GANDetector(**QUICK))
    wrapped.fit(list(images[keep]))
    assert roc_auc_score(digit[keep], wrapped.decision_scores_) > 0.9


def test_suod_and_combination(cancer) -> None:
    X, y = cancer
    ensemble = SUOD(
        base_estimators=[GANDetector(**QUICK), IForest(random_state=0)],
        n_jobs=1,
        rp_flag_global=False,
        bps_flag=False,
        approx_flag_global=False,
        verbose=False,
    )
    ensemble.fit(X)
    assert roc_auc_score(y, ensemble.decision_function(X)) > 0.9
    both = [GANDetector(**QUICK), IForest(random_state=0)]
    scores = np.column_stack([d.fit(X).decision_scores_ for d in both])
    assert roc_auc_score(y, average(standardizer(scores))) > 0.9


def test_no_global_state_is_touched(capfd: pytest.CaptureFixture[str]) -> None:
    import random

    import torch

    GANDetector(**QUICK).fit(table())  # a library's first import may add a warnings filter
    before_threads = torch.get_num_threads()
    torch.set_num_threads(3)
    before = (random.getstate(), str(np.random.get_state()), torch.get_rng_state())
    position = np.random.get_state()[2]
    threads, filters = torch.get_num_threads(), list(warnings.filters)
    detector = GANDetector(n_estimators=2, max_iter=5)
    detector.get_params()
    detector.fit(table()).predict(table())
    assert random.getstate() == before[0]
    assert str(np.random.get_state()) == before[1]
    assert np.random.get_state()[2] == position
    assert torch.equal(torch.get_rng_state(), before[2])
    assert torch.get_num_threads() == threads == 3
    torch.set_num_threads(before_threads)
    assert warnings.filters == filters
    assert capfd.readouterr() == ("", "")
