"""The default GAN with a part taken out, as specs of their own.

A part that a parameter can take out needs no spec here, see :mod:`benchmarks.studies.ablation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from pyod_gan.gans import BaseGAN, Network, NetworkMaker, Networks, Phase, Play, PrototypeGAN


class NoGenerator(PrototypeGAN):
    """A critic that knows rows and broad negatives only."""

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        """No network makes rows."""
        return {}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        """No generated rows to compare with."""
        return Play(())

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        """The critic's alone."""
        return (Phase("critic", critics, self.critic_loss),)


class GeneratedBank(PrototypeGAN):
    """Prototypes are generated rows instead of training rows."""

    def draw_bank(self, net: Networks, rows: Tensor, picks: Sequence[Tensor]) -> None:
        """Generate as many rows as a bank has, from codes that are the same for all members."""
        shape = (net.n_members, self.group_size * self.n_groups, self.latent_dim)
        z = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(rows)
        self.keep_bank(net, net.gen(z).detach())


class BulkView(PrototypeGAN):
    """The bulk view alone."""

    n_views: ClassVar[int] = 1
    view: ClassVar[int] = 0

    def score(self, net: Networks, x: Tensor) -> Tensor:
        """One view, (E, B, D) -> (E, B)."""
        return super().score(net, x)[..., self.view]


class GapView(BulkView):
    """The gap view alone."""

    view: ClassVar[int] = 1


class OneBank(PrototypeGAN):
    """The bank is drawn once, from all rows."""

    def within_fence(self, bulk: Tensor) -> Tensor:
        """No row lies outside."""
        return torch.ones_like(bulk, dtype=torch.bool)


ABLATED: dict[str, type[BaseGAN]] = {
    "prototype-no-generator": NoGenerator,
    "prototype-generated-bank": GeneratedBank,
    "prototype-bulk": BulkView,
    "prototype-gap": GapView,
    "prototype-one-bank": OneBank,
}
