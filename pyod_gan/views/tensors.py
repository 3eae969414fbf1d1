"""Views and scores of rows in torch, for GPUs, ONNX, and gradients by the views.

These are the twins of :mod:`pyod_gan.views.kernels`, in double precision.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .kernels import ABSENT, COARSE, LENGTHS, N_LEVELS, NEAREST_OF_8, NEAREST_OF_ALL
from .pretrained_critic import CEILING, SLOPE, PretrainedCritic
from .reference import Reference
from .table_views import AXES, KNOWN, VIEWS, TableViews


class TensorViews(nn.Module):
    """Views of rows of a table, (B, D) -> (B, V)."""

    def __init__(self, views: TableViews) -> None:
        super().__init__()
        for name, array in views.to_arrays().items():
            tensor = torch.from_numpy(array)
            kept = tensor.dtype == torch.bool or name in ("n_present", "n_points", "pairs")
            self.register_buffer(name, tensor if kept else tensor.double())
        self.grid, self.unit = views.grid, views.unit
        self.absent = float(ABSENT)

    def forward(self, x: Tensor) -> Tensor:
        """Views of rows, in the order of :data:`~pyod_gan.views.VIEWS`."""
        get = self.get_buffer
        rows = (x * self.grid).round()
        known = self._are_known(rows)
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
            *self._of_axes(rows / self.grid),
            known[:, None].to(x),
        ]
        return torch.cat(parts, 1)

    def _are_known(self, rows: Tensor) -> Tensor:
        """Tell which rows are rows of the pool, by one of two fingerprints, (B, D) -> (B,)."""
        weights, prints = self.get_buffer("weights"), self.get_buffer("prints")
        coarse = [((rows + shift) / COARSE).floor() for shift in (0, COARSE // 2)]
        first, second = (
            ((part @ weights)[:, None] == of_grid).any(1)
            for part, of_grid in zip(coarse, prints, strict=True)
        )
        known: Tensor = first | second
        return known

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

    def _of_pairs(self, rows: Tensor, known: Tensor) -> list[Tensor]:
        """Summaries of every pair view, (B, D) -> U times (B, 3)."""
        pairs, cells = self.get_buffer("pairs"), self.get_buffer("cells")
        edges = self.get_buffer("edges")
        bins = (rows[..., None] + 1 >= edges).sum(-1)  # (B, D)
        a, b = bins[:, pairs[:, 0]], bins[:, pairs[:, 1]]
        places = (edges.shape[1] + 1) * a + b  # (B, p)
        which = torch.arange(len(pairs), device=rows.device)
        found = cells[known.long()[:, None], :, which, places]  # (B, p, U)
        return [summaries(part) for part in found.unbind(-1)]

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
        apart = (views - get("lowest")).clamp_min(0) + get("floors")
        outside = signed_log((apart.log() - get("middles")) / get("spreads"))
        tail = torch.where(above, get("beyond"), tail)
        height = torch.where(above | (place == 0), outside, height)
        inputs = []
        for part in (tail, height):
            of_axes = torch.where(known > 0, part[:, AXES], part[:, n_views:])
            inputs += [part[:, : AXES.start], of_axes, part[:, AXES.stop : n_views]]
        return torch.cat([*inputs, signed_log(own)], 1)


class TensorCritic(nn.Module):
    """Three opinions of inputs, (B, 2 V + K) -> (B, 3).

    They are what the critic says, the plain mean, and the larger of two residuals.
    """

    def __init__(self, critic: PretrainedCritic) -> None:
        super().__init__()
        for name, array in critic.to_arrays().items():
            self.register_buffer(name, torch.from_numpy(array))

    def forward(self, inputs: Tensor) -> Tensor:
        """Weigh inputs."""
        of_critic = weighed(inputs, dict(self.named_buffers()))
        return torch.stack([of_critic, plain_mean(inputs), larger_residual(inputs)], -1)


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


def larger_residual(inputs: Tensor) -> Tensor:
    """Larger height of two views, nearest of 8 and of all prototypes, (..., 2 V + K) -> (...)."""
    heights = inputs[..., len(VIEWS) :]
    larger = torch.maximum(heights[..., NEAREST_OF_8], heights[..., NEAREST_OF_ALL])
    return larger.sign() * larger.abs().expm1()


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
