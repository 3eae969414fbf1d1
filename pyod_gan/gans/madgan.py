"""MAD-GAN: the residual to the closest generated window, and what the discriminator says."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ..engine.functional import l1
from ..engine.games import Game
from ..engine.networks import Networks
from .anogan import AnoGAN


class MADGAN(AnoGAN):
    """A plain GAN of windows, scored by a search for the latent point and the discriminator.

    The score is the paper's DR-score: ``(1−λ)·|x − G(z*)| + λ·(1 − D(x))``. z* is the latent point
    whose window is closest, as in :class:`AnoGAN`, but only the windows decide it. D is a
    probability.

    With :class:`pyod_gan.SeriesDetector` its networks are convolutional, unless ``network`` says
    otherwise.

    Departures from the paper:

    - Networks are convolutional in place of LSTMs, and a window has one latent point in place of
      one for each time.
    - The similarity of windows is the mean absolute difference. The paper has a covariance.
    - There is one generator step per discriminator step. The authors' code has three.
    - The search starts at the nearest of ``n_starts`` points, as in :class:`AnoGAN`.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space. The paper uses 15.
    feature_weight : float, default=0.2
        Share λ of the discriminator. The authors' code uses 0.2.
    n_starts : int, default=64
        Number of latent points to start from.
    search_steps : int, default=30
        Adam steps of the search. With 0 the nearest start gives the score.
    search_lr : float, default=0.05
        Adam's learning rate in the search.
    game : str or Game, default="non-saturating"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=False
        Also train the discriminator on broad negatives.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 4e-4, (128, 128), (0.5, 0.999), 0.99.

    References
    ----------
    Li et al., "MAD-GAN: Multivariate Anomaly Detection for Time Series Data with Generative
    Adversarial Networks", ICANN 2019, arXiv 1901.04997: section 3.3 (the search, the DR-score).
    """

    series_network: ClassVar[str] = "conv1d"

    latent_dim: int = 16
    feature_weight: float = 0.2
    n_starts: int = 64
    search_steps: int = 30
    search_lr: float = 0.05
    game: str | Game = "non-saturating"
    n_critic: int = 1
    broad_negatives: bool = False

    def score(self, net: Networks, x: Tensor) -> Tensor:
        residual = self.search(net, x)[0]
        doubt = (-net.critic(x).squeeze(-1)).sigmoid()  # 1 − D(x)
        return (1 - self.feature_weight) * residual + self.feature_weight * doubt

    def residual(self, net: Networks, x: Tensor, fx: Tensor, z: Tensor) -> Tensor:
        """Residual of x at a given z, (E, B)."""
        return l1(x, net.gen(z))
