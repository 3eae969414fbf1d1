"""Views and scores of rows in torch, for GPUs, ONNX, and gradients by the views.

These are the twins of :mod:`pyod_gan.views.kernels`, in double precision.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .kernels import ABSENT, CLIP, COARSE, LEAST_SHARE, LENGTHS, N_LEVELS, RESIDUALS
from .pairs import N_BINS
from .pretrained_critic import CEILING, SLOPE, PretrainedCritic
from .reference import Reference
from .table_views import AXES, KNOWN, VIEWS, TableViews

_INDICES = ("n_present", "n_points", "pairs", "columns", "printed")  # arrays of whole numbers


class TensorViews(nn.Module):
    """Views of rows of a table, (B, D) -> (B, V)."""

    def __init__(self, views: TableViews) -> None:
        super().__init__()
        for name, array in views.to_arrays().items():
            tensor = torch.from_numpy(array)
            kept = tensor.dtype == torch.bool or name in _INDICES
            self.register_buffer(name, tensor if kept else tensor.double())
        self.grid, self.unit = views.grid, views.unit
        self.absent = float(ABSENT)

    def forward(self, x: Tensor) -> Tensor:
        """Views of rows, in the order of :data:`~pyod_gan.views.VIEWS`."""
        get = self.get_buffer
        rows = (x * self.grid).round()
        number = self._find_known(rows)
        known = number >= 0
        apart = torch.cdist(rows, get("bank").mT, p=1.0)
        present = torch.arange(apart.shape[1], device=x.device) < get("n_present")
        copies = (apart <= x.shape[1]) & present
        apart = torch.where(copies, torch.where(get("later"), 0.0, self.absent), apart)
        apart = torch.where(present, apart, self.absent)
        of_core = torch.where(get("core"), apart, self.absent)
        parts = [
            self._levels(apart),
            self._levels(of_core)[:, ::2],
            (copies.sum(1, keepdim=True) - 1).clamp_min(0).to(x),
            *self._of_columns(rows, known),
            *self._of_pairs(rows, known),
            *self._of_regressions(rows, number),
            *self._of_axes(rows / self.grid),
            known[:, None].to(x),
        ]
        return torch.cat(parts, 1)

    def _find_known(self, rows: Tensor) -> Tensor:
        """Numbers of the rows of the pool that rows equal, or -1, (B, D) -> (B,)."""
        weights, prints = self.get_buffer("weights"), self.get_buffer("prints")
        coarse = [((rows + shift) / COARSE).floor() for shift in (0, COARSE // 2)]
        first, second = (
            torch.where((part @ weights)[:, None] == of_grid, printed, -1).amax(1)
            for part, of_grid, printed in zip(
                coarse, prints, self.get_buffer("printed"), strict=True
            )
        )
        return torch.where(first >= 0, first, second)

    def _levels(self, apart: Tensor) -> Tensor:
        """Mean over groups of the nearest prototype, by group size, (B, S) -> (B, 11)."""
        levels = []
        for _ in range(N_LEVELS):
            here = apart < self.absent
            total = torch.where(here, apart, 0.0).sum(1)
            levels.append(total / here.sum(1).clamp_min(1) / self.unit)
            if (half := apart.shape[1] // 2) > 0:
                apart = torch.minimum(apart[:, :half], apart[:, half:])
        return torch.stack(levels, 1)

    def _of_columns(self, rows: Tensor, known: Tensor) -> list[Tensor]:
        """Summaries of every column view, (B, D) -> T times (B, 3)."""
        points, at = self.get_buffer("points"), self.get_buffer("at")
        places = torch.searchsorted(points, (rows + 1).mT.contiguous(), right=True).mT  # (B, D)
        places = torch.minimum(places, self.get_buffer("n_points"))
        columns = torch.arange(rows.shape[1], device=rows.device)
        below = (places - 1).clamp_min(0)
        equal = (places > 0) & (points[columns, below] >= rows - 1)
        on_point = at[known.long()[:, None], columns, below]  # (B, D, T)
        values = torch.where(
            equal[..., None], on_point, self.get_buffer("between")[columns, places]
        )
        return [summaries(part) for part in values.unbind(-1)]

    def _bins(self, rows: Tensor) -> Tensor:
        """Bins of values, (B, D) -> (B, D)."""
        return (rows[..., None] + 1 >= self.get_buffer("edges")).sum(-1)

    def _of_pairs(self, rows: Tensor, known: Tensor) -> list[Tensor]:
        """Summaries of every pair view, (B, D) -> U times (B, 3)."""
        pairs, cells, bins = self.get_buffer("pairs"), self.get_buffer("cells"), self._bins(rows)
        a, b = bins[:, pairs[:, 0]], bins[:, pairs[:, 1]]
        places = N_BINS * a + b  # (B, p)
        which = torch.arange(len(pairs), device=rows.device)
        found = cells[known.long()[:, None], :, which, places]  # (B, p, U)
        return [summaries(part) for part in found.unbind(-1)]

    def _of_regressions(self, rows: Tensor, number: Tensor) -> list[Tensor]:
        """Summaries of every view of regressions, (B, D), (B,) -> twice (B, 3)."""
        get = self.get_buffer
        columns, effects, widths = get("columns"), get("effects"), get("inverse_widths")
        values = (rows[:, columns] / self.grid).clamp(-CLIP, CLIP)  # (B, d)
        expected = get("intercepts") + values @ effects[:, -1]
        if effects.shape[1] > 1:
            bins = self._bins(rows)[:, columns, None] == torch.arange(N_BINS, device=rows.device)
            expected = expected + bins.flatten(1).to(values) @ effects[:, :-1].flatten(0, 1)
        known, n = number[:, None] >= 0, len(get("leverages"))
        own = torch.where(known, get("leverages")[number.clamp_min(0)], 0.0)
        of_mean = known.to(values) / n

        def surprisal(apart: Tensor, unit: Tensor) -> Tensor:
            z = apart * unit
            of_others = z * ((n - 1) / (n - z.square()).clamp_min(1)).sqrt()
            z = torch.where(known, of_others, z)
            share = (1 - apart * widths).clamp_min(LEAST_SHARE)
            return torch.where(widths > 0, torch.minimum(z, -share.log()), z)

        beside = surprisal((values - expected).abs() / (1 - own), get("units")[0])
        alone = surprisal((values - get("middles")).abs() / (1 - of_mean), get("units")[1])
        parts = (summaries(view) for view in (beside, beside - alone))
        return [(part * LENGTHS).round() / LENGTHS for part in parts]

    def _of_axes(self, values: Tensor) -> list[Tensor]:
        """Length, length in the last half of the axes, and largest axis, for each whitening."""
        views = []
        for mean, axes in zip(self.get_buffer("means"), self.get_buffer("axes"), strict=True):
            squares = ((values - mean) @ axes).square()
            last = squares[:, squares.shape[1] // 2 :]
            views += [squares.mean(1), last.mean(1), squares.amax(1)]
        return [(view.sqrt() * LENGTHS).round()[:, None] / LENGTHS for view in views]


class TensorInputs(nn.Module):
    """Inputs of the critic, from views (B, V) and views of the row's own GAN (B, K)."""

    def __init__(self, reference: Reference) -> None:
        super().__init__()
        for name, array in reference.to_arrays().items():
            self.register_buffer(name, torch.from_numpy(array))
        self.register_buffer("heights", torch.from_numpy(reference.heights))

    def forward(self, views: Tensor, own: Tensor) -> Tensor:
        """Tails, heights, and heights of the own views, (B, V), (B, K) -> (B, 2 V + K)."""
        get = self.get_buffer
        n_views, known = views.shape[1], views[:, KNOWN:]
        views = torch.cat([views, views[:, AXES]], 1)  # (B, R)
        knots, tails, heights = get("knots"), get("tails"), get("heights")
        last = knots.shape[1] - 1
        place = torch.searchsorted(knots, views.mT.contiguous(), right=True).mT  # (B, R)
        low, high = (place - 1).clamp_min(0), place.clamp_max(last)
        which = torch.arange(knots.shape[0], device=views.device)
        start, width = knots[which, low], knots[which, high] - knots[which, low]
        share = torch.where(width > 0, (views - start) / torch.where(width > 0, width, 1.0), 0.0)
        share = torch.where(place > 0, share, 0.0)
        tail, height = (
            of[which, low] + share * (of[which, high] - of[which, low]) for of in (tails, heights)
        )
        above = views > knots[:, last]
        tail = torch.where(above, get("beyond"), tail)
        height = torch.where(above | (place == 0), self._heights_of(views), height)
        inputs = []
        for part in (tail, height):
            of_axes = torch.where(known > 0, part[:, AXES], part[:, n_views:])
            inputs += [part[:, : AXES.start], of_axes, part[:, AXES.stop : n_views]]
        return torch.cat([*inputs, signed_log(own)], 1)

    def _heights_of(self, views: Tensor) -> Tensor:
        """Heights of views by their definition, as :meth:`Reference.heights_of`."""
        get = self.get_buffer
        apart = (views - get("lowest")).clamp_min(0) + get("floors")
        return signed_log((apart.log() - get("middles")) / get("spreads"))


class TensorCritic(nn.Module):
    """Three opinions of inputs, (B, 2 V + K) -> (B, 3).

    They are what the critic says, the plain mean, and the largest residual.
    """

    def __init__(self, critic: PretrainedCritic) -> None:
        super().__init__()
        for name, array in critic.to_arrays().items():
            self.register_buffer(name, torch.from_numpy(array))

    def forward(self, inputs: Tensor) -> Tensor:
        """Weigh inputs."""
        of_critic = weighed(inputs, dict(self.named_buffers()))
        return torch.stack([of_critic, plain_mean(inputs), largest_residual(inputs)], -1)


def weighed(inputs: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """What a critic of these weights says, (..., 2 V + K) -> (...).

    See :class:`~pyod_gan.views.PretrainedCritic`.
    """
    n_views = len(VIEWS)
    tails, heights = inputs[..., :n_views], inputs[..., n_views:]
    above = (heights[..., :n_views] - CEILING).clamp_min(0).mean(-1)
    x = torch.cat([tails, heights.clamp_max(CEILING)], -1)
    for layer in ("1", "2"):
        x = (x @ weights["w" + layer] + weights["b" + layer]).relu()
    return x @ weights["w3"] + weights["b3"] + SLOPE * above


def plain_mean(inputs: Tensor) -> Tensor:
    """Mean of all tails and half heights, (..., 2 V + K) -> (...)."""
    n_views = len(VIEWS)
    tails, heights = inputs[..., :n_views], inputs[..., n_views : 2 * n_views]
    above = (heights - CEILING).clamp_min(0).mean(-1)
    return tails.mean(-1) + 0.5 * heights.clamp_max(CEILING).mean(-1) + SLOPE * above


def largest_residual(inputs: Tensor) -> Tensor:
    """Largest height of three views, (..., 2 V + K) -> (...).

    They are the nearest of 8 and of all prototypes, and the largest surprisal of a column.
    """
    largest = inputs[..., [len(VIEWS) + view for view in RESIDUALS]].amax(-1)
    return largest.sign() * largest.abs().expm1()


def summaries(values: Tensor) -> Tensor:
    """Mean, largest, and mean of the three largest, (B, N) -> (B, 3)."""
    n = values.shape[1]
    if n == 0:
        return values.sum(1, keepdim=True).expand(-1, 3)  # zeros, in graphs for any number of rows
    mean = values.mean(1)
    top = values.topk(3, dim=1).values.mean(1) if n > 2 else mean
    return torch.stack([mean, values.amax(1), top], 1)


def signed_log(z: Tensor) -> Tensor:
    """sign(z) · log(1 + |z|)."""
    return z.sign() * z.abs().log1p()
