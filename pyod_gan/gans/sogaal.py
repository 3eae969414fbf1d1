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
    """z + f(z), which starts as the identity, since f's last layer starts at 0."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        for p in list(network.parameters())[-2:]:
            nn.init.zeros_(p)

    def forward(self, z: Tensor) -> Tensor:
        """(E, B, D) -> (E, B, D)."""
        return z + self.network(z)


class SOGAAL(BaseGAN):
    """Single-objective generative adversarial active learning, scored by the discriminator, −D(x).

    The generator starts as the identity on uniform noise as wide as the data and learns to make
    potential outliers ever closer to the data; it stops after a third of the run, and the
    discriminator goes on to learn the boundary. The score is −D(x), the paper's ``1 − D(x)`` as a
    logit, which does not saturate.

    Departures from the paper: columns are standardised and the noise is uniform on [−4, 4]^D where
    the paper scales columns to [0, 1]; Adam where the paper has SGD; a discriminator of fixed width
    where the paper's grows with √n; one learning rate where the authors' code has 0.01 for the
    discriminator and 1e-4 for the generator; the generator is z plus a network that starts at 0,
    where that code has two layers of ReLU that start as the identity and would cut off the negative
    half of standardised columns. The discriminator's gradient is penalised, without which it learns
    single training rows, anomalies too, and it is shown broad negatives. The third is the same for
    every data set, where the paper tunes the number of epochs per data set.

    Parameters
    ----------
    game : str or Game, default="non-saturating-r1r2"
        The adversarial loss; the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=True
        Also train the discriminator on broad negatives, for its sign outside the box.

    References
    ----------
    Liu et al., "Generative Adversarial Active Learning for Unsupervised Outlier Detection", TKDE
    2019, arXiv 1809.10816: section 3.2 and algorithm 1.
    """

    max_iter: int = 300
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
