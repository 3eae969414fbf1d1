"""What every GAN of the registry must do; a new file in gans/ is covered as it is."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector
from pyod_gan.engine.row_source import ArrayRows
from pyod_gan.engine.training import build, fit_members
from pyod_gan.front_ends.table_scaler import TableScaler
from pyod_gan.gans import AAE, OCGAN, USAD, BaseGAN, GANomaly
from tests.conftest import Fit
from tests.gans.blind_spots import BLIND_TO
from tests.helpers import (
    QUICK,
    Labelled,
    clean,
    contaminated,
    table,
    with_broken_dependence,
    with_far_rows,
    with_known_kind,
    with_rows_in_a_gap,
)

ASK_NO_CRITIC = {AAE, GANomaly, OCGAN, USAD}  # their scores do not


def train(gan: BaseGAN, rows: np.ndarray, seeds: list[int], steps: int = 25):
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    settings = replace(gan.settings, max_iter=steps)
    source = ArrayRows(torch.from_numpy(rows))
    return fit_members(gan, source, settings, generators).networks


@pytest.fixture
def double_by_default() -> Iterator[None]:
    """A program that has set torch's default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize(
    ("dtype", "steps", "tolerance", "exempt"),
    [(np.float32, 10, 1e-5, 1e-3), (np.float64, 50, 1e-9, 0.0)],
)
def test_members_together_equal_members_alone(
    gan_class: type[BaseGAN], dtype: type, steps: int, tolerance: float, exempt: float
) -> None:
    """In single precision Adam amplifies the rounding of a gradient that is nearly 0.

    What is prepared from the weights, in buffers, follows all of them.
    """
    rows = TableScaler().fit(table()).transform(table()).astype(dtype)
    together = train(gan_class(), rows, [1, 2, 3], steps).to_arrays()
    for e, seed in enumerate([1, 2, 3]):
        alone = train(gan_class(), rows, [seed], steps).to_arrays()
        for name, value in alone.items():
            allowed = tolerance if "." in name else 10 * tolerance
            differ = np.abs(together[name][e] - value[0]) > allowed
            assert differ.sum() <= (max(1, exempt * differ.size) if exempt else 0), name


@pytest.mark.parametrize("layers", [None, (40, 24)])
def test_groups_of_members_are_trained_as_all_together(
    gan_class: type[BaseGAN], layers: tuple[int, ...] | None
) -> None:
    """Bit for bit, also with known anomalies, whose batches have a part for each kind."""
    rows, known = table(300, 7), 2 + table(9, 7, 1)
    more = {} if gan_class in ASK_NO_CRITIC else {"known_anomalies": known}
    detector = GANDetector(
        gan_class(), n_estimators=5, max_iter=40, hidden_layer_sizes=layers, random_state=0
    )
    together = clone(detector).fit(rows, **more)
    with parallel_config(backend="threading"):
        apart = detector.set_params(n_jobs=2).fit(rows, **more)
    for name, array in together.networks_.to_arrays().items():
        np.testing.assert_array_equal(apart.networks_.to_arrays()[name], array, err_msg=name)
    np.testing.assert_array_equal(apart.decision_scores_, together.decision_scores_)


def test_every_network_is_trained(gan_class: type[BaseGAN]) -> None:
    gan, rows = gan_class(), TableScaler().fit(table()).transform(table())
    fresh = build(gan, 5, gan.settings, [torch.Generator().manual_seed(1)])
    trained = train(gan, rows, [1])
    for name, network in fresh.named_children():
        after = trained.get_submodule(name)
        for old, new in zip(network.parameters(), after.parameters(), strict=True):
            if old.shape[-2] > 1:  # weights; the last bias of a Wasserstein critic stays
                assert (new - old).abs().max() > 1e-4, f"a layer of {name} did not train"


def test_fused_adam_trains_as_plain_adam(
    gan_class: type[BaseGAN], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = TableScaler().fit(table()).transform(table()).astype(np.float64)
    fused = train(gan_class(), rows, [1, 2], 10).to_arrays()
    adam = torch.optim.Adam
    monkeypatch.setattr(
        torch.optim, "Adam", lambda *args, **kw: adam(*args, **kw | {"fused": False})
    )
    for name, value in train(gan_class(), rows, [1, 2], 10).to_arrays().items():
        np.testing.assert_allclose(fused[name], value, rtol=0, atol=1e-9, err_msg=name)


def test_first_axis_is_the_members(gan_class: type[BaseGAN]) -> None:
    detector = GANDetector(gan_class(), n_estimators=3, max_iter=5, random_state=0).fit(table())
    assert {len(array) for array in detector.networks_.to_arrays().values()} == {3}


@pytest.mark.parametrize("seed", [0, 1])
def test_far_rows_rank_above_the_bulk(gan_class: type[BaseGAN], fitted: Fit, seed: int) -> None:
    _, rows, y = clean(seed)
    assert roc_auc_score(y, fitted(gan_class, clean, seed).decision_function(rows)) > 0.97


@pytest.mark.parametrize("seed", [0, 1])
def test_far_rows_rank_above_the_bulk_also_where_training_rows_are_far(
    gan_class: type[BaseGAN], fitted: Fit, seed: int
) -> None:
    detector = fitted(gan_class, contaminated, seed)
    _, fresh, far = contaminated(seed)
    assert roc_auc_score(with_far_rows(seed)[1], detector.decision_scores_) > 0.95
    assert roc_auc_score(far, detector.decision_function(fresh)) > 0.95


def test_known_anomalies_are_learnt_or_refused(gan_class: type[BaseGAN]) -> None:
    """Five of a kind that lies among the normal rows; without them it is found with .5 to .8."""
    rows, known, fresh, y = with_known_kind()
    detector = GANDetector(gan_class(), n_estimators=2, random_state=0)
    if gan_class in ASK_NO_CRITIC:
        with pytest.raises(ValueError, match="cannot learn from known anomalies"):
            detector.fit(rows, known_anomalies=known)
    else:
        found = detector.fit(rows, known_anomalies=known).decision_function(fresh)
        assert roc_auc_score(y, found) > 0.9


@pytest.mark.parametrize(
    ("kind", "planted", "sees", "blind"),
    [
        ("dependence", with_broken_dependence, 0.75, 0.45),
        ("gaps", with_rows_in_a_gap, 0.9, 0.0),  # between two codes lies a code: inverted
    ],
)
def test_dependence_and_gaps(
    gan_class: type[BaseGAN],
    fitted: Fit,
    kind: str,
    planted: Callable[[int], Labelled],
    sees: float,
    blind: float,
) -> None:
    """A GAN without a blind spot sees them; one with it is no better than that says."""
    found = []
    for seed in range(2):
        _, rows, y = planted(seed)
        scores = fitted(gan_class, planted, seed).decision_function(rows)
        found.append(roc_auc_score(y, scores))
    is_blind = kind in BLIND_TO.get(gan_class, set())
    low, high = (blind, sees) if is_blind else (sees, 1.0)
    assert low <= np.mean(found) <= high


def test_no_distance_is_far_enough_to_look_normal(gan_class: type[BaseGAN], fitted: Fit) -> None:
    detector = fitted(gan_class, clean, 0)
    ray = np.outer([10, 100, 1e6, 1e300], [1.0, -1, 1, -1, 1, -1])
    scores = detector.decision_function(ray)
    assert np.isfinite(scores).all()
    assert scores.min() > detector.decision_scores_.max()


def test_scores_are_distinct_finite_float64(gan_class: type[BaseGAN], quick: Fit) -> None:
    scores = quick(gan_class).decision_scores_
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 0.9 * len(scores)


def test_same_seed_same_scores(gan_class: type[BaseGAN], quick: Fit) -> None:
    X, first = table(), quick(gan_class).decision_scores_
    detector = clone(quick(gan_class)).fit(X)
    np.testing.assert_array_equal(first, detector.decision_scores_)
    np.testing.assert_array_equal(first, detector.fit(X).decision_scores_)
    other = clone(detector).set_params(random_state=1).fit(X).decision_scores_
    assert not np.array_equal(first, other)


def test_default_type_of_torch_does_not_matter(
    gan_class: type[BaseGAN], request: pytest.FixtureRequest
) -> None:
    X = table()
    detector = GANDetector(gan_class(), early_stopping=True, **QUICK)
    single = detector.fit(X).decision_scores_
    request.getfixturevalue("double_by_default")
    np.testing.assert_array_equal(single, detector.fit(X).decision_scores_)


def test_one_scoring_path(gan_class: type[BaseGAN], quick: Fit) -> None:
    X, detector = table(), quick(gan_class)
    weights = detector.networks_.to_arrays()
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(X))
    for name, after in detector.networks_.to_arrays().items():
        np.testing.assert_array_equal(weights[name], after)


def test_rows_are_scored_independently(gan_class: type[BaseGAN], quick: Fit) -> None:
    X, detector = table()[:40], quick(gan_class)
    together = detector.decision_function(X)
    alone = np.concatenate([detector.decision_function(row[None]) for row in X])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-9)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(together[order], detector.decision_function(X[order]), atol=1e-9)


def test_saving_keeps_scores(gan_class: type[BaseGAN], quick: Fit, tmp_path: Path) -> None:
    X, detector = table(), quick(gan_class)
    detector.save(tmp_path / "model")
    copy = GANDetector.load(tmp_path / "model")
    np.testing.assert_array_equal(detector.decision_scores_, copy.decision_function(X))
    copy = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(detector.decision_scores_, copy.decision_function(X))
    dump = skops.io.dumps(detector)
    trusted = skops.io.get_untrusted_types(data=dump)
    assert all(name.startswith("pyod_gan.") for name in trusted)
    copy = skops.io.loads(dump, trusted=trusted)
    np.testing.assert_array_equal(detector.decision_scores_, copy.decision_function(X))


def test_explanations_add_up_and_name_the_column(gan_class: type[BaseGAN], fitted: Fit) -> None:
    X, detector = clean(0)[0], fitted(gan_class, clean, 0)
    rows, moved = X[:20].copy(), np.arange(20) % X.shape[1]
    rows[np.arange(20), moved] += 12 * X.std(0)[moved]
    shares = detector.explain(rows)
    assert shares.min() >= 0
    excess = detector.decision_function(rows) - np.median(detector.decision_scores_)
    np.testing.assert_allclose(shares.sum(1), excess.clip(0), atol=1e-9)
    np.testing.assert_allclose(detector.explain(rows[:3]), shares[:3], atol=1e-9)
    assert np.mean(shares.argmax(1) == moved) > 0.4  # chance is 0.17


def test_terms_of_columns_add_up_to_the_score(gan_class: type[BaseGAN], quick: Fit) -> None:
    detector = quick(gan_class)
    gan, net = detector.gan_, detector.networks_
    x = torch.from_numpy(detector.model_.rows(table(9))).double().expand(2, -1, -1)
    expected, terms = gan.expected(net, x), gan.by_column(net, x)
    assert expected.shape[1:] == x.shape[1:]
    if terms is not None and "feature_weight" not in gan.get_params():
        torch.testing.assert_close(terms.sum(-1), gan.score(net, x))


@pytest.mark.parametrize("n", [2, 10, 31, 32, 33])
def test_small_tables(gan_class: type[BaseGAN], n: int) -> None:
    X = table(n)
    assert np.isfinite(GANDetector(gan_class(), **QUICK).fit(X).decision_scores_).all()


@pytest.mark.parametrize(
    "X",
    [table(50, 1), np.c_[table(50), np.full(50, 7.0)], np.repeat(table(5), 10, axis=0)],
    ids=["one column", "constant column", "duplicates"],
)
def test_odd_tables(gan_class: type[BaseGAN], X: np.ndarray) -> None:
    detector = GANDetector(gan_class(), **QUICK).fit(X)
    assert np.isfinite(detector.decision_scores_).all()
    assert len(np.unique(detector.decision_scores_)) > 1


def test_rows_that_are_mostly_alike(gan_class: type[BaseGAN]) -> None:
    X = np.r_[np.zeros((80, 4)), table(20, 4)]
    detector = GANDetector(gan_class(), **QUICK).fit(X)
    assert np.abs(detector.decision_scores_).max() < 1e6
    np.testing.assert_allclose(detector.decision_scores_[:80], detector.decision_scores_[0])
    alone = np.concatenate([detector.decision_function(row[None]) for row in X[70:90]])
    np.testing.assert_allclose(alone, detector.decision_scores_[70:90], atol=1e-7)


def test_most_rows_alike_is_no_collapse(gan_class: type[BaseGAN]) -> None:
    """A generator that makes the one row that most rows are has not failed."""
    X = np.zeros((100, 4))
    X[:30] = table(30, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector = GANDetector(gan_class(), n_estimators=1, random_state=0).fit(X)
    assert np.isfinite(detector.decision_scores_).all()


def test_parameters_reach_the_spec(gan_class: type[BaseGAN], quick: Fit) -> None:
    params = gan_class().get_params()
    flags = {k: not v for k, v in params.items() if isinstance(v, bool)}
    other = {k: v + 1 for k, v in params.items() if isinstance(v, int)} | flags
    detector = GANDetector(gan_class()).set_params(**{f"gan__{k}": v for k, v in other.items()})
    fitted = clone(detector).set_params(**QUICK).fit(table())
    assert fitted.gan_ is not fitted.gan
    assert fitted.gan_.get_params() == params | other
    assert not np.array_equal(fitted.decision_scores_, quick(gan_class).decision_scores_)


def test_bad_spec_parameter_is_named(gan_class: type[BaseGAN]) -> None:
    for name in gan_class().get_params():
        with pytest.raises(ValueError, match=f"'{name}' parameter of {gan_class.__name__}"):
            GANDetector(gan_class(**{name: "chess"}), **QUICK).fit(table())
