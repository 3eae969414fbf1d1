"""The score of a row: all its views, weighed by a critic that was trained on other tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from . import kernels
from .attribution import expected_rows, shares_of_columns, shares_of_views
from .pretrained_critic import CEILING, OWN, SLOPE, PretrainedCritic
from .reference import Reference
from .table_views import AXES, KNOWN, VIEWS, TableViews, some_rows
from .tensors import TensorCritic, TensorInputs, TensorViews

Array = np.ndarray
WEIGHTS = np.array([1.0, 0.25, 0.25])  # of the critic, the plain mean, and the larger residual
SAME_SHARE = 0.9  # quantile at which the scores of training rows and of new ones are made equal
LEAST_SCALE = 1e-9


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
    units : ndarray of shape (2, 4, 2)
        Centres and scales over training rows, of the three opinions and of their weighed sum. The
        first are for new rows, the second for training rows.

    Notes
    -----
    A table may be unlike all tables that the critic has seen. So two more opinions count, which
    have learnt nothing elsewhere: the plain mean of all tails and half heights, and the larger of
    the residuals to the nearest of 8 and of all prototypes. Of the three, each in its own
    interquartile ranges, two thirds are the critic's.

    The critic knows whether a row is one of the training rows. Those may hold anomalies, or there
    would be nothing to find among them; a new row may be the first of its kind. What the critic
    says of the two is in units of its own: those of new rows are what it would say of the training
    rows if they were new. So half of the new rows lie above 0, and a tenth above the threshold that
    a tenth of the training rows exceed.
    """

    views: TableViews
    reference: Reference
    critic: PretrainedCritic
    units: Array

    @classmethod
    def fit(cls, rows: Array, critic: PretrainedCritic) -> WeighedViews:
        """Learn views, reference and units from scaled training rows, (n, D) float32."""
        views = TableViews.fit(rows)
        pool = rows[some_rows(len(rows))]
        found, if_new = views.of(pool), TableViews.lengths_if_new(pool)
        units = np.tile([0.0, 1.0], (2, len(WEIGHTS) + 1, 1))
        weighed = cls(
            views=views, reference=Reference.fit(found, if_new), critic=critic, units=units
        )
        typical = np.zeros((len(pool), len(OWN)))  # what its own GAN says of a typical row
        highest = np.zeros(2)
        in_fit = found[:, AXES].copy()
        for known in (0, 1):
            found[:, KNOWN], found[:, AXES] = known, in_fit if known else if_new
            units[known, :-1] = [_unit(opinion) for opinion in weighed.opinions(found, typical).T]
            together = weighed.weigh(found, typical)
            centre, scale = units[known, -1] = _unit(together)
            highest[known] = (np.quantile(together, SAME_SHARE) - centre) / scale
        if highest.min() > LEAST_SCALE:
            units[0, -1, 1] *= highest[0] / highest[1]
        return weighed

    def scores(self, rows: Array, own: Array) -> Array:
        """Scores of scaled rows, by views of their own GAN too, (n, D), (n, K) -> (n,)."""
        return self.weigh(self.views.of(rows), own)

    def inputs(self, rows: Array, own: Array) -> Array:
        """What the critic sees of scaled rows, (n, D), (n, K) -> (n, 2 V + K)."""
        return self._inputs(self.views.of(rows), own)

    def _inputs(self, views: Array, own: Array) -> Array:
        """What the critic sees of views, (n, V), (n, K) -> (n, 2 V + K)."""
        inputs = TensorInputs(self.reference)(torch.from_numpy(views), torch.from_numpy(own))
        return np.asarray(inputs.numpy())

    def opinions(self, views: Array, own: Array) -> Array:
        """What the critic, the plain mean and the larger residual say, (n, V), (n, K) -> (n, 3)."""
        r, c = self.reference, self.critic
        found = np.empty((len(views), len(WEIGHTS)))
        kernels.weigh(
            views, np.ascontiguousarray(own, np.float64), r.knots, r.tails, r.heights,
            float(r.beyond), r.lowest, r.floors, r.middles, r.spreads, CEILING, SLOPE,
            c.w1, c.b1, c.w2, c.b2, c.w3, float(c.b3), found,
        )  # fmt: skip
        return found

    def weigh(self, views: Array, own: Array) -> Array:
        """Scores of rows by their views, (n, V), (n, K) -> (n,)."""
        centres, scales = self._units_of(views)
        in_units = (self.opinions(views, own) - centres[:, :-1]) / scales[:, :-1]
        together = (in_units * WEIGHTS).sum(1)
        scores: Array = (together - centres[:, -1]) / scales[:, -1]
        return scores

    def _units_of(self, views: Array) -> tuple[Array, Array]:
        """Centres and scales for rows, new or of the training, (n, V) -> (n, 4), (n, 4)."""
        units = self.units[views[:, KNOWN].astype(int)]
        return units[..., 0], units[..., 1]

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
        by_view = self.shares_of_views(self.views.of(rows), own)
        return shares_of_columns(self.views, by_view, rows, expected)

    def shares_of_views(self, views: Array, own: Array) -> Array:
        """Shares of views and own views in the scores of rows, (n, V), (n, K) -> (n, V + K)."""
        scales = self._units_of(views)[1]
        slopes = WEIGHTS / scales[:, :-1] / scales[:, -1:]
        return shares_of_views(TensorCritic(self.critic), slopes, self._inputs(views, own))

    def to_arrays(self) -> dict[str, Array]:
        """Everything as arrays; see :meth:`from_arrays`."""
        parts = {
            "views": self.views.to_arrays(),
            "reference": self.reference.to_arrays(),
            "critic": self.critic.to_arrays(),
        }
        arrays = {f"{part}.{name}": a for part, of in parts.items() for name, a in of.items()}
        return arrays | {"units": self.units}

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
            elif name != "units":
                raise ValueError(f"Weighed views have no array {name!r}.")
        units = arrays.get("units", np.zeros(0))
        finite = units.shape == (2, len(WEIGHTS) + 1, 2) and np.isfinite(units).all()
        if not finite or not (units[..., 1] > 0).all():
            raise ValueError("The units of weighed views must be centres and positive scales.")
        reference = Reference.from_arrays(parts["reference"])
        if len(reference.knots) != len(VIEWS) + AXES.stop - AXES.start:
            raise ValueError("A reference must have each view, and those of axes twice.")
        return cls(
            views=TableViews.from_arrays(parts["views"]),
            reference=reference,
            critic=PretrainedCritic.from_arrays(parts["critic"]),
            units=np.asarray(units, np.float64),
        )


def _unit(values: Array) -> tuple[float, float]:
    """Median and interquartile range; where that is 0 the deviation, and where all is equal 1."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    scale = high - low if high - low > LEAST_SCALE else values.std()
    return float(middle), float(scale if scale > LEAST_SCALE else 1.0)


class _TensorScores(nn.Module):
    """Scores of rows in torch."""

    def __init__(self, weighed: WeighedViews) -> None:
        super().__init__()
        self.views = TensorViews(weighed.views)
        self.inputs = TensorInputs(weighed.reference)
        self.critic = TensorCritic(weighed.critic)
        self.register_buffer("units", torch.from_numpy(weighed.units))
        self.register_buffer("weights", torch.from_numpy(WEIGHTS))

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        """Score rows, (B, D), (B, K) -> (B,)."""
        views = self.views(x)
        centres, scales = self.get_buffer("units")[views[:, KNOWN].long()].unbind(-1)
        opinions = (self.critic(self.inputs(views, own)) - centres[:, :-1]) / scales[:, :-1]
        together = (opinions * self.get_buffer("weights")).sum(1)
        scores: Tensor = (together - centres[:, -1]) / scales[:, -1]
        return scores
