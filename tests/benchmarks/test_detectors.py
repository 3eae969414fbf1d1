"""Detectors by name, and those that exist for comparison only."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from benchmarks.harness import detectors
from benchmarks.harness.isolation import isolated
from benchmarks.peers.nearest_prototype import NearestPrototype
from benchmarks.studies import ablation
from pyod_gan.gans import GAN, GANS


def _blob(seed: int = 0) -> np.ndarray:
    X = np.random.RandomState(seed).normal(size=(200, 5))
    X[-1] = 8
    return X


def test_detector_names() -> None:
    assert detectors.expand(None)[0] == "GANDetector"
    assert detectors.expand("KNN,GANDetector:alad,KNN") == ["KNN", "GANDetector:alad"]
    assert set(detectors.expand("all")) > set(detectors.DEFAULT)
    with pytest.raises(ValueError, match="Unknown detector: KNNN"):
        detectors.expand("KNNN")


def test_parameters_in_detector_names() -> None:
    name = "GANDetector:gan+game=hinge+broad_negatives=False+n_estimators=2+ema_decay=0.5"
    widths = "GANDetector+hidden_layer_sizes=(8,4)"
    assert detectors.expand(f"{name},{widths},KNN") == [name, widths, "KNN"]
    made = detectors.make(name, 7)
    assert (made.gan.game, made.gan.broad_negatives, made.n_estimators) == ("hinge", False, 2)
    assert (made.gan.ema_decay, GAN.ema_decay) == (0.5, 0.99)
    assert made.random_state == 7
    assert detectors.make(widths, 0).hidden_layer_sizes == (8, 4)
    assert detectors.is_ours(widths) and not detectors.is_ours("KNN")
    assert len(detectors.expand("family")) == len(set(GANS.values()))
    assert "GANDetector:gan+n_estimators=3+broad_negatives=False" in ablation.expand("ablation")
    assert "GANDetector:prototype+hidden_layer_sizes=(32,16)" in ablation.expand("robustness")
    with pytest.raises(ValueError, match="Did you mean 'alad'"):
        detectors.expand("GANDetector:alda")
    with pytest.raises(ValueError, match="Neither GAN nor GANDetector has 'chess'"):
        detectors.expand("GANDetector:gan+chess=1")


@pytest.mark.parametrize("name", ablation.expand("parts")[1:])
def test_parts_of_the_default_change_its_scores(name: str) -> None:
    rng = np.random.RandomState(0)
    X = rng.randn(300, 4) * [1, 2, 1, 3]
    X[:40] += 8  # beyond the fence
    full, part = (
        detectors.make(n, 0).set_params(n_estimators=2, max_iter=1 if "max_iter" in n else 20)
        for n in ("GANDetector", name)
    )
    if name.endswith("n_estimators=1"):
        part.set_params(n_estimators=1)
    assert not np.allclose(full.fit(X).decision_scores_, part.fit(X).decision_scores_)


def test_nearest_prototype_scores_the_far_row_highest_on_one_path() -> None:
    X = _blob()
    detector = NearestPrototype(random_state=0).fit(X)
    assert detector.decision_scores_.argmax() == len(X) - 1
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(X))
    again = NearestPrototype(random_state=0).fit(X)
    np.testing.assert_array_equal(detector.decision_scores_, again.decision_scores_)
    assert np.isfinite(NearestPrototype().fit(np.ones((20, 2))).decision_scores_).all()


@pytest.mark.parametrize("gan", ["SO_GAAL", "MO_GAAL"])
def test_repaired_gaal_turns_the_sign_around(gan: str) -> None:
    X = _blob()
    with isolated(0):
        shipped = detectors.make(f"PyOD-{gan}", 0).fit(X)
    with isolated(0):
        repaired = detectors.make(f"PyOD-{gan}-repaired", 0).fit(X)
    assert shipped.decision_scores_.min() >= 0
    assert repaired.decision_scores_.max() <= 0
    np.testing.assert_allclose(repaired.decision_scores_, repaired.decision_function(X), rtol=1e-5)


def test_repaired_alad_is_deterministic() -> None:
    with isolated(0):
        shipped = detectors.make("PyOD-ALAD", 0).set_params(epochs=5).fit(_blob())
        assert not np.array_equal(shipped.decision_function(_blob()), shipped.decision_scores_)
        repaired = detectors.make("PyOD-ALAD-repaired", 0).set_params(epochs=5).fit(_blob())
        np.testing.assert_array_equal(
            repaired.decision_function(_blob()), repaired.decision_scores_
        )


def test_repaired_anogan_searches_without_training_the_networks() -> None:
    X = _blob()
    with isolated(0):
        detector = detectors.make("PyOD-AnoGAN-repaired", 0).set_params(epochs=5).fit(X)
        before = [p.clone() for p in detector.generator.parameters()]
        scores = detector.decision_function(X)
    after = list(detector.generator.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert scores.argmax() == len(X) - 1
    np.testing.assert_array_equal(scores, detector.decision_scores_)


def _with_a_kind(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    normal, kind = rng.normal(size=(500, 5)), rng.normal(1.5, 0.4, size=(60, 5))
    return normal[:300], kind[:10], np.r_[normal[300:], kind[10:]], np.repeat([0, 1], [200, 50])


@pytest.mark.parametrize("name", ["GANDetector", "DevNet-repaired", "XGBOD"])
def test_detectors_learn_from_known_anomalies(name: str) -> None:
    if name == "XGBOD":
        pytest.importorskip("xgboost")
    rows, known, fresh, y = _with_a_kind()
    with isolated(0):
        detector = detectors.make(name, 0)
        if name == "DevNet-repaired":
            detector.epochs, detector.nb_batch, detector.batch_size = 20, 4, 128
        detectors.fit(name, detector, rows, known)
        assert roc_auc_score(y, detector.decision_function(fresh)) > 0.95


def test_devnet_as_shipped_is_inverted() -> None:
    """Its loss gets scores as labels; when that is mended, the repaired one can go."""
    rows, known, fresh, y = _with_a_kind()
    with isolated(0):
        detector = detectors.make("DevNet", 0)
        detectors.fit("DevNet", detector, rows, known)
        assert roc_auc_score(y, detector.decision_function(fresh)) < 0.3


def test_who_needs_known_anomalies_says_so() -> None:
    with pytest.raises(ValueError, match="XGBOD needs known anomalies"):
        detectors.fit("XGBOD", None, _blob(), None)
    with isolated(0):
        detectors.fit("KNN", knn := detectors.make("KNN", 0), _blob(), _blob()[:2])
    assert len(knn.decision_scores_) == 200
