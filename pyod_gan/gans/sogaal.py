"""SO-GAAL: a generator that starts as uniform noise and closes in on the data."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from ..engine.functional import uniform_codes
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Pair, Phase, Play

BOX = 4.0  # half the width of the uniform noise, in standard deviations of a column


class Shift(Network):
    """Network z + f(z). It starts as the identity, because the last layer of f starts at 0."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        for p in list(network.parameters())[-2:]:
            nn.init.zeros_(p)

    def forward(self, z: Tensor) -> Tensor:
        """Apply z + f(z), (E, B, D) -> (E, B, D)."""
        return z + self.network(z)


class SOGAAL(BaseGAN):
    """Single-objective generative adversarial active learning, scored by −D(x).

    The generator starts as the identity on uniform noise as wide as the data. It learns to make
    potential outliers ever closer to the data. It stops after a third of the run, and the
    discriminator goes on to learn the boundary. The score is −D(x). It is the paper's ``1 − D(x)``
    as a logit, which does not saturate.

    Departures from the paper:

    - Columns are standardised and the noise is uniform on [−4, 4]^D. The paper scales columns to
      [0, 1].
    - The optimiser is Adam. The paper has SGD.
    - The discriminator has a fixed width. In the paper its width grows with √n.
    - There is one learning rate. The authors' code has 0.01 for the discriminator and 1e-4 for the
      generator.
    - The generator is z plus a network that starts at 0. The authors' code has two layers of ReLU
      that start as the identity. They would cut off the negative half of standardised columns.
    - The discriminator's gradient is penalised. Without the penalty it learns single training rows,
      also the anomalies among them.
    - The discriminator is shown broad negatives.
    - The generator trains for a third of the run on every data set. The paper tunes the number of
      epochs per data set.

    Parameters
    ----------
    game : str or Game, default="non-saturating-r1r2"
        The adversarial loss, by default the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=True
        Also train the discriminator on broad negatives, for its sign outside the box.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 150, 64, 3e-4, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Liu et al., "Generative Adversarial Active Learning for Unsupervised Outlier Detection", TKDE
    2019, arXiv 1809.10816: section 3.2 and algorithm 1.
    """

    max_iter: int = 150
    lr: float = 3e-4
    played: ClassVar[float] = 1 / 3  # share of the run in which the generator trains
    game: str | Game = "non-saturating-r1r2"
    n_critic: int = 1
    broad_negatives: bool = True

    def noise_dim(self, n_columns: int) -> int:
        return n_columns

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"gen": Shift(make.generator(make.n_columns))}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        return Play((Pair("critic", x, self.generate(net, z)),))

    def generate(self, net: Networks, z: Tensor) -> Tensor:
        return net.gen(uniform_codes(z, BOX))

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        return (
            Phase("critic", critics, self.critic_loss),
            Phase("player", players, self.player_loss, every=self.n_critic, stop=self.played),
        )

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return -net.critic(x).mean(-1)
