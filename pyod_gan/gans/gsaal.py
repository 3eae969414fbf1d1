"""GSAAL: one generator against discriminators that each see some of the columns."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn

from ..nets import MakeNetwork
from .base import BaseGAN
from .sogaal import SOGAAL


class SubspaceCritics(nn.Module):
    """k networks, each on its own random half of the columns: (E, B, D) -> (E, B, k)."""

    masks: Tensor  # (E, k, 1, D)

    def __init__(self, make: MakeNetwork, n_columns: int, n_critics: int) -> None:
        super().__init__()
        self.networks = nn.ModuleList(make(n_columns, 1) for _ in range(n_critics))
        masks = [half_of(n_columns, n_critics, g) for g in make.generators]
        self.register_buffer("masks", torch.stack(masks))

    def forward(self, x: Tensor) -> Tensor:
        logits = [f(x * self.masks[:, i]) for i, f in enumerate(self.networks)]
        return torch.cat(logits, -1)


def half_of(n_columns: int, n_critics: int, generator: torch.Generator) -> Tensor:
    """1 for a random half of the columns, rounded up, 0 for the others, (k, 1, D)."""
    order = torch.rand(n_critics, 1, n_columns, generator=generator, dtype=torch.float32)
    return (order.argsort(-1) < (n_columns + 1) // 2).to(torch.float32)


@dataclass(repr=False, eq=False, kw_only=True)
class GSAAL(SOGAAL):
    """Generative subspace adversarial active learning, scored by the mean discriminator, −D(x).

    Outliers often show in few columns only, where one discriminator of all columns looks past them.
    Each of k discriminators sees a random half of the columns (the others are held at 0, their
    mean); the one generator plays against all of them. The score is minus their mean logit.

    Departures from the paper: those of :class:`SOGAAL`; subspaces of half of the columns, where the
    paper draws their size too; no freezing of discriminators that are ahead; the generator
    minimises the mean of the k cross-entropies, where the authors' code has that of the mean
    probability; the penalty is on the gradient of the mean logit.

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
    in Multiple Views of High-dimensional Data", 2024, arXiv 2404.14451.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseGAN._parameter_constraints,
        "n_critics": [Interval(Integral, 1, None, closed="left")],
    }

    n_critics: int = 8

    def critics(self, make: MakeNetwork, n_columns: int) -> dict[str, nn.Module]:
        return {"critic": SubspaceCritics(make, n_columns, self.n_critics)}
