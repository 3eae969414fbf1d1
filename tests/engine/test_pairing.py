"""All-pairs ensembles: the players of each member meet the critics of all members."""

from __future__ import annotations

import numpy as np
import torch

from pyod_gan import ALAD, GANDetector
from pyod_gan.engine.training import build
from pyod_gan.gans import GAN, BaseGAN, Batch, Settings
from tests.helpers import table

SETTINGS = Settings(hidden_layer_sizes=(6,), pairing="all")


def networks(gan: BaseGAN, n_members: int = 3):
    generators = [torch.Generator().manual_seed(seed) for seed in range(n_members)]
    return build(gan, 5, SETTINGS, generators)


def test_loss_is_the_mean_over_all_pairs() -> None:
    """Han et al. 2021: every generator against every discriminator, computed pair by pair."""
    gan, rng = GAN(game="non-saturating", broad_negatives=False), torch.Generator().manual_seed(0)
    net = networks(gan)
    x, z = torch.randn(3, 7, 5, generator=rng), torch.randn(3, 7, 16, generator=rng)
    critic = [lambda v, e=e: mlp(net.critic, e, v) for e in range(3)]
    made = [[mlp(net.gen, g, z[e]) for g in range(3)] for e in range(3)]  # noise of the critic's
    losses = [
        -torch.log(torch.sigmoid(critic[e](x[e]))).mean()
        - sum(torch.log(1 - torch.sigmoid(critic[e](made[e][g]))).mean() for g in range(3)) / 3
        for e in range(3)
    ]
    batch = Batch(x, z, torch.rand(3, 7, 1, generator=rng))
    torch.testing.assert_close(net.mean_over_pairings(gan.critic_loss, batch), torch.stack(losses))


def mlp(network: torch.nn.Module, member: int, x: torch.Tensor) -> torch.Tensor:
    first, last = network.layers
    hidden = torch.nn.functional.leaky_relu(x @ first.weight[member] + first.bias[member], 0.2)
    return hidden @ last.weight[member] + last.bias[member]


def test_score_is_the_mean_over_all_pairs() -> None:
    gan, x = ALAD(), torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    net = networks(gan)
    expected = torch.zeros(3, 4)
    for shift in range(3):
        moved = networks(gan)
        moved.all_pairs = False
        for name in ("gen", "enc"):
            for p in moved.get_submodule(name).parameters():
                p.data = p.data.roll(shift, 0)
        expected += gan.score(moved, x) / 3
    torch.testing.assert_close(net.mean_over_pairings(gan.score, x), expected)


def test_every_gan_can_be_paired(gan_class: type[BaseGAN]) -> None:
    X = table(60)
    detector = GANDetector(
        gan_class(), pairing="all", n_estimators=2, max_iter=10, random_state=0
    ).fit(X)
    assert np.isfinite(detector.decision_scores_).all()
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(X))
    alone = GANDetector(gan_class(), n_estimators=2, max_iter=10, random_state=0).fit(X)
    assert not np.array_equal(alone.decision_scores_, detector.decision_scores_)
