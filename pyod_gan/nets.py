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
from torch.func import functional_call
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

    Networks are reached by name: ``net.gen``, ``net.critic``. With ``all_pairs`` the players of
    every member meet the critics of every member, see :meth:`over_pairs`.
    """

    def __init__(
        self,
        players: Mapping[str, nn.Module],
        critics: Mapping[str, nn.Module],
        all_pairs: bool = False,
    ) -> None:
        super().__init__()
        self.players, self.critics = tuple(players), tuple(critics)
        self.all_pairs = all_pairs
        for name, network in {**players, **critics}.items():
            self.add_module(name, network)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @property
    def n_members(self) -> int:
        return len(next(self.parameters()))

    def parameters_of(self, names: Sequence[str]) -> list[nn.Parameter]:
        return [p for name in names for p in self.get_submodule(name).parameters()]

    def forward(self, call: Callable[..., Tensor], *args: Any) -> Tensor:
        return call(self, *args)

    def over_pairs(self, call: Callable[..., Tensor], *args: Any) -> Tensor:
        """``call(net, *args)``; with ``all_pairs`` its mean over E pairings.

        In pairing s the players of member e meet the critics of member e + s.
        """
        if not self.all_pairs:
            return call(self, *args)
        tensors = [*self.named_parameters(), *self.named_buffers()]
        theirs = {n: t for n, t in tensors if n.partition(".")[0] in self.players}
        results = [
            functional_call(self, {n: t.roll(s, 0) for n, t in theirs.items()}, (call, *args))
            for s in range(self.n_members)
        ]
        return torch.stack(results).mean(0)

    def keep(self, members: Tensor) -> None:
        """Drop every member outside the boolean mask ``members`` (E,)."""
        for module in self.modules():
            for name, p in module.named_parameters(recurse=False):
                setattr(module, name, nn.Parameter(p.data[members]))
            for name, buffer in module.named_buffers(recurse=False):
                setattr(module, name, buffer[members])

    def take_over(self, other: Networks) -> None:
        """Begin with a copy of another's weights, for as many members as both have."""
        mine, theirs = self.state_dict(), other.state_dict()
        for name, tensor in mine.items():
            if name not in theirs or theirs[name].shape[1:] != tensor.shape[1:]:
                raise ValueError(
                    f"Training can go on only with networks of the same sizes: {name} is not as it "
                    "was. Keep the columns, `gan` and `hidden_layer_sizes` of the last fit, or set "
                    "`warm_start=False`."
                )
            n = min(len(tensor), len(theirs[name]))
            tensor[:n] = theirs[name][:n]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """State as NumPy arrays: device-independent, and free of torch classes."""
        return {name: t.detach().cpu().numpy() for name, t in self.state_dict().items()}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> Networks:
        """Inverse of :meth:`to_arrays` on networks built with the same sizes."""
        known = set(self.state_dict())
        for name, value in arrays.items():
            if name not in known:
                self.register_buffer(name, torch.tensor(value))
        self.double().load_state_dict({k: torch.tensor(v) for k, v in arrays.items()})
        return self


class MakeNetwork:
    """How a GAN asks for E networks without choosing their kind: ``make(n_in, n_out)``.

    ``make.generators`` are the members' random streams, for what else a GAN draws at the start.
    """

    def __init__(self, hidden: Sequence[int], generators: Sequence[torch.Generator]) -> None:
        self.hidden = hidden
        self.generators = generators

    def __call__(self, n_in: int, n_out: int) -> nn.Module:
        return MLP(n_in, self.hidden, n_out, self.generators)


def features(network: nn.Module, x: Tensor) -> Tensor:
    """Last hidden layer of a critic, (E, B, ·) -> (E, B, F)."""
    return cast(Tensor, network.features(x))  # type: ignore[operator]


def l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference over the last axis, (E, B, D) -> (E, B)."""
    return (a - b).abs().mean(-1)


def l2(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared difference over the last axis, (E, B, D) -> (E, B)."""
    return (a - b).square().mean(-1)


def cat(*parts: Tensor) -> Tensor:
    """Joint input of a network, (E, B, a), (E, B, b) -> (E, B, a + b)."""
    return torch.cat(parts, -1)
