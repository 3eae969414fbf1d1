"""The score of a row: all its views, weighed by a critic that was trained on other tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from . import kernels
from .attribution import expected_rows, inputs_of, shares_of_columns
from .pretrained_critic import CEILING, OWN, SLOPE, PretrainedCritic
from .reference import Reference
from .table_views import TableViews, some_rows
from .tensors import TensorCritic, TensorInputs, TensorViews

Array = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class WeighedViews:
    """Everything that turns a scaled row, and the views of its own GAN, into a score.

    Parameters
    ----------
    views : TableViews
        Makes the views of a row.
    reference : Reference
        Compares them with those of training rows.
    critic : PretrainedCritic
        Weighs them.
    centre, scale : float
        Median and interquartile range of what the critic says of training rows whose own GAN finds
        them typical. A score of 0 is typical, and a score of 1 is one range above it.
    """

    views: TableViews
    reference: Reference
    critic: PretrainedCritic
    centre: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, rows: Array, critic: PretrainedCritic) -> WeighedViews:
        """Learn views, reference and scale from scaled training rows, (n, D) float32."""
        views = TableViews.fit(rows)
        pool = rows[some_rows(len(rows))]
        found = views.of(pool)
        plain = cls(views=views, reference=Reference.fit(found), critic=critic)
        scores = plain.weigh(found, np.zeros((len(pool), len(OWN))))
        low, centre, high = np.quantile(scores, [0.25, 0.5, 0.75])
        scale = high - low if high - low > 1e-9 else scores.std()
        return cls(
            views=views,
            reference=plain.reference,
            critic=critic,
            centre=float(centre),
            scale=float(scale if scale > 1e-9 else 1.0),
        )

    def scores(self, rows: Array, own: Array) -> Array:
        """Scores of scaled rows, by views of their own GAN too, (n, D), (n, K) -> (n,)."""
        return self.weigh(self.views.of(rows), own)

    def inputs(self, rows: Array, own: Array) -> Array:
        """What the critic sees of scaled rows, (n, D), (n, K) -> (n, 2 V + K)."""
        return inputs_of(self.reference, self.views.of(rows), own)

    def weigh(self, views: Array, own: Array) -> Array:
        """Scores of rows by their views, (n, V), (n, K) -> (n,)."""
        r, c = self.reference, self.critic
        found = np.empty(len(views))
        kernels.weigh(
            views, np.ascontiguousarray(own, np.float64), r.knots, r.tails, float(r.beyond),
            r.lowest, r.floors, r.middles, r.spreads, CEILING, SLOPE,
            c.w1, c.b1, c.w2, c.b2, c.w3, float(c.b3), found,
        )  # fmt: skip
        return (found - self.centre) / self.scale

    def tensors(self) -> nn.Module:
        """Make the same in torch, rows (B, D) and own views (B, K) to scores (B,)."""
        return _TensorScores(self)

    def expected(self, rows: Array) -> Array:
        """Prototypes that each row is most alike, in K groups, (n, D) -> (K, n, D)."""
        return expected_rows(self.views, rows)

    def shares(self, rows: Array, own: Array, expected: Array) -> Array:
        """Shares of the columns in the scores, not negative, (n, D).

        ``own`` (n, K) are views of the rows' own GAN, ``expected`` is from :meth:`expected`.
        """
        return shares_of_columns(self.views, self.reference, self.critic, rows, own, expected)

    def to_arrays(self) -> dict[str, Array]:
        """Everything as arrays; see :meth:`from_arrays`."""
        parts = {
            "views": self.views.to_arrays(),
            "reference": self.reference.to_arrays(),
            "critic": self.critic.to_arrays(),
        }
        arrays = {f"{part}.{name}": a for part, of in parts.items() for name, a in of.items()}
        return arrays | {"unit": np.array([self.centre, self.scale])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> WeighedViews:
        """Make weighed views of :meth:`to_arrays`.

        Raises
        ------
        ValueError
            If the arrays are not those of weighed views.
        """
        parts: dict[str, dict[str, Array]] = {"views": {}, "reference": {}, "critic": {}}
        for name, array in arrays.items():
            part, _, rest = name.partition(".")
            if part in parts and rest:
                parts[part][rest] = array
            elif name != "unit":
                raise ValueError(f"Weighed views have no array {name!r}.")
        unit = arrays.get("unit", np.zeros(0))
        if unit.shape != (2,) or not np.isfinite(unit).all() or not unit[1] > 0:
            raise ValueError("The unit of weighed views must be a centre and a positive scale.")
        return cls(
            views=TableViews.from_arrays(parts["views"]),
            reference=Reference.from_arrays(parts["reference"]),
            critic=PretrainedCritic.from_arrays(parts["critic"]),
            centre=float(unit[0]),
            scale=float(unit[1]),
        )


class _TensorScores(nn.Module):
    """Scores of rows in torch."""

    def __init__(self, weighed: WeighedViews) -> None:
        super().__init__()
        self.views = TensorViews(weighed.views)
        self.inputs = TensorInputs(weighed.reference)
        self.critic = TensorCritic(weighed.critic)
        self.centre, self.scale = weighed.centre, weighed.scale

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        """Score rows, (B, D), (B, K) -> (B,)."""
        scores: Tensor = self.critic(self.inputs(self.views(x), own))
        return (scores - self.centre) / self.scale
