"""The adversarial autoencoder."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import l2
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Pair, Play


class AAE(BaseGAN):
    """Autoencoder whose codes are shaped like a prior by a critic, scored by the reconstruction.

    Players: ``enc`` E and ``gen`` G. The critic tells prior draws z from codes E(x); the players
    minimise ``w·‖x − G(E(x))‖²`` besides fooling it. The score is ``‖x − G(E(x))‖²``, a mean over
    columns.

    Departures from the paper: one player step has both losses, where the paper alternates between
    them; so the reconstruction has a weight, OCGAN's 10, that keeps it ahead of the critic. No
    output noise in the encoder: it is deterministic, the paper's simplest case.

    Parameters
    ----------
    latent_dim : int, default=2
        Size of the code; the paper's figures use 2. A wide code lets far rows in the training data
        through.
    reconstruction_weight : float, default=10.0
        w.
    game : str or Game, default="non-saturating"
        The adversarial loss; the paper's.
    n_critic : int, default=1
        Critic steps per player step.

    References
    ----------
    Makhzani et al., "Adversarial Autoencoders", 2015, arXiv 1511.05644, section 2 (the two
    phases; its losses have no numbers).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "reconstruction_weight": [Interval(Real, 0, None, closed="neither")],
    }

    max_iter: int = 300
    latent_dim: int = 2
    reconstruction_weight: float = 10.0
    game: str | Game = "non-saturating"
    n_critic: int = 1

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"enc": make.encoder(self.latent_dim), "gen": make.generator(self.latent_dim)}

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {"critic": make.critic(rows=0, codes=self.latent_dim)}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        code = net.enc(x)
        loss = l2(x, net.gen(code)).mean(-1)
        return Play((Pair("critic", z, code),), extra=self.reconstruction_weight * loss)

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return self.by_column(net, x).sum(-1)

    def by_column(self, net: Networks, x: Tensor) -> Tensor:
        return (x - net.gen(net.enc(x))).square() / x.shape[-1]
