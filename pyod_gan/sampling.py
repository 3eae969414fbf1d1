"""Batches for E members, each with its own random stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from .gans import BaseGAN, Batch
from .gans.negatives import broad_negatives

BLOCK = 32  # steps drawn at once: one random call per member and block instead of one per step


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

    def __iter__(self) -> Iterator[Batch]:
        size = (BLOCK, self.batch_size)
        while True:
            picks = self._draw(lambda g: torch.randint(len(self.rows), size, generator=g))
            z = self._draw(lambda g: torch.randn(*size, self.gan.latent_dim, generator=g))
            u = self._draw(lambda g: torch.rand(*size, 1, generator=g))
            negatives = self._draw(self._negatives) if self.gan.broad_negatives else None
            for step in range(BLOCK):
                yield Batch(
                    self.rows[picks[:, step]],
                    z[:, step],
                    u[:, step],
                    None if negatives is None else negatives[:, step],
                )

    def _draw(self, draw: Callable[[torch.Generator], Tensor]) -> Tensor:
        """One block for every member, (E, BLOCK, B, ...)."""
        return torch.stack([draw(g) for g in self.generators]).to(self.rows.device)

    def _negatives(self, generator: torch.Generator) -> Tensor:
        made = [broad_negatives(self.rows, self.batch_size, generator) for _ in range(BLOCK)]
        return torch.stack(made)
