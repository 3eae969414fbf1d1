"""Choosing without labels: scorers in scikit-learn's searches, and labels of any kind."""

from __future__ import annotations

import pickle
import warnings
from functools import partial

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from pyod.models.iforest import IForest
from pyod.models.pca import PCA
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import IsolationForest
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pyod_gan import AAE, GANDetector, GANOutlierDetector, TextDetector
from pyod_gan.model_selection import (
    as_outlier_labels,
    excess_mass,
    mass_volume,
    member_agreement,
    resample_stability,
    synthetic_negatives,
)
from pyod_gan.model_selection.criteria import excess_mass_area, mean_correlation, mean_volume
from tests.helpers import QUICK, table

OF_ANY = {  # detector; those that cannot tell a score from its opposite are apart
    "excess_mass": partial(excess_mass, n_draws=2),
    "mass_volume": partial(mass_volume, n_draws=2),
    "permuted": synthetic_negatives,
    "uniform": partial(synthetic_negatives, kind="uniform"),
}
BLIND = {"stability": resample_stability, "agreement": member_agreement}
SCORERS = OF_ANY | BLIND


class Distance(BaseEstimator):
    """Mahalanobis distance, or that spoilt."""

    def __init__(self, spoilt: str = "no", seed: int = 0) -> None:
        self.spoilt = spoilt
        self.seed = seed

    def fit(self, X, y=None):
        X = np.asarray(X, dtype=float)
        self.mean_ = X.mean(0)
        self.inverse_ = np.linalg.inv(np.cov(X.T) + 1e-3 * np.diag(X.var(0)))
        self.key_ = np.random.default_rng([self.seed, len(X)]).normal(size=X.shape[1]) + X[0]
        return self

    def decision_function(self, X):
        gap = np.asarray(X, dtype=float) - self.mean_
        scores = np.einsum("ij,jk,ik->i", gap, self.inverse_, gap)
        if self.spoilt == "inverted":
            return -scores
        return np.sin(1e4 * (gap @ self.key_)) if self.spoilt == "random" else scores


def halves(load, seed: int):
    X = load().data
    return train_test_split(X, test_size=0.5, random_state=seed)


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_wine])
@pytest.mark.parametrize("name", OF_ANY)
def test_a_good_detector_beats_a_broken_one(name: str, load) -> None:
    for seed in range(3):
        train, held_out = halves(load, seed)
        values = {
            spoilt: OF_ANY[name](Distance(spoilt, seed).fit(train), held_out)
            for spoilt in ("no", "random", "inverted")
        }
        assert values["no"] > max(values["random"], values["inverted"])


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris, load_wine])
def test_a_stable_detector_beats_a_random_one(load) -> None:
    for seed in range(3):
        train, held_out = halves(load, seed)
        good, random, inverted = (
            resample_stability(Distance(spoilt, seed).fit(train), held_out)
            for spoilt in ("no", "random", "inverted")
        )
        assert good > random + 0.3
        assert inverted == pytest.approx(good)  # as documented, it cannot see the sign


def test_trained_members_agree_more_than_untrained_critics() -> None:
    for seed in range(3):
        train, held_out = halves(load_wine, seed)
        trained, untrained = (
            GANDetector(gan, n_estimators=3, max_iter=steps, random_state=seed).fit(train)
            for gan, steps in (("prototype", 50), ("gan", 1))
        )
        agreement = member_agreement(trained, held_out)
        assert member_agreement(untrained, held_out) + 0.3 < agreement <= 1


def test_grid_search_without_labels() -> None:
    X = table(160)
    search = GridSearchCV(
        GANDetector(**QUICK),
        [{"gan": ["prototype"]}, {"gan": [AAE()], "gan__latent_dim": [1, 3]}],
        scoring=SCORERS,
        refit="permuted",
        cv=2,
        error_score="raise",
        n_jobs=2,
    ).fit(X)
    for name in SCORERS:
        assert len(set(search.cv_results_[f"mean_test_{name}"])) == 3
    best = search.cv_results_["mean_test_permuted"].max()
    assert search.best_score_ == best
    assert search.predict(X).shape == (len(X),)


def test_random_search_over_a_pipeline_with_the_names_of_its_columns() -> None:
    frame = pd.DataFrame(table(160), columns=list("abcde"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search = RandomizedSearchCV(
            make_pipeline(StandardScaler().set_output(transform="pandas"), GANDetector(**QUICK)),
            {"gandetector__lr": [1e-3, 5e-3, 1e-2]},
            n_iter=2,
            scoring=partial(excess_mass, max_features=4, n_draws=1),
            cv=2,
            random_state=0,
            error_score="raise",
        ).fit(frame)
        for scorer in SCORERS.values():
            assert np.isfinite(scorer(search.best_estimator_, frame))


def test_detectors_of_pyod_and_of_scikit_learn() -> None:
    train, held_out = halves(load_iris, 0)
    ours = GANDetector(**QUICK).fit(train)
    turned = GANOutlierDetector(**QUICK).fit(train)
    for scorer in SCORERS.values():
        assert scorer(turned, held_out) == pytest.approx(scorer(ours, held_out))
    forests = IForest(random_state=0).fit(train), IsolationForest(random_state=0).fit(train)
    for scorer in OF_ANY.values():
        assert scorer(forests[0], held_out) == pytest.approx(scorer(forests[1], held_out))
    assert synthetic_negatives(make_pipeline(PCA()).fit(train), held_out, kind="uniform") > 0.5


def test_any_columns_can_be_permuted() -> None:
    frame = pd.DataFrame(table(120), columns=list("abcde"))
    frame["kind"] = pd.Categorical(np.where(frame["a"] > 0, "up", "down"))
    frame.loc[3, "b"] = np.nan
    detector = GANDetector(**QUICK).fit(frame)
    for scorer in (synthetic_negatives, member_agreement, resample_stability):
        assert np.isfinite(scorer(detector, frame))
    in_polars = pl.DataFrame({"a": frame["a"].to_numpy(), "kind": frame["kind"].astype(str)})
    assert 0 < synthetic_negatives(GANDetector(**QUICK).fit(in_polars), in_polars) < 1
    with pytest.raises(ValueError, match=r"need finite numbers in every column: .* Encode the"):
        excess_mass(detector, frame)


@pytest.mark.parametrize("name", SCORERS)
def test_the_same_value_each_time_and_no_trace(name: str) -> None:
    X = table(100)
    detector = GANDetector(**QUICK).fit(X)
    states = np.random.get_state()[1].copy(), torch.random.get_rng_state()
    scorer = pickle.loads(pickle.dumps(SCORERS[name]))
    before = joblib.hash(detector.decision_scores_)
    assert scorer(detector, X) == SCORERS[name](detector, X, None)
    assert joblib.hash(detector.decision_function(X)) == before
    assert (np.random.get_state()[1] == states[0]).all()
    assert (torch.random.get_rng_state() == states[1]).all()


def test_constant_columns_have_no_volume() -> None:
    X = table(100)
    wide = np.hstack([X, np.full((100, 40), 7.0)])
    detector = Distance().fit(X)
    wide_detector = Distance().fit(X)
    wide_detector.decision_function = lambda rows: detector.decision_function(rows[:, :5])
    for scorer in (excess_mass, mass_volume):
        assert scorer(wide_detector, wide) == pytest.approx(scorer(detector, X), rel=0.1)
        assert np.isfinite(scorer(GANDetector(**QUICK).fit(wide), wide, max_features=2))


def test_the_seed_matters() -> None:
    X = table(100)
    detector = GANDetector(**QUICK).fit(X)
    for scorer in [excess_mass, mass_volume, synthetic_negatives, resample_stability]:
        assert scorer(detector, X) != scorer(detector, X, random_state=1)


def test_bad_input() -> None:
    X = table(100)
    detector = GANDetector(**QUICK).fit(X)
    with pytest.raises(ValueError, match=r"'n_draws' parameter of excess_mass must be .* Got 0"):
        excess_mass(detector, X, n_draws=0)
    with pytest.raises(ValueError, match="'kind' parameter of synthetic_negatives"):
        synthetic_negatives(detector, X, kind="far")
    with pytest.raises(ValueError, match="'n_resamples' parameter"):
        resample_stability(detector, X, n_resamples=0)
    with pytest.raises(TypeError, match=r"needs a fitted GANDetector.*Got IForest"):
        member_agreement(IForest().fit(X), X)
    with pytest.raises(ValueError, match="at least 2 members"):
        member_agreement(GANDetector(**QUICK | {"n_estimators": 1}).fit(X), X)
    detector.decision_function = lambda X: np.full(len(X), np.nan)
    with pytest.raises(ValueError, match="NaN"):
        mass_volume(detector, X, max_features=5)


def test_criteria_of_tables_say_what_they_are_for() -> None:
    texts = [f"Parcel {i} was left with the neighbour." for i in range(30)]
    detector = TextDetector(parts=("style",), max_iter=10, random_state=0).fit(texts)
    with pytest.raises(TypeError, match="Got TextDetector instead; pass one of detectors_"):
        member_agreement(detector, texts)
    for criterion in (synthetic_negatives, excess_mass, mass_volume):
        with pytest.raises(ValueError, match=r"of a table. Got data of shape \(30,\)"):
            criterion(detector, texts)
    assert 0 < resample_stability(detector, np.array(texts)) <= 1 + 1e-9


# --- the curves, against their definitions -------------------------------------------------------


def test_uniform_data_has_the_curves_of_a_uniform_density() -> None:
    """The score u on [0, 1]: MV(α) = α, and EM(t) = 1 − t until t = 0.1."""
    u = np.linspace(0, 1, 200_001)
    assert mean_volume(u, u) == pytest.approx(np.linspace(0.9, 0.999, 100).mean(), abs=1e-4)
    assert excess_mass_area(u, u) == pytest.approx(0.1 - 0.1**2 / 2, abs=1e-4)


def test_curves_match_a_search_over_all_levels() -> None:
    rng = np.random.default_rng(0)
    rows, points = rng.normal(size=300).round(2), rng.normal(1, 2, size=1000).round(2)
    levels = np.unique(rows)
    mass = np.array([(rows <= u).mean() for u in levels])
    volume = np.array([(1 + (points <= u).sum()) / 1001 for u in levels])
    t = np.linspace(0, 1, 20_001)
    curve = np.array([(mass - x * volume).max() for x in t])
    steps = (curve[1:] + curve[:-1]) / 2 * (t[1] - t[0])
    assert excess_mass_area(rows, points) == pytest.approx(steps[curve[1:] >= 0.9].sum(), abs=1e-3)
    smallest = [
        min((points <= u).mean() for u in levels if (rows <= u).mean() >= alpha)
        for alpha in np.linspace(0.9, 0.999, 100)
    ]
    assert mean_volume(rows, points) == pytest.approx(np.mean(smallest), abs=1e-3)


def test_equal_scores() -> None:
    same = np.ones(50)
    assert excess_mass_area(same, same) == pytest.approx(0.1 - 0.1**2 / 2)
    assert mean_volume(same, same) == 1
    assert mean_correlation(np.array([same, np.arange(50)])) == 0
    assert mean_correlation(np.array([np.arange(50), np.arange(50) ** 3])) == pytest.approx(1)


# --- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1, 0], [0, 1, 0]),
        ([0.0, 1.0], [0, 1]),
        ([0, 0], [0, 0]),
        ([True, False], [1, 0]),
        ([True, True], [1, 1]),
        ([1, -1, 1], [0, 1, 0]),
        ([-1, -1], [1, 1]),
        (["normal", "anomaly"], [0, 1]),
        (["Outlier", "inlier", "OUTLIER "], [1, 0, 1]),
        (["nominal", "nominal"], [0, 0]),
        (pd.Series(["anomalous", "normal"], index=[7, 3], dtype="category"), [1, 0]),
        (pd.array([True, False], dtype="boolean"), [1, 0]),
        (np.array([[0], [1]], dtype=np.uint8).ravel(), [0, 1]),
    ],
    ids=str,
)
def test_labels_that_are_understood(y: object, expected: list[int]) -> None:
    labels = as_outlier_labels(y)
    assert labels.tolist() == expected
    assert labels.dtype == int


@pytest.mark.parametrize(
    ("y", "anomaly", "expected"),
    [
        (["benign", "attack"], "attack", [0, 1]),
        (["a", "b", "c"], ["a", "c"], [1, 0, 1]),
        (["a", "b", "c"], {"c"}, [0, 0, 1]),
        ([1, 2, 3], 3, [0, 0, 1]),
        (np.array([1, 2, 3]), np.array([1, 2]), [1, 1, 0]),
        ([0, 1], 0, [1, 0]),
        ([1, 1], 1, [1, 1]),
    ],
    ids=str,
)
def test_labels_that_are_named(y: object, anomaly: object, expected: list[int]) -> None:
    assert as_outlier_labels(y, anomaly=anomaly).tolist() == expected


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, 1], "must be clear: .* Got 1 instead; name the anomalies"),
        ([0, 1, 2], "Got 0, 1, 2 instead"),
        ([2, 3], "must be clear"),
        ([-1, 0, 1], "must be clear"),
        (["0", "1"], "must be clear"),
        (["normal", "attack"], "Got 'attack', 'normal' instead"),
        (["x", "x"], "must be clear"),
        (list("abcdefg"), "'e', … instead"),
        ([0, np.nan], "none may be missing. Got nan"),
        (["normal", None], "none may be missing. Got None"),
        (pd.Series([1, None], dtype="Int64"), "none may be missing"),
        ([[0, 1], [1, 0]], "1d array"),
    ],
    ids=str,
)
def test_labels_that_are_not_clear(y: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_outlier_labels(y)


def test_named_anomalies_must_occur() -> None:
    with pytest.raises(ValueError, match=r"`anomaly` must hold values of `y`. Got 'atack' instead"):
        as_outlier_labels(["normal", "attack"], anomaly="atack")
