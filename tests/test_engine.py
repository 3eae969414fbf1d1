"""Networks, games and the training loop."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

import joblib
import numpy as np
import pytest
import torch
from conftest import table
from torch import Tensor

from pyod_gan import ALAD, GAN, GANDetector, TrainingCollapsedError, TrainingCollapseWarning
from pyod_gan.callbacks import Callback, EarlyStopping, score_entropy
from pyod_gan.games import GAMES, get_game
from pyod_gan.gans import BaseGAN, Pair, Play
from pyod_gan.nets import MLP, Networks

QUICK = {"n_estimators": 2, "max_iter": 20, "random_state": 0}


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_batched_mlp_equals_torch_layers() -> None:
    mlp = MLP(4, (8, 6), 2, generators(0, 1, 2))
    x = torch.randn(3, 10, 4, generator=generators(5)[0])
    for e in range(3):
        layers = []
        for ours in mlp.layers:
            layer = torch.nn.Linear(*ours.weight.shape[1:])
            layer.weight.data, layer.bias.data = ours.weight[e].T, ours.bias[e, 0]
            layers += [layer, torch.nn.LeakyReLU(0.2)]
        alone = torch.nn.Sequential(*layers[:-1])
        torch.testing.assert_close(mlp(x)[e], alone(x[e]))
        torch.testing.assert_close(mlp.features(x)[e], alone[:-1](x[e]))


def test_members_can_be_cut_out() -> None:
    net = Networks({}, {"critic": MLP(3, (4,), 1, generators(0, 1, 2))})
    net.register_buffer("bank", torch.arange(3.0))
    x = torch.ones(3, 5, 3)
    before = net.critic(x)
    net.keep(torch.tensor([True, False, True]))
    assert net.n_members == 2
    torch.testing.assert_close(net.critic(x[:2]), before[[0, 2]])
    assert net.bank.tolist() == [0, 2]


FORMULAS = {
    "non-saturating": lambda r, f: -np.log(1 / (1 + np.exp(-r))) - np.log(1 - 1 / (1 + np.exp(-f))),
    "least-squares": lambda r, f: (r - 1) ** 2 + f**2,
    "hinge": lambda r, f: max(0, 1 - r) + max(0, 1 + f),
    "wasserstein": lambda r, f: f - r,
    "relativistic": lambda r, f: np.log(1 + np.exp(f - r)),
}
FORMULAS["non-saturating-r1r2"] = FORMULAS["non-saturating"]


@pytest.mark.parametrize("name", sorted(GAMES))
@pytest.mark.parametrize(("real", "fake"), [(0.3, -1.2), (-2.0, 0.7), (3.0, 1.5)])
def test_duels_follow_the_papers(name: str, real: float, fake: float) -> None:
    duel = get_game(name).duel(torch.tensor(real), torch.tensor(fake))
    assert duel.item() == pytest.approx(FORMULAS[name](real, fake), rel=1e-5)


@pytest.mark.parametrize("name", sorted(GAMES))
def test_players_want_higher_logits(name: str) -> None:
    fake = torch.zeros(1, 4, 1, requires_grad=True)
    loss = get_game(name).player_loss(lambda logits: logits, torch.full((1, 4, 1), 0.5), fake)
    (gradient,) = torch.autograd.grad(loss.sum(), fake)
    assert (gradient < 0).all()


def test_penalties_of_a_linear_critic() -> None:
    slope = torch.tensor([3.0, 4.0])  # gradient norm 5 everywhere

    def critic(x: Tensor) -> Tensor:
        return (x * slope).sum(-1, keepdim=True)

    both = torch.cat([torch.zeros(1, 6, 2), torch.ones(1, 6, 2)], 1).requires_grad_()
    u = torch.rand(1, 6, 1)
    for name, expected in {
        "wasserstein": 16.0,
        "relativistic": 25.0,
        "non-saturating-r1r2": 25.0,
    }.items():
        assert get_game(name).penalty(critic, both, critic(both), u).item() == pytest.approx(
            expected
        )


def test_history_has_what_a_user_needs() -> None:
    detector = GANDetector(n_estimators=2, max_iter=100, random_state=0).fit(table())
    assert detector.n_iter_ == 100
    assert detector.history_[0]["step"] == 1 and detector.history_[-1]["step"] == 100
    for row in detector.history_:
        assert set(row) >= {"critic_loss", "player_loss", "critic_grad_norm", "player_grad_norm"}
        assert row["n_alive"] == 2
    seconds = [row["seconds"] for row in detector.history_]
    assert seconds == sorted(seconds)
    assert 0.3 < detector.history_[-1]["spread"] < 3


class Recorder(Callback):
    """Writes down what happened."""

    def __init__(self, stop_at: int | None = None, interrupt_at: int | None = None) -> None:
        self.events: list[str] = []
        self.stop_at, self.interrupt_at = stop_at, interrupt_at

    def on_train_begin(self, trainer) -> None:
        self.events.append("begin")

    def on_grad_computed(self, trainer, phase: str, norms: Tensor) -> None:
        assert norms.shape == (trainer.net.n_members,)
        self.events.append(phase)

    def on_batch_end(self, trainer) -> None:
        if trainer.step == self.interrupt_at:
            raise KeyboardInterrupt
        trainer.stop_training = trainer.step == self.stop_at

    def on_train_end(self, trainer) -> None:
        self.events.append("end")


def test_callbacks_see_every_phase_and_can_stop() -> None:
    recorder = Recorder(stop_at=4)
    detector = GANDetector(GAN(n_critic=2), **QUICK, callbacks=[recorder]).fit(table())
    assert detector.n_iter_ == 4
    assert recorder.events == ["begin", *["critic", "player", "critic"] * 2, "end"]


def test_interrupting_leaves_the_detector_as_it_was() -> None:
    recorder = Recorder(interrupt_at=5)
    detector = GANDetector(**QUICK, callbacks=[recorder])
    with pytest.raises(KeyboardInterrupt):
        detector.fit(table())
    assert recorder.events[-1] == "end"
    assert not [name for name in vars(detector) if name.endswith("_")]
    detector.set_params(callbacks=None).fit(table())
    before = detector.decision_scores_
    detector.set_params(callbacks=[Recorder(interrupt_at=5)])
    with pytest.raises(KeyboardInterrupt):
        detector.fit(table(50, 3))
    np.testing.assert_array_equal(before, detector.decision_function(table()))


def test_score_entropy() -> None:
    flat, spiked = torch.arange(8.0) % 2, torch.eye(8)[0]
    entropy = score_entropy(torch.stack([flat, spiked]))
    assert entropy[0].item() == pytest.approx(np.log(4), abs=1e-4)
    assert entropy[1].item() == pytest.approx(0, abs=1e-4)


def test_early_stopping_goes_back_to_the_lowest_entropy(gan_class: type[BaseGAN]) -> None:
    stopping = EarlyStopping(patience=2, every=5)
    detector = GANDetector(
        gan_class(), n_estimators=2, max_iter=400, random_state=0, callbacks=[stopping]
    ).fit(table())
    assert detector.n_iter_ < 400
    assert np.isfinite(detector.decision_scores_).all()
    with_flag = GANDetector(gan_class(), **QUICK, early_stopping=True).fit(table())
    assert with_flag.n_iter_ <= 20


def sick(gan_class: type[BaseGAN], diverging=(), collapsing=()) -> BaseGAN:
    """A GAN some of whose members diverge or collapse."""

    def infinite(loss):
        def wrapped(net, batch):
            factor = torch.ones(net.n_members)
            factor[list(diverging)] = torch.inf
            return loss(net, batch) * factor

        return wrapped

    def phases(self, *names):
        return tuple(p._replace(loss=infinite(p.loss)) for p in gan_class.phases(self, *names))

    def generate(self, net, z):
        made = gan_class.generate(self, net, z)
        made = z[..., :1].repeat(1, 1, 5) if made is None else made.clone()
        made[list(collapsing)] = 1.0
        return made

    return type("Sick", (gan_class,), {"phases": phases, "generate": generate})()


def test_sick_members_are_dropped_alone(gan_class: type[BaseGAN]) -> None:
    X = table()
    with pytest.warns(TrainingCollapseWarning, match="1 of 3 members diverged and 1 collapsed"):
        ill = GANDetector(
            sick(gan_class, diverging=[0], collapsing=[2]),
            n_estimators=3,
            max_iter=20,
            random_state=0,
        ).fit(X)
    assert ill.networks_.n_members == 1
    assert ill.history_[-1]["n_alive"] == 2
    assert np.isfinite(ill.decision_scores_).all()
    healthy = GANDetector(gan_class(), n_estimators=3, max_iter=20, random_state=0).fit(X)
    ours, theirs = dict(ill.networks_.named_parameters()), healthy.networks_.named_parameters()
    for name, parameter in theirs:
        torch.testing.assert_close(ours[name][0], parameter[1], rtol=0, atol=1e-5)


def test_early_stopping_does_not_hide_a_diverged_member(gan_class: type[BaseGAN]) -> None:
    with pytest.warns(TrainingCollapseWarning, match="1 of 2 members diverged"):
        ill = GANDetector(
            sick(gan_class, diverging=[0]), n_estimators=2, max_iter=60, early_stopping=True
        ).fit(table())
    assert ill.networks_.n_members == 1


@pytest.mark.parametrize("how", ["diverging", "collapsing"])
def test_all_dead_says_what_to_change(gan_class: type[BaseGAN], how: str) -> None:
    detector = GANDetector(sick(gan_class, **{how: [0, 1]}), **QUICK)
    with pytest.raises(TrainingCollapsedError, match="Lower `lr`"):
        detector.fit(table())
    assert not hasattr(detector, "networks_")


class Weights(Callback):
    """Keeps the weights and their average after every step."""

    def on_train_begin(self, trainer) -> None:
        self.steps = [[p.detach().clone() for p in trainer.net.parameters()]]

    def on_batch_end(self, trainer) -> None:
        self.steps.append([p.detach().clone() for p in trainer.net.parameters()])
        self.average = [p.clone() for p in trainer.ema]


def test_the_average_forgets_at_its_rate() -> None:
    weights = Weights()
    GANDetector(GAN(), **QUICK, callbacks=[weights]).fit(table())
    for i, average in enumerate(weights.average):
        expected = weights.steps[0][i]
        for step, now in enumerate(weights.steps[1:]):
            decay = min(0.99, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * now[i]
        torch.testing.assert_close(average, expected, rtol=1e-4, atol=1e-6)


def test_early_stopping_restores_the_weights_of_the_lowest_check() -> None:
    class Checks(EarlyStopping):
        seen: ClassVar[list] = []

        def _check(self, trainer) -> None:
            super()._check(trainer)
            self.seen.append((self._lowest.clone(), [w.clone() for w in trainer.ema]))

    stopping = Checks(patience=3, every=5)
    detector = GANDetector(
        GAN(), n_estimators=3, max_iter=300, random_state=0, callbacks=[stopping]
    ).fit(table())
    first = next(detector.networks_.parameters())
    for e in range(3):
        lowest = stopping.seen[-1][0][e]
        best = next(weights for low, weights in stopping.seen if low[e] == lowest)
        torch.testing.assert_close(first[e].float(), best[0][e])


def test_early_stopping_does_not_overrule_another_callback() -> None:
    detector = GANDetector(
        n_estimators=2, max_iter=60, random_state=0, callbacks=[Recorder(stop_at=25)]
    ).set_params(early_stopping=True)
    assert detector.fit(table()).n_iter_ == 25


def test_early_stopping_keeps_short_training() -> None:
    plain = GANDetector(**QUICK).fit(table()).networks_.critic.layers[0].weight
    short = GANDetector(**QUICK, early_stopping=True).fit(table()).networks_.critic.layers[0].weight
    torch.testing.assert_close(plain, short)


def test_history_shows_every_phase_at_every_row() -> None:
    detector = GANDetector(GAN(n_critic=3), n_estimators=2, max_iter=200).fit(table())
    assert all("player_loss" in row and "critic_loss" in row for row in detector.history_)


def test_fits_in_threads_restore_the_thread_count() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        fit = joblib.delayed(
            lambda seed: GANDetector(**QUICK | {"random_state": seed}).fit(table())
        )
        joblib.Parallel(n_jobs=3, backend="threading")(fit(seed) for seed in range(6))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_a_wild_member_is_clipped_and_disturbs_no_other() -> None:
    def loss(self, net, batch):
        return GAN.critic_loss(self, net, batch) * torch.tensor([1e6, 1.0])

    wild = type("Wild", (GAN,), {"critic_loss": loss})
    norms = []

    class Norms(Callback):
        def on_batch_end(self, trainer) -> None:
            grads = [p.grad for p in trainer.net.critic.parameters()]
            norms.append(torch.stack([g.flatten(1).square().sum(1) for g in grads]).sum(0).sqrt())

    both = GANDetector(wild(), **QUICK, callbacks=[Norms()]).fit(table()).networks_
    calm = GANDetector(GAN(), **QUICK).fit(table()).networks_
    assert all(norm[0] == pytest.approx(10, rel=1e-3) and norm[1] < 10 for norm in norms)
    for ours, theirs in zip(both.parameters(), calm.parameters(), strict=True):
        torch.testing.assert_close(ours[1], theirs[1])


@dataclass(repr=False, eq=False, kw_only=True)
class Unused(GAN):
    """Declares an encoder that its play forgets."""

    def players(self, make, n_columns):
        return {**super().players(make, n_columns), "enc": make(n_columns, self.latent_dim)}


@dataclass(repr=False, eq=False, kw_only=True)
class UnusedLate(Unused):
    """Trains the forgotten encoder in the last half only."""

    def phases(self, players, critics):
        critic, player = super().phases(("gen",), critics)
        return critic, player, player._replace(name="encode", trains=("enc",), start=0.5)


@dataclass(repr=False, eq=False, kw_only=True)
class Untrained(Unused):
    """Declares an encoder that no phase trains."""

    def phases(self, players, critics):
        return super().phases(("gen",), critics)


@dataclass(repr=False, eq=False, kw_only=True)
class Unequal(GAN):
    """Compares batches of different widths."""

    def play(self, net, x, z):
        return Play((Pair("critic", x, net.gen(z)[..., :-1]),))


@dataclass(repr=False, eq=False, kw_only=True)
class Shapeless(GAN):
    """Returns one score for all rows."""

    def score(self, net, x):
        return -net.critic(x).mean(1)


@pytest.mark.parametrize(
    ("gan", "message"),
    [
        (Unused(), "Phase 'player' of Unused trains enc, but its loss does not depend on it"),
        (UnusedLate(), "Phase 'encode' of UnusedLate trains enc, but its loss does not"),
        (Untrained(), "No phase of Untrained trains enc"),
        (Unequal(), "'critic' of Unequal compares .* with"),
        (Shapeless(), "Shapeless.score must return shape"),
    ],
)
def test_a_wrong_spec_is_named_at_the_first_step(gan: BaseGAN, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GANDetector(gan, **QUICK).fit(table())


def test_progress_bar_and_log_lines(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    GANDetector(ALAD(), **QUICK, verbose=1).fit(table())
    bar = capfd.readouterr().err
    assert "fit ALAD" in bar and "critic_loss" in bar
    GANDetector(**QUICK, verbose=1).fit(table(11000))
    assert "score" in capfd.readouterr().err
    with caplog.at_level(logging.INFO, logger="pyod_gan"):
        GANDetector(**QUICK, verbose=2).fit(table())
    assert len(caplog.records) == 20 and "player_loss=" in caplog.text
    assert capfd.readouterr().err == ""


def test_training_length_does_not_grow_with_rows() -> None:
    for n in (100, 2000):
        assert GANDetector(**QUICK).fit(table(n)).n_iter_ == 20
