"""ALAD: an encoder inverts the generator, and three critics judge rows and codes."""

from __future__ import annotations

from torch import Tensor

from ..engine.functional import cat, l1
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Pair, Play


class ALAD(BaseGAN):
    """BiGAN with two more critics that make G(E(x)) = x and E(G(z)) = z.

    Players: ``gen`` G and ``enc`` E. There are three critics:

    - ``xz`` tells (x, E(x)) from (G(z), z).
    - ``xx`` tells (x, x) from (x, G(E(x))).
    - ``zz`` tells (z, z) from (z, E(G(z))).

    The score is the distance between the features of ``xx`` for a row and for its reconstruction,
    ``|f_xx(x, x) − f_xx(x, G(E(x)))|``.

    Departures from the paper:

    - Columns are standardised, so the learning rate is 5e-4. The paper's code needs 1e-5 on raw
      columns.
    - There is no dropout, because its noise would be in the features that score.
    - There is no spectral normalisation. No run of the benchmark has failed without it.
    - The L1 norm is a mean over features.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space. The paper uses 32 (KDD99) and 64 (Arrhythmia).
    game : str or Game, default="non-saturating"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Critic steps per player step.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 1000, 64, 5e-4, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Zenati et al., "Adversarially Learned Anomaly Detection", ICDM 2018, arXiv 1812.02288: section 4
    (the three critics) and algorithm 1 (the score).
    """

    max_iter: int = 1000
    lr: float = 5e-4
    latent_dim: int = 16
    game: str | Game = "non-saturating"
    n_critic: int = 1

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"gen": make.generator(self.latent_dim), "enc": make.encoder(self.latent_dim)}

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {
            "xz": make.critic(rows=1, codes=self.latent_dim),
            "xx": make.critic(rows=2),
            "zz": make.critic(rows=0, codes=2 * self.latent_dim),
        }

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        ex, gz = net.enc(x), net.gen(z)
        return Play(
            (
                Pair("xz", cat(x, ex), cat(gz, z)),
                Pair("xx", cat(x, x), cat(x, net.gen(ex))),
                Pair("zz", cat(z, z), cat(z, net.enc(gz))),
            )
        )

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        real, fake = cat(x, net.enc(x)), cat(negatives, net.enc(negatives))
        return (Pair("xz", real, fake, weight=0.0),)

    def score(self, net: Networks, x: Tensor) -> Tensor:
        reconstruction = net.gen(net.enc(x))
        return l1(net.xx.features(cat(x, x)), net.xx.features(cat(x, reconstruction)))
