"""Convolutional networks for windows of series and for images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn
from torch.nn import functional as f
from torch.nn.functional import leaky_relu

from .mlp import LEAK, Linear, PerceptronMaker, uniform
from .network_spec import NetworkSpec
from .networks import Network

STRIDE = 2  # each layer halves the positions, as in DCGAN (Radford et al. 2016)


class _Conv(NetworkSpec):
    """What both kinds of convolutional networks have in common."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "shape": ["array-like", None],
        "channels": ["array-like"],
        "kernel_size": [Interval(Integral, 2, None, closed="left")],
        "units": [Interval(Integral, 1, None, closed="left")],
    }
    _axes: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        shape: Sequence[int] | None = None,
        *,
        channels: Sequence[int] = (16, 32),
        kernel_size: int = 4,
        units: int = 64,
    ) -> None:
        self.shape = shape
        self.channels = channels
        self.kernel_size = kernel_size
        self.units = units

    def for_rows(self, shape: tuple[int, ...]) -> NetworkSpec:
        if self.shape is not None or len(shape) != len(self._axes):
            return self
        given = self.get_params(deep=False) | {"shape": shape}
        return type(self)(**given)

    def maker(
        self, n_columns: int, hidden_layer_sizes: Sequence[int], streams: Sequence[torch.Generator]
    ) -> ConvMaker:
        name, axes = type(self).__name__, f"({', '.join(self._axes)})"
        shape = self.shape_of(n_columns)
        if math.prod(shape) != n_columns:
            raise ValueError(
                f"The 'shape' parameter of {name} must be {axes} of the rows, which have "
                f"{n_columns} columns. Got {shape}, which is {math.prod(shape)} columns."
            )
        return ConvMaker(
            Pyramid(shape, tuple(self.channels), self.kernel_size, name),
            self.units,
            hidden_layer_sizes,
            streams,
        )

    def shape_of(self, n_columns: int) -> tuple[int, ...]:
        """Shape of a row of ``n_columns`` columns."""
        if self.shape is None:
            raise ValueError(
                f"The 'shape' parameter of {type(self).__name__} must say what rows of {n_columns} "
                f"columns are: ({', '.join(self._axes)})."
            )
        return tuple(self.shape)

    def _validate_params(self) -> None:
        super()._validate_params()
        name = type(self).__name__
        if self.shape is not None:
            _check_counts(self.shape, f"'shape' parameter of {name}", len(self._axes), self._axes)
        _check_counts(self.channels, f"'channels' parameter of {name}")


class Conv1d(_Conv):
    """Convolutional networks for windows of a series, after DCGAN (Radford et al. 2016).

    The encoder and the critic halve the length with each layer, and the generator doubles it. All
    end, or begin, with one dense hidden layer, which also sees the codes in a critic of rows and
    codes. A critic of codes only is a multi-layer perceptron with ``hidden_layer_sizes``.

    Departures from DCGAN: there is no batch normalisation, so that the score of a row does not
    depend on other rows; every network has LeakyReLU; the output is linear, because columns are
    standardised and not bounded.

    Parameters
    ----------
    shape : (int, int), default=None
        Channels and length of a row, whose columns are the first channel's values, then those of
        the second, and so on. None takes the shape of the front end's windows, and for a table one
        channel of all columns.
    channels : sequence of int, default=(16, 32)
        Channels of each layer of the encoder and the critic. The generator has them in reverse.
    kernel_size : int, default=4
        Length of the kernels.
    units : int, default=64
        Units of the dense hidden layer.

    References
    ----------
    Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016, arXiv 1511.06434.
    """

    _axes = ("channels", "length")

    def shape_of(self, n_columns: int) -> tuple[int, ...]:
        """Shape of a row, by default one channel of all columns."""
        return (1, n_columns) if self.shape is None else tuple(self.shape)


class Conv2d(_Conv):
    """Convolutional networks for images, after DCGAN (Radford et al. 2016).

    They are those of :class:`Conv1d` in two dimensions.

    Parameters
    ----------
    shape : (int, int, int), default=None
        Channels, height and width of a row, whose columns are the first channel's pixels, line by
        line, then those of the second, and so on. None takes the shape of the front end's images.
    channels : sequence of int, default=(16, 32)
        Channels of each layer of the encoder and the critic. The generator has them in reverse.
    kernel_size : int, default=4
        Height and width of the kernels.
    units : int, default=64
        Units of the dense hidden layer.
    """

    _axes = ("channels", "height", "width")


def _check_counts(
    sizes: Sequence[int], owner: str, length: int | None = None, axes: Sequence[str] = ()
) -> None:
    """Raise a ValueError unless all sizes are whole numbers of at least 1, as many as wanted."""
    whole = all(isinstance(size, Integral) and size >= 1 for size in sizes)
    if not whole or not len(sizes) or (length is not None and len(sizes) != length):
        wanted = f"({', '.join(axes)})" if axes else "a sequence"
        raise ValueError(f"The {owner} must be {wanted} of ints of at least 1. Got {sizes!r}.")


class Pyramid:
    """Sizes of the feature maps of a stack of convolutions, from rows to the deepest layer."""

    def __init__(
        self, shape: tuple[int, ...], channels: tuple[int, ...], kernel_size: int, owner: str
    ) -> None:
        self.kernel_size = kernel_size
        self.padding = (kernel_size - 1) // 2
        self.channels = (shape[0], *channels)
        self.maps = [shape[1:]]  # of each layer, from the row on
        for _ in channels:
            if min(self.maps[-1]) < STRIDE:
                raise ValueError(
                    f"Each layer of {owner} halves the positions. Rows of shape {shape} can be "
                    f"halved {len(self.maps) - 1} times, and there are {len(channels)} "
                    f"'channels'. Give fewer, as by network={owner}(channels=...), or longer rows."
                )
            spare = 2 * self.padding - kernel_size
            self.maps.append(tuple((size + spare) // STRIDE + 1 for size in self.maps[-1]))
        self.n_columns = math.prod(shape)
        self.n_deepest = channels[-1] * math.prod(self.maps[-1])

    @property
    def kernel(self) -> tuple[int, ...]:
        """Shape of a kernel."""
        return (self.kernel_size,) * len(self.maps[0])

    @property
    def floats(self) -> int:
        """Number of floats in the feature maps of a row, together."""
        return sum(c * math.prod(m) for c, m in zip(self.channels, self.maps, strict=True))

    @property
    def widest(self) -> int:
        """Number of floats in the largest feature map of a row."""
        return max(c * math.prod(m) for c, m in zip(self.channels, self.maps, strict=True))

    def n_weights(self, rows: int = 1) -> int:
        """Number of weights of the kernels of a stack that sees ``rows`` rows at once."""
        sizes = (rows * self.channels[0], *self.channels[1:])
        return math.prod(self.kernel) * sum(a * b for a, b in pairwise(sizes))

    def missing(self, layer: int) -> tuple[int, ...]:
        """Positions that a transposed convolution into a layer's input must add at the end."""
        spare = self.kernel_size - 2 * self.padding
        sizes = zip(self.maps[layer], self.maps[layer + 1], strict=True)
        return tuple(size - (halved - 1) * STRIDE - spare for size, halved in sizes)


class Convolution(nn.Module):
    """E convolutions of stride 2 in one kernel, (E, B, n_in, *map) -> (E, B, n_out, *half map).

    With ``missing`` they are transposed convolutions, which double the map and add ``missing``.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        pyramid: Pyramid,
        streams: Sequence[torch.Generator],
        missing: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.padding, self.missing = pyramid.padding, missing
        kernel, dims = pyramid.kernel, len(pyramid.kernel)
        ends = (n_out, n_in) if missing is None else (n_in, n_out)
        fan_in = n_in * math.prod(kernel) / (1 if missing is None else STRIDE**dims)
        bound = math.sqrt(6 / ((1 + LEAK**2) * fan_in))  # He et al. 2015, eq. 14
        self.weight = uniform((*ends, *kernel), bound, streams)  # (E, n_out, n_in, ...)
        self.bias = uniform((1, n_out), bound, streams)  # (E, 1, n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's convolution to its own feature maps."""
        n_members = len(self.weight)
        together = x.transpose(0, 1).flatten(1, 2)  # (B, E * n_in, *map): groups are members
        kernels, bias = self.weight.flatten(0, 1), self.bias.flatten()
        given = {"stride": STRIDE, "padding": self.padding, "groups": n_members}
        dims = self.weight.ndim - 3
        if self.missing is None:
            convolve: Any = f.conv1d if dims == 1 else f.conv2d
        else:
            convolve = f.conv_transpose1d if dims == 1 else f.conv_transpose2d
            given["output_padding"] = self.missing  # type: ignore[assignment]
        made = convolve(together, kernels, bias, **given).unflatten(1, (n_members, -1))
        by_member: Tensor = made.transpose(0, 1)
        return by_member


class ConvHead(Network):
    """Encoder or critic: convolutions of the rows, then a dense hidden layer with the codes.

    Its input is ``rows`` rows and ``codes`` numbers of code, (E, B, rows * D + codes). The rows are
    channels of one row.
    """

    def __init__(
        self,
        pyramid: Pyramid,
        units: int,
        n_out: int,
        streams: Sequence[torch.Generator],
        rows: int = 1,
        codes: int = 0,
    ) -> None:
        super().__init__()
        self.rows, self.pyramid = rows, pyramid
        sizes = (rows * pyramid.channels[0], *pyramid.channels[1:])
        self.convolutions = nn.ModuleList(
            Convolution(a, b, pyramid, streams) for a, b in pairwise(sizes)
        )
        n_seen = pyramid.n_deepest + codes
        self.layers = nn.ModuleList([Linear(n_seen, units, streams), Linear(units, n_out, streams)])

    @property
    def width(self) -> int:
        """Number of floats of the largest layer."""
        return self.rows * self.pyramid.widest

    @property
    def floats_per_row(self) -> int:
        """Number of floats that one row takes in one member."""
        return self.rows * self.pyramid.floats + sum(p.shape[-1] for p in self.layers.parameters())

    def features(self, x: Tensor) -> Tensor:
        """Activations of the dense hidden layer, (E, B, rows * D + codes) -> (E, B, units)."""
        n_columns = self.rows * self.pyramid.n_columns
        rows, codes = x[..., :n_columns], x[..., n_columns:]
        maps: Tensor = rows.unflatten(
            -1, (self.rows * self.pyramid.channels[0], *self.pyramid.maps[0])
        )
        for convolution in self.convolutions:
            maps = leaky_relu(convolution(maps), LEAK)
        seen = torch.cat([maps.flatten(2), codes], -1)
        units: Tensor = self.layers[0](seen)
        return leaky_relu(units, LEAK)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's network, (E, B, rows * D + codes) -> (E, B, n_out)."""
        made: Tensor = self.layers[1](self.features(x))
        return made


class ConvGenerator(Network):
    """Generator: two dense layers, then transposed convolutions, (E, B, codes) -> (E, B, D)."""

    def __init__(
        self, pyramid: Pyramid, units: int, codes: int, streams: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        self.pyramid = pyramid
        self.layers = nn.ModuleList(
            [Linear(codes, units, streams), Linear(units, pyramid.n_deepest, streams)]
        )
        upwards = range(len(pyramid.channels) - 2, -1, -1)
        self.convolutions = nn.ModuleList(
            Convolution(
                pyramid.channels[i + 1],
                pyramid.channels[i],
                pyramid,
                streams,
                missing=pyramid.missing(i),
            )
            for i in upwards
        )

    @property
    def width(self) -> int:
        """Number of floats of the largest layer."""
        return self.pyramid.widest

    @property
    def floats_per_row(self) -> int:
        """Number of floats that one row takes in one member."""
        return self.pyramid.floats + sum(p.shape[-1] for p in self.layers.parameters())

    def forward(self, x: Tensor) -> Tensor:
        """Make rows, (E, B, codes) -> (E, B, D)."""
        for layer in self.layers:
            x = leaky_relu(layer(x), LEAK)
        maps = x.unflatten(-1, (self.pyramid.channels[-1], *self.pyramid.maps[-1]))
        for convolution in list(self.convolutions)[:-1]:
            maps = leaky_relu(convolution(maps), LEAK)
        made: Tensor = self.convolutions[-1](maps)
        return made.flatten(2)


class ConvMaker(PerceptronMaker):
    """Makes convolutional networks, and multi-layer perceptrons where there are only codes."""

    def __init__(
        self,
        pyramid: Pyramid,
        units: int,
        hidden: Sequence[int],
        streams: Sequence[torch.Generator],
    ) -> None:
        super().__init__(pyramid.n_columns, hidden, streams)
        self.pyramid, self.units = pyramid, units

    def generator(self, codes: int) -> Network:
        """Make a generator, (E, B, codes) -> (E, B, D)."""
        dense = (codes + 1) * self.units + (self.units + 1) * self.pyramid.n_deepest
        self.count(dense + self.pyramid.n_weights())
        return ConvGenerator(self.pyramid, self.units, codes, self.streams)

    def encoder(self, codes: int) -> Network:
        """Make an encoder, (E, B, D) -> (E, B, codes)."""
        return self._head(codes)

    def critic(self, rows: int = 1, codes: int = 0) -> Network:
        """Make a critic, (E, B, rows * D + codes) -> (E, B, 1)."""
        if not rows:
            return self.perceptron(codes, 1)
        return self._head(1, rows, codes)

    def _head(self, n_out: int, rows: int = 1, codes: int = 0) -> ConvHead:
        """Make a network that sees rows and codes, if its weights are not too many."""
        dense = (self.pyramid.n_deepest + codes + 1) * self.units + (self.units + 1) * n_out
        self.count(dense + self.pyramid.n_weights(rows))
        return ConvHead(self.pyramid, self.units, n_out, self.streams, rows, codes)
