"""Rows -> member scores, in chunks that fit a memory budget."""

from __future__ import annotations

import numpy as np
import torch
from sklearn import get_config
from torch import Tensor
from tqdm.auto import tqdm

from .gans import BaseGAN
from .nets import Networks

MAX_CHUNK = 128  # rows; larger chunks leave the CPU's caches and are slower
LONG = 20  # chunks from which a progress bar is worth showing


def chunk_rows(gan: BaseGAN, net: Networks) -> int:
    """Rows to score at once within scikit-learn's ``working_memory`` (MiB)."""
    budget = get_config()["working_memory"] * 2**20
    return int(min(MAX_CHUNK, max(1, budget // (8 * gan.floats_per_row(net)))))


def member_scores(
    gan: BaseGAN, net: Networks, rows: np.ndarray, *, progress: bool = False
) -> np.ndarray:
    """Score every row by every member, (n, D) -> (E, n, V) float64.

    The networks compute in double precision, so that a row's score depends on the rows that it
    shares a chunk with by rounding only, far below single precision.
    """
    reference = next(net.parameters())
    size = chunk_rows(gan, net)
    starts = range(0, len(rows), size)
    scores = np.empty(0)
    with torch.no_grad():
        for start in tqdm(
            starts, "score", unit="chunk", disable=not progress or len(starts) < LONG
        ):
            x = torch.from_numpy(rows[start : start + size]).to(reference)  # (B, D)
            views = score_views(gan, net, x).cpu().numpy()  # (E, B, V)
            if start == 0:
                scores = np.empty((len(views), len(rows), views.shape[2]))
            scores[:, start : start + size] = views
    return scores


def score_views(gan: BaseGAN, net: Networks, x: Tensor) -> Tensor:
    """Views of rows by every member, (B, D) -> (E, B, V); a score without views is one view."""
    scores = net.over_pairs(gan.score, x.expand(net.n_members, -1, -1))
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
