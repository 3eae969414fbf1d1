"""The fitted detector as its mixins see it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..engine.devices import find_device
from ..model import FittedModel


class FittedDetector(Protocol):
    """What the mixins use of the detector."""

    model_: FittedModel
    decision_scores_: np.ndarray
    threshold_: float
    device: str

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores, higher = more anomalous, (n,)."""


def model_of(detector: FittedDetector) -> FittedModel:
    """Return the fitted model, on the device that the detector asks for.

    Raises
    ------
    NotFittedError
        If the detector is not fitted.
    """
    check_is_fitted(detector)
    return detector.model_.to(find_device(detector.device))


def typical_score(detector: FittedDetector) -> float:
    """Median of the training scores. Explanations start from it."""
    return float(np.median(detector.decision_scores_))
