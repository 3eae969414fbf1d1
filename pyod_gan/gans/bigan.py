"""BiGAN (EGBAD): one joint critic judges an encoder and a generator."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import cat, l1
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Pair, Play


class BiGAN(BaseGAN):
    """Bidirectional GAN, scored by the difference between a row and its reconstruction.

    Players: ``gen`` G and ``enc`` E. The critic tells (x, E(x)) from (G(z), z). At the optimum E
    inverts G. With x̂ = G(E(x)) and f the critic's last hidden layer, the score is

    ``(1−λ)·|x − x̂| + λ·|f(x, E(x)) − f(x̂, E(x))|``.

    Departures from the paper:

    - Norms are means over columns and features, so that the score does not grow with the width of
      the table.
    - Columns are standardised, so the learning rate is 5e-4. The paper's code needs 1e-5 on raw
      columns.
    - There is no dropout, because its noise would be in the features.
    - Feature matching is one of the paper's two discrimination losses. The other is a
      cross-entropy. It is not used, because it is only as right as the discriminator's sign far
      from the data.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space. The paper uses 32 (KDD99).
    feature_weight : float, default=0.1
        Share λ of the feature-matching loss. The paper uses 0.1.
    game : str or Game, default="non-saturating"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Critic steps per player step.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 1000, 64, 5e-4, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Zenati et al., "Efficient GAN-Based Anomaly Detection", 2018, arXiv 1802.06222, section 3: the
    score with the feature-matching loss. BiGAN: Donahue et al., "Adversarial Feature Learning",
    ICLR 2017, arXiv 1605.09782, eq. 2 and 3.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "feature_weight": [Interval(Real, 0, 1, closed="both")],
    }

    max_iter: int = 1000
    lr: float = 5e-4
    latent_dim: int = 16
    feature_weight: float = 0.1
    game: str | Game = "non-saturating"
    n_critic: int = 1

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"gen": make.generator(self.latent_dim), "enc": make.encoder(self.latent_dim)}

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {"critic": make.critic(rows=1, codes=self.latent_dim)}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        return Play((Pair("critic", cat(x, net.enc(x)), cat(net.gen(z), z)),))

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        real, fake = cat(x, net.enc(x)), cat(negatives, net.enc(negatives))
        return (Pair("critic", real, fake, weight=0.0),)

    def score(self, net: Networks, x: Tensor) -> Tensor:
        ex = net.enc(x)
        made = net.gen(ex)
        matching = l1(net.critic.features(cat(x, ex)), net.critic.features(cat(made, ex)))
        return (1 - self.feature_weight) * l1(x, made) + self.feature_weight * matching
