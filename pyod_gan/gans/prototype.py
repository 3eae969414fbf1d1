"""The default: AnoGAN's residual to the nearest prototype instead of to a searched point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..games import Game
from ..nets import Networks, features
from .base import BaseGAN, Settings


@dataclass(repr=False, eq=False, kw_only=True)
class PrototypeGAN(BaseGAN):
    """AnoGAN's score with its search replaced by the nearest of a bank of prototypes.

    AnoGAN scores a row by its residual to the closest row that the generator can make,

    ``r(x, p) = (1−λ)·mean|x − p| + λ·mean|f(x) − f(p)|``,

    with f the critic's last hidden layer (Schlegl et al. 2017, eq. 3, 5, 7), minimised over ``p =
    G(z)`` by gradient descent on z. That search is slow, random and easily stuck. Here p ranges
    over a bank of rows, so the minimum is exact and deterministic, and the critic's features are a
    metric learnt by telling rows from generated rows and broad negatives. The features are scaled
    so that both terms are alike on average over pairs of prototypes.

    How many prototypes there are sets how local the score is: the nearest of few measures the
    distance to the bulk, which a cluster of anomalies cannot hide from; the nearest of many measures
    the distance to the closest neighbour, which finds small gaps. The score is the sum of both. Each
    member draws a bank of ``n_groups`` groups of ``group_size`` training rows; with r the residual,

    ``score(x) = mean over groups g of min_{p in g} r(x, p)  +  min_{p in bank} r(x, p)``.

    **Rows that are prototypes.** A prototype equal to the row itself says nothing about it, so equal
    prototypes are left out of every minimum. The rule looks at values only: training rows, copies of
    them and new rows share one scoring path, and ``decision_scores_`` is ``decision_function`` of
    the training rows. Where a group holds nothing but copies of the row, its minimum is 0.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    group_size : int, default=16
        Prototypes of a group.
    n_groups : int, default=16
        Groups of a member's bank.
    feature_weight : float, default=0.5
        λ, the share of the critic's features in the residual.
    game : str or Game, default="non-saturating"
        The adversarial loss. Gradient penalties flatten the critic, which makes its features a
        poorer metric.
    n_critic : int, default=1
        Critic steps per generator step.
    broad_negatives : bool, default=True
        Also train the critic on broad negatives.

    References
    ----------
    Schlegl et al., "Unsupervised Anomaly Detection with Generative Adversarial Networks", IPMI 2017,
    arXiv 1703.05921. Sub-sampled nearest neighbours: Sugiyama and Borgwardt, "Rapid
    Distance-Based Outlier Detection via Sampling", NeurIPS 2013.
    """

    settings: ClassVar[Settings] = Settings(max_iter=400, lr=3e-3, hidden_layer_sizes=(64, 32))
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseGAN._parameter_constraints,
        "group_size": [Interval(Integral, 1, None, closed="left")],
        "n_groups": [Interval(Integral, 1, None, closed="left")],
        "feature_weight": [Interval(Real, 0, 1, closed="both")],
    }

    latent_dim: int = 16
    group_size: int = 16
    n_groups: int = 16
    feature_weight: float = 0.5
    game: str | Game = "non-saturating"
    n_critic: int = 1
    broad_negatives: bool = True

    def prepare(self, net: Networks, rows: Tensor, generators: Sequence[torch.Generator]) -> None:
        size = self.group_size * self.n_groups
        picks = torch.stack([permutations(len(rows), size, g) for g in generators])  # (E, M)
        bank = rows[picks.to(rows.device)]  # (E, M, D)
        made = features(net.critic, bank).detach()  # (E, M, F)
        apart = mean_l1(made, made).mean((1, 2), keepdim=True)  # (E, 1, 1)
        scale = mean_l1(bank, bank).mean((1, 2), keepdim=True) / apart.clamp_min(1e-12)
        net.register_buffer("bank", bank)
        net.register_buffer("scale", scale)
        net.register_buffer("bank_features", scale * made)

    def floats_per_row(self, net: Networks) -> int:
        return super().floats_per_row(net) + 3 * net.n_members * self.group_size * self.n_groups

    def score(self, net: Networks, x: Tensor) -> Tensor:
        apart = mean_l1(x, net.bank)  # (E, B, M)
        fx = net.scale * features(net.critic, x)  # (E, B, F)
        residual = torch.lerp(apart, mean_l1(fx, net.bank_features), self.feature_weight)
        residual.masked_fill_(apart == 0, torch.inf)
        nearest = residual.unflatten(-1, (self.n_groups, self.group_size)).amin(-1)
        return finite(nearest).mean(-1) + finite(nearest.amin(-1))


def mean_l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of all pairs, (E, B, D), (E, M, D) -> (E, B, M)."""
    return torch.cdist(a, b, p=1.0) / a.shape[-1]


def finite(nearest: Tensor) -> Tensor:
    """A minimum over nothing but copies of the row is 0."""
    return nearest.masked_fill(nearest.isinf(), 0.0)


def permutations(n: int, size: int, generator: torch.Generator) -> Tensor:
    """``size`` indices below n in random order; each is used once before any is used again."""
    rounds = -(-size // n)
    return torch.cat([torch.randperm(n, generator=generator) for _ in range(rounds)])[:size]
