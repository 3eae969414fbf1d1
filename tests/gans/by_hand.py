"""What the derivations of losses and scores share: one member's networks in NumPy, and cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pyod_gan.engine.networks import Networks
from pyod_gan.engine.training import build
from pyod_gan.gans import (
    AAE,
    ALAD,
    ALOCC,
    GAN,
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
    BiGAN,
    FAnoGAN,
    FenceGAN,
    GANomaly,
    Phase,
    PrototypeGAN,
    TadGAN,
    ViewGAN,
)

E, B, D = 2, 12, 5
Array = np.ndarray
Member = dict[str, Any]  # networks by their path, buffers by their name

PUBLISHED: dict[str, Any] = {"game": "non-saturating", "broad_negatives": False}
CASES: list[BaseGAN] = [
    PrototypeGAN(latent_dim=3, group_size=4, n_groups=3, discrimination_weight=0.3),
    ViewGAN(latent_dim=3),
    GAN(latent_dim=3),
    GAN(latent_dim=3, **PUBLISHED),
    GAN(latent_dim=3, game="least-squares", broad_negatives=False),
    WGAN(latent_dim=3),
    WGAN(latent_dim=3, broad_negatives=False),
    SOGAAL(),
    SOGAAL(**PUBLISHED),
    MOGAAL(n_generators=3),
    MOGAAL(n_generators=3, **PUBLISHED),
    GSAAL(n_critics=3),
    GSAAL(n_critics=3, **PUBLISHED),
    AnoGAN(latent_dim=3, feature_weight=0.3, n_starts=6, search_steps=4),
    MADGAN(latent_dim=3, feature_weight=0.3, n_starts=6, search_steps=4),
    TadGAN(latent_dim=3, reconstruction_weight=4.0),
    FAnoGAN(latent_dim=3, feature_weight=0.6),
    BiGAN(latent_dim=3, feature_weight=0.3),
    ALAD(latent_dim=3),
    RCGAN(latent_dim=3),
    GANomaly(latent_dim=3, adversarial_weight=0.7, context_weight=5.0, encoder_weight=2.0),
    AAE(latent_dim=3, reconstruction_weight=4.0),
    ALOCC(latent_dim=3, noise=0.2, reconstruction_weight=0.6),
    ALOCC(latent_dim=3, noise=0.2, reconstruction_weight=0.6, **PUBLISHED),
    FenceGAN(latent_dim=3, level=0.3, dispersion_weight=2.0, generated_weight=0.7),
    FenceGAN(latent_dim=3, level=0.3, generated_weight=0.7, **PUBLISHED),
    USAD(latent_dim=3, alpha=0.3),
    OCGAN(latent_dim=3, noise=0.2, reconstruction_weight=4.0, mining_steps=3),
]


class MLP:
    """One member's network, with LeakyReLU (slope 0.2) and a backward pass by hand."""

    def __init__(self, layers: list[tuple[Array, Array]]) -> None:
        *self.hidden, self.last = layers

    def features(self, x: Array) -> Array:
        for weight, bias in self.hidden:
            x = x @ weight + bias
            x = np.where(x > 0, x, 0.2 * x)
        return x

    def __call__(self, x: Array) -> Array:
        return self.features(x) @ self.last[0] + self.last[1]

    def pull_features(self, x: Array, slope: Array) -> Array:
        """Slope at x of what has this slope at the features of x, by the chain rule."""
        signs = []
        for weight, bias in self.hidden:
            signs.append(x @ weight + bias > 0)
            x = np.where(signs[-1], 1, 0.2) * (x @ weight + bias)
        for (weight, _), sign in zip(reversed(self.hidden), reversed(signs), strict=True):
            slope = (slope * np.where(sign, 1, 0.2)) @ weight.T
        return slope

    def pull(self, x: Array, slope: Array) -> Array:
        """The same for a slope at the output."""
        return self.pull_features(x, slope @ self.last[0].T)

    def gradient(self, x: Array) -> Array:
        return self.pull(x, np.ones((len(x), 1)))


class Subspaces:
    """GSAAL's discriminators, (B, D) -> (B, k)."""

    def __init__(self, networks: list[MLP], masks: Array) -> None:
        self.views = list(zip(networks, masks, strict=True))

    def __call__(self, x: Array) -> Array:
        return np.hstack([critic(mask * x) for critic, mask in self.views])

    def gradient(self, x: Array) -> Array:
        """Gradient of the mean discriminator."""
        return np.mean([mask * critic.gradient(mask * x) for critic, mask in self.views], 0)


def member(net: Networks, e: int) -> Member:
    """What member e consists of."""
    parts: Member = {name: b[e].numpy() for name, b in net.named_buffers()}
    for path, module in net.named_modules():
        if hasattr(module, "layers"):
            pairs = [(layer.weight[e], layer.bias[e]) for layer in module.layers]
            parts[path] = MLP([(w.detach().numpy(), b.detach().numpy()) for w, b in pairs])
    if "critic.masks" in parts:
        flat = [w[e].detach().numpy() for w in net.critic.weights]  # weight, bias, weight, ...
        alone = [[w[i] for w in flat] for i in range(len(flat[0]))]
        networks = [MLP(list(zip(ws[::2], ws[1::2], strict=True))) for ws in alone]
        parts["critic"] = Subspaces(networks, parts["critic.masks"])
    return parts


def sigmoid(logits: Array) -> Array:
    return 1 / (1 + np.exp(-logits))


def bce(logits: Array, target: float) -> float:
    """Mean cross-entropy of a sigmoid's output to a label or a level."""
    p = sigmoid(logits)
    return -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()


def mse(a: Array, b: Array) -> Array:
    return ((a - b) ** 2).mean(-1)


def mae(a: Array, b: Array) -> Array:
    return np.abs(a - b).mean(-1)


def judge(critic: Any, real: Array, fake: Array) -> float:
    """Goodfellow et al. 2014, algorithm 1: what a discriminator minimises."""
    return bce(critic(real), 1) + bce(critic(fake), 0)


def fool(critic: Any, real: Array, fake: Array) -> float:
    """The non-saturating generator; the real rows' term is constant or an encoder's loss."""
    return bce(critic(fake), 1) + bce(critic(real), 0)


def r1_r2(critic: Any, real: Array, fake: Array) -> float:
    """Mescheder et al. 2018, eq. 9 and 10, with their γ = 10."""
    squares = [(critic.gradient(x) ** 2).sum(1).mean() for x in (real, fake)]
    return 10 / 2 * sum(squares)


def wasserstein(critic: Any, real: Array, fake: Array, u: Array) -> float:
    """Gulrajani et al. 2017, eq. 3, λ = 10."""
    between = (1 - u) * real + u * fake
    penalty = (np.linalg.norm(critic.gradient(between), axis=1) - 1) ** 2
    return critic(fake).mean() - critic(real).mean() + 10 * penalty.mean()


Fakes = list[tuple[Array, float]]  # rows and their weight


def discriminate(gan: BaseGAN, critic: Any, real: Array, fakes: Fakes, u: Array) -> float:
    """The critic's loss against each kind of fake rows, by the game that the GAN names."""
    loss = 0.0
    for fake, weight in fakes:
        if gan.game == "wasserstein":
            loss += weight * wasserstein(critic, real, fake, u)
        elif gan.game == "least-squares":  # Mao et al. 2017, eq. 9 with a = 0, b = 1
            loss += weight * ((critic(real) - 1) ** 2 + critic(fake) ** 2).mean() / 2
        else:
            penalty = r1_r2(critic, real, fake) if gan.game == "non-saturating-r1r2" else 0
            loss += weight * (judge(critic, real, fake) + penalty)
    return loss


def usad_errors(net: Member, x: Array) -> tuple[Array, Array, Array]:
    """Squared errors of AE₁(x), AE₂(x), AE₂(AE₁(x)), with outputs in ±5."""

    def autoencode(decoder: str, rows: Array) -> Array:
        return 5 * np.tanh(net[decoder](net["enc"](rows)) / 5)

    first = autoencode("gen", x)
    return mse(x, first), mse(x, autoencode("gen2", x)), mse(x, autoencode("gen2", first))


each_case = pytest.mark.parametrize("gan", CASES, ids=lambda gan: type(gan).__name__)


def networks(gan: BaseGAN) -> tuple[Networks, tuple[Phase, ...]]:
    """Two members' networks in double precision with fixed random weights, and their phases."""
    rng = np.random.default_rng(0)
    settings = replace(gan.settings, hidden_layer_sizes=(6, 4))
    net = build(gan, D, settings, [torch.Generator().manual_seed(e) for e in range(E)])
    for p in net.double().parameters():
        p.data = torch.from_numpy(rng.normal(0, 0.4, p.shape))
    return net, gan.phases(net.players, net.critics)
