"""PyOD's files, combinations, ensembles and thresholders with our detectors inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyod.models import combination, thresholds
from pyod.models.embedding import EmbeddingOD, MultiModalOD
from pyod.models.feature_bagging import FeatureBagging
from pyod.models.iforest import IForest
from pyod.models.knn import KNN
from pyod.models.lscp import LSCP
from pyod.models.suod import SUOD
from pyod.models.ts_od import TimeSeriesOD
from pyod.utils import persistence
from pyod.utils.utility import standardizer
from sklearn.base import clone

from pyod_gan import (
    GANDetector,
    ImageDetector,
    RecordDetector,
    SeriesDetector,
    TextDetector,
)
from tests.helpers import QUICK, with_far_rows

X, Y = with_far_rows()
FRESH, FRESH_Y = with_far_rows(seed=100)
SERIES = np.sin(np.arange(300) / 5) + 0.1 * np.random.default_rng(0).normal(size=300)
SERIES[200] += 3
NOTES = [f"Your parcel {i} arrives on day {i % 28 + 1}." for i in range(len(X))]
NOTES[7] = "WIN a FREE prize!!! Call 0900 123456 now"
PIXELS = np.random.default_rng(0).random((40, 8, 8))
PIXELS[5, 2:5, 2:5] = 4
RECORDS = {"row": X, "note": NOTES}
PARTS = [("row", GANDetector(**QUICK)), ("note", TextDetector(**QUICK))]
FITTED = {  # estimator, its data, the place of the oddest item
    "GANDetector": (GANDetector(**QUICK), X, None),
    "prototype": (GANDetector("prototype", **QUICK), X, None),
    "SeriesDetector": (SeriesDetector(window_size=32, **QUICK), SERIES, 200),
    "TextDetector": (TextDetector(**QUICK), NOTES, 7),
    "ImageDetector": (ImageDetector(**QUICK), PIXELS, 5),
    "RecordDetector": (RecordDetector(PARTS, random_state=0), RECORDS, None),
    "TimeSeriesOD": (TimeSeriesOD(GANDetector(**QUICK), window_size=20), SERIES, None),
    "EmbeddingOD": (EmbeddingOD(np.asarray, GANDetector(**QUICK)), list(X), None),
    "MultiModalOD": (MultiModalOD(dict(PARTS), combination="maximization"), RECORDS, None),
    "FeatureBagging": (FeatureBagging(GANDetector(**QUICK), 3, random_state=0), X, None),
}


def comes_first(scores: np.ndarray, labels: np.ndarray) -> bool:
    """Whether all anomalies score higher than all others."""
    return bool(scores[labels == 1].min() > scores[labels == 0].max())


@pytest.mark.parametrize("name", FITTED)
def test_pyods_files_keep_the_scores(name: str, tmp_path: Path) -> None:
    detector, data, oddest = FITTED[name]
    detector = clone(detector).fit(data)
    if oddest is not None:
        assert detector.decision_scores_.argmax() == oddest
    persistence.save(detector, tmp_path / "model", metadata={"trained on": "test"})
    again, about = persistence.load(
        tmp_path / "model", strict=True, return_metadata=True, trusted=True
    )
    assert about["metadata"] == {"trained on": "test"}
    assert about["model_class"] == f"{type(detector).__module__}.{type(detector).__name__}"
    for of in ("decision_scores_", "labels_", "threshold_"):
        np.testing.assert_array_equal(getattr(again, of), getattr(detector, of))
    scores = detector.decision_function(data)
    np.testing.assert_array_equal(again.decision_function(data), scores)


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    """Standardised scores of new rows by four detectors, (n, 4)."""
    gans = [GANDetector(gan, **QUICK) for gan in ("auto", "prototype", "gan")]
    fitted = [detector.fit(X) for detector in (*gans, IForest(random_state=0))]
    of_training = np.column_stack([detector.decision_scores_ for detector in fitted])
    new = np.column_stack([detector.decision_function(FRESH) for detector in fitted])
    return standardizer(of_training, new)[1]


def test_combinations_of_scores(scores: np.ndarray) -> None:
    halves = scores.reshape(len(scores), 2, 2)  # buckets in the order of the columns
    for combined, expected in (
        (combination.average(scores), scores.mean(1)),
        (combination.maximization(scores), scores.max(1)),
        (combination.median(scores), np.median(scores, axis=1)),
    ):
        np.testing.assert_allclose(combined, expected)
        assert comes_first(combined, FRESH_Y)
    for combine in (combination.aom, combination.moa):
        combined = combine(scores, n_buckets=2, random_state=0)
        assert comes_first(combined, FRESH_Y)
        low, high = halves.min(axis=(1, 2)), halves.max(axis=(1, 2))
        assert ((low <= combined) & (combined <= high)).all()


def test_majority_vote_of_labels() -> None:
    gans = [GANDetector(gan, **QUICK) for gan in ("auto", "prototype", "gan")]
    labels = np.column_stack([gan.fit(X).predict(FRESH) for gan in gans])
    voted = combination.majority_vote(labels).ravel()
    np.testing.assert_array_equal(voted, labels.sum(1) >= 2)
    assert voted[FRESH_Y == 1].all()


def test_lscp() -> None:
    def fitted() -> LSCP:
        ours = [GANDetector(**QUICK), GANDetector("prototype", **QUICK)]
        return LSCP([*ours, KNN()], n_bins=3, random_state=0).fit(X)

    detector = fitted()
    assert comes_first(detector.decision_scores_, Y)
    assert comes_first(detector.decision_function(FRESH), FRESH_Y)
    np.testing.assert_array_equal(fitted().decision_scores_, detector.decision_scores_)


def test_feature_bagging_seeds_every_detector() -> None:
    def fitted(seed: int) -> FeatureBagging:
        return FeatureBagging(GANDetector(**QUICK), 3, random_state=seed).fit(X)

    detector = fitted(0)
    assert comes_first(detector.decision_scores_, Y)
    assert comes_first(detector.decision_function(FRESH), FRESH_Y)
    assert len({one.random_state for one in detector.estimators_}) == 3
    np.testing.assert_array_equal(fitted(0).decision_scores_, detector.decision_scores_)
    assert (fitted(1).decision_scores_ != detector.decision_scores_).any()


@pytest.mark.parametrize("way", ["average", "maximization"])
def test_suod_scores_training_rows_as_new_ones(way: str) -> None:
    """Without projections and approximations, which give other scores than the detectors'."""
    off = {"rp_flag_global": False, "bps_flag": False, "approx_flag_global": False}
    gans = [GANDetector(**QUICK), GANDetector("prototype", **QUICK)]
    detector = SUOD(gans, combination=way, n_jobs=1, verbose=False, **off).fit(X)
    np.testing.assert_allclose(detector.decision_function(X), detector.decision_scores_)
    assert comes_first(detector.decision_function(FRESH), FRESH_Y)
    alone = np.column_stack([clone(gan).fit(X).decision_scores_ for gan in gans])
    combined = getattr(combination, way)(standardizer(alone))
    np.testing.assert_allclose(detector.decision_scores_, combined)


def test_windows_of_a_series_are_scored_as_in_fit() -> None:
    detector, data, _ = FITTED["TimeSeriesOD"]
    detector = clone(detector).fit(data)
    np.testing.assert_array_equal(detector.decision_function(data), detector.decision_scores_)
    assert set(np.flatnonzero(detector.decision_scores_ == detector.decision_scores_.max())) <= {
        *range(181, 220)
    }
    shifted = np.roll(data, -100)
    assert 81 <= detector.decision_function(shifted)[:150].argmax() < 120


def test_embeddings_are_scored_as_rows() -> None:
    """PyOD standardises embeddings, which ours do for themselves."""
    detector, data, _ = FITTED["EmbeddingOD"]
    detector = clone(detector).fit(data)
    assert comes_first(detector.decision_scores_, Y)
    assert comes_first(detector.decision_function(list(FRESH)), FRESH_Y)
    plain = clone(detector).set_params(standardize=False).fit(data)
    np.testing.assert_array_equal(
        plain.decision_scores_, GANDetector(**QUICK).fit(X.astype(np.float32)).decision_scores_
    )


def test_parts_of_records_are_put_together() -> None:
    detector, data, _ = FITTED["MultiModalOD"]
    detector = clone(detector).fit(data)
    np.testing.assert_allclose(detector.decision_function(data), detector.decision_scores_)
    odd = (Y == 1) | (np.arange(len(X)) == 7)
    assert comes_first(detector.decision_scores_, odd.astype(int))


# those that need no other package and take little time
THRESHOLDERS = (
    *("AUCP", "CHAU", "CLF", "DECOMP", "DSN", "EB", "FGD", "FWFM", "GESD", "HIST", "IQR", "KARCH"),
    *("MAD", "MCST", "MIXMOD", "MOLL", "MTT", "QMCD", "REGR", "YJ", "ZSCORE"),
)


@pytest.mark.parametrize("name", THRESHOLDERS)
def test_thresholders_of_pyod(name: str, request: pytest.FixtureRequest) -> None:
    thresholder: Any = getattr(thresholds, name)()
    detector = GANDetector(**QUICK, contamination=thresholder).fit(X)
    assert detector.labels_[Y == 1].all()
    assert 0.05 <= detector.labels_.mean() < 0.25
    np.testing.assert_array_equal(detector.predict(X), detector.labels_)
    assert detector.predict(FRESH)[FRESH_Y == 1].all()


def test_the_thresholder_that_docs_call_unusable_cannot_be_cloned() -> None:
    """PyThresh keeps the parameter ``criterion`` of OCSVM under another name."""
    with pytest.raises(AttributeError, match="criterion"):
        clone(thresholds.OCSVM())
