"""Divergence and collapse of single members."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from .._support.exceptions import TrainingCollapseWarning
from .networks import Networks
from .spec import BaseGAN, Batch

MOST_ROWS = 2048  # evenly spaced rows that tell which columns are varied
MIN_SPREAD = 0.02  # a generator with less of the real standard deviation makes one point
REMEDY = (
    "Lower `lr`, raise `batch_size`, choose another `game` such as 'relativistic', "
    "or look for columns with extreme values."
)


def finite_members(weights: Iterable[Tensor]) -> Tensor:
    """Tell which members have only finite weights, (E, ...) each, (E,) bool."""
    return torch.stack([w.detach().flatten(1).isfinite().all(1) for w in weights]).all(0)


def finite_mean(values: Tensor) -> float:
    """Mean of the values that are finite, or NaN if none is."""
    return float(values[values.isfinite()].mean())


def varied_columns(rows: Tensor) -> Tensor:
    """Tell in which columns fewer than half of the rows are at the median, (n, D) -> (D,) bool.

    A row is at the median up to 2 % of the standard deviation. A generator that makes only such
    values has not collapsed: it makes what most rows are. A few far rows make the deviation large.
    """
    some = rows[:: math.ceil(len(rows) / MOST_ROWS)]
    near = (some - some.median(0).values).abs() <= MIN_SPREAD * some.std(0, correction=0)
    return near.to(torch.float32).mean(0) < 0.5


def spread(gan: BaseGAN, net: Networks, batch: Batch, varied: Tensor) -> Tensor:
    """Ratio of generated to real standard deviation, mean over varied columns, (E,).

    ``varied`` (D,) is from :func:`varied_columns`. Where no column is varied the ratio is 1.
    """
    with torch.no_grad():
        made = gan.generate(net, batch.z)
    real = batch.x.std(1)  # (E, D)
    varying = varied & (real > 1e-6)
    if made is None or not varying.any():
        return torch.ones(len(real), device=real.device)
    ratio = torch.where(varying, made.std(1) / real.clamp_min(1e-6), 0.0).sum(1)
    return torch.where(varying.any(1), ratio / varying.sum(1).clamp_min(1), 1.0)


class Health(NamedTuple):
    """Which members are sound after training."""

    finite: Tensor  # (E,) bool, False for those that diverged
    wide: Tensor  # (E,) bool, False for those whose generator makes one point

    @property
    def sound(self) -> Tensor:
        """Members that neither diverged nor collapsed, (E,) bool."""
        return self.finite & self.wide

    def __str__(self) -> str:
        return (
            f"{int((~self.finite).sum())} of {len(self.finite)} members diverged and "
            f"{int((self.finite & ~self.wide).sum())} collapsed to one generated point"
        )


def health_of(gan: BaseGAN, net: Networks, batch: Batch, rows: Tensor) -> Health:
    """Look at every member after training on ``rows`` (n, D), with one batch of noise."""
    finite = finite_members(net.parameters())
    if not gan.needs_wide_generator:
        return Health(finite, torch.ones_like(finite))
    return Health(finite, spread(gan, net, batch, varied_columns(rows)) >= MIN_SPREAD)


def warn_of(what: Health, consequence: str) -> None:
    """Warn that some members diverged or collapsed, and say what became of them."""
    warnings.warn(f"{what}; {consequence}. {REMEDY}", TrainingCollapseWarning, stacklevel=2)
