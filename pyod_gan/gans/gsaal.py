"""GSAAL: one generator against discriminators that each see some of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn

from ..engine.networks import Network, NetworkMaker, with_tensors
from .sogaal import SOGAAL


class SubspaceCritics(Network):
    """The k critics of each member, each on a random half of the columns: (E, B, D) -> (E, B, k).

    The weights of all critics are stacked, so that they run as one network of E·k members.
    """

    masks: Tensor  # (E, k, 1, D)

    def __init__(self, make: NetworkMaker, n_critics: int) -> None:
        super().__init__()
        networks = [make.critic() for _ in range(n_critics)]
        self._one = (networks[0],)  # in a tuple, so that torch does not register its weights
        self._names = [name for name, _ in networks[0].named_parameters()]
        alike = zip(*(network.parameters() for network in networks), strict=True)
        self.weights = nn.ParameterList(torch.stack(parts, 1) for parts in alike)  # (E, k, ...)
        masks = [half_of(make.n_columns, n_critics, stream) for stream in make.streams]
        self.register_buffer("masks", torch.stack(masks))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the k critics, (E, B, D) -> (E, B, k)."""
        weights = {n: w.flatten(0, 1) for n, w in zip(self._names, self.weights, strict=True)}
        seen = (x.unsqueeze(1) * self.masks).flatten(0, 1)  # (E·k, B, D)
        logits = with_tensors(self._one[0], weights)(seen)  # (E·k, B, 1)
        by_critic = logits.squeeze(-1).view(*self.masks.shape[:2], -1)  # (E, k, B)
        return by_critic.transpose(1, 2)


def half_of(n_columns: int, n_critics: int, stream: torch.Generator) -> Tensor:
    """Make masks (k, 1, D): 1 for a random half of the columns, rounded up, and 0 for the rest."""
    order = torch.rand(n_critics, 1, n_columns, generator=stream, dtype=torch.float32)
    return (order.argsort(-1) < (n_columns + 1) // 2).to(torch.float32)


class GSAAL(SOGAAL):
    """Generative subspace adversarial active learning, scored by minus the mean logit.

    Outliers often show in few columns only. One discriminator of all columns misses them. Each of k
    discriminators sees a random half of the columns. The other columns are held at 0, their mean.
    One generator plays against all discriminators. The score is minus their mean logit.

    The generator trains in the first three quarters of the run. In the authors' code it trains for
    30 of 40 epochs.

    Departures from the paper:

    - The departures of :class:`SOGAAL` hold here too. The authors' code of GSAAL has four layers,
      learning rates of 0.01 and 0.001, and weight decay.
    - The score is the mean logit. The paper has 1 − the mean probability. In that score a
      discriminator that is sure counts no more than one that is nearly sure, and far rows tie.
    - Every subspace has half of the columns. The paper also draws the size of the subspaces.
    - Discriminators that are ahead are not frozen.
    - The generator minimises the mean of the k cross-entropies. The authors' code has the
      cross-entropy of the mean probability.
    - The penalty is on the gradient of the mean logit.

    Parameters
    ----------
    n_critics : int, default=8
        Number k of discriminators. The paper uses 2·√D or 30.
    game : str or Game, default="non-saturating-r1r2"
        The adversarial loss, by default the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=True
        Also train the discriminators on broad negatives.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 150, 64, 3e-4, (32, 32), (0.5, 0.999), 0.99.

    References
    ----------
    Cribeiro-Ramallo et al., "Generative Subspace Adversarial Active Learning for Outlier Detection
    in Multiple Views of High-dimensional Data", 2024, arXiv 2404.14451. Losses, schedule and score
    were read from the authors' code (WamboDNS/GSAAL).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_critics": [Interval(Integral, 1, None, closed="left")],
    }

    hidden_layer_sizes: Sequence[int] = (32, 32)
    played: ClassVar[float] = 3 / 4
    n_critics: int = 8

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {"critic": SubspaceCritics(make, self.n_critics)}
