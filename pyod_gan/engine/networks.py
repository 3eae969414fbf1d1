"""Networks of all members at once, and how a GAN asks for networks.

Letters used in shape comments throughout the package:

| letter | meaning                                  | letter | meaning                      |
| ------ | ---------------------------------------- | ------ | ---------------------------- |
| E      | ensemble members, always the first axis  | n      | rows the user passed         |
| B      | rows of one batch, per member            | D      | columns that networks see    |
| Z      | latent size                              | M      | prototypes, per member       |
| V      | views of a row                           |        |                              |

Members share no parameter. So the gradient of a loss summed over E is each member's own gradient.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class Network(nn.Module):
    """One network for every member, (E, B, n_in) -> (E, B, n_out).

    The first axis of every parameter and every buffer is E.
    """

    if TYPE_CHECKING:

        def __call__(self, x: Tensor) -> Tensor:
            """Apply each member's network to its own rows."""

    @cached_property
    def width(self) -> int:
        """Number of units of the widest layer."""
        return max(p.shape[-1] for p in self.parameters())

    @cached_property
    def floats_per_row(self) -> int:
        """Number of floats that one row takes in one member, for the memory budget of scoring."""
        return sum(p.shape[-1] for p in self.parameters())

    def features(self, x: Tensor) -> Tensor:
        """Activations of the last hidden layer, (E, B, n_in) -> (E, B, F)."""
        raise TypeError(f"{type(self).__name__} has no hidden layer whose features can be asked.")


class NetworkMaker(ABC):
    """Makes networks by their role, so that a GAN does not choose their kind.

    Rows and codes are flat for every kind of network: (E, B, D) and (E, B, Z).

    Attributes
    ----------
    n_columns : int
        Size D of a row.
    streams : sequence of torch.Generator
        The members' random streams. A GAN may use them for other draws at the start.
    most_weights : float
        Number of weights that all networks of all members may have together.
    """

    most_weights: float = math.inf

    def __init__(self, n_columns: int, streams: Sequence[torch.Generator]) -> None:
        self.n_columns = n_columns
        self.streams = streams
        self._n_weights = 0

    def count(self, weights_of_a_member: int) -> None:
        """Count weights that are about to be made.

        Raises
        ------
        ValueError
            If there are more than ``most_weights`` now.
        """
        self._n_weights += len(self.streams) * weights_of_a_member
        if self._n_weights > self.most_weights:
            raise ValueError(
                f"The networks need at least {self._n_weights} weights, and there are "
                f"{self.most_weights}."
            )

    @abstractmethod
    def generator(self, codes: int) -> Network:
        """Make a network that makes rows, (E, B, codes) -> (E, B, D)."""

    @abstractmethod
    def encoder(self, codes: int) -> Network:
        """Make a network that finds codes, (E, B, D) -> (E, B, codes)."""

    @abstractmethod
    def critic(self, rows: int = 1, codes: int = 0) -> Network:
        """Make a network that judges ``rows`` rows and ``codes`` numbers of code together.

        Rows come first in its input, (E, B, rows * D + codes) -> logits (E, B, 1).
        """


class Networks(nn.Module):
    """The named networks and buffers of E members. The first axis of every tensor is E.

    Networks are reached by name: ``net.gen``, ``net.critic``. With ``all_pairs`` the players of
    every member meet the critics of every member, see :meth:`mean_over_pairings`.
    """

    def __init__(
        self,
        players: Mapping[str, Network],
        critics: Mapping[str, Network],
        all_pairs: bool = False,
    ) -> None:
        super().__init__()
        self.players, self.critics = tuple(players), tuple(critics)
        self.all_pairs = all_pairs
        for name, network in {**players, **critics}.items():
            self.add_module(name, network)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Network: ...

    @property
    def n_members(self) -> int:
        """Number of members E."""
        return len(self.reference)

    @property
    def reference(self) -> Tensor:
        """One of the weights, which has the type and the device of all of them."""
        return self.get_parameter(self._first)

    @cached_property
    def _first(self) -> str:
        """Name of the first weight."""
        return next(name for name, _ in self.named_parameters())

    @cached_property
    def width(self) -> int:
        """Number of units of the widest layer of all networks."""
        return max(network.width for network in self.by_name().values())

    @property
    def floats_per_row(self) -> int:
        """Number of floats that one row takes in all networks of all members."""
        return self.n_members * sum(n.floats_per_row for n in self.by_name().values())

    def network(self, name: str) -> Network:
        """Return the network of that name."""
        found = self.get_submodule(name)
        assert isinstance(found, Network)
        return found

    def by_name(self) -> dict[str, Network]:
        """All networks by their names, in the order of their parameters."""
        return {name: self.network(name) for name in (*self.players, *self.critics)}

    def parameters_of(self, names: Sequence[str]) -> list[nn.Parameter]:
        """Return the parameters of the named networks, in the order of ``names``."""
        return [p for name in names for p in self.get_submodule(name).parameters()]

    def mean_over_pairings(self, function: Callable[..., Tensor], *args: Any) -> Tensor:
        """Return ``function(net, *args)``, or with ``all_pairs`` its mean over E pairings.

        The function is a loss or a score. In pairing s the players of member e meet the critics of
        member e + s.
        """
        if not self.all_pairs:
            return function(self, *args)
        tensors = [*self.named_parameters(), *self.named_buffers()]
        of_players = {n: t for n, t in tensors if n.partition(".")[0] in self.players}
        results = []
        for shift in range(self.n_members):
            shifted = {name: tensor.roll(shift, 0) for name, tensor in of_players.items()}
            results.append(function(with_tensors(self, shifted), *args))
        return torch.stack(results).mean(0)

    def keep(self, members: Tensor) -> None:
        """Drop all other members. ``members`` is a boolean mask (E,) or member numbers."""
        self._set_tensors({name: t[members] for name, t in self.state_dict().items()})

    def of(self, members: Sequence[int]) -> Networks:
        """Copy the networks of some of the members, by their numbers."""
        chosen = deepcopy(self)
        chosen.keep(torch.tensor(members))
        return chosen

    def joined_with(self, others: Sequence[Networks]) -> Networks:
        """Make new networks of these members, followed by the members of ``others``."""
        states = [self.state_dict(), *(other.state_dict() for other in others)]
        joined = deepcopy(self)
        joined._set_tensors({name: torch.cat([s[name] for s in states]) for name in states[0]})
        return joined

    def take_over(self, other: Networks) -> None:
        """Copy the weights of ``other``, for as many members as both have.

        Raises
        ------
        ValueError
            If the networks have other sizes.
        """
        mine, theirs = self.state_dict(), other.state_dict()
        for name, tensor in mine.items():
            if name not in theirs or theirs[name].shape[1:] != tensor.shape[1:]:
                raise ValueError(
                    f"Training can go on only with networks of the same sizes: {name} is not as it "
                    "was. Keep the columns, `gan`, `network` and `hidden_layer_sizes` of the last "
                    "fit, or set `warm_start=False`."
                )
            n = min(len(tensor), len(theirs[name]))
            tensor[:n] = theirs[name][:n]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the state as NumPy arrays, which hold no device and no class of torch."""
        arrays = {name: t.detach().cpu().numpy() for name, t in self.state_dict().items()}
        return {name: array.copy(order="C") for name, array in arrays.items()}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> Networks:
        """Load the arrays of :meth:`to_arrays` into networks that were built with the same sizes.

        The networks change to double precision. Arrays that are no weights become buffers.

        Raises
        ------
        ValueError
            If weights are missing or have another shape or type.
        KeyError
            If a buffer has the name of anything else.
        """
        tensors = {name: torch.tensor(array) for name, array in arrays.items()}
        for name, built in self.double().state_dict().items():
            given = tensors.get(name)
            if given is None or (given.shape, given.dtype) != (built.shape, built.dtype):
                raise ValueError(
                    f"The networks need {name} of shape {tuple(built.shape)} and type "
                    f"{built.dtype}. Got "
                    + ("none." if given is None else f"{tuple(given.shape)}, {given.dtype}.")
                )
        for name in tensors.keys() - self.state_dict().keys():
            self.register_buffer(name, tensors[name])
        self.load_state_dict(tensors)
        return self

    def _set_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Replace parameters and buffers by tensors of the same names."""
        for path, tensor in tensors.items():
            module_path, _, name = path.rpartition(".")
            module = self.get_submodule(module_path)
            is_parameter = isinstance(getattr(module, name), nn.Parameter)
            setattr(module, name, nn.Parameter(tensor) if is_parameter else tensor)


def with_tensors(module: M, tensors: Mapping[str, Tensor], prefix: str = "") -> M:
    """Make the same module with other parameters and buffers, which are given by their names.

    All other tensors are shared. The module itself does not change, not even for a moment as in
    :func:`torch.func.functional_call`, because other threads may be using it.
    """
    twin = object.__new__(type(module))
    vars(twin).update(vars(module))
    for kind in ("_parameters", "_buffers"):
        own = vars(module)[kind].items()
        vars(twin)[kind] = {name: tensors.get(prefix + name, tensor) for name, tensor in own}
    vars(twin)["_modules"] = {
        name: None if part is None else with_tensors(part, tensors, f"{prefix}{name}.")
        for name, part in vars(module)["_modules"].items()
    }
    return twin
