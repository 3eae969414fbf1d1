"""Batches for E members, each with its own random stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from .gans import BaseGAN, Batch
from .gans.negatives import broad_negatives

MAX_BLOCK = 32  # steps drawn at once: one random call per member instead of one per step
BLOCK_FLOATS = 2**18  # numbers of a member's block, 1 MiB: wide batches are drawn in smaller blocks


class BatchSampler:
    """Endless batches of rows drawn with replacement.

    A member's draws depend on its own generator alone, so a member trained with others sees the
    same batches as the member trained alone.

    Parameters
    ----------
    rows : Tensor (n, D)
        Training rows.
    gan : BaseGAN
        Says the latent size and whether broad negatives are wanted.
    batch_size : int
        Rows B of a batch, per member.
    generators : sequence of torch.Generator
        One per member, on the CPU.
    """

    def __init__(
        self, rows: Tensor, gan: BaseGAN, batch_size: int, generators: Sequence[torch.Generator]
    ) -> None:
        self.rows = rows
        self.gan = gan
        self.batch_size = batch_size
        self.generators = generators
        self.noise_dim = gan.noise_dim(rows.shape[1])
        widest = max(rows.shape[1], self.noise_dim)
        self.block = min(MAX_BLOCK, max(1, BLOCK_FLOATS // (batch_size * widest)))  # steps

    def __iter__(self) -> Iterator[Batch]:
        n, noise_dim, dtype = len(self.rows), self.noise_dim, self.rows.dtype
        size = (self.block, self.batch_size)
        while True:
            picks = self._draw(lambda g: torch.randint(n, size, generator=g))
            z = self._draw(lambda g: torch.randn(*size, noise_dim, generator=g, dtype=dtype))
            u = self._draw(lambda g: torch.rand(*size, 1, generator=g, dtype=dtype))
            negatives = self._draw(self._negatives) if self.gan.broad_negatives else None
            for step in range(self.block):
                yield Batch(
                    self.rows[picks[:, step]],
                    z[:, step],
                    u[:, step],
                    None if negatives is None else negatives[:, step],
                )

    def _draw(self, draw: Callable[[torch.Generator], Tensor]) -> Tensor:
        """One block for every member, (E, block, B, ...)."""
        return torch.stack([draw(g) for g in self.generators]).to(self.rows.device)

    def _negatives(self, generator: torch.Generator) -> Tensor:
        made = [broad_negatives(self.rows, self.batch_size, generator) for _ in range(self.block)]
        return torch.stack(made)
