"""OCGAN: every point of a bounded latent space makes a normal row."""

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

    Players: ``enc`` E, which ends in a tanh, and ``gen`` G. The critic ``latent`` tells uniform
    points u of the cube [−1, 1]^Z from codes E(x + η). The critic ``visual`` tells x from G(u). The
    classifier ``mine`` tells reconstructions from G(u).

    Informative-negative mining starts at u and climbs to points whose rows the classifier takes
    least for normal rows. The critic ``visual`` sees the mined points as u.

    The players also minimise ``w·‖x − G(E(x + η))‖²``. The score is ``‖x − G(E(x))‖²``, a mean over
    columns, because G cannot make a row outside the normal class.

    Departures from the paper:

    - Mined points are used from the first step. The paper starts mining after some epochs, which a
      short run does not have.
    - ``visual`` sees mined points in its own step too, so that it learns on the rows on which it
      judges the players.
    - Mining steps follow the sign of the gradient, because the size of the gradient says nothing
      about the size of the cube.

    Parameters
    ----------
    latent_dim : int, default=8
        Size of the latent cube.
    noise : float, default=0.3
        Standard deviation of η, in standard deviations of a column.
    reconstruction_weight : float, default=10.0
        Weight w of the reconstruction error. The paper uses 10.
    mining_steps : int, default=5
        Steps of the search for points that make no normal rows. With 0, u is taken as it is.
    mining_lr : float, default=0.05
        Length of a mining step in each coordinate.
    game : str or Game, default="non-saturating"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Critic steps per player step.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 2e-3, (64, 64), (0.5, 0.999), 0.99.

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
        """Cross-entropy with label 1 for reconstructions and label 0 for generated rows, (E,)."""
        u, eta = self._split(batch.z)
        real = net.mine(net.gen(self._encode(net, batch.x + eta)))
        return (softplus(-real) + softplus(net.mine(net.gen(u)))).mean((1, 2))

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        u, eta = self._split(z)
        code = self._encode(net, x + eta)
        pairs = (Pair("latent", u, code), Pair("visual", x, net.gen(self._mined(net, u))))
        loss = l2(x, net.gen(code)).mean(-1)
        return Play(pairs, extra=self.reconstruction_weight * loss)

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        """Return no pair, because the score asks no critic."""
        return ()

    def generate(self, net: Networks, z: Tensor) -> Tensor:
        return net.gen(self._split(z)[0])

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return self.by_column(net, x).sum(-1)

    def by_column(self, net: Networks, x: Tensor) -> Tensor:
        return (x - self.expected(net, x)).square() / x.shape[-1]

    def expected(self, net: Networks, x: Tensor) -> Tensor:
        return net.gen(self._encode(net, x))

    def _encode(self, net: Networks, x: Tensor) -> Tensor:
        """Codes within the cube, (E, B, D) -> (E, B, Z)."""
        return bounded(net.enc(x), CUBE)

    def _split(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Split noise into uniform points of the cube (E, B, Z) and noise of rows (E, B, D)."""
        u = uniform_codes(z[..., : self.latent_dim], CUBE)
        return u, self.noise * z[..., self.latent_dim :]

    def _mined(self, net: Networks, u: Tensor) -> Tensor:
        """Points near u whose rows the classifier takes least for reconstructions, (E, B, Z)."""

        def strangeness(u: Tensor) -> Tensor:
            return -net.mine(net.gen(u))

        return sign_ascent(strangeness, u, self.mining_steps, self.mining_lr, CUBE)
