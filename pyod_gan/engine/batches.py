"""Batches for E members, each with its own random stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from .broad_negatives import broad_negatives
from .row_source import RowSource
from .spec import BaseGAN, Batch

MAX_BLOCK = 32  # steps drawn at once, so that a member needs one random call for many steps
BLOCK_FLOATS = 2**18  # numbers in a member's block, 1 MiB; wide batches have smaller blocks


class BatchSampler:
    """Endless batches of rows drawn with replacement.

    A member's draws depend only on its own random stream. So a member that is trained with others
    sees the same batches as a member that is trained alone.

    Parameters
    ----------
    source : RowSource
        Training rows (n, D), and pools of negatives. Each pool, and broad negatives if they are
        drawn, have equal parts of a batch.
    gan : BaseGAN
        GAN spec, which has the size of the noise and whether broad negatives are drawn.
    batch_size : int
        Rows B of a batch, per member.
    streams : sequence of torch.Generator
        One random stream per member, on the CPU.
    """

    def __init__(
        self,
        source: RowSource,
        gan: BaseGAN,
        batch_size: int,
        streams: Sequence[torch.Generator],
    ) -> None:
        self.source = source
        self.sample = source.sample()
        self.batch_size = batch_size
        self.streams = streams
        n_kinds = len(source.negatives) + gan.broad_negatives
        parts = torch.arange(batch_size).tensor_split(n_kinds) if n_kinds else ()
        sizes = [len(part) for part in parts]
        self.n_broad = sizes.pop(0) if gan.broad_negatives else 0
        self.n_of_pools = sizes
        self.noise_dim = gan.noise_dim(source.n_columns)
        widest = max(source.n_columns, self.noise_dim)
        steps = BLOCK_FLOATS // (batch_size * widest)
        self.block = min(MAX_BLOCK, max(1, steps))

    def __iter__(self) -> Iterator[Batch]:
        n, noise_dim, dtype = len(self.source), self.noise_dim, self.sample.dtype
        size = (self.block, self.batch_size)
        while True:
            picks = self._draw(lambda s: torch.randint(n, size, generator=s))
            z = self._draw(lambda s: torch.randn(*size, noise_dim, generator=s, dtype=dtype))
            u = self._draw(lambda s: torch.rand(*size, 1, generator=s, dtype=dtype))
            negatives = self._draw(self._negatives) if self.n_broad or self.n_of_pools else None
            for step in range(self.block):
                yield Batch(
                    self.source.take(picks[:, step]),
                    z[:, step],
                    u[:, step],
                    None if negatives is None else negatives[:, step],
                )

    def _draw(self, draw: Callable[[torch.Generator], Tensor]) -> Tensor:
        """Draw one block for every member, (E, block, B, ...)."""
        return torch.stack([draw(stream) for stream in self.streams]).to(self.sample.device)

    def _negatives(self, stream: torch.Generator) -> Tensor:
        """Draw one member's block of negatives, (block, B, D)."""
        return torch.stack([self._negatives_of_step(stream) for _ in range(self.block)])

    def _negatives_of_step(self, stream: torch.Generator) -> Tensor:
        """Draw broad negatives, and rows of the pools with replacement, (B, D)."""
        parts = []
        if self.n_broad:
            parts.append(broad_negatives(self.sample, self.n_broad, stream))
        for pool, n in zip(self.source.negatives, self.n_of_pools, strict=True):
            picks = torch.randint(len(pool), (n,), generator=stream)
            parts.append(pool[picks.to(pool.device)])
        return torch.cat(parts)
