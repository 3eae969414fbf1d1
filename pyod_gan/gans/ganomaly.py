"""GANomaly: encode, decode, encode again; normal rows come back to the same code."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import l1, l2
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Pair, Play


class GANomaly(BaseGAN):
    """Encoder, decoder, encoder, scored by the distance of the two codes.

    Players: ``enc`` E₁, ``gen`` G, ``enc2`` E₂; with x̂ = G(E₁(x)) the players minimise

    ``w_adv·‖f(x) − f(x̂)‖² + w_con·|x − x̂| + w_enc·‖E₁(x) − E₂(x̂)‖²``,

    f the critic's last hidden layer, while the critic tells x from x̂. The score is
    ``‖E₁(x) − E₂(x̂)‖²``, a mean over the code.

    Departures from the paper's code: no batch normalisation, whose batch statistics make a row's
    score depend on its neighbours; no re-initialisation of a critic that has won, which would undo
    it for all members; the critic's two cross-entropies are added where the code halves them, which
    Adam does not notice. As in that code, distances of features and codes are squared.

    Parameters
    ----------
    latent_dim : int, default=2
        Size of the code; the paper uses 100 for images. A wide code lets far rows in the training
        data through.
    adversarial_weight, context_weight, encoder_weight : float, default=1, 50, 1
        w_adv, w_con, w_enc; those of the authors' code.
    game : str or Game, default="non-saturating"
        The critic's loss; the paper's binary cross-entropy.
    n_critic : int, default=1
        Critic steps per player step.

    References
    ----------
    Akcay et al., "GANomaly: Semi-Supervised Anomaly Detection via Adversarial Training", ACCV 2018,
    arXiv 1805.06725, eq. 1 to 5.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "context_weight": [Interval(Real, 0, None, closed="left")],
        "encoder_weight": [Interval(Real, 0, None, closed="neither")],
    }

    latent_dim: int = 2
    adversarial_weight: float = 1.0
    context_weight: float = 50.0
    encoder_weight: float = 1.0
    game: str | Game = "non-saturating"
    n_critic: int = 1

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {
            "enc": make.encoder(self.latent_dim),
            "gen": make.generator(self.latent_dim),
            "enc2": make.encoder(self.latent_dim),
        }

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        code = net.enc(x)
        made = net.gen(code)
        matching = l2(net.critic.features(x), net.critic.features(made))
        loss = (
            self.adversarial_weight * matching
            + self.context_weight * l1(x, made)
            + self.encoder_weight * l2(code, net.enc2(made))
        )
        return Play((Pair("critic", x, made, weight=0.0),), extra=loss.mean(-1))

    def generate(self, net: Networks, z: Tensor) -> None:
        """Its decoder knows codes of rows only, no prior."""

    def score(self, net: Networks, x: Tensor) -> Tensor:
        code = net.enc(x)
        return l2(code, net.enc2(net.gen(code)))
