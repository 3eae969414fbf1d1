"""A bank of prototypes: training rows of every member, in groups, and distances to them."""

from __future__ import annotations

import torch
from torch import Tensor

SAME = 1e-5  # mean distance in standard deviations up to which two rows are the same row


class PrototypeBank:
    """Prototypes of E members, in groups of equal size.

    Parameters
    ----------
    rows : Tensor (E, M, D)
        The prototypes. Prototypes of one group stand together.
    group_size : int
        Number of prototypes in a group. M is a multiple of it.
    later : Tensor (E, 1, M) or None, default=None
        1 for prototypes that are copies of earlier ones, else 0. With None all are 0.
    """

    def __init__(self, rows: Tensor, group_size: int, later: Tensor | None = None) -> None:
        self.rows = rows
        self.group_size = group_size
        self.later = rows.new_zeros(()) if later is None else later

    @property
    def n_groups(self) -> int:
        """Number of groups G of each member."""
        return self.rows.shape[1] // self.group_size

    def apart(self, x: Tensor) -> Tensor:
        """Sums of absolute differences between rows and prototypes, (E, B, D) -> (E, B, M)."""
        return torch.cdist(x, self.rows, p=1.0)

    def are_copies(self, apart: Tensor) -> Tensor:
        """Tell which prototypes equal the row, by sums of differences (E, B, M) -> bool."""
        return apart < SAME * self.rows.shape[-1]

    def without_itself(self, residuals: Tensor, apart: Tensor) -> Tensor:
        """Leave out the row itself, (E, B, M), (E, B, M) -> (E, B, M).

        Of the prototypes that equal the row, the first is taken to be the row itself. Its residual
        becomes infinite. Those of later ones become 0.
        """
        of_copies = torch.where(self.later > 0, 0.0, torch.inf).to(residuals)
        return torch.where(self.are_copies(apart), of_copies, residuals)

    def nearest_of_groups(self, residuals: Tensor) -> Tensor:
        """Smallest residual of each group, (E, B, M) -> (E, B, G)."""
        groups: Tensor = residuals.unflatten(-1, (self.n_groups, self.group_size))
        return groups.amin(-1)

    def most_alike(self, x: Tensor) -> Tensor:
        """Most similar prototype of every group and member, (E, B, D) -> (E·G, B, D).

        The difference in a column counts up to one standard deviation. So one wrong column does not
        decide the choice. A prototype that equals the row is chosen only if its group has no other.
        """
        apart = torch.zeros(*x.shape[:2], self.rows.shape[1]).to(x)  # (E, B, M)
        for column, of_bank in zip(x.unbind(-1), self.rows.unbind(-1), strict=True):
            differences = column.unsqueeze(-1) - of_bank.contiguous().unsqueeze(-2)
            apart += differences.abs_().clamp_max_(1)
        apart.masked_fill_(self.are_copies(self.apart(x)), torch.inf)
        places = apart.unflatten(-1, (self.n_groups, self.group_size)).argmin(-1)  # (E, B, G)
        firsts = self.group_size * torch.arange(self.n_groups, device=x.device)
        members = torch.arange(len(x), device=x.device).view(-1, 1, 1)
        alike = self.rows[members, places + firsts]  # (E, B, G, D)
        return alike.transpose(1, 2).flatten(0, 1)


def repeated(picks: Tensor, size: int) -> Tensor:
    """Return the first ``size`` picks. If there are fewer, all picks are repeated."""
    return picks[torch.arange(size, device=picks.device) % len(picks)]


def later_copies(rows: Tensor) -> Tensor:
    """Tell which rows equal an earlier row, (M, D) -> (M,) bool."""
    same = torch.cdist(rows, rows, p=1.0) < SAME * rows.shape[-1]
    return same.tril(-1).any(-1)
