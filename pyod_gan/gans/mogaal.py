"""MO-GAAL: several generators, each aiming at another level of the discriminator."""

from __future__ import annotations

from itertools import accumulate, pairwise
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import uniform_codes, whole_vectors
from ..engine.games import cross_entropy
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import Batch
from .sogaal import BOX, SOGAAL, Shift


class MOGAAL(SOGAAL):
    """Multiple-objective generative adversarial active learning, scored by −D(x).

    The single generator of SO-GAAL ends in one place. Here generator i of k does not aim at D = 1.
    It aims at T_i, the i/k quantile of D over the batch's rows: ``BCE(D(G_i(z)), T_i)``. So the
    generators together surround the data at all levels. Generators with low targets make more of
    the discriminator's rows, in proportion to k − i.

    Departures from the paper:

    - The departures of :class:`SOGAAL` hold here too.
    - Quantiles are taken over the batch, not over all rows.

    Parameters
    ----------
    n_generators : int, default=10
        Number k of generators. The paper uses 10.
    game : str or Game, default="non-saturating-r1r2"
        The discriminator's loss, by default the paper's with R1 and R2 penalties.
    n_critic : int, default=1
        Discriminator steps per generator step.
    broad_negatives : bool, default=True
        Also train the discriminator on broad negatives.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 150, 64, 3e-4, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Liu et al., "Generative Adversarial Active Learning for Unsupervised Outlier Detection", TKDE
    2019, arXiv 1809.10816: section 3.3 and algorithm 2.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_generators": [Interval(Integral, 1, None, closed="left")],
    }

    n_generators: int = 10

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {f"gen{i}": Shift(make.generator(make.n_columns)) for i in range(self.n_generators)}

    def generate(self, net: Networks, z: Tensor) -> Tensor:
        """Rows of all generators, k − i shares from the i-th, (E, B, D) -> (E, B, D)."""
        k = self.n_generators
        ends = [0, *accumulate(range(k, 0, -1))]
        cuts = [z.shape[1] * end // ends[-1] for end in ends]
        codes, parts = uniform_codes(z, BOX), []
        for i, (begin, end) in enumerate(pairwise(cuts)):
            n = whole_vectors(end - begin)  # some are left out again
            first = max(0, min(begin, z.shape[1] - n))
            made = net.network(f"gen{i}")(codes[:, first : first + n])
            parts.append(made[:, begin - first : end - first])
        return torch.cat(parts, 1)

    def player_loss(self, net: Networks, batch: Batch) -> Tensor:
        """Sum over generators of the cross-entropy to their targets, (E,)."""
        levels = torch.arange(self.n_generators, device=batch.x.device) / self.n_generators
        real = torch.sigmoid(net.critic(batch.x).squeeze(-1)).detach()  # (E, B)
        targets = real.quantile(levels.to(real.dtype), dim=1)  # (k, E)
        z = uniform_codes(batch.z, BOX)
        losses = []
        for i, target in enumerate(targets):
            made = net.network(f"gen{i}")(z)
            logit = net.critic(made).squeeze(-1)  # (E, B)
            losses.append(cross_entropy(logit, target.unsqueeze(-1)).mean(-1))
        return torch.stack(losses).sum(0)
