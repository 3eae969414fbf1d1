"""Scores of rows by all members, in chunks that fit a memory budget."""

from __future__ import annotations

from math import ceil

import numpy as np
import torch
from sklearn import get_config
from torch import Tensor
from tqdm.auto import tqdm

from .networks import Networks
from .row_source import RowSource
from .spec import BaseGAN

MAX_CHUNK = 256  # rows; larger chunks leave the CPU's caches and are slower
LONG = 20  # number of chunks from which on a progress bar is shown


def chunk_rows(floats_per_row: int) -> int:
    """Number of rows to compute at once within scikit-learn's ``working_memory`` (MiB)."""
    budget = get_config()["working_memory"] * 2**20
    affordable = budget // (8 * floats_per_row)
    return int(min(MAX_CHUNK, max(1, affordable)))


def member_scores(
    gan: BaseGAN, net: Networks, source: RowSource, *, progress: bool = False
) -> np.ndarray:
    """Score every row by every member, (n, D) -> (E, n, V) float64.

    The networks compute in double precision. So the other rows of a chunk change a row's score
    only by about 1e-15, which :func:`~pyod_gan.engine.combination.combine` removes.
    """
    size = chunk_rows(gan.floats_per_row(net))
    n_chunks = ceil(len(source) / size)
    hidden = not progress or n_chunks < LONG
    scores = np.empty((net.n_members, len(source), gan.n_views))
    done = 0
    with torch.no_grad():
        chunks = source.chunks(size)
        shown = chunks if hidden else tqdm(chunks, "score", total=n_chunks, unit="chunk")
        for chunk in shown:
            views = score_views(gan, net, chunk.to(net.reference))  # (E, B, V)
            scores[:, done : done + len(chunk)] = views.cpu().numpy()
            done += len(chunk)
    return scores


def score_views(gan: BaseGAN, net: Networks, x: Tensor) -> Tensor:
    """Views of rows by every member, (B, D) -> (E, B, V). A score without views is one view.

    Raises
    ------
    ValueError
        If the score of the GAN has another shape.
    """
    scores = net.mean_over_pairings(gan.score, x.expand(net.n_members, -1, -1))
    if gan.n_views == 1 and scores.ndim == 2:
        scores = scores.unsqueeze(-1)
    expected = (net.n_members, x.shape[0], gan.n_views)
    if scores.shape != expected:
        raise ValueError(
            f"{type(gan).__name__}.score must return shape (members, rows) = {expected[:2]}, or, "
            f"where `n_views` is above 1, (members, rows, n_views). Got {tuple(scores.shape)} "
            f"instead, with `n_views` = {gan.n_views}."
        )
    return scores
