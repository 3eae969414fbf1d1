"""The plain GAN."""

from __future__ import annotations

from torch import Tensor

from ..engine.games import Game
from ..engine.networks import Networks
from ..engine.spec import BaseGAN


class GAN(BaseGAN):
    """Generator against discriminator, scored by the discriminator's logit, −D(x).

    A discriminator at its equilibrium says nothing about density. A discriminator that is trained
    on generated rows alone is often *largest* far from the data, which inverts the score.

    Departures from the paper give the score its sign:

    - With ``broad_negatives`` the discriminator also learns to reject rows whose columns were
      shuffled, noisy rows and wide noise. They have the weight 10, because generated rows alone
      teach that the middle of the data is fake: a generator reaches the edge of the data last.
    - The discriminator's gradient is penalised at real and at fake rows. Without the penalty it
      learns every single training row, also the anomalies among them, and ranks these as normal.

    ``GAN(game="non-saturating", broad_negatives=False)`` is the published GAN.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    game : str or Game, default="non-saturating-r1r2"
        The adversarial loss, by default the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per generator step; k in the paper's algorithm 1.
    broad_negatives : bool, default=True
        Also train the discriminator on broad negatives.
    negatives_weight : float, default=10.0
        Weight of broad negatives for the discriminator. Generated rows have the weight 1.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 200, 64, 3e-4, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, arXiv 1406.2661: section 3 and
    algorithm 1. Adam with β₁ = 0.5 is after Radford et al. 2016. Penalties: Mescheder et al.,
    "Which Training Methods for GANs do actually Converge?", ICML 2018, arXiv 1801.04406, eq. 9
    and 10.
    """

    max_iter: int = 200
    lr: float = 3e-4
    latent_dim: int = 16
    game: str | Game = "non-saturating-r1r2"
    n_critic: int = 1
    broad_negatives: bool = True
    negatives_weight: float = 10.0

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return -net.critic(x).squeeze(-1)
