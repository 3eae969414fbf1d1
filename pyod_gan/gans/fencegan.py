"""FenceGAN: a generator that makes rows around the data, not in it."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval
from torch import Tensor
from torch.nn.functional import softplus

from ..engine.games import Game, cross_entropy, get_game
from ..engine.networks import Networks
from ..engine.spec import BaseGAN, Batch, Phase


class FenceGAN(BaseGAN):
    """GAN whose generator stays at the boundary of the data, scored by −D(x).

    The generator aims at a level α of the discriminator instead of at 1, so that it stays on the
    boundary. The dispersion loss spreads it out along the boundary:

    ``BCE(D(G(z)), α) + β / mean‖G(z) − centroid of G(z)‖``.

    Generated rows have the weight γ in the discriminator's loss:
    ``BCE(D(x), 1) + γ·BCE(D(G(z)), 0)``. The score is −D(x) as a logit.

    Departures from the paper:

    - The discriminator also learns to reject broad negatives, with R1 and R2 penalties, because the
      fence says nothing about rows outside it.
    - The distance to level α is the cross-entropy of the authors' code.
    - One learning rate takes the place of two.
    - The paper sets α, β and γ per data set. Here they are those of its CIFAR-10 experiment.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    level : float, default=0.5
        Level α, the discriminator's output that the generator aims at.
    dispersion_weight : float, default=10.0
        Weight β of the dispersion loss.
    generated_weight : float, default=0.5
        Weight γ of generated rows for the discriminator.
    warm_up : float, default=0.05
        Share of the run in which the discriminator trains alone.
    game : str or Game, default="non-saturating-r1r2"
        The discriminator's loss on broad negatives.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=True
        Also train the discriminator on broad negatives.
    negatives_weight : float, default=10.0
        Weight of broad negatives for the discriminator.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 300, 64, 1e-3, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Ngo et al., "Fence GAN: Towards Better Anomaly Detection", ICTAI 2019, arXiv 1904.01209, eq. 4
    to 7.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "level": [Interval(Real, 0, 1, closed="neither")],
        "dispersion_weight": [Interval(Real, 0, None, closed="left")],
        "generated_weight": [Interval(Real, 0, None, closed="neither")],
        "warm_up": [Interval(Real, 0, 1, closed="left")],
    }

    max_iter: int = 300
    latent_dim: int = 16
    level: float = 0.5
    dispersion_weight: float = 10.0
    generated_weight: float = 0.5
    warm_up: float = 0.05
    game: str | Game = "non-saturating-r1r2"
    n_critic: int = 1
    broad_negatives: bool = True
    negatives_weight: float = 10.0

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        return (
            Phase("critic", critics, self.critic_loss),
            Phase("player", players, self.player_loss, every=self.n_critic, start=self.warm_up),
        )

    def critic_loss(self, net: Networks, batch: Batch) -> Tensor:
        real, fake = net.critic(batch.x), net.critic(net.gen(batch.z))
        loss = (softplus(-real) + self.generated_weight * softplus(fake)).mean((1, 2))
        if batch.negatives is not None:
            game = get_game(self.game)
            rejected = game.critic_loss(net.critic, batch.x, batch.negatives, batch.u)
            loss = loss + self.negatives_weight * rejected
        return loss

    def player_loss(self, net: Networks, batch: Batch) -> Tensor:
        made = net.gen(batch.z)
        logit = net.critic(made)
        fence = cross_entropy(logit, self.level).mean((1, 2))
        distance = (made - made.mean(1, keepdim=True)).norm(dim=-1).mean(1)
        dispersion: Tensor = self.dispersion_weight / distance.clamp_min(1e-6)
        return fence + dispersion

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return -net.critic(x).squeeze(-1)
