"""Detectors of tables on images: rows of pixels, or of the edges that the part "shape" sees."""

from __future__ import annotations

from typing import Any

import numpy as np


class OnRows:
    """A detector of tables, on rows of pixels or of edges."""

    def __init__(self, detector: Any, edges: bool) -> None:
        self.detector, self.edges = detector, edges

    def fit(self, X: np.ndarray) -> OnRows:
        """Fit the detector, and keep the scores of the images."""
        from pyod_gan.front_ends.image_parts import Shape

        self.part = Shape().fit(X[:, None]) if self.edges else None
        self.detector.fit(self._rows(X))
        self.decision_scores_ = self.detector.decision_scores_
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of images, (n, H, W) -> (n,)."""
        return np.asarray(self.detector.decision_function(self._rows(X)))

    def _rows(self, X: np.ndarray) -> np.ndarray:
        """Rows of images, (n, H, W) -> (n, D)."""
        if self.part is None:
            return X.reshape(len(X), -1)
        return self.part.rows(X[:, None])[:, 0]
