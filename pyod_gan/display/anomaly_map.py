"""A picture of where in an image its score comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .display import Display, draw_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OPACITY = 0.7  # of the places with the largest score


@dataclass(kw_only=True)
class AnomalyMapDisplay(Display):
    """An image, with the places that its score comes from in colour.

    Parameters
    ----------
    image : ndarray of shape (height, width, n_channels)
        The image.
    anomaly_map : ndarray of shape (height, width)
        Scores of its places, see :meth:`pyod_gan.ImageDetector.anomaly_maps`.
    score : float
        Score of the image.
    threshold : float
        Threshold of the scores.
    """

    image: np.ndarray
    anomaly_map: np.ndarray
    score: float
    threshold: float

    @classmethod
    def from_estimator(
        cls, estimator: Any, image: Any, *, ax: Axes | None = None
    ) -> AnomalyMapDisplay:
        """Draw one image and its map.

        Parameters
        ----------
        estimator : ImageDetector
            A fitted detector of images.
        image : array-like of shape (height, width[, n_channels]) or path
            An image, or the path of an image file.
        ax : Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        display : AnomalyMapDisplay
            The display, which is drawn.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`pyod_gan.ImageDetector.decision_function`.
        ImportError
            If matplotlib is not installed. The extra ``plot`` has it.
        """
        scores = estimator.decision_function([image])
        if np.isnan(scores).any():
            raise ValueError("The image cannot be used, and has no score.")
        return cls(
            image=estimator.read_images([image])[0],
            anomaly_map=estimator.anomaly_maps([image])[0],
            score=float(scores[0]),
            threshold=float(estimator.threshold_),
        ).plot(ax)

    def plot(self, ax: Axes | None = None) -> AnomalyMapDisplay:
        """Draw on ``ax``, or on new axes."""
        ax = draw_on(self, ax)
        low, high = float(self.image.min()), float(self.image.max())
        grey = self.image[..., :3].mean(axis=2)
        ax.imshow(grey, cmap="gray", vmin=low, vmax=high if high > low else low + 1)
        typical = float(np.median(self.anomaly_map))
        largest = float(self.anomaly_map.max())
        above = np.clip((self.anomaly_map - typical) / (largest - typical or 1), 0, 1)
        places = ax.imshow(
            self.anomaly_map, cmap="inferno", vmin=typical, vmax=largest, alpha=OPACITY * above
        )
        self.figure_.colorbar(places, ax=ax, label="anomaly score")
        ax.set(
            title=f"score {self.score:.3g}, threshold {self.threshold:.3g}", xticks=[], yticks=[]
        )
        return self
