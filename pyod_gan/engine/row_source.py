"""Sources of rows for training and scoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor


class RowSource(Protocol):
    """Scaled rows (n, D) that need not all lie in memory."""

    @property
    def negatives(self) -> Sequence[Tensor]:
        """Further rows, for critics to reject: pools (k, D) of each kind, which are not empty."""

    @property
    def n_columns(self) -> int:
        """Size D of a row."""

    def __len__(self) -> int:
        """Number of rows n."""

    def take(self, indices: Tensor) -> Tensor:
        """Rows with these numbers, (...) -> (..., D)."""

    def chunks(self, size: int) -> Iterator[Tensor]:
        """All rows in order, at most ``size`` at a time, (size, D)."""

    def sample(self) -> Tensor:
        """As many rows as the source can hold in memory, (k, D). An array gives all its rows."""


class ArrayRows:
    """Rows in memory, as one tensor (n, D), and pools of negatives (k, D), which may be empty."""

    def __init__(self, rows: Tensor, negatives: Sequence[Tensor] = ()) -> None:
        self._rows = rows
        self.negatives = tuple(pool for pool in negatives if len(pool))

    def __sizeof__(self) -> int:
        """Number of bytes of all rows, by which Dask chooses the way to its workers."""
        return sum(rows.nbytes for rows in (self._rows, *self.negatives))

    @property
    def n_columns(self) -> int:
        """Size D of a row."""
        return self._rows.shape[1]

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Tensor) -> Tensor:
        """Rows with these numbers, (...) -> (..., D)."""
        return self._rows[indices]

    def chunks(self, size: int) -> Iterator[Tensor]:
        """All rows in order, at most ``size`` at a time, (size, D)."""
        for start in range(0, len(self._rows), size):
            yield self._rows[start : start + size]

    def sample(self) -> Tensor:
        """All rows, (n, D)."""
        return self._rows
