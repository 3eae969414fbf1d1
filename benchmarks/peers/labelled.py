"""PyOD's DevNet with the faults repaired that make it meaningless as shipped."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import ArrayLike
from pyod.models import devnet
from torch import Tensor
from torch.utils.data import Dataset

shipped_loss = devnet.deviation_loss


class RepairedDevNet(devnet.DevNet):
    """DevNet with the loss and the batches of its paper (Pang et al., KDD 2019, algorithm 1).

    As shipped, the loss gets labels as scores and scores as labels, so that scores fall without end
    and anomalies come last. It also compares every score with every label of a batch. Anomalies are
    as rare in a batch as in the table, where the paper fills half of it with them, and a run has as
    many batches as the table has, where the paper has 20 an epoch. Network, optimiser, epochs and
    batch size stay PyOD's.
    """

    def fit(self, X: ArrayLike, y: Any = None) -> RepairedDevNet:
        """Fit on rows with labels, 1 = known anomaly, 0 = unlabelled."""
        balanced = _balanced(self.nb_batch * self.batch_size)
        with patch.multiple(devnet, deviation_loss=_loss, SupDataset=balanced):
            super().fit(np.asarray(X), np.asarray(y))
        return self


def _loss(scores: Tensor, labels: Tensor) -> Any:
    """Deviation loss, called as PyOD calls it, with the arguments in the right places."""
    return shipped_loss(labels, scores.squeeze(-1))


def _balanced(size: int) -> type[Dataset[Any]]:
    """Make a data set of ``size`` draws, every second one a known anomaly."""

    class Balanced(Dataset[Any]):
        def __init__(
            self, x: np.ndarray, anomalies: np.ndarray, others: np.ndarray, _: Any
        ) -> None:
            self.x, self.parts = x, (others, anomalies)

        def __len__(self) -> int:
            return size

        def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
            rows = self.parts[i % 2]
            return self.x[rows[int(torch.randint(len(rows), ()))]], i % 2

    return Balanced
