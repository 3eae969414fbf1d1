"""f-AnoGAN: an encoder that is trained after the GAN replaces AnoGAN's search."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import l2
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Batch, Phase


class FAnoGAN(BaseGAN):
    """Fast AnoGAN: first a Wasserstein GAN, then an encoder for its frozen generator.

    Phase 1 trains ``gen`` and ``critic``. Phase 2 trains ``enc`` alone. Its loss is also the score
    (``izi_f``: image to latent to image, with features),

    ``‖x − G(E(x))‖² + κ·‖f(x) − f(G(E(x)))‖²``,

    with means over columns and features, as in the paper. f is the critic's last hidden layer.

    Departures from the paper:

    - The latent space is normal in both phases, so the encoder has a linear output. In the authors'
      code it ends in a tanh.
    - The learning rate is that of :class:`ALAD`, five times that of the authors' code, because a
      run is short.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space. The paper uses 128 for images.
    feature_weight : float, default=1.0
        Weight κ of the features. The paper uses 1.
    encoder_start : float, default=0.5
        Share of the run after which phase 2 begins.
    game : str or Game, default="wasserstein"
        The adversarial loss of phase 1, by default the paper's.
    n_critic : int, default=5
        Critic steps per generator step, by default the paper's.
    broad_negatives : bool, default=False
        Also train the critic on broad negatives.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 1000, 64, 5e-4, (64, 64), (0.0, 0.9), 0.99.

    References
    ----------
    Schlegl et al., "f-AnoGAN: Fast Unsupervised Anomaly Detection with Generative Adversarial
    Networks", Medical Image Analysis 54, 2019: the izi_f encoder and its anomaly score, as in the
    authors' code (tSchlegl/f-AnoGAN).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "feature_weight": [Interval(Real, 0, None, closed="left")],
        "encoder_start": [Interval(Real, 0, 1, closed="neither")],
    }

    max_iter: int = 1000
    lr: float = 5e-4
    betas: tuple[float, float] = (0.0, 0.9)
    latent_dim: int = 16
    feature_weight: float = 1.0
    encoder_start: float = 0.5
    game: str | Game = "wasserstein"
    n_critic: int = 5
    broad_negatives: bool = False

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"gen": make.generator(self.latent_dim), "enc": make.encoder(self.latent_dim)}

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        start = self.encoder_start
        return (
            Phase("critic", critics, self.critic_loss, stop=start),
            Phase("player", ("gen",), self.player_loss, every=self.n_critic, stop=start),
            Phase("encoder", ("enc",), self.encoder_loss, start=start),
        )

    def encoder_loss(self, net: Networks, batch: Batch) -> Tensor:
        """Mean score of the rows, (E,)."""
        return self.score(net, batch.x).mean(-1)

    def score(self, net: Networks, x: Tensor) -> Tensor:
        made = net.gen(net.enc(x))
        matching = l2(net.critic.features(x), net.critic.features(made))
        return l2(x, made) + self.feature_weight * matching
