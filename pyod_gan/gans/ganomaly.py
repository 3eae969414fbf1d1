"""GANomaly: a row is encoded, decoded and encoded again. Normal rows keep their code."""

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
    """Encoder, decoder and second encoder, scored by the distance between the two codes.

    Players: ``enc`` E₁, ``gen`` G and ``enc2`` E₂. With x̂ = G(E₁(x)) the players minimise

    ``w_adv·‖f(x) − f(x̂)‖² + w_con·|x − x̂| + w_enc·‖E₁(x) − E₂(x̂)‖²``,

    where f is the critic's last hidden layer. The critic tells x from x̂. The score is
    ``‖E₁(x) − E₂(x̂)‖²``, a mean over the code.

    Departures from the paper's code:

    - There is no batch normalisation, because with batch statistics a row's score depends on the
      other rows of its batch.
    - A critic that has won is not initialised again, because this would reset it for all members.
    - The critic's two cross-entropies are added. The paper's code halves their sum, which makes no
      difference to Adam.

    As in the paper's code, distances of features and codes are squared.

    Parameters
    ----------
    latent_dim : int, default=2
        Size of the code. The paper uses 100 for images. With a wide code, far rows that are in the
        training data are not found.
    adversarial_weight, context_weight, encoder_weight : float, default=1.0, 50.0, 1.0
        Weights w_adv, w_con and w_enc, by default those of the authors' code.
    game : str or Game, default="non-saturating"
        The critic's loss, by default the paper's binary cross-entropy.
    n_critic : int, default=1
        Critic steps per player step.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 1e-3, (64, 64), (0.5, 0.999), 0.99.

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

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        """Return no pair, because the score asks no critic."""
        return ()

    def generate(self, net: Networks, z: Tensor) -> None:
        """Return None, because the decoder knows codes of rows only and has no prior."""

    def score(self, net: Networks, x: Tensor) -> Tensor:
        code = net.enc(x)
        return l2(code, net.enc2(net.gen(code)))
