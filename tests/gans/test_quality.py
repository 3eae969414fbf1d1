"""Floors on what the default finds; measured values are well above."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.metrics import average_precision_score, roc_auc_score
from vega_datasets import local_data

from pyod_gan import GANDetector, PrototypeGAN
from pyod_gan.views import VIEWS, WeighedViews
from pyod_gan.views.table_views import View
from tests.helpers import (
    QUICK,
    cars,
    table,
    weather,
    with_broken_dependence,
    with_far_rows,
    with_rows_in_a_gap,
)

SEEDS = [0, 1, 2]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "rescale",
    [lambda X: X, lambda X: (X - X.mean(0)) / X.std(0), lambda X: 1e6 * X],
    ids=["raw", "standardised", "times 1e6"],
)
def test_planted_outliers(rescale, seed: int) -> None:
    X, y = with_far_rows(seed)
    detector = GANDetector(random_state=seed).fit(rescale(X))
    assert roc_auc_score(y, detector.decision_scores_) > 0.99


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("planted", "floor"), [(with_broken_dependence, 0.8), (with_rows_in_a_gap, 0.99)]
)
def test_dependence_and_gaps(planted, floor: float, seed: int) -> None:
    X, rows, y = planted(seed)
    scores = GANDetector(random_state=seed).fit(X).decision_function(rows)
    assert roc_auc_score(y, scores) > floor


@pytest.mark.parametrize("seed", SEEDS)
def test_real_data(cancer, seed: int) -> None:
    X, y = cancer
    detector = GANDetector(random_state=seed).fit(X)
    assert roc_auc_score(y, detector.decision_scores_) > 0.93
    assert average_precision_score(y, detector.decision_scores_) > 0.45


def test_one_class_digits() -> None:
    images, digit = load_digits(return_X_y=True)
    zeros, others = images[digit == 0], images[digit != 0]
    aucs = []
    for seed in SEEDS:
        scores = (
            GANDetector(random_state=seed)
            .fit(zeros[:100])
            .decision_function(np.r_[zeros[100:], others])
        )
        aucs.append(roc_auc_score(np.r_[np.zeros(len(zeros) - 100), np.ones(len(others))], scores))
    assert np.mean(aucs) > 0.98
    assert np.std(aucs) < 0.01


def test_more_members_agree_more() -> None:
    X, _ = with_far_rows()

    def disagreement(n_estimators: int) -> float:
        a, b = (
            GANDetector(n_estimators=n_estimators, random_state=seed).fit(X).decision_scores_
            for seed in (0, 1)
        )
        return 1 - np.corrcoef(a, b)[0, 1]

    assert disagreement(8) < disagreement(1)


@pytest.mark.parametrize("gan", ["prototype", "views"])
@pytest.mark.parametrize("seed", SEEDS)
def test_new_rows_are_flagged_as_often_as_training_rows(gan: str, seed: int) -> None:
    """A threshold of training scores holds for rows that only chance makes new."""
    rng = np.random.default_rng(seed)
    rows = np.c_[rng.normal(size=(3400, 4)), rng.poisson(2, size=(3400, 2))]
    detector = GANDetector(gan, contamination=0.1, random_state=seed).fit(rows[:400])
    new = detector.decision_function(rows[400:])
    assert 0.06 < (new > detector.threshold_).mean() < 0.15
    assert abs(np.median(detector.decision_scores_) - np.median(new)) < 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_a_training_row_does_not_find_itself(seed: int) -> None:
    """All rows but those beyond the fence are in the bank; only prototypes unlike a row count."""
    X, fresh = table(1100, seed=seed)[:100], table(1100, seed=seed)[100:]
    detector = GANDetector(random_state=seed).fit(X)
    judge = detector.model_.judge
    assert isinstance(judge, WeighedViews)
    views, nudged = (judge.views.of(detector.model_.rows(rows)) for rows in (X, X + 1e-3))
    nearest = VIEWS.index(View("bank", "nearest of 1024"))
    in_bank = nudged[:, nearest] < 0.01
    assert in_bank.mean() > 0.9
    assert (views[in_bank, nearest] > 10 * nudged[in_bank, nearest]).all()
    train, new = np.median(detector.decision_scores_), np.median(detector.decision_function(fresh))
    assert abs(train - new) < 0.35  # interquartile ranges


def test_single_precision_copies_of_the_training_rows_score_alike() -> None:
    X, _ = with_far_rows()
    detector = GANDetector(random_state=0).fit(X)
    np.testing.assert_array_equal(detector.predict(X.astype(np.float32)), detector.labels_)


def test_nothing_but_copies_is_finite() -> None:
    copies = GANDetector(random_state=0).fit(np.repeat(table(5), 20, axis=0))
    assert np.isfinite(copies.decision_scores_).all()
    alike = GANDetector(random_state=0).fit(np.ones((50, 3)))
    np.testing.assert_array_equal(alike.decision_scores_, np.zeros(50))
    assert alike.decision_function(np.full((1, 3), 9.0))[0] > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_without_a_copy_are_near_where_most_rows_have_one(seed: int) -> None:
    """A rare combination of usual values is no thousand spreads away, and odd rows come first."""
    rng = np.random.default_rng(seed)
    p = np.array([0.5, 0.25, 0.13, 0.08, 0.04])
    rows, fresh = (rng.choice(5, (n, 3), p=p).astype(float) for n in (500, 300))
    detector = GANDetector(random_state=seed).fit(rows)
    assert detector.decision_scores_.max() < 20
    odd = fresh[:20] + np.array([0.0, 9.0, 0.0])
    scores = detector.decision_function(np.r_[fresh, odd])
    assert scores[:300].max() < 20
    assert scores[300:].min() > scores[:300].max()


def some_zeros(n_odd: int):
    """300 rows of zeros, of which the first are something else."""
    return lambda rng: np.where(np.arange(300)[:, None] < n_odd, rng.normal(size=(300, 4)), 0.0)


ODD = {  # tables of which many rows are alike
    "70 % zeros": some_zeros(90),
    "60 % zeros": some_zeros(120),
    "35 % zeros": some_zeros(195),
    "all but 5 %": lambda rng: 1 + some_zeros(15)(rng),
    "a flag of 10 %": lambda rng: rng.random((300, 1)) < 0.1,
    "a flag of 30 %": lambda rng: rng.random((300, 1)) < 0.3,
    "rare flags": lambda rng: rng.random((300, 3)) < 0.05,
    "sparse counts": lambda rng: rng.poisson(0.1, (300, 6)),
    "counts": lambda rng: rng.poisson(0.3, (300, 6)),
    "two categories": lambda rng: np.eye(3)[rng.choice(3, (300, 2), p=[0.8, 0.16, 0.04])],
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ODD)
def test_rare_rows_rank_first_where_many_are_alike(kind: str, seed: int) -> None:
    X = ODD[kind](np.random.default_rng(seed)).astype(float).reshape(300, -1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector = GANDetector(n_estimators=2, random_state=seed).fit(X)
    _, pattern, counts = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    count = counts[pattern.ravel()]
    commonest = count == counts.max()
    rare = count < min(0.02 * len(X), counts.max()) if len(counts) > 2 else ~commonest
    chosen = commonest | rare
    assert np.isfinite(detector.decision_scores_).all()
    assert roc_auc_score(rare[chosen], detector.decision_scores_[chosen]) > 0.95


def test_a_row_leaves_out_itself_and_not_its_copies() -> None:
    X = table(100)
    X[1:4] = X[0]  # four rows alike
    X[50] = X[60]  # two
    net = GANDetector(PrototypeGAN(), **QUICK).fit(X).networks_
    alike = (net.bank[0][:, None] == net.bank[0]).all(-1)  # (M, M)
    first = alike.int().argmax(1)  # the first prototype of the same values
    later = net.later[0, 0] > 0
    for prototype in range(100):  # each row is in the bank; later places repeat these
        assert later[prototype] == (first[prototype] < prototype)
    assert later[:100].sum() == 4
    np.testing.assert_array_equal(later[100:], later.repeat(6)[100:512])


def test_frames_of_categories_most_of_which_are_alike() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(["x", "y"], 300, p=[0.88, 0.12]) for name in ("a", "b")})
    scores = GANDetector(random_state=0).fit(frame).decision_scores_
    both = (frame == "y").all(axis=1)
    neither = (frame == "x").all(axis=1)
    assert scores[both].min() > scores[neither].max()


def expenses() -> pd.DataFrame:
    """200 rows of a date in one month, a kind and an amount."""
    rng = np.random.default_rng(0)
    days = pd.to_timedelta(rng.integers(0, 28, 200), unit="D")
    return pd.DataFrame(
        {
            "date": pd.Timestamp("2024-01-01") + days,
            "kind": rng.choice(["rent", "food", "travel"], 200, p=[0.2, 0.5, 0.3]),
            "amount": np.round(rng.lognormal(3, 0.5, 200), 2),
        }
    )


def of_many_kinds() -> pd.DataFrame:
    """300 rows of a normal column, a rare flag, counts and a skewed column."""
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "normal": rng.normal(size=300),
            "flag": (rng.random(300) < 0.05).astype(float),
            "count": rng.poisson(0.3, 300).astype(float),
            "skewed": rng.gamma(2, size=300),
        }
    )


TABLES = {  # with the column that gets errors
    "expenses": (expenses, "amount"),
    "many kinds": (of_many_kinds, "skewed"),
    "a rare flag": (of_many_kinds, "flag"),
    "correlated": (lambda: pd.DataFrame(table(300), columns=list("abcde")), "c"),
    "iris": (lambda: load_iris(as_frame=True).data, "sepal length (cm)"),
    "wine": (lambda: load_wine(as_frame=True).data, "magnesium"),
    "diabetes": (lambda: load_diabetes(as_frame=True).data[:300], "bmi"),
    "cancer": (lambda: load_breast_cancer(as_frame=True).data[:300], "mean area"),
    "cars": (cars, "Horsepower"),
    "weather": (lambda: weather()[::5], "wind"),
    "electricity": (local_data.iowa_electricity, "net_generation"),
}


@pytest.mark.parametrize("name", TABLES)
def test_errors_hardly_move_the_ranks_of_other_rows(name: str) -> None:
    """2 % of errors of any size move them by 5 % of the ranks at most, and two rows, on average.

    They move by 2 to 5 %, in a table of 51 rows by 7 %.
    """
    make, column = TABLES[name]
    frame = make().reset_index(drop=True)
    frame[column] = frame[column].astype(float)
    known = np.flatnonzero(frame[column].notna())
    errors = np.random.default_rng(3).choice(known, int(0.02 * len(frame)), replace=False)
    others = np.delete(np.arange(len(frame)), errors)

    def scores(size: float = 0.0) -> np.ndarray:
        wrong = frame.copy()
        if size:
            wrong.loc[errors, column] = size * frame[column].abs().max()
        return GANDetector(n_estimators=2, random_state=0).fit(wrong).decision_scores_

    def moved(by: np.ndarray) -> float:
        return np.abs(rankdata(by[others]) - rankdata(clean[others])).mean() / len(others)

    clean, small, huge = scores(), scores(1e2), scores(1e12)
    most = 0.05 + 2 / len(others)
    assert moved(small) < most and moved(huge) < most
    assert huge[others].max() < 2 * clean[others].max()
    assert huge[errors].min() > np.quantile(huge[others], 0.98)


def test_one_huge_value_does_not_blind_its_column() -> None:
    X = np.random.default_rng(0).normal(size=(500, 5))
    far = np.arange(500) < 10
    X[far, 0] = 8.0
    X[10, 0] = 1e4
    scores = GANDetector(n_estimators=2, random_state=0).fit(X).decision_scores_
    assert scores[10] == scores.max()
    assert roc_auc_score(far[far | (X[:, 0] < 8)], scores[far | (X[:, 0] < 8)]) > 0.99


@pytest.mark.parametrize("constant", [0.0, 5.0, -1e9])
def test_any_change_of_a_constant_is_news(constant: float) -> None:
    """Also a small one, in small units; a value never seen of another column counts as much."""
    frame = pd.DataFrame(table(), columns=list("abcde")).assign(same=constant)
    frame["kind"] = ["x", "y"] * 100
    rows = frame.iloc[[0, 0, 0, 0, 0]].reset_index(drop=True)
    rows.loc[1, "kind"] = "z"
    rows["same"] += [0, 0, 1e-3, 1, 1e6]
    detector = GANDetector(n_estimators=2, random_state=0).fit(frame)
    usual, unseen, *changed = detector.decision_function(rows)
    assert min(changed) >= 0.95 * unseen
    assert unseen > max(usual, np.quantile(detector.decision_scores_, 0.98))


def test_the_largest_floats_can_be_fitted() -> None:
    X = np.column_stack([table(), np.linspace(-1, 1, 200) * 1e300])
    X[0, 0], X[1, 1] = 1e300, -1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = GANDetector(n_estimators=2, random_state=0).fit(X).decision_scores_
    assert set(np.argsort(scores)[-2:]) == {0, 1}
    assert np.isfinite(scores).all()
