"""Detectors of tables on texts: rows of the measures that parts of ``TextDetector`` make."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler


class OnRows:
    """A detector of tables, on measures of texts."""

    def __init__(self, detector: Any, parts: tuple[str, ...]) -> None:
        self.detector, self.names = detector, parts

    def fit(self, X: np.ndarray) -> OnRows:
        """Fit the detector, and keep the scores of the texts."""
        from pyod_gan.front_ends.text_parts import PARTS

        self.parts = [PARTS[name]().fit(X.tolist()) for name in self.names]
        self.scaler = StandardScaler()
        self.detector.fit(self.scaler.fit_transform(self._rows(X, known=True)))
        self.decision_scores_ = self.detector.decision_scores_
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of new texts."""
        return np.asarray(
            self.detector.decision_function(self.scaler.transform(self._rows(X, known=False)))
        )

    def _rows(self, X: np.ndarray, known: bool) -> np.ndarray:
        """Measures of texts, (n, D)."""
        return np.hstack([part.rows(X.tolist(), np.full(len(X), known)) for part in self.parts])
