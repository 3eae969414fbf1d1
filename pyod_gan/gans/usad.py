"""USAD: two autoencoders with one encoder. The second is trained against the first."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import bounded, l2
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Batch, Pair, Phase

BOUND = 5.0  # largest value that a decoder can make, in standard deviations of a column


class USAD(BaseGAN):
    """Unsupervised anomaly detection by two decoders that play against each other.

    ``enc`` E with ``gen`` is the autoencoder A₁, and E with ``gen2`` is the autoencoder A₂. A₁
    learns to make rows that A₂ takes for real rows. A₂ learns to tell these rows by a bad
    reconstruction. In epoch n they minimise

    ``L₁ = ‖x − A₁(x)‖²/n + (1 − 1/n)·‖x − A₂(A₁(x))‖²``,
    ``L₂ = ‖x − A₂(x)‖²/n − (1 − 1/n)·‖x − A₂(A₁(x))‖²``.

    The score is ``α·‖x − A₁(x)‖² + (1 − α)·‖x − A₂(A₁(x))‖²``, with means over columns.

    Departures from the paper:

    - The rows are rows of a table. The paper has windows of a series.
    - Columns are standardised, so decoders end in a tanh scaled to ±5. The authors' code ends in a
      sigmoid on columns scaled to [0, 1]. L₂ has no lower bound unless the outputs have bounds.
    - Errors are squared, as in the authors' code.
    - An epoch is a share of the run, not a pass over the data.

    Parameters
    ----------
    latent_dim : int, default=2
        Size of the code.
    alpha : float, default=0.5
        Share α of the first autoencoder in the score. The authors' code has 0.5.
    n_epochs : int, default=10
        Number of epochs that the run is divided into.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 1e-3, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Audibert et al., "USAD: UnSupervised Anomaly Detection on Multivariate Time Series", KDD 2020,
    doi 10.1145/3394486.3403392, eq. 4 to 9.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, 1, closed="both")],
        "n_epochs": [Interval(Integral, 1, None, closed="left")],
    }

    latent_dim: int = 2
    alpha: float = 0.5
    n_epochs: int = 10

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {
            "enc": make.encoder(self.latent_dim),
            "gen": make.generator(self.latent_dim),
            "gen2": make.generator(self.latent_dim),
        }

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {}

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        return (
            Phase("first", ("enc", "gen"), self.first_loss),
            Phase("second", ("enc", "gen2"), self.second_loss),
        )

    def first_loss(self, net: Networks, batch: Batch) -> Tensor:
        """Loss L₁ of the first autoencoder, (E,)."""
        first, _, both = self._errors(net, batch.x)
        early = self._reconstruction_weight(batch)
        return (early * first + (1 - early) * both).mean(-1)

    def second_loss(self, net: Networks, batch: Batch) -> Tensor:
        """Loss L₂ of the second autoencoder, (E,)."""
        _, second, both = self._errors(net, batch.x)
        early = self._reconstruction_weight(batch)
        return (early * second - (1 - early) * both).mean(-1)

    def generate(self, net: Networks, z: Tensor) -> None:
        """Return None, because the decoders know codes of rows only and have no prior."""

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        """Return no pair, because the score asks no critic."""
        return ()

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return self.by_column(net, x).sum(-1)

    def by_column(self, net: Networks, x: Tensor) -> Tensor:
        first = self.expected(net, x)
        both = self._decode(net.gen2, net.enc(first))
        errors = torch.lerp((x - both).square(), (x - first).square(), self.alpha)
        return errors / x.shape[-1]

    def expected(self, net: Networks, x: Tensor) -> Tensor:
        """Reconstructions A₁(x), (E, B, D) -> (E, B, D)."""
        return self._decode(net.gen, net.enc(x))

    def _decode(self, decoder: Network, code: Tensor) -> Tensor:
        """Rows within ±BOUND, (E, B, Z) -> (E, B, D)."""
        return bounded(decoder(code), BOUND)

    def _reconstruction_weight(self, batch: Batch) -> Tensor:
        """Weight 1/n in epoch n, a scalar."""
        epoch = 1 + (self.n_epochs * batch.progress).floor()
        return 1 / epoch

    def _errors(self, net: Networks, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Errors of A₁(x), A₂(x) and A₂(A₁(x)), (E, B) each."""
        code = net.enc(x)
        first = self._decode(net.gen, code)
        second = self._decode(net.gen2, code)
        both = self._decode(net.gen2, net.enc(first))
        return l2(x, first), l2(x, second), l2(x, both)
