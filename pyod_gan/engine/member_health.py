"""Divergence and collapse of single members."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from .._support.exceptions import TrainingCollapsedError, TrainingCollapseWarning
from .networks import Networks
from .spec import BaseGAN, Batch

MOST_ROWS = 2048  # evenly spaced rows that tell which columns are varied
MIN_SPREAD = 0.02  # a generator with less of the real standard deviation makes one point
REMEDY = (
    "Lower `lr`, raise `batch_size`, choose another `game` such as 'relativistic', "
    "or look for columns with extreme values."
)


def finite_members(net: Networks) -> Tensor:
    """Tell which members have only finite weights, (E,) bool."""
    return torch.stack([p.detach().flatten(1).isfinite().all(1) for p in net.parameters()]).all(0)


def finite_mean(values: Tensor) -> float:
    """Mean of the values that are finite, or NaN if none is."""
    return float(values[values.isfinite()].mean())


def varied_columns(rows: Tensor) -> Tensor:
    """Tell in which columns fewer than half of the rows have one value, (n, D) -> (D,) bool.

    A value that half of the rows or more have is the median. A generator that makes only this value
    has not collapsed: it makes what most rows are.
    """
    some = rows[:: math.ceil(len(rows) / MOST_ROWS)]
    share = (some == some.median(0).values).to(torch.float32).mean(0)
    return share < 0.5


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


def drop_dead_members(gan: BaseGAN, net: Networks, batch: Batch, varied: Tensor) -> Tensor:
    """Remove members that diverged or whose generator makes one point.

    The result tells which members are left, (E,) bool.

    Raises
    ------
    TrainingCollapsedError
        If no member is left.
    """
    finite = finite_members(net)
    alive = finite & (spread(gan, net, batch, varied) >= MIN_SPREAD)
    if alive.all():
        return alive
    what = (
        f"{int((~finite).sum())} of {len(alive)} members diverged and "
        f"{int((finite & ~alive).sum())} collapsed to one generated point"
    )
    if not alive.any():
        raise TrainingCollapsedError(f"No member is left: {what}. {REMEDY}")
    warnings.warn(f"{what}; they were dropped. {REMEDY}", TrainingCollapseWarning, stacklevel=2)
    net.keep(alive)
    return alive
