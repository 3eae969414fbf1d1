"""The Wasserstein GAN."""

from __future__ import annotations

from ..engine.games import Game
from .gan import GAN


class WGAN(GAN):
    """Wasserstein GAN with gradient penalty, scored by the critic, −D(x).

    The critic approximates the Wasserstein distance between rows and generated rows. Its gradient
    is held at 1 between the two, so its slope carries the meaning. Its value only says on which
    side of the generated rows a row lies. Broad negatives give the critic its sign far from the
    data.

    Departures from the paper:

    - The critic also learns from broad negatives, with the weight 10.
    - The learning rate is five times the paper's 1e-4, because a run has hundreds of steps. The
      paper's runs have 100,000 steps and more.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    game : str or Game, default="wasserstein"
        The adversarial loss, by default the paper's with λ = 10.
    n_critic : int, default=1
        Critic steps per generator step. The paper's 5 leave the generator too few steps in a short
        run.
    broad_negatives : bool, default=True
        Also train the critic on broad negatives.
    negatives_weight : float, default=10.0
        Weight of broad negatives for the critic. Generated rows have the weight 1.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 300, 64, 5e-4, (64, 64), (0.0, 0.9), 0.99.

    References
    ----------
    Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017, arXiv 1704.00028,
    eq. 3 and algorithm 1 (Adam 1e-4, β = (0, 0.9), five critic steps).
    """

    max_iter: int = 300
    lr: float = 5e-4
    betas: tuple[float, float] = (0.0, 0.9)
    game: str | Game = "wasserstein"
    n_critic: int = 1
