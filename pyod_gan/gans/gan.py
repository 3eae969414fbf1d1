"""The plain GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ..games import Game
from ..nets import Networks
from .base import BaseGAN, Settings


@dataclass(repr=False, eq=False, kw_only=True)
class GAN(BaseGAN):
    """Generator against discriminator, scored by the discriminator's logit.

    The score is −D(x). A discriminator at its equilibrium says nothing about density, and one
    trained on generated rows alone is often *largest* far from the data, which inverts the score.
    With ``broad_negatives`` it also learns to reject rows whose columns were shuffled apart, noisy
    rows and wide noise, which gives the score its sign far from *clean* training data. Anomalies in
    the training data remain real rows to the discriminator, which ranks them as normal: do not use
    this GAN on contaminated data.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    game : str or Game, default="non-saturating"
        The adversarial loss; the paper's.
    n_critic : int, default=1
        Discriminator steps per generator step; k in the paper's algorithm 1.
    broad_negatives : bool, default=True
        Departure from the paper, see above. ``False`` is the published GAN.

    References
    ----------
    Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, arXiv 1406.2661: section 3 and
    algorithm 1. Two hidden layers of 128 units and Adam (2e-4, β₁ = 0.5) as in the usual tutorials,
    after Radford et al. 2016.
    """

    settings: ClassVar[Settings] = Settings(max_iter=1000, lr=2e-4, hidden_layer_sizes=(128, 128))
    latent_dim: int = 16
    game: str | Game = "non-saturating"
    n_critic: int = 1
    broad_negatives: bool = True

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return -net.critic(x).squeeze(-1)
