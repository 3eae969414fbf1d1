"""Broad negatives: rows that are far from the data in many ways, for a critic to reject."""

from __future__ import annotations

import torch
from torch import Tensor

LOWEST_SCALE, HIGHEST_SCALE = 0.1, 10.0  # of the noise, in standard deviations of a column


def broad_negatives(rows: Tensor, n_negatives: int, stream: torch.Generator) -> Tensor:
    """Draw negatives from training rows, (n, D) -> (n_negatives, D).

    Half are shuffled: each column comes from another row, which keeps the columns' distributions
    and breaks their dependence. Half are noisy: a row plus normal noise whose scale is log-uniform
    between 0.1 and 10 standard deviations, from just off the data to far from everything. The idea
    is that of negative sampling (Sipple, ICML 2020) and of RCGAN's penalty distribution (Yang et
    al. 2020, arXiv 2001.06591).
    """
    n, n_columns = rows.shape
    n_shuffled = n_negatives // 2
    n_noisy = n_negatives - n_shuffled

    picks = torch.randint(n, (n_shuffled, n_columns), generator=stream).to(rows.device)
    shuffled = rows.gather(0, picks)

    near = rows[torch.randint(n, (n_noisy,), generator=stream).to(rows.device)]
    exponent = torch.rand(n_noisy, 1, generator=stream, dtype=rows.dtype)
    scale = LOWEST_SCALE * (HIGHEST_SCALE / LOWEST_SCALE) ** exponent
    noise = scale * torch.randn(n_noisy, n_columns, generator=stream, dtype=rows.dtype)
    return torch.cat([shuffled, near + noise.to(rows.device)])
