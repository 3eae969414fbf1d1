"""Shares of the columns in a row's score, and the values that were expected."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .._support.own_settings import own_settings
from ..engine.combination import Units
from ..engine.networks import Networks
from ..engine.scoring import chunk_rows, score_views
from ..engine.spec import BaseGAN
from ..engine.threads import on_one_thread
from ..model import FittedModel

STEPS = 16  # number of points on the path over which gradients are averaged
HALF_WAY = 0.5  # start of the path, because the slopes before it belong to other prototypes
RANGE = (0.1, 0.9)  # quantiles of the expected values


class Explained(NamedTuple):
    """Explanations of n rows, in the D columns that the networks see."""

    shares: np.ndarray  # (n, D) shares of the score
    expected: np.ndarray  # (3, n, D) mean and range, in the units of the table
    observed: np.ndarray  # (n, D) values, in the units of the table


@own_settings()
def explain_rows(model: FittedModel, X: Any, typical: float) -> Explained:
    """Find shares, expected values and observed values of the columns that the networks see.

    The shares of a row sum to its score minus ``typical``, or to 0 if the score is lower.
    """
    front_end, net = model.front_end, model.networks
    observed = front_end.read(X).values
    rows = front_end.scale(observed)
    size = max(1, chunk_rows(model.gan, net) // 4)  # gradients need more memory than scores

    def explain_chunks() -> list[tuple[np.ndarray, np.ndarray]]:
        chunks = (torch.from_numpy(rows[i : i + size]) for i in range(0, len(rows), size))
        return [_explain_chunk(model.gan, net, model.units, x.to(net.reference)) for x in chunks]

    shares, expected = zip(*on_one_thread(net, explain_chunks), strict=True)
    scores = model.row_scores(rows)
    scaled = _scaled_to(np.concatenate(shares), (scores - typical).clip(0))
    return Explained(scaled, front_end.unscale(np.concatenate(expected, axis=1)), observed)


def _scaled_to(shares: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Scale shares (n, D) so that the sums of their rows are the excess (n,)."""
    total = shares.sum(1, keepdims=True)
    shares *= excess[:, None] / np.where(total > 0, total, 1)
    return shares


def _explain_chunk(
    gan: BaseGAN, net: Networks, units: Units, x: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Raw shares (B, D), and mean and range (3, B, D) of the expected values, of rows (B, D)."""
    members = x.expand(net.n_members, -1, -1)
    with torch.no_grad():
        opinions = gan.expected(net, members)  # (K, B, D)
        terms = gan.by_column(net, members) if _terms_are_of_the_score(type(gan)) else None
    middle = opinions.mean(0)
    if terms is None:
        shares = _integrated_gradients(gan, net, units, x, middle)
    else:
        shares = (terms / torch.from_numpy(units.scale).to(x)).mean(0)
    shares = shares.clamp_min(0)
    none = shares.sum(1, keepdim=True) <= 0  # the score is flat along the line, so take distances
    shares = torch.where(none, (x - middle).abs(), shares)
    low, high = opinions.quantile(torch.tensor(RANGE).to(x), dim=0)
    return shares.cpu().numpy(), torch.stack([middle, low, high]).cpu().numpy()


def _terms_are_of_the_score(gan_class: type[BaseGAN]) -> bool:
    """Tell whether ``by_column`` fits ``score``. It does not if a class replaces only ``score``."""
    for base in gan_class.__mro__:
        if "by_column" in vars(base):
            return True
        if "score" in vars(base):
            return False
    return False


def _integrated_gradients(
    gan: BaseGAN, net: Networks, units: Units, x: Tensor, start: Tensor
) -> Tensor:
    """Mean gradient of the score on the way from start to x, times x − start, (B, D)."""
    centre, scale = (torch.from_numpy(unit).to(x) for unit in units)
    total = torch.zeros_like(x)
    for step in range(STEPS):
        share = HALF_WAY + (1 - HALF_WAY) * (step + 0.5) / STEPS
        point = torch.lerp(start, x, share).requires_grad_()
        with torch.enable_grad():
            score = ((score_views(gan, net, point) - centre) / scale).mean(0).amax(-1)
            (gradient,) = torch.autograd.grad(score.sum(), point)
        total += gradient
    return (x - start) * total / STEPS
