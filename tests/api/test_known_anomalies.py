"""``known_anomalies`` of ``fit`` and ``partial_fit``: who may pass what, and what becomes of it."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pyod_gan import GAN, GANDetector, GANOutlierDetector
from pyod_gan.api.negatives import other_rows
from tests.helpers import cars, with_known_kind

ROWS, KNOWN, FRESH, LABELS = with_known_kind()


def fitted(**parameters) -> GANDetector:
    return GANDetector(random_state=0, **parameters).fit(ROWS, known_anomalies=KNOWN)


def auroc(detector) -> float:
    return float(roc_auc_score(LABELS, detector.decision_function(FRESH)))


def test_scores_and_threshold_are_of_the_training_rows() -> None:
    detector = fitted()
    assert auroc(detector) > 0.95 > 0.8 > auroc(GANDetector(random_state=0).fit(ROWS))
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(ROWS))
    assert detector.labels_.mean() == pytest.approx(0.1)
    assert (detector.decision_function(KNOWN) > detector.threshold_).all()
    assert pickle.loads(pickle.dumps(detector)).known_anomalies_.tolist() == KNOWN.tolist()


@pytest.mark.parametrize("gan", ["views", "gan"])
def test_the_same_seed_gives_the_same_scores(gan: str) -> None:
    np.testing.assert_array_equal(
        fitted(gan=gan).decision_scores_, fitted(gan=gan).decision_scores_
    )


@pytest.mark.parametrize("gan", ["views", "gan"])
def test_known_anomalies_may_be_rows_of_the_table(gan: str) -> None:
    """Their rows are scored, and not learnt: the others have the scores that they have alone."""
    together = GANDetector(gan, random_state=0).fit(np.r_[ROWS, KNOWN], known_anomalies=KNOWN)
    assert together.decision_scores_.shape == (405,)
    assert (together.decision_scores_[400:] > np.quantile(together.decision_scores_, 0.95)).all()
    assert len(together.reservoir_) == 400
    assert auroc(together) > 0.95


def test_each_known_anomaly_takes_one_equal_row_away() -> None:
    rows = np.array([[1.0, np.nan], [0.0, 2], [1, np.nan], [3, 4], [-0.0, 2], [5, 6]])
    known = np.array([[1.0, np.nan], [0, 2], [0, 2], [7, 8]])
    assert other_rows(rows, known).tolist() == [False, False, True, True, False, True]


@pytest.mark.parametrize("none", [None, [], ROWS[:0], pd.DataFrame(ROWS[:0])])
def test_none_is_no_anomaly(none) -> None:
    detector = GANDetector(random_state=0).fit(ROWS, known_anomalies=none)
    assert detector.known_anomalies_.shape == (0, 4)
    plain = GANDetector(random_state=0).fit(ROWS)
    np.testing.assert_array_equal(detector.decision_scores_, plain.decision_scores_)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (KNOWN[:, :3], "3 features"),
        (KNOWN[0], "Expected 2D array"),
        (np.full((1, 4), np.nan), "NaN"),
        ([["a", "b", "c", "d"]], "convert string"),
    ],
)
def test_wrong_known_anomalies_are_refused_and_nothing_is_changed(known, said: str) -> None:
    detector = fitted()
    before = detector.decision_scores_
    with pytest.raises(ValueError, match=said) as caught:
        detector.fit(ROWS, known_anomalies=known)
    assert "`known_anomalies`" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match=said):
        detector.partial_fit(ROWS[:9], known_anomalies=known)
    assert detector.decision_scores_ is before
    assert len(detector.known_anomalies_) == 5


def test_two_rows_must_be_left() -> None:
    with pytest.raises(ValueError, match="5 were given, and 4 of them are known anomalies"):
        GANDetector().fit(ROWS[:5], known_anomalies=ROWS[:4])


def test_tables_of_any_columns() -> None:
    """Three old cars from Japan: a value, a category and a date, some values missing."""
    table = cars()
    odd = (table["Origin"] == "Japan") & (table["Year"] < "1974")
    known, others = table[odd].iloc[:3], table[~odd]
    detector = GANDetector(random_state=0).fit(others, known_anomalies=known)
    found = detector.decision_function(table[odd].iloc[3:])
    assert np.median(found) > np.quantile(detector.decision_scores_, 0.9)
    alone = GANDetector(random_state=0).fit(others)
    assert np.median(found) > np.median(alone.decision_function(table[odd].iloc[3:]))


def test_files_and_onnx_keep_what_was_learnt(tmp_path: Path) -> None:
    ort = pytest.importorskip("onnxruntime")
    detector = fitted()
    detector.save(tmp_path / "detector.safetensors")
    loaded = GANDetector.load(tmp_path / "detector.safetensors")
    np.testing.assert_array_equal(
        loaded.decision_function(FRESH), detector.decision_function(FRESH)
    )
    np.testing.assert_array_equal(loaded.known_anomalies_, KNOWN)
    detector.to_onnx(tmp_path / "detector.onnx")
    session = ort.InferenceSession((tmp_path / "detector.onnx").read_bytes())
    (scores,) = session.run(["score"], {"X": FRESH})
    np.testing.assert_allclose(scores, detector.decision_function(FRESH), atol=1e-5)


def test_reasons_name_the_columns_of_the_kind() -> None:
    shares = fitted().explain(FRESH[LABELS == 1])
    assert shares[:, :2].sum() > 0.7 * shares.sum()


def test_anomalies_found_later_are_learnt_by_partial_fit() -> None:
    detector = GANDetector(random_state=0).fit(np.r_[ROWS, KNOWN])
    before = auroc(detector)
    detector.partial_fit(ROWS[:10], known_anomalies=KNOWN[:2])
    assert auroc(detector) > before + 0.05
    assert len(detector.reservoir_) == 405 + 10 - 2
    detector.partial_fit(ROWS[:10], known_anomalies=KNOWN[2:])
    np.testing.assert_array_equal(detector.known_anomalies_, KNOWN)
    detector.partial_fit(ROWS[10:20])
    assert auroc(detector) > 0.93
    first = GANDetector(random_state=0).partial_fit(ROWS, known_anomalies=KNOWN)
    np.testing.assert_array_equal(first.decision_scores_, fitted().decision_scores_)


def test_in_scikit_learns_convention() -> None:
    turned = GANOutlierDetector(random_state=0).fit(ROWS, known_anomalies=KNOWN)
    np.testing.assert_array_equal(-turned.score_samples(FRESH), fitted().decision_function(FRESH))
    turned.partial_fit(ROWS[:20], known_anomalies=KNOWN[:1])
    assert len(turned.detector_.known_anomalies_) == 6


def test_grid_search_and_pipelines_pass_them_on() -> None:
    """Five known anomalies are no rows of the table, so they are not split with it."""
    search = GridSearchCV(
        GANDetector(GAN(max_iter=20), random_state=0),
        {"gan__latent_dim": [4, 8]},
        cv=2,
        scoring=lambda detector, X, y=None: len(detector.known_anomalies_),
    ).fit(ROWS, known_anomalies=KNOWN)
    assert search.best_score_ == 5
    scaler = StandardScaler().fit(ROWS)
    pipeline = make_pipeline(scaler, GANDetector(random_state=0))
    pipeline.fit(ROWS, gandetector__known_anomalies=scaler.transform(KNOWN))
    assert auroc(pipeline) > 0.95


def test_a_gan_that_cannot_learn_from_them_says_so_before_it_trains() -> None:
    said = re.escape("USAD cannot learn from known anomalies")
    with pytest.raises(ValueError, match=said):
        GANDetector("usad", max_iter=10**7).fit(ROWS, known_anomalies=KNOWN)
