"""OCGAN: every point of a bounded latent space makes a row of the normal class."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval
from torch import Tensor
from torch.nn.functional import softplus

from ..engine.functional import bounded, l2, sign_ascent, uniform_codes
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Batch, Pair, Phase, Play

CUBE = 1.0  # half an edge of the latent cube


class OCGAN(BaseGAN):
    """One-class GAN: a denoising autoencoder whose whole latent cube decodes to normal rows.

    Players: ``enc`` E, with a tanh at its end, and ``gen`` G. The critic ``latent`` tells uniform
    points u of the cube [−1, 1]^Z from codes E(x + η); the critic ``visual`` tells x from G(u).
    A classifier ``mine`` tells reconstructions from G(u); climbing its loss from u finds the
    points whose rows it takes least for normal (informative-negative mining), and those are the u
    that ``visual`` sees. The players also minimise ``w·‖x − G(E(x + η))‖²``. The score is
    ``‖x − G(E(x))‖²``, a mean over columns: a row off the class cannot be made.

    Departures from the paper: mined points are used from the first step, where the paper starts
    mining after some epochs that a short run does not have, and by ``visual`` in its own step too,
    so that it judges what the players are judged by; mining steps follow the sign of the gradient,
    whose size says nothing of the cube's.

    Parameters
    ----------
    latent_dim : int, default=8
        Size of the latent cube.
    noise : float, default=0.3
        Standard deviation of η, in standard deviations of a column.
    reconstruction_weight : float, default=10.0
        w; the paper's 10.
    mining_steps : int, default=5
        Steps of the search for points that make no normal rows; 0 takes u as it is.
    mining_lr : float, default=0.05
        Length of such a step in each coordinate.
    game : str or Game, default="non-saturating"
        The adversarial loss; the paper's.
    n_critic : int, default=1
        Critic steps per player step.

    References
    ----------
    Perera et al., "OCGAN: One-Class Novelty Detection Using GANs with Constrained Latent
    Representations", CVPR 2019, arXiv 1903.08550, section 3 and algorithm 1.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "noise": [Interval(Real, 0, None, closed="left")],
        "reconstruction_weight": [Interval(Real, 0, None, closed="neither")],
        "mining_steps": [Interval(Integral, 0, None, closed="left")],
        "mining_lr": [Interval(Real, 0, None, closed="neither")],
    }

    lr: float = 2e-3
    latent_dim: int = 8
    noise: float = 0.3
    reconstruction_weight: float = 10.0
    mining_steps: int = 5
    mining_lr: float = 0.05
    game: str | Game = "non-saturating"
    n_critic: int = 1

    def noise_dim(self, n_columns: int) -> int:
        return self.latent_dim + n_columns

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"enc": make.encoder(self.latent_dim), "gen": make.generator(self.latent_dim)}

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {
            "latent": make.critic(rows=0, codes=self.latent_dim),
            "visual": make.critic(),
            "mine": make.critic(),
        }

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        return (
            Phase("classifier", ("mine",), self.classifier_loss),
            Phase("critic", ("latent", "visual"), self.critic_loss),
            Phase("player", players, self.player_loss, every=self.n_critic),
        )

    def classifier_loss(self, net: Networks, batch: Batch) -> Tensor:
        """Cross-entropy of reconstructions, 1, against made rows, 0, (E,)."""
        u, eta = self._split(batch.z)
        real = net.mine(net.gen(self._encode(net, batch.x + eta)))
        return (softplus(-real) + softplus(net.mine(net.gen(u)))).mean((1, 2))

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        u, eta = self._split(z)
        code = self._encode(net, x + eta)
        pairs = (Pair("latent", u, code), Pair("visual", x, net.gen(self._mined(net, u))))
        loss = l2(x, net.gen(code)).mean(-1)
        return Play(pairs, extra=self.reconstruction_weight * loss)

    def generate(self, net: Networks, z: Tensor) -> Tensor:
        return net.gen(self._split(z)[0])

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return self.by_column(net, x).sum(-1)

    def by_column(self, net: Networks, x: Tensor) -> Tensor:
        return (x - self.expected(net, x)).square() / x.shape[-1]

    def expected(self, net: Networks, x: Tensor) -> Tensor:
        return net.gen(self._encode(net, x))

    def _encode(self, net: Networks, x: Tensor) -> Tensor:
        """A code within the cube, (E, B, D) -> (E, B, Z)."""
        return bounded(net.enc(x), CUBE)

    def _split(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Uniform points of the cube and noise for the rows, (E, B, Z), (E, B, D)."""
        u = uniform_codes(z[..., : self.latent_dim], CUBE)
        return u, self.noise * z[..., self.latent_dim :]

    def _mined(self, net: Networks, u: Tensor) -> Tensor:
        """Points near u whose rows the classifier takes least for reconstructions, (E, B, Z)."""

        def strangeness(u: Tensor) -> Tensor:
            return -net.mine(net.gen(u))

        return sign_ascent(strangeness, u, self.mining_steps, self.mining_lr, CUBE)
