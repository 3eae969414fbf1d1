"""The default GAN with a part taken out, as specs of their own.

What a parameter can take out needs none of these, see :mod:`benchmarks.ablation`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pyod_gan.gans import BaseGAN, Phase, Play, PrototypeGAN
from pyod_gan.nets import MakeNetwork, Networks


class NoGenerator(PrototypeGAN):
    """A critic that knows rows and broad negatives only."""

    def players(self, make: MakeNetwork, n_columns: int) -> dict[str, nn.Module]:
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

    def _set_bank(self, net: Networks, rows: Tensor, picks: Sequence[Tensor]) -> None:
        shape = (net.n_members, self.group_size * self.n_groups, self.latent_dim)
        z = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(rows)
        self._fill_bank(net, net.gen(z).detach())


class BulkView(PrototypeGAN):
    """The bulk view alone."""

    n_views = 1
    view = 0

    def score(self, net: Networks, x: Tensor) -> Tensor:
        """One view, (E, B, D) -> (E, B)."""
        return super().score(net, x)[..., self.view]


class GapView(BulkView):
    """The gap view alone."""

    view = 1


class OneBank(PrototypeGAN):
    """The bank is drawn once, from all rows."""

    def _near(self, bulk: Tensor) -> Tensor:
        return torch.ones_like(bulk, dtype=torch.bool)


SPECS: dict[str, type[BaseGAN]] = {
    "prototype-no-generator": NoGenerator,
    "prototype-generated-bank": GeneratedBank,
    "prototype-bulk": BulkView,
    "prototype-gap": GapView,
    "prototype-one-bank": OneBank,
}
