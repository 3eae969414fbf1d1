"""Shares of the columns in a row's score, the values that were expected, and what fits to what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .._support.own_settings import own_settings
from ..engine.combination import Units
from ..engine.networks import Networks
from ..engine.prototype_bank import SAME
from ..engine.scoring import chunk_rows, score_views
from ..engine.spec import BaseGAN
from ..engine.threads import on_one_thread
from ..front_ends.front_end import Output
from ..model import FittedModel

STEPS = 4  # number of points on the path over which gradients are averaged
HALF_WAY = 0.5  # start of the path, because the slopes before it belong to other prototypes
COPIES = 4  # number of arrays as large as activations and expected rows that exist at once
RANGE = (0.1, 0.9)  # quantiles of the expected values
ALIKE = 0.25  # share of the expected rows that count as alike in one column
PARTNERS = 2  # largest number of columns that one column does not fit
NEARLY = 0.5  # misfit of the second of them, in misfits of the first, from which on it counts


class Explained(NamedTuple):
    """Explanations of n rows, in the D columns that the networks see.

    The columns of the table are numbered. The ``top`` columns of a row have its largest shares.
    """

    shares: np.ndarray  # (n, D) shares of the score
    expected: np.ndarray  # (3, n, D) mean and range, in the units of the table
    observed: np.ndarray  # (n, D) values, in the units of the table
    largest: np.ndarray  # (n, top) the columns of the table with the largest shares
    partners: np.ndarray  # (n, top, 2) other columns that these do not fit, −1 for none


@own_settings()
def explain_rows(
    model: FittedModel, observed: np.ndarray, typical: float, top: int = 0
) -> Explained:
    """Find shares and expected values of the columns that the networks see, of read rows (n, D).

    The shares of a row sum to its score minus ``typical``, or to 0 if the score is lower.
    """
    front_end, net = model.front_end, model.networks
    rows = front_end.scale(observed)
    outputs = front_end.outputs

    def explain_chunks() -> list[tuple[np.ndarray, ...]]:
        size = chunk_rows(_floats_per_row(model, rows[:1]))
        chunks = (rows[i : i + size] for i in range(0, len(rows), size))
        return [_explain_chunk(model, chunk, outputs, top) for chunk in chunks]

    shares, expected, largest, partners = zip(*on_one_thread(net, explain_chunks), strict=True)
    scores = model.row_scores(rows)
    return Explained(
        _scaled_to(np.concatenate(shares), (scores - typical).clip(0)),
        front_end.unscale(np.concatenate(expected, axis=1)),
        observed,
        np.concatenate(largest),
        np.concatenate(partners),
    )


@own_settings()
def by_column(values: np.ndarray, outputs: Sequence[Output]) -> np.ndarray:
    """Sum over the encoded columns of each column, (n, D) -> (n, columns of the table)."""
    columns = np.array([output.column for output in outputs])
    summed = np.zeros((columns.max() + 1, len(values)))
    np.add.at(summed, columns, values.T)
    return summed.T


def _scaled_to(shares: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Scale shares (n, D) so that the sums of their rows are the excess (n,)."""
    total = shares.sum(1, keepdims=True)
    shares *= excess[:, None] / np.where(total > 0, total, 1)
    return shares


def _floats_per_row(model: FittedModel, first: np.ndarray) -> int:
    """Number of floats that explaining one row holds at once, by a first row (1, D)."""
    opinions = model.expected(first).size
    return COPIES * (model.gan.floats_per_row(model.networks) + opinions)


def _explain_chunk(
    model: FittedModel, rows: np.ndarray, outputs: Sequence[Output], top: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Explain scaled rows (B, D).

    Returns raw shares (B, D), mean and range (3, B, D) of the expected values, and the largest
    columns (B, top) with their partners (B, top, 2).
    """
    expected = model.expected(rows)  # (K, B, D)
    middle = expected.mean(0)
    if model.judge is not None:
        shares = model.judge.shares(rows, model.views(rows), expected)
    else:
        shares = _shares(model, rows, middle)
    # where the score does not rise along the line, its slopes say nothing, so take distances
    rises = shares.sum(1, keepdims=True) > 0
    raw = np.where(rises, shares, np.abs(rows - middle)).clip(0)
    low, high = np.quantile(expected, RANGE, axis=0)  # much faster than torch's
    largest = np.argsort(-by_column(raw, outputs), axis=1, kind="stable")[:, :top]
    partners = _partners(rows, expected, largest, outputs)
    return raw, np.stack([middle, low, high]), largest, partners


def _members(model: FittedModel, rows: np.ndarray) -> Tensor:
    """Rows for every member, (B, D) -> (E, B, D)."""
    x = torch.from_numpy(rows).to(model.networks.reference)
    return x.expand(model.n_members, -1, -1)


def _shares(model: FittedModel, rows: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Shares of the columns in the scores of rows, (B, D), from the expected rows (B, D) on."""
    gan, net, members = model.gan, model.networks, _members(model, rows)
    with torch.no_grad():
        terms = gan.by_column(net, members) if _terms_are_of_the_score(type(gan)) else None
    if terms is None:
        start = torch.from_numpy(middle).to(members)
        shares = _integrated_gradients(gan, net, model.units, members[0], start)
    else:
        shares = (terms / torch.from_numpy(model.units.scale).to(members)).mean(0)
    return shares.cpu().numpy()


def _partners(
    rows: np.ndarray, opinions: np.ndarray, largest: np.ndarray, outputs: Sequence[Output]
) -> np.ndarray:
    """Columns that do not fit the largest ones, (B, D), (K, B, D), (B, top) -> (B, top, 2).

    Of the expected rows those are taken that are most like the row in one of the largest columns.
    The columns in which their mean differs most from the row do not fit it.
    """
    columns = np.array([output.column for output in outputs])
    n_alike = max(1, int(ALIKE * len(opinions)))
    found = np.full((*largest.shape, PARTNERS), -1)
    for i, t in np.ndindex(largest.shape):
        own = columns == largest[i, t]
        apart = np.abs(opinions[:, i, own] - rows[i, own]).sum(1)  # (K,)
        alike = np.argpartition(apart, n_alike - 1)[:n_alike]
        differences = np.abs(opinions[alike, i].mean(0) - rows[i])
        misfits = np.bincount(columns, np.where(own, 0, differences))
        worst = np.argsort(-misfits, kind="stable")[:PARTNERS]
        kept = worst[misfits[worst] > max(NEARLY * misfits.max(), SAME)]
        found[i, t, : len(kept)] = kept
    return found


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
