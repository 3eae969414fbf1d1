"""A picture of the score over two columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..api.fitted import inner_detector, model_of
from ..engine.training import member_streams
from ..front_ends.front_end import Output
from ..model import FittedModel
from .display import BLUE, GREEN, ORANGE, Display, draw_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(kw_only=True)
class MapDisplay(Display):
    """The score over two columns, with training rows and rows that the GAN makes.

    Parameters
    ----------
    x, y : ndarray of shape (n_grid,)
        Values of the two columns on the grid.
    scores : ndarray of shape (n_grid, n_grid)
        Scores on the grid. The first axis goes with ``y``.
    threshold : float
        Threshold of the scores, which is drawn as a line.
    rows : ndarray of shape (n_samples, 2)
        The two columns of the rows that were passed.
    generated : ndarray of shape (n_generated, 2)
        The two columns of generated rows. It is empty for a GAN that cannot generate.
    names : tuple of str
        Names of the two columns.
    """

    x: np.ndarray
    y: np.ndarray
    scores: np.ndarray
    threshold: float
    rows: np.ndarray
    generated: np.ndarray
    names: tuple[str, str]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        columns: tuple[int, int] = (0, 1),
        n_grid: int = 80,
        ax: Axes | None = None,
    ) -> MapDisplay:
        """Draw the score over two columns of numbers. All other columns are held at their medians.

        Parameters
        ----------
        estimator : GANDetector
            A detector that was fitted on at least two columns.
        X : array-like of shape (n_samples, n_features)
            Rows to show, which set the limits.
        columns : tuple of two ints, default=(0, 1)
            Positions of the columns in ``X``.
        n_grid : int, default=80
            Number of points in each direction.
        ax : Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        display : MapDisplay
            The display, which is drawn.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If ``columns`` are not two different columns of ``X`` that hold numbers.
        ImportError
            If matplotlib is not installed. The extra ``plot`` has it.
        """
        detector, X = inner_detector(estimator, X)
        model = model_of(detector)
        values = model.front_end.read(X).values
        places = _places(model.front_end.outputs, columns)
        rows = values[:, places]
        margin = 0.2 * np.ptp(rows, 0)
        low, high = rows.min(0) - margin, rows.max(0) + margin
        x, y = (np.linspace(*ends, n_grid) for ends in zip(low, high, strict=True))
        points = np.tile(np.median(values, 0), (n_grid * n_grid, 1))
        points[:, places] = np.stack([axis.ravel() for axis in np.meshgrid(x, y)], 1)
        scores = model.row_scores(model.front_end.scale(points))
        names = model.front_end.names
        return cls(
            x=x,
            y=y,
            scores=scores.reshape(n_grid, n_grid),
            threshold=detector.threshold_,
            rows=rows,
            generated=_generated(model, 200)[:, places],
            names=(names[columns[0]], names[columns[1]]),
        ).plot(ax)

    def plot(self, ax: Axes | None = None) -> MapDisplay:
        """Draw on ``ax``, or on new axes."""
        ax = draw_on(self, ax)
        surface = ax.contourf(self.x, self.y, self.scores, 20, cmap="Greys")
        self.figure_.colorbar(surface, ax=ax, label="anomaly score")
        ax.contour(self.x, self.y, self.scores, [self.threshold], colors=ORANGE)
        ax.plot(*self.rows.T, ".", color=BLUE, markersize=3, label="rows")
        ax.plot(*self.generated.T, "x", color=GREEN, markersize=3, label="generated")
        ax.set(xlabel=self.names[0], ylabel=self.names[1])
        ax.set(xlim=(self.x[0], self.x[-1]), ylim=(self.y[0], self.y[-1]))
        ax.legend()
        return self


def _places(outputs: Sequence[Output], columns: tuple[int, int]) -> list[int]:
    """Positions of two columns of the table among the columns that the networks see."""
    places = {o.column: i for i, o in enumerate(outputs) if o.is_number}
    if len(set(columns)) != 2 or not set(columns) <= set(places):
        raise ValueError(
            f"`columns` must be two different positions of columns that hold numbers: of "
            f"{sorted(places)}. Got {columns!r}."
        )
    return [places[column] for column in columns]


def _generated(model: FittedModel, n: int) -> np.ndarray:
    """Rows that the members make from fixed noise, in the table's units, (at least n, D)."""
    n_columns = len(model.front_end.outputs)
    each = ceil(n / model.n_members)
    size = (each, model.gan.noise_dim(n_columns))
    streams = member_streams(0, model.n_members)
    noise = torch.stack([torch.randn(size, generator=s, dtype=torch.float64) for s in streams])
    with torch.no_grad():
        made = model.gan.generate(model.networks, noise.to(model.networks.reference))
    if made is None:
        return np.empty((0, n_columns))
    return model.front_end.unscale(made.flatten(0, 1).cpu().numpy())
