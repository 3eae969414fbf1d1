"""E independent networks in one batched kernel.

Letters used in shape comments throughout the package:

| letter | meaning                                  | letter | meaning                |
| ------ | ---------------------------------------- | ------ | ---------------------- |
| E      | ensemble members, always the first axis  | n      | rows the user passed   |
| B      | rows of one batch, per member            | D      | columns of a table     |
| Z      | latent size                              | M      | prototypes, per member |

Members share no parameter, so the gradient of a loss summed over E is each member's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

LEAK = 0.2  # slope of LeakyReLU below zero, as in DCGAN (Radford et al. 2016)


class Linear(nn.Module):
    """E linear layers: (E, B, n_in) -> (E, B, n_out)."""

    def __init__(self, n_in: int, n_out: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        # torch.nn.Linear's own initialisation, drawn member by member; whatever torch's default
        # type, the draws are the same
        bound = 1 / math.sqrt(n_in)

        def draw(*shape: int) -> nn.Parameter:
            return nn.Parameter(
                torch.stack(
                    [
                        torch.empty(shape, dtype=torch.float32).uniform_(-bound, bound, generator=g)
                        for g in generators
                    ]
                )
            )

        self.weight = draw(n_in, n_out)  # (E, n_in, n_out)
        self.bias = draw(1, n_out)  # (E, 1, n_out)

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class MLP(nn.Module):
    """E multi-layer perceptrons with LeakyReLU between the layers and a linear output."""

    def __init__(
        self, n_in: int, hidden: Sequence[int], n_out: int, generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        sizes = [n_in, *hidden, n_out]
        self.layers = nn.ModuleList(Linear(a, b, generators) for a, b in pairwise(sizes))

    def features(self, x: Tensor) -> Tensor:
        """Activations of the last hidden layer, (E, B, n_in) -> (E, B, hidden[-1])."""
        for layer in list(self.layers)[:-1]:
            x = leaky_relu(layer(x), LEAK)
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[-1](self.features(x))


class Networks(nn.Module):
    """The named networks and buffers of E members; every tensor's first axis is E.

    Networks are reached by name: ``net.gen``, ``net.critic``.
    """

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, network in networks.items():
            self.add_module(name, network)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @property
    def n_members(self) -> int:
        return len(next(self.parameters()))

    def parameters_of(self, names: Sequence[str]) -> list[nn.Parameter]:
        return [p for name in names for p in self.get_submodule(name).parameters()]

    def keep(self, members: Tensor) -> None:
        """Drop every member outside the boolean mask ``members`` (E,)."""
        for module in self.modules():
            for name, p in module.named_parameters(recurse=False):
                setattr(module, name, nn.Parameter(p.data[members]))
            for name, buffer in module.named_buffers(recurse=False):
                setattr(module, name, buffer[members])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """State as NumPy arrays: device-independent, and free of torch classes."""
        return {name: t.detach().cpu().numpy() for name, t in self.state_dict().items()}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> Networks:
        """Inverse of :meth:`to_arrays` on networks built with the same sizes."""
        known = set(self.state_dict())
        for name, value in arrays.items():
            if name not in known:
                self.register_buffer(name, torch.empty(value.shape))
        self.double().load_state_dict({k: torch.tensor(v) for k, v in arrays.items()})
        return self


MakeNetwork = Callable[[int, int], nn.Module]  # (n_in, n_out) -> E networks


def mlp_maker(hidden: Sequence[int], generators: Sequence[torch.Generator]) -> MakeNetwork:
    """How a GAN asks for a network without choosing its kind: ``make(n_in, n_out)``."""
    return lambda n_in, n_out: MLP(n_in, hidden, n_out, generators)


def features(network: nn.Module, x: Tensor) -> Tensor:
    """Last hidden layer of a critic, (E, B, ·) -> (E, B, F)."""
    return cast(Tensor, network.features(x))  # type: ignore[operator]


def l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference over the last axis, (E, B, D) -> (E, B)."""
    return (a - b).abs().mean(-1)


def l2(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared difference over the last axis, (E, B, D) -> (E, B)."""
    return (a - b).square().mean(-1)
