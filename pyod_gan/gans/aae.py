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
    """Autoencoder with a critic of its codes, scored by the reconstruction error.

    Players: ``enc`` E and ``gen`` G. The critic tells prior draws z from codes E(x), so that the
    codes take the shape of the prior. Besides the adversarial loss the players minimise
    ``w·‖x − G(E(x))‖²``. The score is ``‖x − G(E(x))‖²``, a mean over columns.

    Departures from the paper:

    - One player step has both losses. The paper alternates between them. So the reconstruction has
      a weight, OCGAN's 10, which keeps it ahead of the critic.
    - The encoder has no output noise. It is deterministic, the paper's simplest case.

    Parameters
    ----------
    latent_dim : int, default=2
        Size of the code. The paper's figures use 2. With a wide code, far rows that are in the
        training data are not found.
    reconstruction_weight : float, default=10.0
        Weight w of the reconstruction error.
    game : str or Game, default="non-saturating"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Critic steps per player step.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 300, 64, 1e-3, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Makhzani et al., "Adversarial Autoencoders", 2015, arXiv 1511.05644, section 2: the two phases,
    whose losses have no equation numbers.
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

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        """Return no pair, because the score asks no critic."""
        return ()

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return self.by_column(net, x).sum(-1)

    def by_column(self, net: Networks, x: Tensor) -> Tensor:
        return (x - net.gen(net.enc(x))).square() / x.shape[-1]
