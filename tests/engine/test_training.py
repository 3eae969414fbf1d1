"""Networks and the training loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyod_gan import (
    GAN,
    FenceGAN,
    GANDetector,
    TrainingCollapsedError,
    TrainingCollapseWarning,
)
from pyod_gan.callbacks import Callback
from pyod_gan.engine.member_health import varied_columns
from pyod_gan.engine.mlp import Perceptron
from pyod_gan.engine.networks import Networks
from pyod_gan.gans import BaseGAN, Pair, Play
from tests.helpers import QUICK, table


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_batched_mlp_equals_torch_layers() -> None:
    mlp = Perceptron(4, (8, 6), 2, generators(0, 1, 2))
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
    net = Networks({}, {"critic": Perceptron(3, (4,), 1, generators(0, 1, 2))})
    net.register_buffer("bank", torch.arange(3.0))
    x = torch.ones(3, 5, 3)
    before = net.critic(x)
    net.keep(torch.tensor([True, False, True]))
    assert net.n_members == 2
    torch.testing.assert_close(net.critic(x[:2]), before[[0, 2]])
    assert net.bank.tolist() == [0, 2]


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
    X, n_collapsed = table(), int(gan_class.needs_wide_generator)
    said = f"1 of 3 members diverged and {n_collapsed} collapsed"
    with pytest.warns(TrainingCollapseWarning, match=said):
        ill = GANDetector(
            sick(gan_class, diverging=[0], collapsing=[2]),
            n_estimators=3,
            max_iter=20,
            random_state=0,
        ).fit(X)
    assert ill.networks_.n_members == 2 - n_collapsed
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
    if how == "collapsing" and not gan_class.needs_wide_generator:
        assert np.isfinite(detector.fit(table()).decision_scores_).all()
        return
    with pytest.raises(TrainingCollapsedError, match="Lower `lr`"):
        detector.fit(table())
    assert not hasattr(detector, "networks_")


@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_what_most_rows_are_is_no_varied_column(noise: float) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 3)) * [1, noise, 1e12]
    rows[:100] = 1e6 * rng.normal(size=(100, 3))  # far rows make the deviation large
    rows[:, 2] = rng.normal(size=300) * 1e-12
    varied = varied_columns(torch.from_numpy(rows))
    assert varied.tolist() == [False, False, True]
    assert varied_columns(torch.from_numpy(rows[100:])).tolist() == [True, noise > 0, True]


def test_a_wild_member_is_clipped_and_disturbs_no_other() -> None:
    def loss(self, net, batch):
        return GAN.critic_loss(self, net, batch) * torch.tensor([1e6, 1.0])

    wild = type("Wild", (GAN,), {"critic_loss": loss})
    norms = []

    class Norms(Callback):
        def on_batch_end(self, trainer) -> None:
            grads = [p.grad for p in trainer.net.critic.parameters()]
            norms.append(torch.stack([g.flatten(1).square().sum(1) for g in grads]).sum(0).sqrt())

    mild = {"game": "non-saturating", "negatives_weight": 1.0}  # no gradient of which is clipped
    both = GANDetector(wild(**mild), **QUICK, callbacks=[Norms()]).fit(table()).networks_
    calm = GANDetector(GAN(**mild), **QUICK).fit(table()).networks_
    assert all(norm[0] == pytest.approx(10, rel=1e-3) and norm[1] < 10 for norm in norms)
    for ours, theirs in zip(both.parameters(), calm.parameters(), strict=True):
        torch.testing.assert_close(ours[1], theirs[1])


class Unused(GAN):
    """Declares an encoder that its play forgets."""

    def players(self, make):
        return {**super().players(make), "enc": make.encoder(self.latent_dim)}


class UnusedLate(Unused):
    """Trains the forgotten encoder in the last half only."""

    def phases(self, players, critics):
        critic, player = super().phases(("gen",), critics)
        return critic, player, player._replace(name="encode", trains=("enc",), start=0.5)


class Untrained(Unused):
    """Declares an encoder that no phase trains."""

    def phases(self, players, critics):
        return super().phases(("gen",), critics)


class Unequal(GAN):
    """Compares batches of different widths."""

    def play(self, net, x, z):
        return Play((Pair("critic", x, net.gen(z)[..., :-1]),))


class Shapeless(GAN):
    """Returns one score for all rows."""

    def score(self, net, x):
        return -net.critic(x).mean(1)


class Wide(GAN):
    """Forgets the mean over columns, which are no views."""

    def score(self, net, x):
        return x.abs()


class Misnamed(GAN):
    """Asks a critic that does not exist."""

    def play(self, net, x, z):
        return Play((Pair("critics", x, net.gen(z)),))


class Elsewhere(GAN):
    """Trains a network that does not exist."""

    def phases(self, players, critics):
        critic, player = super().phases(players, critics)
        return critic, player._replace(trains=("generator",))


class Doubled(GAN):
    """One name for two networks."""

    def critics(self, make):
        return {"gen": make.critic()}


class Aimless(GAN):
    """Its players have nothing to win."""

    def play(self, net, x, z):
        return Play((Pair("critic", x, net.gen(z), weight=0.0),))


class Summed(GAN):
    """One loss for all members."""

    def player_loss(self, net, batch):
        return super().player_loss(net, batch).sum()


@pytest.mark.parametrize(
    ("gan", "message"),
    [
        (Unused(), "Phase 'player' of Unused trains enc, but its loss does not depend on it"),
        (UnusedLate(), "Phase 'encode' of UnusedLate trains enc, but its loss does not"),
        (Untrained(), "No phase of Untrained trains enc"),
        (Unequal(), "'critic' of Unequal compares .* with"),
        (Shapeless(), r"Shapeless.score must return shape \(members, rows\) = \(2, 2\)"),
        (Wide(), r"Wide.score must return shape .* Got \(2, 2, 5\) instead, with `n_views` = 1"),
        (Misnamed(), "A pair of Misnamed asks 'critics', .* They are critic"),
        (Elsewhere(), "'player' of Elsewhere trains 'generator', .* It has critic, gen"),
        (Doubled(), "Doubled has gen as a player and as a critic"),
        (Aimless(), "Phase 'player' of Aimless trains gen, but its loss does not depend on it"),
        (Summed(), r"Phase 'player' of Summed must have a loss of shape \(members,\) = \(2,\)"),
        (FenceGAN(warm_up=0.98), "'player' of FenceGAN has no turn in 20 steps, so gen would not"),
    ],
)
def test_a_wrong_spec_is_named_before_the_first_step(gan: BaseGAN, message: str) -> None:
    class NoStep(Callback):
        def on_batch_end(self, trainer) -> None:
            raise AssertionError("a step was done")

    detector = GANDetector(gan, **QUICK, callbacks=[NoStep()])
    with pytest.raises(ValueError, match=message):
        detector.fit(table())
    assert not hasattr(detector, "networks_")


@pytest.mark.parametrize("max_iter", [1, 2])
def test_a_network_without_a_turn_is_named(max_iter: int) -> None:
    detector = GANDetector("fanogan", n_estimators=1, max_iter=max_iter)
    if max_iter == 2:
        detector.fit(table())
        return
    with pytest.raises(ValueError, match="'encoder' of FAnoGAN has no turn in 1 steps"):
        detector.fit(table())


def test_training_length_does_not_grow_with_rows() -> None:
    for n in (100, 2000):
        assert GANDetector(**QUICK).fit(table(n)).n_iter_ == 20
