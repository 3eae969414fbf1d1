"""Broad negatives: rows that are far from the data in many ways, for a critic to reject."""

from __future__ import annotations

import torch
from torch import Tensor

LOWEST_SCALE, HIGHEST_SCALE = 0.1, 10.0  # noise in standard deviations of a column


def broad_negatives(rows: Tensor, n_negatives: int, stream: torch.Generator) -> Tensor:
    """Draw negatives from training rows, (n, D) -> (n_negatives, D).

    Half of the negatives are shuffled: each column comes from another row. This keeps the
    distributions of the columns and breaks their dependence. The other half are noisy: each is a
    row plus normal noise. The scale of the noise is log-uniform between 0.1 and 10 standard
    deviations, so noisy rows lie from just off the data to far from all rows. The idea comes from
    negative sampling (Sipple, ICML 2020) and from RCGAN's penalty distribution (Yang et al. 2020,
    arXiv 2001.06591).
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
