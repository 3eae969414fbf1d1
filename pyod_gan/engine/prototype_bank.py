"""A bank of prototypes: rows of every member, in groups, and how far other rows are from them."""

from __future__ import annotations

import torch
from torch import Tensor

SAME = 1e-5  # mean distance in standard deviations up to which two rows are the same row


class PrototypeBank:
    """Prototypes of E members in groups of one size.

    Parameters
    ----------
    rows : Tensor (E, M, D)
        The prototypes; those of a group stand together.
    group_size : int
        Prototypes of a group; M is a multiple of it.
    """

    def __init__(self, rows: Tensor, group_size: int) -> None:
        self.rows = rows
        self.group_size = group_size

    @property
    def n_groups(self) -> int:
        """Groups of each member."""
        return self.rows.shape[1] // self.group_size

    def apart(self, x: Tensor) -> Tensor:
        """Sums of absolute differences of rows and prototypes, (E, B, D) -> (E, B, M)."""
        return torch.cdist(x, self.rows, p=1.0)

    def are_copies(self, apart: Tensor) -> Tensor:
        """Whether a prototype is the row itself, (E, B, M) sums of differences -> bool."""
        return apart < SAME * self.rows.shape[-1]

    def nearest_of_groups(self, residuals: Tensor) -> Tensor:
        """The smallest residual of each group, (E, B, M) -> (E, B, G)."""
        groups: Tensor = residuals.unflatten(-1, (self.n_groups, self.group_size))
        return groups.amin(-1)

    def most_alike(self, x: Tensor) -> Tensor:
        """The prototype of every group and member that x is most like, (E, B, D) -> (E·G, B, D).

        Differences count up to one standard deviation, so that what is wrong in one column does not
        choose. A prototype that is the row itself is chosen only where the group has no other.
        """
        apart = torch.zeros(*x.shape[:2], self.rows.shape[1]).to(x)  # (E, B, M)
        for column, of_bank in zip(x.unbind(-1), self.rows.unbind(-1), strict=True):
            differences = (column.unsqueeze(-1) - of_bank.unsqueeze(-2)).abs()
            apart += differences.clamp_max(1)
        apart.masked_fill_(self.are_copies(self.apart(x)), torch.inf)
        places = apart.unflatten(-1, (self.n_groups, self.group_size)).argmin(-1)  # (E, B, G)
        firsts = self.group_size * torch.arange(self.n_groups, device=x.device)
        members = torch.arange(len(x), device=x.device).view(-1, 1, 1)
        alike = self.rows[members, places + firsts]  # (E, B, G, D)
        return alike.transpose(1, 2).flatten(0, 1)


def repeated(picks: Tensor, size: int) -> Tensor:
    """The first ``size`` picks; where there are fewer, all again and again."""
    return picks[torch.arange(size, device=picks.device) % len(picks)]
