"""Multi-layer perceptrons, the networks for tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from .network_spec import NetworkSpec
from .networks import Network, NetworkMaker

LEAK = 0.2  # slope of LeakyReLU below zero, as in DCGAN (Radford et al. 2016)


class Linear(nn.Module):
    """E linear layers, (E, B, n_in) -> (E, B, n_out)."""

    def __init__(self, n_in: int, n_out: int, streams: Sequence[torch.Generator]) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_in)  # torch.nn.Linear's own initialisation
        self.weight = uniform((n_in, n_out), bound, streams)  # (E, n_in, n_out)
        self.bias = uniform((1, n_out), bound, streams)  # (E, 1, n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's layer to its own rows."""
        return torch.baddbmm(self.bias, x, self.weight)


def uniform(
    shape: tuple[int, ...], bound: float, streams: Sequence[torch.Generator]
) -> nn.Parameter:
    """Draw weights member by member, in single precision whatever torch's default type is."""
    drawn = [
        torch.empty(shape, dtype=torch.float32).uniform_(-bound, bound, generator=stream)
        for stream in streams
    ]
    return nn.Parameter(torch.stack(drawn))


class Perceptron(Network):
    """E multi-layer perceptrons with LeakyReLU between the layers and a linear output."""

    def __init__(
        self, n_in: int, hidden: Sequence[int], n_out: int, streams: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        sizes = [n_in, *hidden, n_out]
        self.layers = nn.ModuleList(Linear(a, b, streams) for a, b in pairwise(sizes))

    @staticmethod
    def n_weights(n_in: int, hidden: Sequence[int], n_out: int) -> int:
        """Number of weights of one member."""
        return sum((a + 1) * b for a, b in pairwise([n_in, *hidden, n_out]))

    def features(self, x: Tensor) -> Tensor:
        """Activations of the last hidden layer, (E, B, n_in) -> (E, B, hidden[-1])."""
        for layer in list(self.layers)[:-1]:
            x = leaky_relu(layer(x), LEAK)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's network to its own rows, (E, B, n_in) -> (E, B, n_out)."""
        made: Tensor = self.layers[-1](self.features(x))
        return made


class MLP(NetworkSpec):
    """Multi-layer perceptrons, for rows whose columns have no order.

    Their hidden layers are ``hidden_layer_sizes`` of the detector or of the GAN.
    """

    def maker(
        self, n_columns: int, hidden_layer_sizes: Sequence[int], streams: Sequence[torch.Generator]
    ) -> PerceptronMaker:
        """Make what makes multi-layer perceptrons."""
        return PerceptronMaker(n_columns, hidden_layer_sizes, streams)


class PerceptronMaker(NetworkMaker):
    """Makes multi-layer perceptrons whose hidden layers have the sizes ``hidden``."""

    def __init__(
        self, n_columns: int, hidden: Sequence[int], streams: Sequence[torch.Generator]
    ) -> None:
        super().__init__(n_columns, streams)
        self.hidden = hidden

    def generator(self, codes: int) -> Network:
        """Make a generator, (E, B, codes) -> (E, B, D)."""
        return self.perceptron(codes, self.n_columns)

    def encoder(self, codes: int) -> Network:
        """Make an encoder, (E, B, D) -> (E, B, codes)."""
        return self.perceptron(self.n_columns, codes)

    def critic(self, rows: int = 1, codes: int = 0) -> Network:
        """Make a critic, (E, B, rows * D + codes) -> (E, B, 1)."""
        return self.perceptron(rows * self.n_columns + codes, 1)

    def perceptron(self, n_in: int, n_out: int) -> Perceptron:
        """Make a multi-layer perceptron, (E, B, n_in) -> (E, B, n_out)."""
        self.count(Perceptron.n_weights(n_in, self.hidden, n_out))
        return Perceptron(n_in, self.hidden, n_out, self.streams)
