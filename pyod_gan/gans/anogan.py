"""AnoGAN: the residual of a row to the closest row that the generator can make."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import l1
from ..engine.games import Game
from ..engine.networks import Networks
from ..engine.spec import BaseGAN


class AnoGAN(BaseGAN):
    """A plain GAN, scored by a search for the latent point that explains a row best.

    The score is ``min_z (1−λ)·|x − G(z)| + λ·|f(x) − f(G(z))|``, with means over columns and
    features. f is the discriminator's last hidden layer. All rows and members are searched at once.

    Departures from the paper:

    - Sums over pixels and features are means. So neither the score nor the share of the features
      grows with the width of the table.
    - The search starts at the one of ``n_starts`` fixed latent points whose row is nearest. The
      paper starts at a random point. A fixed start makes the search deterministic, and it needs far
      fewer steps than the paper's 500.
    - The lowest residual on the path counts, not the last one.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    feature_weight : float, default=0.1
        Share λ of the discrimination loss. The paper uses 0.1.
    n_starts : int, default=64
        Number of latent points to start from.
    search_steps : int, default=30
        Adam steps of the search. With 0 the nearest start gives the score.
    search_lr : float, default=0.05
        Adam's learning rate in the search.
    game : str or Game, default="non-saturating"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=False
        Also train the discriminator on broad negatives.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 4e-4, (128, 128), (0.5, 0.999), 0.99.

    References
    ----------
    Schlegl et al., "Unsupervised Anomaly Detection with Generative Adversarial Networks", IPMI
    2017, arXiv 1703.05921: eq. 3 (residual loss), eq. 5 (feature matching), eq. 6 and 7 (score).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "feature_weight": [Interval(Real, 0, 1, closed="both")],
        "n_starts": [Interval(Integral, 1, None, closed="left")],
        "search_steps": [Interval(Integral, 0, None, closed="left")],
        "search_lr": [Interval(Real, 0, None, closed="neither")],
    }

    lr: float = 4e-4
    hidden_layer_sizes: Sequence[int] = (128, 128)
    latent_dim: int = 16
    feature_weight: float = 0.1
    n_starts: int = 64
    search_steps: int = 30
    search_lr: float = 0.05
    game: str | Game = "non-saturating"
    n_critic: int = 1
    broad_negatives: bool = False

    def prepare(self, net: Networks, rows: Tensor, streams: Sequence[torch.Generator]) -> None:
        shape = (self.n_starts, self.latent_dim)
        starts = [torch.randn(shape, generator=s, dtype=torch.float32) for s in streams]
        net.register_buffer("starts", torch.stack(starts).to(rows))  # (E, S, Z)

    def prepared(self, n_columns: int) -> dict[str, tuple[int, ...]]:
        return {"starts": (self.n_starts, self.latent_dim)}

    def floats_per_row(self, net: Networks) -> int:
        return 4 * super().floats_per_row(net) + net.n_members * self.n_starts

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return self.search(net, x)[0]

    def expected(self, net: Networks, x: Tensor) -> Tensor:
        """The closest rows that the search found, (E, B, D) -> (E, B, D)."""
        return net.gen(self.search(net, x)[1])

    def by_column(self, net: Networks, x: Tensor) -> Tensor:
        """Terms of the residual loss, (E, B, D). The discrimination loss is left out.

        Explanations scale the terms to the score. So the discrimination loss is shared out in the
        same proportions.
        """
        return (1 - self.feature_weight) * (x - self.expected(net, x)).abs() / x.shape[-1]

    def search(self, net: Networks, x: Tensor) -> tuple[Tensor, Tensor]:
        """Lowest residual on the path and its latent point, (E, B), (E, B, Z)."""
        z = self._best_start(net, x)
        fx = net.critic.features(x)
        best, place = self.residual(net, x, fx, z), z.clone()
        z.requires_grad_()
        optimiser = torch.optim.Adam([z], lr=self.search_lr)
        for _ in range(self.search_steps):
            with torch.enable_grad():
                residual = self.residual(net, x, fx, z)
                (z.grad,) = torch.autograd.grad(residual.sum(), z)
            best, place = lower(best, place, residual, z)
            optimiser.step()
        with torch.no_grad():
            return lower(best, place, self.residual(net, x, fx, z), z)

    def _best_start(self, net: Networks, x: Tensor) -> Tensor:
        """Start whose row is nearest, (E, B, D) -> (E, B, Z)."""
        starts = net.get_buffer("starts")  # (E, S, Z)
        nearest = torch.cdist(x, net.gen(starts), p=1.0).argmin(-1)  # (E, B)
        return starts.gather(1, nearest.unsqueeze(-1).expand(-1, -1, self.latent_dim))

    def residual(self, net: Networks, x: Tensor, fx: Tensor, z: Tensor) -> Tensor:
        """Residual and discrimination loss of x at a given z, (E, B)."""
        made = net.gen(z)
        discrimination = l1(fx, net.critic.features(made))
        return (1 - self.feature_weight) * l1(x, made) + self.feature_weight * discrimination


def lower(best: Tensor, place: Tensor, residual: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Keep the lower of two residuals (E, B) for each row, and the latent point (E, B, Z) of it."""
    better = residual.detach() < best
    return torch.where(better, residual.detach(), best), torch.where(
        better.unsqueeze(-1), z.detach(), place
    )
