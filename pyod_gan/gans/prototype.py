"""PrototypeGAN: AnoGAN's score with the nearest prototype instead of a search."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.games import Game
from ..engine.networks import Networks
from ..engine.prototype_bank import PrototypeBank, later_copies, repeated
from ..engine.spec import BaseGAN

POOL = 2048  # number of training rows among which a member looks for prototypes
CHUNK = 128  # number of rows of the pool that are compared with the bank at once
LEAST_RATIO = 1e-3  # least ratio of the gap's unit to the bulk's unit, for data of many twins
LOGIT_BOUND = 3.0  # bound of a logit distance, in mean logit distances between prototypes
FENCE = 3.0  # Tukey's outer fence, in interquartile ranges above the upper quartile


class PrototypeGAN(BaseGAN):
    """AnoGAN's score, with the nearest of a bank of prototypes instead of a search.

    AnoGAN scores a row by the closest row that the generator can make. Its score is residual loss
    plus discrimination loss, ``(1−λ)·R + λ·D`` (Schlegl et al. 2017, eq. 3 to 7). It is minimised
    over ``p = G(z)`` by gradient descent on z. That search is slow and random, and it easily gets
    stuck. Here p ranges over a bank of rows, so the minimum is exact and deterministic:

    ``r(x, p) = (1−λ)·mean|x − p| + λ·a·min(|D(x) − D(p)| / d, 3)``.

    The nearest prototype must be near. It must also look as real as the row to the critic, which
    has learnt to tell rows from generated rows and broad negatives. ``a`` is the mean of
    ``mean|p − p'|`` and ``d`` is the mean of ``|D(p) − D(p')|`` over pairs of prototypes, so that
    both terms have one unit. Logits have no bound. The bound of 3 keeps the second term from
    swamping the residual.

    The number of prototypes decides how local a view is. The nearest of few prototypes gives the
    distance to the bulk, which a cluster of anomalies cannot make small. The nearest of many
    prototypes gives the distance to the closest neighbour, which finds small gaps. Each member
    draws a bank of ``n_groups`` groups of ``group_size`` training rows. It has two views of a row,

    ``bulk(x) = mean over groups g of min_{p in g} r(x, p)``, ``gap(x) = min_{p in bank} r(x, p)``,

    each divided by its median over training rows. The score is the larger view, after the mean over
    members. So a row is as anomalous as its more anomalous view.

    **Anomalies among the prototypes.** Training rows may hold anomalies. A prototype that is an
    anomaly would make similar anomalies look normal. So the bank is drawn twice. Rows whose bulk
    view under the first bank lies beyond Tukey's outer fence cannot be prototypes of the second
    bank. The fence is three interquartile ranges above the upper quartile. Clean training data has
    few such rows and loses nothing.

    **Rows that are prototypes.** A prototype that equals the row, to 1e-5 standard deviations, may
    be the row itself, which says nothing about it. So one such prototype is left out of every
    minimum: the first of the bank. Further ones are other training rows of the same values. They
    count, and their residual is 0. The rule looks at values only. Training rows, copies of them and
    new rows share one scoring path, and ``decision_scores_`` is ``decision_function`` of the
    training rows. If a group holds nothing except the prototype that is left out, its minimum is 0.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    group_size : int, default=8
        Number of prototypes in a group.
    n_groups : int, default=64
        Number of groups in a member's bank.
    discrimination_weight : float, default=0.1
        Share λ of the critic, by default AnoGAN's.
    game : str or Game, default="non-saturating"
        The adversarial loss. Gradient penalties flatten the critic, which then knows less about a
        row.
    n_critic : int, default=1
        Critic steps per generator step.
    broad_negatives : bool, default=True
        Also train the critic on broad negatives.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 200, 64, 5e-3, (64, 32), (0.5, 0.999), 0.99.

    References
    ----------
    Schlegl et al., "Unsupervised Anomaly Detection with Generative Adversarial Networks", IPMI
    2017, arXiv 1703.05921. Sub-sampled nearest neighbours: Sugiyama and Borgwardt, "Rapid
    Distance-Based Outlier Detection via Sampling", NeurIPS 2013.
    """

    n_views: ClassVar[int] = 2  # bulk and gap
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "group_size": [Interval(Integral, 1, None, closed="left")],
        "n_groups": [Interval(Integral, 1, None, closed="left")],
        "discrimination_weight": [Interval(Real, 0, 1, closed="both")],
    }

    max_iter: int = 200
    lr: float = 5e-3
    hidden_layer_sizes: Sequence[int] = (64, 32)
    latent_dim: int = 16
    group_size: int = 8
    n_groups: int = 64
    discrimination_weight: float = 0.1
    game: str | Game = "non-saturating"
    n_critic: int = 1
    broad_negatives: bool = True

    def prepare(self, net: Networks, rows: Tensor, streams: Sequence[torch.Generator]) -> None:
        picks = [torch.randperm(len(rows), generator=stream)[:POOL] for stream in streams]
        pool = torch.stack(picks).to(rows.device)  # (E, P) row numbers
        self.draw_bank(net, rows, list(pool))
        bulk = self._nearest_of_pool(net, rows, pool)[..., 0]
        inside = self.within_fence(bulk)
        self.draw_bank(net, rows, [p[kept] for p, kept in zip(pool, inside, strict=True)])
        net.register_buffer("typical", typical(self._nearest_of_pool(net, rows, pool)))  # (E, 1, 2)

    def prepared(self, n_columns: int) -> dict[str, tuple[int, ...]]:
        size = self.group_size * self.n_groups
        return {
            "bank": (size, n_columns),
            "bank_logits": (1, size),
            "later": (1, size),
            "logit_scale": (1, 1),
            "discrimination": (1, 1),
            "typical": (1, 2),
        }

    def within_fence(self, bulk: Tensor) -> Tensor:
        """Tell which rows lie within the fence of the bulk view, (E, P) -> bool."""
        low, high = bulk.quantile(bulk.new_tensor([0.25, 0.75]), dim=1, keepdim=True)
        fence = high + FENCE * (high - low)
        inside = bulk.le(fence)
        return inside | ~inside.any(1, keepdim=True)  # a diverged member has no row inside

    def draw_bank(self, net: Networks, rows: Tensor, picks: Sequence[Tensor]) -> None:
        """Take the first of each member's picks, which are row numbers, as its prototypes."""
        net.register_buffer("bank", None)  # two banks at once need much memory for a wide table
        size = self.group_size * self.n_groups
        bank = rows[torch.stack([repeated(pick, size) for pick in picks])]
        later = torch.stack([repeated(later_copies(rows[pick[:size]]), size) for pick in picks])
        self.keep_bank(net, bank, later.unsqueeze(1).to(bank))

    def keep_bank(self, net: Networks, bank: Tensor, later: Tensor | None = None) -> None:
        """Register prototypes (E, M, D), their logits, and the units of both terms.

        For ``later`` (E, 1, M) see :class:`PrototypeBank`.
        """
        logits = net.critic(bank).detach()  # (E, M, 1)
        spread = torch.cdist(logits, logits).mean((1, 2), keepdim=True)  # (E, 1, 1)
        logit_scale = 1 / spread.clamp_min(1e-12)
        apart = PrototypeBank(bank, self.group_size).apart(bank)
        unit = apart.mean((1, 2), keepdim=True) / bank.shape[-1]
        net.register_buffer("bank", bank)
        net.register_buffer("later", later)
        net.register_buffer("logit_scale", logit_scale)
        net.register_buffer("bank_logits", logit_scale * logits.mT)  # (E, 1, M)
        net.register_buffer("discrimination", self.discrimination_weight * unit)

    def floats_per_row(self, net: Networks) -> int:
        return super().floats_per_row(net) + 3 * net.n_members * self.group_size * self.n_groups

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return self._nearest(net, x) / net.get_buffer("typical")  # (E, B, 2)

    def expected(self, net: Networks, x: Tensor) -> Tensor:
        """Most similar prototype of every group and member, (E, B, D) -> (E·G, B, D)."""
        return self._bank(net).most_alike(x)

    def _bank(self, net: Networks) -> PrototypeBank:
        buffers = dict(net.named_buffers())
        return PrototypeBank(buffers["bank"], self.group_size, buffers.get("later"))

    def _nearest_of_pool(self, net: Networks, rows: Tensor, pool: Tensor) -> Tensor:
        """Bulk and gap of the rows of the pool, a chunk at a time, (E, P) -> (E, P, 2)."""
        return torch.cat([self._nearest(net, rows[part]) for part in pool.split(CHUNK, 1)], 1)

    def _nearest(self, net: Networks, x: Tensor) -> Tensor:
        """Bulk and gap, not yet divided by their medians, (E, B, D) -> (E, B, 2)."""
        nearest = self._bank(net).nearest_of_groups(self._residuals(net, x))  # (E, B, G)
        bulk = zero_if_infinite(nearest).mean(-1)
        gap = zero_if_infinite(nearest.amin(-1))
        return torch.stack([bulk, gap], -1)

    def _residuals(self, net: Networks, x: Tensor) -> Tensor:
        """Residuals to all prototypes, infinite for the row itself, (E, B, D) -> (E, B, M)."""
        bank = self._bank(net)
        apart = bank.apart(x)  # (E, B, M)
        logits = net.get_buffer("logit_scale") * net.critic(x)  # (E, B, 1)
        residuals = (logits - net.get_buffer("bank_logits")).abs_().clamp_max_(LOGIT_BOUND)
        residuals.mul_(net.get_buffer("discrimination"))
        residuals.add_(apart, alpha=(1 - self.discrimination_weight) / x.shape[-1])
        return bank.without_itself(residuals, apart)


def zero_if_infinite(nearest: Tensor) -> Tensor:
    """Set a minimum over nothing except the row itself to 0."""
    return nearest.masked_fill(nearest.isinf(), 0.0)


def typical(residuals: Tensor) -> Tensor:
    """Units of the two views, (E, P, 2) -> (E, 1, 2).

    The unit is the median over rows. Where half of the rows are copies, it is the mean that they
    had if all other rows had the median of the other rows, so that no single row decides it.
    """
    median = residuals.median(1, keepdim=True).values
    others = residuals > 0
    of_others = residuals.where(others, torch.nan).nanmedian(1, keepdim=True).values
    mean = (of_others * others.to(residuals).mean(1, keepdim=True)).nan_to_num(1.0)
    bulk, gap = torch.where(median > 0, median, mean).split(1, -1)
    return torch.cat([bulk, torch.maximum(gap, LEAST_RATIO * bulk)], -1)
