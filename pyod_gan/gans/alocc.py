"""ALOCC: a denoiser and a discriminator that judges what it makes of a row."""

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

    The player is a denoising autoencoder R = ``gen``(``enc``(·)); it minimises
    ``λ·‖x − R(x + η)‖²`` besides making R(x + η) look real to the discriminator. R repairs rows
    like those it knows and distorts others, which makes them easier to tell: the score is
    −D(R(x)) as a logit.

    Departures from the paper: the discriminator also learns to reject what R makes of broad
    negatives, with R1 and R2 penalties, without which its sign far from the data is arbitrary;
    the reconstruction error is a mean over columns, where λ weighs a sum; training has a fixed
    length where the paper stops at a small reconstruction error, which tables do not share.

    Parameters
    ----------
    latent_dim : int, default=8
        Size of R's code.
    noise : float, default=0.3
        Standard deviation of η, in standard deviations of a column.
    reconstruction_weight : float, default=0.4
        λ; the paper's 0.4.
    game : str or Game, default="non-saturating-r1r2"
        The adversarial loss; the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per player step.
    broad_negatives : bool, default=True
        See above.

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
        """Its decoder knows codes of rows only, no prior."""

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return -net.critic(self._repaired(net, x)).squeeze(-1)

    def _repaired(self, net: Networks, x: Tensor) -> Tensor:
        """R(x), (E, B, D) -> (E, B, D)."""
        return net.gen(net.enc(x))
