"""Going on: partial_fit, warm_start, and what is remembered."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from pyod_gan import ALAD, GAN, GANDetector, GANOutlierDetector, TrainingCollapseWarning
from pyod_gan.api.reservoir import first_rows, renewed
from pyod_gan.callbacks import Callback
from pyod_gan.gans import BaseGAN
from tests.helpers import QUICK, table, with_far_rows


def firsts(net) -> list[float]:
    """The first number of every weight."""
    return [p.detach().flatten()[0].item() for p in net.parameters()]


class Weights(Callback):
    """Notes weights before training."""

    def on_train_begin(self, trainer) -> None:
        self.seen = firsts(trainer.net)


def test_old_rows_fade_at_the_rate_of_new_ones() -> None:
    old, size = np.zeros((1000, 1)), 1000
    share = []
    for seed in range(20):
        filled = renewed(old, np.ones((500, 1)), size, seed)
        share.append(1 - filled.mean())
    assert np.mean(share) == pytest.approx(np.exp(-0.5), abs=0.01)
    assert old.sum() == 0  # the old reservoir is left as it is


def test_a_reservoir_fills_before_it_forgets() -> None:
    rows = np.arange(10.0)[:, None]
    np.testing.assert_array_equal(renewed(rows[:4], rows[4:7], 10, 4), rows[:7])
    assert len(renewed(rows[:4], rows[4:], 5, 4)) == 5
    assert len(renewed(rows, rows[:2], 3, 10)) == 3
    np.testing.assert_array_equal(first_rows(rows, 10), rows)
    some = first_rows(rows, 4)
    assert len(np.unique(some)) == 4
    assert set(some.ravel()) < set(rows.ravel())


def test_the_last_of_two_rows_in_one_place_stays() -> None:
    filled = renewed(np.zeros((2, 1)), np.arange(1.0, 1001.0)[:, None], 2, 0)
    assert filled.min() > 980


def test_first_partial_fit_is_fit() -> None:
    X = table()
    detector = GANDetector(**QUICK).partial_fit(X)
    np.testing.assert_array_equal(
        detector.decision_scores_, GANDetector(**QUICK).fit(X).decision_scores_
    )


def test_every_gan_goes_on(gan_class: type[BaseGAN]) -> None:
    X, new = table(), table(200, seed=1)
    detector = GANDetector(gan_class(), **QUICK).fit(X)
    weights = {n: a.copy() for n, a in detector.networks_.to_arrays().items()}
    before, steps = detector.networks_, detector.n_iter_
    detector.partial_fit(new)
    for name, array in before.to_arrays().items():  # what was fitted is not written over
        np.testing.assert_array_equal(array, weights[name])
    for name, network in detector.networks_.named_children():  # of all phases
        for n, p in network.named_parameters():
            if not np.array_equal(p.detach().numpy(), weights[f"{name}.{n}"]):
                break
        else:
            pytest.fail(f"{name} did not train")
    assert detector.n_samples_seen_ == 400
    assert detector.n_iter_ == steps + 10
    np.testing.assert_array_equal(
        detector.decision_function(detector.reservoir_), detector.decision_scores_
    )
    assert np.isfinite(detector.decision_scores_).all()


def test_memory_is_bounded() -> None:
    detector = GANDetector(**QUICK, reservoir_size=50).fit(table(300))
    for seed in range(3):
        detector.partial_fit(table(40, seed=seed))
        assert detector.reservoir_.shape == (50, 5)
        assert len(detector.decision_scores_) == 50
    size = len(pickle.dumps(detector))
    for seed in range(3):
        detector.partial_fit(table(40, seed=seed))
    assert len(pickle.dumps(detector)) < 1.02 * size


def test_steps_add_up_to_those_of_a_fit() -> None:
    detector = GANDetector(n_estimators=2, max_iter=60, random_state=0, reservoir_size=200)
    history = detector.fit(table()).history_
    detector.partial_fit(table(25))  # 7.5 steps are due: too few
    assert (detector.n_iter_, detector.history_) == (60, history)
    detector.partial_fit(table(25))
    assert detector.n_iter_ == 75
    assert detector.history_ != history
    one_by_one = GANDetector(n_estimators=2, max_iter=60, random_state=0, reservoir_size=200)
    one_by_one.fit(table())
    for row in table(200, seed=1):
        one_by_one.partial_fit(row[None])
    assert one_by_one.n_iter_ == 120


@pytest.mark.parametrize("gan", ["views", "prototype", "fanogan", "sogaal", "ganomaly", "usad"])
def test_rows_as_before_in_small_parts_change_little(gan: str) -> None:
    X, y = with_far_rows(0)
    near = X[y == 0]
    rng = np.random.default_rng(0)
    broken = np.c_[near[:, :3] + near[:, 3:], near[:, :3] - near[:, 3:]]
    wrong = np.column_stack([rng.permutation(column) for column in broken.T])[:100] * 1.5
    rows, labels = np.r_[broken[200:], wrong], np.repeat([0, 1], [len(broken) - 200, 100])
    members, seeds = (8, 3) if gan == "fanogan" else (3, 1)  # its members differ more
    changes = []
    for seed in range(seeds):
        detector = GANDetector(gan, n_estimators=members, random_state=seed, reservoir_size=150)
        before = roc_auc_score(labels, detector.fit(broken[:150]).decision_function(rows))
        for row in broken[150:200]:
            detector.partial_fit(row[None])
        changes.append(roc_auc_score(labels, detector.decision_function(rows)) - before)
    assert np.mean(changes) > -0.05


def test_changed_parameters_count_or_are_refused() -> None:
    X = table()
    detector = GANDetector(**QUICK).fit(X)
    before = detector.decision_function(X)
    for change in ({"gan": "alad"}, {"gan": ALAD()}, {"hidden_layer_sizes": (8,)}):
        name = next(iter(change))
        detector.set_params(**change)
        with pytest.raises(ValueError, match=f"networks of `fit`, but {name}"):
            detector.partial_fit(X)
        detector.set_params(**{name: None if name != "gan" else "auto"})
    np.testing.assert_array_equal(detector.decision_function(X), before)
    detector.set_params(max_iter=40, lr=1e-4, gan="views").partial_fit(X)
    assert detector.n_iter_ == 20 + 20
    assert detector.settings_.lr == 1e-4


def test_same_stream_same_scores() -> None:
    def stream() -> GANDetector:
        detector = GANDetector(**QUICK, reservoir_size=100).fit(table())
        return detector.partial_fit(table(30, seed=1)).partial_fit(table(1, seed=2))

    np.testing.assert_array_equal(stream().decision_scores_, stream().decision_scores_)


def test_going_on_after_saving_is_going_on(tmp_path: Path) -> None:
    X, new = table(), table(30, seed=1)
    detector = GANDetector(**QUICK).fit(X)
    detector.save(tmp_path / "m")
    copies = [GANDetector.load(tmp_path / "m"), pickle.loads(pickle.dumps(detector))]
    copies[0].set_params(random_state=0)
    expected = detector.partial_fit(new).decision_function(X)
    for copy in copies:
        assert copy.n_samples_seen_ == len(X)
        np.testing.assert_array_equal(copy.partial_fit(new).decision_function(X), expected)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_quality_recovers_after_a_shift_without_a_refit(seed: int) -> None:
    """Handwritten zeros are normal at first; then ones come, and are normal too."""
    images, digit = load_digits(return_X_y=True)
    zeros, ones, others = (images[digit == 0], images[digit == 1], images[digit > 1])
    rows = np.r_[zeros[150:], ones[150:], others[:40]]
    y = np.repeat([0, 1], [len(rows) - 40, 40])
    detector = GANDetector(random_state=seed, reservoir_size=200).fit(zeros[:150])
    before = roc_auc_score(y, detector.decision_function(rows))
    assert detector.predict(ones[150:]).mean() > 0.9  # as they should be: never seen
    rng = np.random.default_rng(seed)
    stream = rng.permutation(np.r_[ones[:150], zeros[:75]])
    for part in np.array_split(stream, 9):
        detector.partial_fit(part)
    after = roc_auc_score(y, detector.decision_function(rows))
    refit = GANDetector(random_state=seed).fit(np.r_[zeros[:150], ones[:150]])
    assert after > roc_auc_score(y, refit.decision_function(rows)) - 0.03
    assert after > before + 0.05
    assert detector.predict(ones[150:]).mean() < 0.4


def test_anomalies_in_the_stream_stay_anomalies() -> None:
    (X, y), (new, far) = with_far_rows(0), with_far_rows(1)
    detector = GANDetector(random_state=0).fit(X[y == 0])
    detector.partial_fit(new)
    assert roc_auc_score(far, detector.decision_function(new)) > 0.97
    assert detector.threshold_ == np.percentile(detector.decision_scores_, 90)


def test_bad_rows_leave_the_detector_as_it_was() -> None:
    X = table()
    detector = GANDetector(**QUICK).fit(X).calibrate(table(seed=3))
    for bad in (X[:, :4], np.full((3, 5), np.nan), X[:0], [["a"] * 5]):
        with pytest.raises(ValueError):
            detector.partial_fit(bad)
    assert detector.n_samples_seen_ == len(X)
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    assert detector.p_values(X).shape == (len(X),)
    assert not hasattr(detector.partial_fit(X), "conformal_scores_")


def test_nothing_remembered_nothing_to_go_on_with() -> None:
    detector = GANDetector(**QUICK, reservoir_size=0).fit(table())
    assert detector.reservoir_.shape == (0, 5)
    with pytest.raises(ValueError, match=r"at least 2 rows.*holds 0.*raise `reservoir_size`"):
        detector.partial_fit(table())
    with pytest.raises(ValueError, match="holds 1"):
        detector.set_params(reservoir_size=9).partial_fit(table()[:1])


def test_an_interrupted_partial_fit_changes_nothing() -> None:
    class Stop(Callback):
        def on_batch_end(self, trainer) -> None:
            raise KeyboardInterrupt

    detector = GANDetector(**QUICK).fit(table())
    with pytest.raises(KeyboardInterrupt):
        detector.set_params(callbacks=[Stop()]).partial_fit(table(seed=1))
    assert detector.n_samples_seen_ == 200
    np.testing.assert_array_equal(detector.decision_function(table()), detector.decision_scores_)


def stuck(rng: np.random.Generator) -> np.ndarray:
    """A sensor that says the same all the time."""
    return np.full((16, 6), 3.0)


def one_column_stuck(rng: np.random.Generator) -> np.ndarray:
    return np.insert(rng.normal(size=(16, 5)), 1, 7.5, axis=1)


def burst(rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1e12, 1e12], (16, 6))


def huge_burst(rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1e150, 1e150], (16, 6))


@pytest.mark.parametrize(("n_bad", "seed"), [(1, 0), (10, 1), (10, 2)])
@pytest.mark.parametrize("bad", [stuck, one_column_stuck, burst, huge_burst])
def test_a_stream_survives_bad_rows(bad, n_bad: int, seed: int) -> None:
    """Every row is taken, no call fails, and good rows that follow make good scores."""
    rng = np.random.default_rng(seed)
    rows, far = with_far_rows(seed)
    detector = GANDetector(n_estimators=2, max_iter=40, random_state=seed, reservoir_size=64)
    detector.fit(rows[far == 0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingCollapseWarning)
        for _ in range(n_bad):
            detector.partial_fit(bad(rng))
        assert np.isfinite(detector.decision_function(rows)).all()
        for _ in range(8):
            detector.partial_fit(rng.normal(size=(64, 6)))
    assert detector.n_samples_seen_ == (far == 0).sum() + 16 * n_bad + 8 * 64
    assert np.abs(detector.reservoir_).max() < 6
    assert detector.networks_.n_members == 2
    assert roc_auc_score(far, detector.decision_function(rows)) > 0.97


def test_every_gan_survives_bad_rows(gan_class: type[BaseGAN]) -> None:
    rng = np.random.default_rng(0)
    detector = GANDetector(gan_class(), **QUICK, reservoir_size=32).fit(rng.normal(size=(32, 6)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingCollapseWarning)
        for bad in (stuck, burst):
            detector.partial_fit(np.concatenate([bad(rng), bad(rng)]))
        for _ in range(2):
            detector.partial_fit(rng.normal(size=(32, 6)))
    assert detector.n_samples_seen_ == 5 * 32
    assert np.isfinite(detector.decision_scores_).all()


class Moody(GAN):
    """Members diverge, or their generator makes one point, as the test asks for."""

    diverging = collapsing = ()

    def critic_loss(self, net, batch):
        factor = torch.ones(net.n_members)
        factor[[i for i in self.diverging if i < net.n_members]] = torch.inf
        return super().critic_loss(net, batch) * factor

    def generate(self, net, z):
        made = super().generate(net, z).clone()
        made[[i for i in self.collapsing if i < net.n_members]] = 1.0
        return made


@pytest.fixture
def moody() -> Iterator[GANDetector]:
    """Two sound members, fitted for 20 steps on 200 rows, of which all are remembered."""
    yield GANDetector(Moody(), **QUICK, reservoir_size=200).fit(table())
    Moody.diverging = Moody.collapsing = ()


def of_member(detector: GANDetector, member: int) -> np.ndarray:
    return np.concatenate([p[member].detach().ravel() for p in detector.networks_.parameters()])


def test_a_member_that_diverges_goes_back_to_its_weights(moody: GANDetector) -> None:
    before = [of_member(moody, i) for i in range(2)]
    Moody.diverging = (1,)
    with pytest.warns(TrainingCollapseWarning, match=r"1 of 2 .* diverged .* weights of before"):
        moody.partial_fit(table(120, seed=1))
    assert (of_member(moody, 0) != before[0]).any()
    np.testing.assert_allclose(of_member(moody, 1), before[1], rtol=1e-6)
    assert np.isfinite(moody.decision_scores_).all()


@pytest.mark.parametrize("n_new", [120, 200], ids=["a part", "a whole reservoir"])
def test_no_failure_of_all_members_keeps_rows_out(moody: GANDetector, n_new: int) -> None:
    before = of_member(moody, 0)
    Moody.diverging = (0, 1)
    for seed in (1, 2):
        with pytest.warns(TrainingCollapseWarning, match="2 of 2 members diverged"):
            moody.partial_fit(table(n_new, seed=seed))
    np.testing.assert_allclose(of_member(moody, 0), before, rtol=1e-6)
    assert moody.n_samples_seen_ == 200 + 2 * n_new
    assert np.isfinite(moody.decision_scores_).all()
    Moody.diverging = ()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moody.partial_fit(table(seed=3))
    assert (of_member(moody, 0) != before).any()


@pytest.mark.parametrize("how", ["diverging", "collapsing"])
def test_a_lost_member_begins_anew(moody: GANDetector, how: str) -> None:
    setattr(Moody, how, (1,))
    saved = pickle.dumps(moody)
    with pytest.warns(TrainingCollapseWarning, match="1 .*; they began anew"):
        moody.partial_fit(table(seed=1))
    assert moody.networks_.n_members == 2
    scores = moody.decision_function(table(seed=2))
    with pytest.warns(TrainingCollapseWarning):
        again = pickle.loads(saved).partial_fit(table(seed=1))
    np.testing.assert_array_equal(again.decision_function(table(seed=2)), scores)


def test_members_that_fit_lost_come_back() -> None:
    X = table()
    Moody.diverging = (0,)
    try:
        with pytest.warns(TrainingCollapseWarning, match="1 of 2 members diverged"):
            detector = GANDetector(Moody(), **QUICK, reservoir_size=200).fit(X)
    finally:
        Moody.diverging = ()
    assert detector.partial_fit(X[:120]).networks_.n_members == 1  # too few rows for a new member
    assert detector.partial_fit(X[:120]).networks_.n_members == 2
    assert detector.set_params(n_estimators=3).partial_fit(X).networks_.n_members == 3
    assert detector.set_params(n_estimators=1).partial_fit(X).networks_.n_members == 1


def test_an_interrupt_of_a_new_member_changes_nothing(moody: GANDetector) -> None:
    class Stop(Callback):
        runs = 0

        def on_train_begin(self, trainer) -> None:
            self.runs += 1

        def on_batch_end(self, trainer) -> None:
            if self.runs == 2:
                raise KeyboardInterrupt

    moody.set_params(callbacks=[Stop()], n_estimators=3)
    before, weights = dict(vars(moody)), of_member(moody, 0)
    with pytest.raises(KeyboardInterrupt):
        moody.partial_fit(table(seed=1))
    assert vars(moody).keys() == before.keys()
    assert all(vars(moody)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(of_member(moody, 0), weights)


@pytest.mark.parametrize("bad", [stuck, burst])
def test_going_on_in_the_middle_of_bad_rows(bad, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    detector = GANDetector(**QUICK, reservoir_size=64).fit(rng.normal(size=(64, 6)))
    for _ in range(3):
        detector.partial_fit(bad(rng))
    detector.save(tmp_path / "m")
    copies = [GANDetector.load(tmp_path / "m"), pickle.loads(pickle.dumps(detector))]
    copies[0].set_params(random_state=0)
    good = [rng.normal(size=(32, 6)) for _ in range(4)]
    for part in good:
        detector.partial_fit(part)
    for copy in copies:
        for part in good:
            copy.partial_fit(part)
        np.testing.assert_array_equal(copy.decision_scores_, detector.decision_scores_)


def test_a_category_that_was_not_seen_for_long_is_rare_again() -> None:
    rng = np.random.default_rng(0)

    def frame(*kinds: str) -> pd.DataFrame:
        numbers = pd.DataFrame(rng.normal(size=(64, 3)), columns=list("abc"))
        return numbers.assign(kind=rng.choice(kinds, 64))

    detector = GANDetector(n_estimators=2, max_iter=40, random_state=0, reservoir_size=64)
    detector.fit(frame("x", "y"))
    for kinds, rare in ([("x", "new"), "y"], [("x", "y"), "new"]):
        for _ in range(6):
            detector.partial_fit(frame(*kinds))
        assert detector.predict(frame(*kinds)).mean() < 0.4
        assert detector.predict(frame(rare)).mean() > 0.9


def test_data_frames_go_on() -> None:
    frame = pd.DataFrame(table(), columns=list("abcde")).assign(kind=["x", "y"] * 100)
    detector = GANDetector(**QUICK).fit(frame).partial_fit(frame[:20])
    assert detector.n_samples_seen_ == 220
    assert np.isfinite(detector.decision_function(frame.assign(kind="new"))).all()
    with pytest.raises(ValueError, match="same order"):
        detector.partial_fit(frame[frame.columns[::-1]])


def test_warm_start_begins_where_the_last_fit_ended() -> None:
    X, noted = table(), Weights()
    detector = GANDetector(**QUICK, warm_start=True, callbacks=[noted]).fit(X)
    fresh, ended = noted.seen, firsts(detector.networks_)
    detector.fit(X)
    np.testing.assert_allclose(noted.seen, ended, rtol=1e-6)
    assert detector.n_iter_ == 20
    detector.set_params(warm_start=False).fit(X)
    assert noted.seen == fresh


def test_warm_start_adds_members() -> None:
    X, noted = table(), Weights()
    detector = GANDetector(**QUICK, warm_start=True, callbacks=[noted]).fit(X)
    detector.set_params(n_estimators=3).fit(X)
    assert detector.networks_.n_members == 3
    assert detector.set_params(n_estimators=1).fit(X).networks_.n_members == 1


@pytest.mark.parametrize(
    "change", [{"gan": ALAD()}, {"hidden_layer_sizes": (8, 8)}, {"X": table(50, 4)}], ids=str
)
def test_warm_start_needs_networks_of_the_same_sizes(change: dict[str, object]) -> None:
    detector = GANDetector(**QUICK, warm_start=True).fit(table())
    X = change.pop("X", table())
    before = detector.decision_function(table())
    with pytest.raises(ValueError, match=r"same sizes.*is not as it was.*warm_start=False"):
        detector.set_params(**change).fit(X)
    np.testing.assert_array_equal(detector.decision_function(table()), before)


def test_the_other_convention_goes_on_too() -> None:
    X, new = table(), table(30, seed=1)
    turned = GANOutlierDetector(**QUICK).fit(X)
    inner, before = turned.detector_, turned.score_samples(X)
    turned.partial_fit(new)
    expected = GANDetector(**QUICK).fit(X).partial_fit(new).decision_function(X)
    np.testing.assert_array_equal(turned.score_samples(X), -expected)
    np.testing.assert_array_equal(-inner.decision_function(X), before)
    warm = GANOutlierDetector(**QUICK, warm_start=True).fit(X)
    first = warm.score_samples(X)
    assert not np.array_equal(warm.fit(X).score_samples(X), first)
