"""Scores and labels of rows, in torch operations that ONNX and onnxruntime have."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.overrides import TorchFunctionMode

from ..engine.combination import DECIMALS
from ..engine.scoring import score_views
from ..front_ends.table import TableFrontEnd
from ..front_ends.table_scaler import CLIP, LARGEST
from ..model import FittedModel

FARTHEST = CLIP + math.log1p(LARGEST)  # the scaled value if a number overflows


class RowScorer(nn.Module):
    """``decision_function`` and ``predict`` in torch, on a copy of the networks."""

    mean: Tensor  # (D,)
    deviation: Tensor  # (D,)
    news: Tensor  # (D,)
    centre: Tensor  # (E, 1, 1)
    scale: Tensor  # (E, 1, 1)
    threshold: Tensor  # ()

    def __init__(self, model: FittedModel, front_end: TableFrontEnd, threshold: float) -> None:
        super().__init__()
        self.gan = model.gan
        self.net = deepcopy(model.networks).cpu().requires_grad_(False)
        self.judge = None if model.judge is None else model.judge.tensors()
        of_columns = front_end.scaler_.to_arrays()
        constants = {
            "mean": of_columns["mean"],
            "deviation": of_columns["scale"],
            "news": of_columns["news"],
            "centre": model.units.centre,
            "scale": model.units.scale,
            "threshold": threshold,
        }
        for name, value in constants.items():
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))

    def forward(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Score and label rows, (n, D) float64 -> scores (n,) float64, labels (n,) int64."""
        z = (X - self.mean).clamp(-LARGEST, LARGEST) / self.deviation
        size = torch.where(self.news > 0, self.news * (z.abs() > 1), z.abs())
        size = size.clamp_max(CLIP) + (size - CLIP).clamp_min(0).log1p()
        z = z.sign() * size.clamp_max(FARTHEST)
        rows = z.float().double()
        with InOnnx():
            views = score_views(self.gan, self.net, rows)  # (E, n, V)
            by_view = ((views - self.centre) / self.scale).mean(0)
            score = by_view.amax(-1) if self.judge is None else self.judge(rows, by_view)
        score = (score * 10.0**DECIMALS).round() / 10.0**DECIMALS
        score = torch.where(X.isfinite().all(-1), score, torch.nan)
        return score, (~(score <= self.threshold)).long()  # a row with the score NaN is labelled 1


class InOnnx(TorchFunctionMode):
    """Replaces operations that ONNX lacks, or that onnxruntime lacks in double precision."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _SUBSTITUTES.get(function, function)(*args, **(kwargs or {}))


def _leaky_relu(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    slope = torch.tensor(negative_slope, dtype=x.dtype)  # exporters round plain floats to single
    return torch.where(x > 0, x, slope * x)


def _cdist(a: Tensor, b: Tensor, p: float = 2.0, compute_mode: Any = None) -> Tensor:
    """Distances of all pairs, (..., B, D), (..., M, D) -> (..., B, M)."""
    if p == 1:  # with columns first, their sum adds whole arrays
        return (a.movedim(-1, 0).unsqueeze(-1) - b.movedim(-1, 0).unsqueeze(-2)).abs().sum(0)
    if p == 2:
        squares = a.square().sum(-1, keepdim=True) + b.square().sum(-1).unsqueeze(-2)
        return (squares - 2 * (a @ b.mT)).clamp_min(0).sqrt()
    raise RuntimeError(f"cdist has p = 1 and p = 2 there. Got {p!r}")


def _searchsorted(points: Tensor, values: Tensor, *, right: bool = False) -> Tensor:
    """Numbers of ascending points below values, (..., Q), (..., B) -> (..., B)."""
    apart = values.unsqueeze(-1) >= points.unsqueeze(-2)
    return apart.sum(-1) if right else (values.unsqueeze(-1) > points.unsqueeze(-2)).sum(-1)


def _gradient(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("it searches by gradient descent, and graphs have no gradients")


_SUBSTITUTES: dict[Any, Callable[..., Any]] = {
    leaky_relu: _leaky_relu,
    torch.cdist: _cdist,
    torch.searchsorted: _searchsorted,
    torch.autograd.grad: _gradient,
}
