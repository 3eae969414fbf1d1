"""The fitted detector as its mixins see it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..engine.devices import find_device
from ..engine.spec import BaseGAN
from ..model import FittedModel


class FittedDetector(Protocol):
    """What the mixins use of the detector."""

    model_: FittedModel
    decision_scores_: np.ndarray
    threshold_: float
    reservoir_: np.ndarray
    device: str

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores, higher = more anomalous, (n,)."""


_NEEDS = (
    "This needs a fitted GANDetector or GANOutlierDetector, alone or as the last step of a "
    "Pipeline."
)


def model_of(detector: FittedDetector) -> FittedModel:
    """Return the fitted model, on the device that the detector asks for.

    Raises
    ------
    NotFittedError
        If the detector is not fitted.
    TypeError
        If it is made of several detectors, such as one of images.
    """
    check_has_model(detector)
    return detector.model_.to(find_device(detector.device))


def check_has_model(detector: Any) -> None:
    """Raise an error unless a detector is fitted, and is not made of several."""
    check_is_fitted(detector)
    if not hasattr(detector, "model_"):
        raise TypeError(f"{_NEEDS} Got {type(detector).__name__} instead; pass one of detectors_.")


def inner_detector(estimator: Any, X: Any = None) -> tuple[Any, Any]:
    """The fitted GANDetector in an estimator, and the user's data as it gets them.

    Parameters
    ----------
    estimator : GANDetector, GANOutlierDetector or Pipeline
        Fitted. A pipeline ends in one of the two.
    X : array-like, default=None
        Data for the estimator.

    Returns
    -------
    detector : GANDetector
    X : array-like
        The data after all steps of the pipeline before the last.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If there is no GANDetector in it.
    """
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(getattr(last, "gan", None), str | BaseGAN):  # the parameter of ours
        raise TypeError(f"{_NEEDS} Got {type(last).__name__} instead.")
    check_is_fitted(last)
    if isinstance(estimator, Pipeline) and len(estimator) > 1 and X is not None:
        X = estimator[:-1].transform(X)
    return getattr(last, "detector_", last), X


def typical_score(detector: FittedDetector) -> float:
    """Median of the training scores. Explanations start from it."""
    return float(np.median(detector.decision_scores_))
