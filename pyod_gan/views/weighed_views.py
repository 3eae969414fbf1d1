"""The score of a row: all its views, weighed by a critic that was trained on other tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from . import kernels
from .attribution import expected_rows, normalised, shares_of_columns, shares_of_views
from .known_anomalies import KnownAnomalies, TensorAnomalies
from .pretrained_critic import CEILING, OWN, SLOPE, PretrainedCritic
from .reference import NO_VIEWS, Reference
from .table_views import AXES, BANK, KNOWN, VIEWS, TableViews, are_mostly_copies, some_rows
from .tensors import TensorCritic, TensorInputs, TensorViews

Array = np.ndarray
WEIGHTS = np.array([1.0, 0.0, 0.25])  # of the critic, the plain mean, and the largest residual
EQUAL = np.array([1.0, 0.25, 0.25])  # of the same, if the critic is silent
OF_ANOMALIES = np.array([4.0, 1.0])  # of what many known anomalies say, by slopes and by nearness
HALF_BELIEVED = 1  # number of known anomalies whose opinions weigh half as much
SAME_SHARE = 0.9  # quantile at which the scores of training rows and of new ones are made equal
LEAST_SCALE = 1e-9
NEAREST = kernels.NEAREST_OF_ALL
AT_ONCE = 4096  # rows that are scored at once, whose views stay in a cache


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
        first are for new rows, the second for training rows. With known anomalies there are five
        opinions, and the shape is (2, 6, 2).
    anomalies : KnownAnomalies or None
        Has two more opinions, if anomalies are known.

    Notes
    -----
    A table may be unlike all tables that the critic has seen. So another opinion counts, which has
    learnt nothing elsewhere: the largest of the residuals to the nearest of 8 prototypes, to the
    nearest of all, and to what the other columns lead one to expect of a column. In interquartile
    ranges of each, four fifths are the critic's. A silent critic is replaced by the plain mean of
    all tails and half heights. Where anomalies of the table are known, two more opinions count:
    with one known anomaly twice as much as the others together, with many four times, as k of them
    have k / (k + 1) of the weight. They only raise a score: to be unlike the known anomalies is no
    sign of being normal, as others may be of another kind. So what they say counts from the median
    of the training rows.

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
    anomalies: KnownAnomalies | None = None

    @classmethod
    def fit(
        cls, rows: Array, critic: PretrainedCritic, anomalies: Array | None = None
    ) -> WeighedViews:
        """Learn views, reference and units from scaled training rows, (n, D) float32.

        ``anomalies`` (k, D) float32 are scaled rows that are known to be anomalies.
        """
        views = TableViews.fit(rows)
        pool = rows[some_rows(len(rows))]
        found, if_new = views.of(pool), TableViews.lengths_if_new(pool)
        weighed = cls(
            views=views,
            reference=Reference.fit(found, if_new, BANK if are_mostly_copies(pool) else NO_VIEWS),
            critic=critic,
            units=np.tile([0.0, 1.0], (2, len(WEIGHTS) + 1, 1)),
        )
        typical = np.zeros((len(pool), len(OWN)))  # what its own GAN says of a typical row
        as_new = found.copy()
        as_new[:, KNOWN], as_new[:, AXES] = 0, if_new
        found[:, KNOWN] = 1
        if anomalies is not None and len(anomalies):
            weighed = weighed._knowing(anomalies, pool, as_new, typical)
        units, highest = weighed.units, np.zeros(2)
        for known, of_pool in enumerate((as_new, found)):
            said = weighed.opinions(of_pool, typical, pool)
            units[known, :-1] = [_unit(opinion) for opinion in said.T]
            together = weighed.weigh(of_pool, typical, pool)
            centre, scale = units[known, -1] = _unit(together)
            highest[known] = (np.quantile(together, SAME_SHARE) - centre) / scale
        if highest.min() > LEAST_SCALE:
            units[0, -1, 1] *= highest[0] / highest[1]
        return weighed

    def _knowing(
        self, anomalies: Array, pool: Array, views_of_pool: Array, own: Array
    ) -> WeighedViews:
        """Make the same with known anomalies (k, D), which differ from rows of the pool (P, D)."""
        views_of_them = self.views.of(anomalies)
        views_of_them[:, KNOWN] = 0
        known = KnownAnomalies.fit(
            anomalies,
            self._inputs(views_of_them, np.zeros((len(anomalies), own.shape[1]))),
            pool,
            self._inputs(views_of_pool, own),
        )
        units = np.tile([0.0, 1.0], (2, len(WEIGHTS) + len(OF_ANOMALIES) + 1, 1))
        return replace(self, anomalies=known, units=units)

    @property
    def weights(self) -> Array:
        """Weights of the opinions."""
        weights = WEIGHTS if len(self.critic.b1) else EQUAL
        return weights if self.anomalies is None else np.r_[weights, self._of_anomalies]

    @property
    def _of_anomalies(self) -> Array:
        """Weights of the two opinions of known anomalies."""
        k = 0 if self.anomalies is None else len(self.anomalies.rows)
        return OF_ANOMALIES * k / (k + HALF_BELIEVED)

    def scores(self, rows: Array, own: Array) -> Array:
        """Scores of scaled rows, by views of their own GAN too, (n, D), (n, K) -> (n,)."""
        scores = np.empty(len(rows))
        for start in range(0, len(rows), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            scores[part] = self.weigh(self.views.of(rows[part]), own[part], rows[part])
        return scores

    def inputs(self, rows: Array, own: Array) -> Array:
        """What the critic sees of scaled rows, (n, D), (n, K) -> (n, 2 V + K)."""
        return self._inputs(self.views.of(rows), own)

    def _inputs(self, views: Array, own: Array) -> Array:
        """What the critic sees of views, (n, V), (n, K) -> (n, 2 V + K)."""
        inputs = TensorInputs(self.reference)(torch.from_numpy(views), torch.from_numpy(own))
        return np.asarray(inputs.numpy())

    def opinions(self, views: Array, own: Array, rows: Array) -> Array:
        """What is said of rows, (n, V), (n, K), (n, D) -> (n, 3) or (n, 5).

        The critic, the plain mean and the largest residual have one, and known anomalies two.
        """
        r, c = self.reference, self.critic
        found = np.empty((len(views), len(WEIGHTS)))
        kernels.weigh(
            views, np.ascontiguousarray(own, np.float64), r.knots, r.tails, r.heights,
            float(r.beyond), r.lowest, r.floors, r.middles, r.spreads, CEILING, SLOPE,
            c.w1, c.b1, c.w2, c.b2, c.w3, float(c.b3), found,
        )  # fmt: skip
        if self.anomalies is None:
            return found
        nearest = views[:, NEAREST]
        return np.hstack([found, self.anomalies.opinions(self._inputs(views, own), rows, nearest)])

    def weigh(self, views: Array, own: Array, rows: Array) -> Array:
        """Scores of rows by their views, (n, V), (n, K), (n, D) -> (n,)."""
        centres, scales = self._units_of(views)
        in_units = (self.opinions(views, own, rows) - centres[:, :-1]) / scales[:, :-1]
        in_units[:, len(WEIGHTS) :] = np.maximum(in_units[:, len(WEIGHTS) :], 0)
        together = (in_units * self.weights).sum(1)
        scores: Array = (together - centres[:, -1]) / scales[:, -1]
        return scores

    def _units_of(self, views: Array) -> tuple[Array, Array]:
        """Centres and scales for rows, new or of the training, (n, V) -> twice (n, 4 or 6)."""
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
        views = self.views.of(rows)
        by_view = self.shares_of_views(views, own, rows)
        shares = shares_of_columns(self.views, by_view, rows, expected)
        if self.anomalies is None:
            return shares
        centres, scales = self._units_of(views)
        said = self.opinions(views, own, rows)
        above = np.maximum(said - centres[:, :-1], 0)[:, len(WEIGHTS) :]
        slopes = np.where(above > 0, self._of_anomalies / scales[:, len(WEIGHTS) : -1], 0)
        slopes /= scales[:, -1:]
        middle = expected.mean(0)
        by_slopes = slopes[:, :1] * self.anomalies.columns_of_slopes(rows, middle)
        alike = normalised(self.anomalies.columns_alike(rows, middle))
        by_nearness = (slopes * above)[:, 1:] * alike
        return np.asarray(shares + np.maximum(by_slopes, 0) + by_nearness)

    def shares_of_views(self, views: Array, own: Array, rows: Array) -> Array:
        """Shares of views and own views in scores, (n, V), (n, K), (n, D) -> (n, V + K)."""
        weigh = _TensorWeighing(self)
        x, of_rows = torch.from_numpy(rows).double(), torch.from_numpy(views)
        return shares_of_views(lambda inputs: weigh(inputs, x, of_rows), self._inputs(views, own))

    def to_arrays(self) -> dict[str, Array]:
        """Everything as arrays; see :meth:`from_arrays`."""
        parts = {
            "views": self.views.to_arrays(),
            "reference": self.reference.to_arrays(),
            "critic": self.critic.to_arrays(),
            "anomalies": {} if self.anomalies is None else self.anomalies.to_arrays(),
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
        names = ("views", "reference", "critic", "anomalies")
        parts: dict[str, dict[str, Array]] = {name: {} for name in names}
        for name, array in arrays.items():
            part, _, rest = name.partition(".")
            if part in parts and rest:
                parts[part][rest] = array
            elif name != "units":
                raise ValueError(f"Weighed views have no array {name!r}.")
        views = TableViews.from_arrays(parts["views"])
        critic = PretrainedCritic.from_arrays(parts["critic"])
        anomalies = None
        if parts["anomalies"]:
            size = len(critic.w1), views.n_columns
            anomalies = KnownAnomalies.from_arrays(parts["anomalies"], *size)
        n_units = len(WEIGHTS) + (0 if anomalies is None else len(OF_ANOMALIES)) + 1
        units = arrays.get("units", np.zeros(0))
        finite = units.shape == (2, n_units, 2) and np.isfinite(units).all()
        if not finite or not (units[..., 1] > 0).all():
            raise ValueError("The units of weighed views must be centres and positive scales.")
        reference = Reference.from_arrays(parts["reference"])
        if len(reference.knots) != len(VIEWS) + AXES.stop - AXES.start:
            raise ValueError("A reference must have each view, and those of axes twice.")
        return cls(
            views=views,
            reference=reference,
            critic=critic,
            units=np.asarray(units, np.float64),
            anomalies=anomalies,
        )


def _unit(values: Array) -> tuple[float, float]:
    """Median and interquartile range; where that is 0 the deviation, and where all is equal 1."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    scale = high - low if high - low > LEAST_SCALE else values.std()
    return float(middle), float(scale if scale > LEAST_SCALE else 1.0)


class _TensorOpinions(nn.Module):
    """Opinions in torch, inputs (B, 2 V + K), rows (B, D) and differences (B,) to (B, 3 or 5)."""

    def __init__(self, weighed: WeighedViews) -> None:
        super().__init__()
        known = weighed.anomalies
        self.critic = TensorCritic(weighed.critic)
        self.anomalies = None if known is None else TensorAnomalies(known)

    def forward(self, inputs: Tensor, x: Tensor, nearest: Tensor) -> Tensor:
        """Say what each of them thinks of rows."""
        said: Tensor = self.critic(inputs)
        if self.anomalies is None:
            return said
        return torch.cat([said, self.anomalies(inputs, x, nearest)], 1)


class _TensorWeighing(nn.Module):
    """Scores of inputs (B, 2 V + K), rows (B, D) and views (B, V) in torch, (B,)."""

    def __init__(self, weighed: WeighedViews) -> None:
        super().__init__()
        self.opinions = _TensorOpinions(weighed)
        self.register_buffer("units", torch.from_numpy(weighed.units))
        self.register_buffer("weights", torch.from_numpy(weighed.weights))

    def forward(self, inputs: Tensor, x: Tensor, views: Tensor) -> Tensor:
        """Weigh all opinions."""
        centres, scales = self.get_buffer("units")[views[:, KNOWN].long()].unbind(-1)
        said = self.opinions(inputs, x, views[:, NEAREST])
        said = (said - centres[:, :-1]) / scales[:, :-1]
        said = torch.cat([said[:, : len(WEIGHTS)], said[:, len(WEIGHTS) :].relu()], 1)
        together = (said * self.get_buffer("weights")).sum(1)
        scores: Tensor = (together - centres[:, -1]) / scales[:, -1]
        return scores


class _TensorScores(nn.Module):
    """Scores of rows in torch."""

    def __init__(self, weighed: WeighedViews) -> None:
        super().__init__()
        self.views = TensorViews(weighed.views)
        self.inputs = TensorInputs(weighed.reference)
        self.weigh = _TensorWeighing(weighed)

    def forward(self, x: Tensor, own: Tensor) -> Tensor:
        """Score rows, (B, D), (B, K) -> (B,)."""
        views = self.views(x)
        scores: Tensor = self.weigh(self.inputs(views, own), x, views)
        return scores
