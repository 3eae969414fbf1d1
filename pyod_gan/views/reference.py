"""How the views of a row compare with those of the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from .._support.spread import deviation_by_few
from .checked_arrays import Shapes, check_arrays

N_KNOTS = 128  # of the tail of a view
LEAST_SPREAD = 1e-2  # of the logarithm of a view
NOISE = 1e-6  # of it
NO_VIEWS = slice(0)
Array = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Distributions of views over training rows, from which the inputs of the critic are made.

    There are V views, and again the A views of axes as the training rows would have them if they
    were new. New rows are compared with these, R = V + A.

    A view enters twice. Its *tail* is −log of the share of training rows with a view at least as
    large. Its *height* is the distance of its logarithm to the median of the training rows, in
    interquartile ranges, under a signed logarithm. The first says how rare the view is, the second
    how far it goes beyond what is known. Between the knots both are linear, which needs no
    logarithm for ordinary rows.
    """

    knots: Array  # (R, N) ascending values of each view
    tails: Array  # (R, N) tails at the knots, linear between them
    beyond: Array  # () tail beyond the last knot
    lowest: Array  # (R,) what is subtracted, so that no training row has less than 0
    floors: Array  # (R,) what is added, so that the logarithm is finite
    middles: Array  # (R,) median logarithm
    spreads: Array  # (R,) interquartile range of the logarithms, or their deviation by few

    @classmethod
    def fit(cls, views: Array, if_new: Array, by_few: slice = NO_VIEWS) -> Reference:
        """Learn from the views of training rows, (n, V), and those of axes if new, (n, A).

        Where most rows have the same view, and it is one of ``by_few``, its unit is the deviation
        of the others, see :func:`deviation_by_few`. Any other such view is news.
        """
        views = np.hstack([views, if_new])
        n, n_views = views.shape
        ordered = np.sort(views, axis=0)
        knots = np.empty((n_views, N_KNOTS))
        tails = np.empty((n_views, N_KNOTS))
        for v, values in enumerate(ordered.T):
            points = np.unique(values)
            if len(points) > N_KNOTS:
                points = np.unique(values[_ranks(n)])
            at_least = n - np.searchsorted(values, points, "left")
            free = N_KNOTS - len(points)
            knots[v] = np.pad(points, (free, 0), mode="edge")
            tails[v] = np.pad(np.log((n + 1) / (at_least + 1)), (free, 0), mode="edge")
        lowest = np.minimum(ordered[0], 0.0)
        floors = 1e-6 + 1e-3 * (np.median(views, axis=0) - lowest)
        logarithms = np.log(views - lowest + floors)
        low, middles, high = np.quantile(logarithms, [0.25, 0.5, 0.75], axis=0)
        spreads = np.maximum(high - low, LEAST_SPREAD)
        for v in np.arange(n_views)[by_few]:
            if spreads[v] == LEAST_SPREAD:
                few = deviation_by_few(np.abs(logarithms[:, v] - middles[v]), NOISE)
                spreads[v] = max(few, LEAST_SPREAD)
        return cls(
            knots=knots,
            tails=tails,
            beyond=np.array(np.log(n + 1)),
            lowest=lowest,
            floors=floors,
            middles=middles,
            spreads=spreads,
        )

    @cached_property
    def heights(self) -> Array:
        """Heights at the knots, (R, N)."""
        return np.ascontiguousarray(self.heights_of(self.knots.T).T)

    def heights_of(self, views: Array) -> Array:
        """Heights of views by their definition, (n, R) -> (n, R).

        ``kernels.weigh`` and ``tensors.TensorInputs`` have it for what lies beyond the knots.
        """
        apart = np.log(np.maximum(views - self.lowest, 0) + self.floors)
        heights = (apart - self.middles) / self.spreads
        return np.asarray(np.sign(heights) * np.log1p(np.abs(heights)))

    def to_arrays(self) -> dict[str, Array]:
        """Everything, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Reference:
        """Make a reference of :meth:`to_arrays`. A ValueError is raised if they are not its."""
        reference = cls(**check_arrays(arrays, _SHAPES))
        if not ((reference.spreads > 0) & (reference.floors > 0)).all():
            raise ValueError("Spreads and floors of a reference must be positive.")
        if reference.knots.shape[1] != N_KNOTS:
            raise ValueError(f"A reference has {N_KNOTS} knots of each view.")
        return reference


_SHAPES: Shapes = {
    "knots": (("R", "N"), np.float64),
    "tails": (("R", "N"), np.float64),
    "beyond": ((), np.float64),
    "lowest": (("R",), np.float64),
    "floors": (("R",), np.float64),
    "middles": (("R",), np.float64),
    "spreads": (("R",), np.float64),
}


def _ranks(n: int) -> Array:
    """Ranks of n ordered values that stand for them, closer together at the upper end."""
    from_above = np.geomspace(1, n, N_KNOTS - N_KNOTS // 4) - 1
    evenly = np.linspace(0, n - 1, N_KNOTS // 4)
    return np.unique(np.concatenate([n - 1 - from_above, evenly]).astype(int))
