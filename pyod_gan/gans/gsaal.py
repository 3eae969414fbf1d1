"""GSAAL: one generator against discriminators that each see some of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn
from torch.func import functional_call

from ..engine.networks import Network, NetworkMaker
from .sogaal import SOGAAL


class SubspaceCritics(Network):
    """k networks, each on its own random half of the columns: (E, B, D) -> (E, B, k).

    Their weights are stacked, so that all of them are one network of E·k members.
    """

    masks: Tensor  # (E, k, 1, D)

    def __init__(self, make: NetworkMaker, n_critics: int) -> None:
        super().__init__()
        networks = [make.critic() for _ in range(n_critics)]
        self._one = (networks[0],)  # in a tuple, so that its own weights are not registered
        self._names = [name for name, _ in networks[0].named_parameters()]
        alike = zip(*(network.parameters() for network in networks), strict=True)
        self.weights = nn.ParameterList(torch.stack(parts, 1) for parts in alike)  # (E, k, ...)
        masks = [half_of(make.n_columns, n_critics, stream) for stream in make.streams]
        self.register_buffer("masks", torch.stack(masks))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the k critics, (E, B, D) -> (E, B, k)."""
        weights = {n: w.flatten(0, 1) for n, w in zip(self._names, self.weights, strict=True)}
        seen = (x.unsqueeze(1) * self.masks).flatten(0, 1)  # (E·k, B, D)
        logits: Tensor = functional_call(self._one[0], weights, (seen,))  # (E·k, B, 1)
        by_critic = logits.squeeze(-1).view(*self.masks.shape[:2], -1)  # (E, k, B)
        return by_critic.transpose(1, 2)


def half_of(n_columns: int, n_critics: int, stream: torch.Generator) -> Tensor:
    """1 for a random half of the columns, rounded up, 0 for the others, (k, 1, D)."""
    order = torch.rand(n_critics, 1, n_columns, generator=stream, dtype=torch.float32)
    return (order.argsort(-1) < (n_columns + 1) // 2).to(torch.float32)


class GSAAL(SOGAAL):
    """Generative subspace adversarial active learning, scored by the mean discriminator, −D(x).

    Outliers often show in few columns only, where one discriminator of all columns looks past them.
    Each of k discriminators sees a random half of the columns (the others are held at 0, their
    mean); the one generator plays against all of them. The score is minus their mean logit.

    The generator trains in the first three quarters of the run, 30 of 40 epochs in the authors'
    code.

    Departures from the paper: those of :class:`SOGAAL` (here that code has four layers, learning
    rates of 0.01 and 0.001, and weight decay); the score is the mean logit, where the paper has
    1 − the mean probability, in which a discriminator that is sure counts no more than one that is
    nearly so, and far rows tie; subspaces of half of the columns, where the paper draws their size
    too; no freezing of discriminators that are ahead; the generator minimises the mean of the k
    cross-entropies, where that code has that of the mean probability; the penalty is on the
    gradient of the mean logit.

    Parameters
    ----------
    n_critics : int, default=8
        k; the paper uses 2·√D or 30.
    game : str or Game, default="non-saturating-r1r2"
        The adversarial loss; the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=True
        Also train the discriminators on broad negatives.

    References
    ----------
    Cribeiro-Ramallo et al., "Generative Subspace Adversarial Active Learning for Outlier Detection
    in Multiple Views of High-dimensional Data", 2024, arXiv 2404.14451, with its authors' code
    (WamboDNS/GSAAL), from which losses, schedule and score were read.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_critics": [Interval(Integral, 1, None, closed="left")],
    }

    hidden_layer_sizes: Sequence[int] = (32, 32)
    played: ClassVar[float] = 3 / 4
    n_critics: int = 8

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {"critic": SubspaceCritics(make, self.n_critics)}
