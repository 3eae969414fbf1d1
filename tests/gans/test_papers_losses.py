"""Every phase's loss, derived again from the paper in NumPy, one member at a time.

The package is called only to build networks and for the values that are checked. Departures that a
class's docstring names are followed: means over columns, broad negatives, penalties.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import torch
from scipy.stats import norm

from pyod_gan.engine.networks import Networks
from pyod_gan.gans import (
    AAE,
    ALAD,
    ALOCC,
    GAN,
    GANS,
    GSAAL,
    MADGAN,
    MOGAAL,
    OCGAN,
    RCGAN,
    SOGAAL,
    USAD,
    WGAN,
    AnoGAN,
    BaseGAN,
    Batch,
    BiGAN,
    FAnoGAN,
    FenceGAN,
    GANomaly,
    PrototypeGAN,
    TadGAN,
    ViewGAN,
)
from tests.gans.by_hand import (
    CASES,
    Array,
    B,
    D,
    E,
    Fakes,
    Member,
    bce,
    discriminate,
    each_case,
    fool,
    judge,
    mae,
    member,
    mse,
    networks,
    sigmoid,
    usad_errors,
    wasserstein,
)


def wide(z: Array) -> Array:
    """Uniform on [−4, 4]."""
    return 8 * norm.cdf(z) - 4


def rejected(negatives: Array | None, gan: BaseGAN) -> Fakes:
    return [] if negatives is None else [(negatives, gan.negatives_weight)]


def fakes(made: Array, gan: BaseGAN, b: SimpleNamespace) -> Fakes:
    return [(made, 1.0), *rejected(b.negatives, gan)]


def gan_losses(net: Member, gan: BaseGAN, b: SimpleNamespace) -> dict[str, float]:
    """Goodfellow et al. 2014, section 3; broad negatives have a weight of their own."""
    critic, made = net["critic"], net["gen"](b.z)
    player = fool(critic, b.x, made)
    if gan.game == "least-squares":  # Mao et al. 2017, eq. 9 with c = 1; rows give a constant
        player = ((critic(made) - 1) ** 2 + critic(b.x) ** 2).mean() / 2
    return {"critic": discriminate(gan, critic, b.x, fakes(made, gan, b), b.u), "player": player}


def wgan_losses(net: Member, gan: BaseGAN, b: SimpleNamespace) -> dict[str, float]:
    """Gulrajani et al. 2017, algorithm 1; the generator minimises −D(G(z))."""
    critic, made = net["critic"], net["gen"](b.z)
    return {
        "critic": discriminate(gan, critic, b.x, fakes(made, gan, b), b.u),
        "player": critic(b.x).mean() - critic(made).mean(),
    }


def fanogan_losses(net: Member, gan: FAnoGAN, b: SimpleNamespace) -> dict[str, float]:
    """Schlegl et al. 2019: a WGAN-GP, then the izi_f loss of the encoder."""
    made, f = net["gen"](net["enc"](b.x)), net["critic"].features
    encoder = mse(b.x, made).mean() + gan.feature_weight * mse(f(b.x), f(made)).mean()
    return wgan_losses(net, gan, b) | {"encoder": encoder}


def sogaal_losses(net: Member, gan: BaseGAN, b: SimpleNamespace) -> dict[str, float]:
    """Liu et al. 2019, section 3.2; GSAAL: the mean over discriminators (Cribeiro-Ramallo 2024)."""
    u = wide(b.z)
    made = u + net["gen.network"](u)
    return {
        "critic": discriminate(gan, net["critic"], b.x, fakes(made, gan, b), b.u),
        "player": fool(net["critic"], b.x, made),
    }


def mogaal_losses(net: Member, gan: MOGAAL, b: SimpleNamespace) -> dict[str, float]:
    """Liu et al. 2019, section 3.3: G_i aims at the i/k quantile, and makes k − i shares."""
    k, u, critic = gan.n_generators, wide(b.z), net["critic"]
    made = [u + net[f"gen{i}.network"](u) for i in range(k)]
    rows = B * np.arange(k, 0, -1) // (k * (k + 1) // 2)
    owner = np.repeat(np.arange(k), rows)
    shown = np.array([made[i][row] for row, i in enumerate(owner)])
    targets = [np.quantile(sigmoid(critic(b.x)), i / k) for i in range(k)]
    return {
        "critic": discriminate(gan, critic, b.x, fakes(shown, gan, b), b.u),
        "player": sum(bce(critic(m), t) for m, t in zip(made, targets, strict=True)),
    }


def bigan_losses(net: Member, gan: BaseGAN, b: SimpleNamespace) -> dict[str, float]:
    """Donahue et al. 2017, eq. 2, players non-saturating: E aims at 0 for rows, G at 1."""
    real, fake = np.hstack([b.x, net["enc"](b.x)]), np.hstack([net["gen"](b.z), b.z])
    return {"critic": judge(net["critic"], real, fake), "player": fool(net["critic"], real, fake)}


def alad_losses(net: Member, gan: BaseGAN, b: SimpleNamespace) -> dict[str, float]:
    """Zenati et al. 2018b, section 4: V(D_xz) + V(D_xx) + V(D_zz)."""
    enc, gen = net["enc"], net["gen"]
    duels = [
        (net["xz"], np.hstack([b.x, enc(b.x)]), np.hstack([gen(b.z), b.z])),
        (net["xx"], np.hstack([b.x, b.x]), np.hstack([b.x, gen(enc(b.x))])),
        (net["zz"], np.hstack([b.z, b.z]), np.hstack([b.z, enc(gen(b.z))])),
    ]
    return {"critic": sum(judge(*d) for d in duels), "player": sum(fool(*d) for d in duels)}


def rcgan_losses(net: Member, gan: BaseGAN, b: SimpleNamespace) -> dict[str, float]:
    """Yang et al. 2020: ALAD's, and D_xz tells (x, E(x)) from (t, E(t))."""
    losses = alad_losses(net, gan, b)
    real, penalty = (np.hstack([rows, net["enc"](rows)]) for rows in (b.x, b.negatives))
    return losses | {"critic": losses["critic"] + judge(net["xz"], real, penalty)}


def ganomaly_losses(net: Member, gan: GANomaly, b: SimpleNamespace) -> dict[str, float]:
    """Akcay et al. 2018, eq. 1 to 4, norms as the authors' code has them."""
    code, f = net["enc"](b.x), net["critic"].features
    made = net["gen"](code)
    adversarial, context = mse(f(b.x), f(made)).mean(), mae(b.x, made).mean()
    encoder = mse(code, net["enc2"](made)).mean()
    player = gan.adversarial_weight * adversarial + gan.context_weight * context
    return {
        "critic": judge(net["critic"], b.x, made),
        "player": player + gan.encoder_weight * encoder,
    }


def aae_losses(net: Member, gan: AAE, b: SimpleNamespace) -> dict[str, float]:
    """Makhzani et al. 2015, section 2: both phases of the autoencoder in one."""
    code = net["enc"](b.x)
    reconstruction = gan.reconstruction_weight * mse(b.x, net["gen"](code)).mean()
    return {
        "critic": judge(net["critic"], b.z, code),
        "player": fool(net["critic"], b.z, code) + reconstruction,
    }


def alocc_losses(net: Member, gan: ALOCC, b: SimpleNamespace) -> dict[str, float]:
    """Sabokrou et al. 2018, eq. 1 to 3; R's broad negatives are rejected, too."""
    made = net["gen"](net["enc"](b.x + gan.noise * b.z))
    player = fool(net["critic"], b.x, made) + gan.reconstruction_weight * mse(b.x, made).mean()
    repaired = None if b.negatives is None else net["gen"](net["enc"](b.negatives))
    fake = [(made, 1.0), *rejected(repaired, gan)]
    critic = discriminate(gan, net["critic"], b.x, fake, b.u)
    return {"critic": critic, "player": player}


def fencegan_losses(net: Member, gan: FenceGAN, b: SimpleNamespace) -> dict[str, float]:
    """Ngo et al. 2019, eq. 4 to 7, the fence as a cross-entropy like in the authors' code."""
    critic, made = net["critic"], net["gen"](b.z)
    weighted = bce(critic(b.x), 1) + gan.generated_weight * bce(critic(made), 0)
    spread = np.linalg.norm(made - made.mean(0), axis=1).mean()
    return {
        "critic": weighted + discriminate(gan, critic, b.x, rejected(b.negatives, gan), b.u),
        "player": bce(critic(made), gan.level) + gan.dispersion_weight / spread,
    }


def usad_losses(net: Member, gan: USAD, b: SimpleNamespace) -> dict[str, float]:
    """Audibert et al. 2020, eq. 8 and 9."""
    n = np.floor(gan.n_epochs * b.progress) + 1
    first, second, both = (error.mean() for error in usad_errors(net, b.x))
    return {
        "first": first / n + (1 - 1 / n) * both,
        "second": second / n - (1 - 1 / n) * both,
    }


def ocgan_losses(net: Member, gan: OCGAN, b: SimpleNamespace) -> dict[str, float]:
    """Perera et al. 2019, algorithm 1: l1 codes, l2 uniform points, mined by climbing C's loss."""
    gen, classify = net["gen"], net["mine"]
    l2 = 2 * norm.cdf(b.z[:, : gan.latent_dim]) - 1
    l1 = np.tanh(net["enc"](b.x + gan.noise * b.z[:, gan.latent_dim :]))
    mined = l2
    for _ in range(gan.mining_steps):
        slope = sigmoid(classify(gen(mined))) - 1  # of the cross-entropy to label 1
        uphill = gen.pull(mined, classify.pull(gen(mined), slope))
        mined = np.clip(mined + gan.mining_lr * np.sign(uphill), -1, 1)
    latent, visual = (net["latent"], l2, l1), (net["visual"], b.x, gen(mined))
    reconstruction = gan.reconstruction_weight * mse(b.x, gen(l1)).mean()
    return {
        "classifier": bce(classify(gen(l1)), 1) + bce(classify(gen(l2)), 0),
        "critic": judge(*latent) + judge(*visual),
        "player": fool(*latent) + fool(*visual) + reconstruction,
    }


def tadgan_losses(net: Member, gan: TadGAN, b: SimpleNamespace) -> dict[str, float]:
    """Geiger et al. 2020, section IV: two Wasserstein duels, and the cycle's squared error."""
    code, made = net["enc"](b.x), net["gen"](b.z)
    duels = [(net["critic"], b.x, made), (net["codes"], b.z, code)]
    cycle = gan.reconstruction_weight * mse(b.x, net["gen"](code)).mean()
    return {
        "critic": sum(wasserstein(*duel, b.u) for duel in duels),
        "player": sum(c(real).mean() - c(fake).mean() for c, real, fake in duels) + cycle,
    }


PAPERS: dict[type[BaseGAN], Callable[..., dict[str, float]]] = {
    PrototypeGAN: gan_losses,
    ViewGAN: gan_losses,
    GAN: gan_losses,
    WGAN: wgan_losses,
    SOGAAL: sogaal_losses,
    MOGAAL: mogaal_losses,
    GSAAL: sogaal_losses,
    AnoGAN: gan_losses,
    MADGAN: gan_losses,
    TadGAN: tadgan_losses,
    FAnoGAN: fanogan_losses,
    BiGAN: bigan_losses,
    ALAD: alad_losses,
    RCGAN: rcgan_losses,
    GANomaly: ganomaly_losses,
    AAE: aae_losses,
    ALOCC: alocc_losses,
    FenceGAN: fencegan_losses,
    USAD: usad_losses,
    OCGAN: ocgan_losses,
}
TRAINED: dict[type[BaseGAN], dict[str, tuple[str, ...]]] = {  # where not all players or critics
    FAnoGAN: {"critic": ("critic",), "player": ("gen",), "encoder": ("enc",)},
    USAD: {"first": ("enc", "gen"), "second": ("enc", "gen2")},
    OCGAN: {"classifier": ("mine",), "critic": ("latent", "visual"), "player": ("enc", "gen")},
}
TURNS: dict[type[BaseGAN], dict[str, tuple[int, float, float]]] = {  # every, start, stop
    SOGAAL: {"player": (1, 0, 1 / 3)},  # then 2 · stop_epochs without the generator
    MOGAAL: {"player": (1, 0, 1 / 3)},
    GSAAL: {"player": (1, 0, 3 / 4)},  # the authors' 30 of 40 epochs
    FAnoGAN: {"critic": (1, 0, 0.5), "player": (5, 0, 0.5), "encoder": (1, 0.5, 1)},
    FenceGAN: {"player": (1, 0.05, 1)},  # after a warm-up of the discriminator
}


def draw(gan: BaseGAN) -> Batch:
    """A fixed batch."""
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=(E, B, D)), rng.normal(size=(E, B, gan.noise_dim(D)))
    u, negatives = rng.uniform(size=(E, B, 1)), 3 * rng.normal(size=(E, B, D))
    x, z, u, negatives = map(torch.from_numpy, (x, z, u, negatives))
    return Batch(x, z, u, negatives if gan.broad_negatives else None).at(0.35)


def derived(net: Networks, gan: BaseGAN, batch: Batch) -> list[dict[str, float]]:
    """The paper's losses, one dict per member."""
    tensors = {name: part for name, part in batch._asdict().items() if name != "progress"}
    parts = [{k: v if v is None else v[e].numpy() for k, v in tensors.items()} for e in range(E)]
    losses = PAPERS[type(gan)]
    return [
        losses(member(net, e), gan, SimpleNamespace(**parts[e], progress=float(batch.progress)))
        for e in range(E)
    ]


def test_every_gan_has_a_derivation() -> None:
    cases = {type(gan) for gan in CASES}
    missing = [gan.__name__ for gan in GANS.values() if gan not in PAPERS or gan not in cases]
    assert not missing, f"Derive the losses of {missing} from the paper, in PAPERS, with a CASE."


@each_case
def test_losses_are_the_papers(gan: BaseGAN) -> None:
    (net, phases), batch = networks(gan), draw(gan)
    expected = derived(net, gan, batch)
    assert {phase.name for phase in phases} == set(expected[0])
    for phase in phases:
        loss = phase.loss(net, batch).detach().numpy()
        values = [losses[phase.name] for losses in expected]
        np.testing.assert_allclose(loss, values, 1e-8, 1e-8, err_msg=phase.name)


@each_case
def test_each_phase_trains_its_side(gan: BaseGAN) -> None:
    net, phases = networks(gan)
    sides = {"critic": net.critics, "player": net.players}
    assert {phase.name: phase.trains for phase in phases} == TRAINED.get(type(gan), sides)


@each_case
def test_each_phase_has_its_turns(gan: BaseGAN) -> None:
    turns = dict.fromkeys((phase.name for phase in networks(gan)[1]), (1, 0, 1))
    turns |= TURNS.get(type(gan), {})
    for phase in networks(gan)[1]:
        assert (phase.every, phase.start, phase.stop) == turns[phase.name], phase.name


@each_case
def test_gradients_are_the_papers(gan: BaseGAN) -> None:
    """The slope of each loss in a random direction of the trained weights, by finite differences.

    A term that gives no gradient where it should, or a constant that does, shows here only.
    """
    (net, phases), batch = networks(gan), draw(gan)
    rng, step = np.random.default_rng(2), 1e-6
    for phase in phases:
        weights = net.parameters_of(phase.trains)
        ways = [torch.from_numpy(rng.normal(size=p.shape)) for p in weights]
        gradients = torch.autograd.grad(phase.loss(net, batch).sum(), weights)
        slope = sum((g * way).flatten(1).sum(1) for g, way in zip(gradients, ways, strict=True))
        ends = []
        for shift in (step, -2 * step, step):
            for p, way in zip(weights, ways, strict=True):
                p.data += shift * way
            ends.append([losses[phase.name] for losses in derived(net, gan, batch)])
        rise = (np.array(ends[0]) - ends[1]) / (2 * step)
        np.testing.assert_allclose(slope.numpy(), rise, 1e-5, 1e-5, err_msg=phase.name)


def test_gsaal_sees_half_of_the_columns() -> None:
    masks = networks(GSAAL(n_critics=3))[0].get_buffer("critic.masks")
    assert masks.shape == (E, 3, 1, D)
    assert ((masks == 0) | (masks == 1)).all()
    assert (masks.sum(-1) == 3).all()
