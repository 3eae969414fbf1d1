"""What known anomalies of a table say of a row: two opinions, beside those of the critic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from .checked_arrays import check_arrays

LIMIT = 5.0  # deviations at which inputs and columns are cut
LEAST_DEVIATION = 0.1  # of an input
PENALTY = 0.3  # of the squared slopes, for a loss that is a mean over rows plus one over anomalies
DECIMALS = 6  # of a slope; what is beyond depends on the number of threads
CLOSE = 1e-3  # standard deviations; differences below it hardly count
CHUNK = 2**22  # numbers of distances at once
Array = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownAnomalies:
    """A handful of known anomalies, and what a linear critic has learnt of them.

    The first opinion is that of a logistic regression, which tells the known anomalies from the
    training rows. It sees what the pre-trained critic sees of a row, and the row's columns. So it
    learns which views of a row matter in this table, and which columns. Anomalies and training rows
    weigh alike, whatever their numbers, and slopes are shrunk, so that one anomaly is enough.

    The second is how much nearer a row is to a known anomaly than to a prototype of the training
    rows, as a logarithm. It finds further anomalies of each of several kinds.
    """

    rows: Array  # (k, D) scaled known anomalies
    middles: Array  # (I,) medians of the inputs over training rows
    deviations: Array  # (I,)
    of_inputs: Array  # (I,) slopes
    of_columns: Array  # (D,) slopes

    @classmethod
    def fit(cls, anomalies: Array, its_inputs: Array, rows: Array, inputs: Array) -> KnownAnomalies:
        """Learn from anomalies and training rows, (k, D), (k, I), (n, D), (n, I)."""
        n_inputs, n_columns = inputs.shape[1], rows.shape[1]
        middles = np.median(inputs, axis=0)
        deviations = np.maximum(inputs.std(0), LEAST_DEVIATION)
        size = np.sqrt(n_inputs / n_columns)  # columns together count as much as inputs together

        def seen(rows: Array, inputs: Array) -> Array:
            z = np.clip((inputs - middles) / deviations, -LIMIT, LIMIT)
            return np.hstack([z, size * np.clip(rows, -LIMIT, LIMIT)])

        x = np.vstack([seen(anomalies, its_inputs), seen(rows, inputs)])
        y = np.arange(len(x)) < len(anomalies)
        critic = LogisticRegression(C=1 / (PENALTY * len(x)), class_weight="balanced").fit(x, y)
        slopes = critic.coef_[0].round(DECIMALS)
        return cls(
            rows=anomalies.astype(np.float64),
            middles=middles,
            deviations=deviations,
            of_inputs=slopes[:n_inputs],
            of_columns=size * slopes[n_inputs:],
        )

    def opinions(self, inputs: Array, rows: Array, nearest: Array) -> Array:
        """Both opinions of rows, (n, I), (n, D), (n,) -> (n, 2).

        ``nearest`` are the mean differences from the nearest prototype.
        """
        size, said = max(1, CHUNK // len(self.rows)), TensorAnomalies(self)
        parts = [np.zeros((0, 2))]
        for i in range(0, len(rows), size):
            of_chunk = (a[i : i + size].astype(np.float64) for a in (inputs, rows, nearest))
            parts.append(said(*map(torch.from_numpy, of_chunk)).numpy())
        return np.concatenate(parts)

    def columns_of_slopes(self, rows: Array, expected: Array) -> Array:
        """What columns add to the first opinion beyond expected rows, (n, D), (n, D) -> (n, D)."""
        apart = np.clip(rows, -LIMIT, LIMIT) - np.clip(expected, -LIMIT, LIMIT)
        return np.asarray(apart * self.of_columns)

    def columns_alike(self, rows: Array, expected: Array) -> Array:
        """How much nearer columns are to the nearest anomaly than to expected rows, (n, D)."""
        nearest = np.array([np.abs(self.rows - row).sum(1).argmin() for row in rows], dtype=int)
        nearer = np.abs(rows - expected) - np.abs(rows - self.rows[nearest])
        return np.asarray(np.maximum(nearer, 0))

    def to_arrays(self) -> dict[str, Array]:
        """Everything, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Array], n_inputs: int, n_columns: int
    ) -> KnownAnomalies:
        """Make known anomalies of :meth:`to_arrays`. A ValueError is raised if they are not its."""
        sizes: dict[str, tuple[str | int, ...]] = {
            "rows": ("k", n_columns),
            "middles": (n_inputs,),
            "deviations": (n_inputs,),
            "of_inputs": (n_inputs,),
            "of_columns": (n_columns,),
        }
        known = cls(**check_arrays(arrays, {name: (of, np.float64) for name, of in sizes.items()}))
        if not len(known.rows) or not (known.deviations > 0).all():
            raise ValueError("Known anomalies must be one or more, with positive deviations.")
        return known


class TensorAnomalies(nn.Module):
    """Both opinions in torch, inputs (B, I), rows (B, D) and differences (B,) to (B, 2)."""

    def __init__(self, known: KnownAnomalies) -> None:
        super().__init__()
        for name, array in known.to_arrays().items():
            self.register_buffer(name, torch.from_numpy(array))

    def forward(self, inputs: Tensor, x: Tensor, nearest: Tensor) -> Tensor:
        """Compare rows with the known anomalies."""
        get = self.get_buffer
        z = ((inputs - get("middles")) / get("deviations")).clamp(-LIMIT, LIMIT)
        linear = z @ get("of_inputs") + x.clamp(-LIMIT, LIMIT) @ get("of_columns")
        apart = torch.cdist(x, get("rows"), p=1.0).amin(1) / x.shape[1]
        nearer = (nearest + CLOSE).log() - (apart + CLOSE).log()
        return torch.stack([linear, nearer], -1)
