"""ALOCC: a denoising autoencoder, and a discriminator of the rows that it has repaired."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import l2
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Pair, Play


class ALOCC(BaseGAN):
    """Adversarially learned one-class classifier, scored by −D(R(x)).

    The player is a denoising autoencoder R = ``gen``(``enc``(·)). It minimises
    ``λ·‖x − R(x + η)‖²``, and it makes R(x + η) look real to the discriminator. R repairs rows like
    those it knows and distorts other rows. This makes them easier to tell apart. The score is
    −D(R(x)) as a logit.

    Departures from the paper:

    - The discriminator also learns to reject R(t) for broad negatives t, with R1 and R2 penalties.
      Without them its sign far from the data is arbitrary.
    - The reconstruction error is a mean over columns. In the paper λ weighs a sum.
    - Training has a fixed length. The paper stops at a small reconstruction error, but this error
      differs between tables.

    Parameters
    ----------
    latent_dim : int, default=8
        Size of R's code.
    noise : float, default=0.3
        Standard deviation of η, in standard deviations of a column.
    reconstruction_weight : float, default=0.4
        Weight λ of the reconstruction error. The paper uses 0.4.
    game : str or Game, default="non-saturating-r1r2"
        The adversarial loss, by default the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per player step.
    broad_negatives : bool, default=True
        Also train the discriminator on repaired broad negatives.
    negatives_weight : float, default=10.0
        Weight of broad negatives for the discriminator.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 1e-3, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Sabokrou et al., "Adversarially Learned One-Class Classifier for Novelty Detection", CVPR 2018,
    arXiv 1802.09088, eq. 1 to 4.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "noise": [Interval(Real, 0, None, closed="left")],
        "reconstruction_weight": [Interval(Real, 0, None, closed="left")],
    }

    max_iter: int = 500
    latent_dim: int = 8
    noise: float = 0.3
    reconstruction_weight: float = 0.4
    game: str | Game = "non-saturating-r1r2"
    n_critic: int = 1
    broad_negatives: bool = True
    negatives_weight: float = 10.0

    def noise_dim(self, n_columns: int) -> int:
        return n_columns

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"enc": make.encoder(self.latent_dim), "gen": make.generator(self.latent_dim)}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        made = self._repaired(net, x + self.noise * z)
        loss = l2(x, made).mean(-1)
        return Play((Pair("critic", x, made),), extra=self.reconstruction_weight * loss)

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        return (Pair("critic", x, self._repaired(net, negatives), weight=0.0),)

    def generate(self, net: Networks, z: Tensor) -> None:
        """Return None, because the decoder knows codes of rows only and has no prior."""

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return -net.critic(self._repaired(net, x)).squeeze(-1)

    def _repaired(self, net: Networks, x: Tensor) -> Tensor:
        """Repaired rows R(x), (E, B, D) -> (E, B, D)."""
        return net.gen(net.enc(x))
