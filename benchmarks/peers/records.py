"""Detectors of records, which are tuples of their parts in the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class OnParts:
    """A detector that takes a dict of the parts of records."""

    def __init__(self, detector: Any, parts: Sequence[str]) -> None:
        self.detector, self.parts = detector, parts

    def fit(self, X: np.ndarray) -> OnParts:
        """Fit the detector, and keep the scores of the records."""
        self.detector.fit(self._parts(X))
        self.decision_scores_ = self.detector.decision_scores_
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of records."""
        return np.asarray(self.detector.decision_function(self._parts(X)))

    def _parts(self, X: np.ndarray) -> dict[str, Any]:
        """Parts of records, (n,) tuples: arrays of numbers, and a list of texts."""
        columns = zip(*X, strict=True)
        named = dict(zip(self.parts, columns, strict=True))
        return {
            name: list(items) if isinstance(items[0], str) else np.array(items)
            for name, items in named.items()
        }


class OnOnePart(OnParts):
    """A detector that takes one part alone."""

    def __init__(self, detector: Any, parts: Sequence[str], part: str) -> None:
        super().__init__(detector, parts)
        self.part = part

    def _parts(self, X: np.ndarray) -> Any:
        return super()._parts(X)[self.part]
