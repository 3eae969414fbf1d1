"""TadGAN: an encoder and a generator that make windows and codes, and a critic of each."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor

from ..engine.functional import l1, l2
from ..engine.games import Game
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.spec import BaseGAN, Pair, Play


class TadGAN(BaseGAN):
    """Two Wasserstein critics make G(E(x)) = x; scored by the error of that times the critic's.

    Players: ``gen`` G and ``enc`` E. The critic ``critic`` tells windows from generated ones, and
    ``codes`` tells codes from those of windows. The players also minimise ``‖x − G(E(x))‖²``.

    The score has two parts. The reconstruction error ``|x − G(E(x))|`` counts by how many standard
    deviations it lies above its mean. The critic's value ``C(x)`` counts by how many it lies from
    the mean of its values between the quartiles, on either side. Means and deviations are those of
    training windows. The score is the product ``(1 + error) · (1 + critic)``.

    With :class:`pyod_gan.SeriesDetector` its networks are convolutional, unless ``network`` says
    otherwise.

    Departures from the paper:

    - The encoder and the generator are convolutional in place of LSTMs, which take many times as
      long in an ensemble. The authors' critics are convolutional too.
    - The error is that of each point. The paper also has that of areas and of warped time.
    - Critic and error are not smoothed over time here; a series' front end pools windows.
    - The latent space is smaller, and there is one critic step per player step in place of 5,
      because runs have hundreds of steps.
    - The learning rate is twice the authors' 5e-4.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space. The paper uses 20.
    reconstruction_weight : float, default=10.0
        Weight of the reconstruction, by default that of the authors' code.
    game : str or Game, default="wasserstein"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Critic steps per player step.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 1e-3, (64, 64), (0.0, 0.9), 0.99.

    References
    ----------
    Geiger et al., "TadGAN: Time Series Anomaly Detection Using Generative Adversarial Networks",
    IEEE BigData 2020, arXiv 2009.07769: section IV (the objective), section V (the score). The
    distance of the critic's value from the mean between quartiles is that of the authors' code.
    """

    series_network: ClassVar[str] = "conv1d"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "reconstruction_weight": [Interval(Real, 0, None, closed="left")],
    }

    betas: tuple[float, float] = (0.0, 0.9)
    latent_dim: int = 16
    reconstruction_weight: float = 10.0
    game: str | Game = "wasserstein"
    n_critic: int = 1

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        return {"gen": make.generator(self.latent_dim), "enc": make.encoder(self.latent_dim)}

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        return {"critic": make.critic(), "codes": make.critic(rows=0, codes=self.latent_dim)}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        code = net.enc(x)
        error = l2(x, net.gen(code)).mean(-1)
        pairs = (Pair("critic", x, net.gen(z)), Pair("codes", z, code))
        return Play(pairs, extra=self.reconstruction_weight * error)

    def prepare(self, net: Networks, rows: Tensor, streams: Sequence[torch.Generator]) -> None:
        error, value = self._parts(net, rows.expand(net.n_members, -1, -1))
        outside = value.shape[1] // 4  # rows beyond either quartile
        inner = value.sort(1).values[:, outside : value.shape[1] - outside]
        units = {
            "error_mean": error.mean(1, keepdim=True),
            "error_scale": _deviation(error),
            "value_mean": inner.mean(1, keepdim=True),
            "value_scale": _deviation(value),
        }
        for name, unit in units.items():
            net.register_buffer(name, unit)  # (E, 1)

    def prepared(self, n_columns: int) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("error_mean", "error_scale", "value_mean", "value_scale"), (1,))

    def score(self, net: Networks, x: Tensor) -> Tensor:
        error, value = self._parts(net, x)
        get = net.get_buffer
        of_error = ((error - get("error_mean")) / get("error_scale")).clamp(min=0)
        of_value = ((value - get("value_mean")) / get("value_scale")).abs()
        return (1 + of_error) * (1 + of_value)

    def _parts(self, net: Networks, x: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction error and the critic's value, (E, B, D) -> (E, B), (E, B)."""
        return l1(x, net.gen(net.enc(x))), net.critic(x).squeeze(-1)


def _deviation(values: Tensor) -> Tensor:
    """Standard deviation of each member's values, 1 where they are all equal, (E, B) -> (E, 1)."""
    deviation = values.std(1, correction=0, keepdim=True)
    return torch.where(deviation > 1e-9 * values.abs().amax(1, keepdim=True), deviation, 1.0)
