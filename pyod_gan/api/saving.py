"""Files of a fitted detector: ``save``, ``load``, and the state in pickles."""

from __future__ import annotations

import os
from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..engine.devices import device_here
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..gans.registry import get_gan
from ..persist.composed_file import FileContent, SavedComposed
from ..persist.detector_file import Saved, read_detector, write_detector
from .fitted import FittedDetector
from .parameters import resolve_settings
from .thresholds import Scored, Threshold, use_threshold


class Savable(FittedDetector, Scored, Protocol):
    """A detector that can be saved."""

    conformal_scores_: np.ndarray
    history_: list[dict[str, float]]
    n_members_: int
    n_iter_: int
    n_samples_seen_: int
    steps_due_: float
    reservoir_: np.ndarray
    known_anomalies_: np.ndarray

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name."""

    def _validate_params(self) -> None: ...


D = TypeVar("D", bound=Savable)


class SaveMixin:
    """Adds ``save`` and ``load``."""

    def save(self: Savable, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        The file appears under its name when it is complete. Some parameters concern only the next
        ``fit``, and JSON cannot hold them. Callbacks, callables among ``augmentations`` and a
        ``RandomState`` object are left out. The share of outliers among ``labels_`` takes the place
        of a thresholder.

        Parameters
        ----------
        path : str or path-like
            Path of the file. An existing file is replaced.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If the GAN has a parameter that is no number, word or flag, such as a ``Game``. Also if
            the encoder of a mixed table, or a parameter, is not as ``fit`` leaves or takes it.
        OSError
            If the file cannot be written. An existing file is then as it was.
        """
        write_detector(Path(path), what_to_save(self))

    @classmethod
    def load(
        cls: type[D],
        path: str | os.PathLike[str],
        *,
        gans: Sequence[type[BaseGAN]] = (),
        networks: Sequence[type[NetworkSpec]] = (),
    ) -> D:
        """Read a detector that :meth:`save` has written.

        Parameters
        ----------
        path : str or path-like
            Path of the file. No code in it is run.
        gans : sequence of BaseGAN classes, default=()
            GANs of your own that the file may name.
        networks : sequence of NetworkSpec classes, default=()
            Kinds of networks of your own that the file may name.

        Returns
        -------
        detector : GANDetector
            The fitted detector, with the same scores. A ``device`` that this machine lacks becomes
            "auto".

        Raises
        ------
        ValueError
            If the file is no model, is damaged, was changed, has an unknown format, names an
            unknown GAN or kind of network, or holds what no detector can be made of. The file is
            checked before anything is made of it.
        OSError
            If the file cannot be read.
        ImportError
            If the file holds the encoder of a mixed table and the extra ``tabular`` is missing.
        """
        return detector_from(cls, read_detector(Path(path), gans, networks))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]  # scikit-learn's base class has it
        if "model_" in state:
            self.device = device_here(state["device"])


def _check_parameters(detector: Savable) -> None:
    """Raise a ValueError if a parameter has a value that is not allowed."""
    detector._validate_params()
    params = detector.get_params(deep=False)
    resolve_settings(get_gan(params["gan"]), params)


def what_to_save(detector: Savable) -> Saved:
    """Collect everything of a fitted detector, whatever device it asks for.

    Raises
    ------
    NotFittedError
        If the detector is not fitted.
    ValueError
        If a parameter was set to a value that is not allowed.
    """
    check_is_fitted(detector)
    _check_parameters(detector)
    return Saved(
        params=detector.get_params(deep=False),
        model=detector.model_,
        scores=detector.decision_scores_,
        labels=detector.labels_,
        threshold=detector.threshold_,
        share=detector.flagged_share_,
        reservoir=detector.reservoir_,
        known_anomalies=detector.known_anomalies_,
        history=detector.history_,
        n_members=detector.n_members_,
        n_iter=detector.n_iter_,
        n_samples_seen=detector.n_samples_seen_,
        steps_due=detector.steps_due_,
        conformal_scores=getattr(detector, "conformal_scores_", None),
    )


def composed(
    estimator: Any,
    parts: list[FileContent],
    about: dict[str, Any],
    arrays: dict[str, np.ndarray] | None = None,
) -> SavedComposed:
    """Collect everything of a fitted estimator that is made of detectors.

    Parameters
    ----------
    estimator : object
        The estimator.
    parts : list of FileContent
        What a file would hold of each estimator that it is made of.
    about : dict
        What else it has learnt, in types that JSON can hold.
    arrays : dict, default=None
        What else it has learnt, as arrays.
    """
    return SavedComposed(
        kind=type(estimator).__name__,
        params=estimator.get_params(deep=False),
        parts=parts,
        scores=estimator.decision_scores_,
        labels=estimator.labels_,
        threshold=estimator.threshold_,
        share=estimator.flagged_share_,
        about=about,
        conformal_scores=getattr(estimator, "conformal_scores_", None),
        arrays=arrays or {},
    )


def from_composed(cls: type[Any], saved: SavedComposed) -> Any:
    """Make an estimator with its parameters, scores, threshold and labels, without its detectors.

    Raises
    ------
    ValueError
        If a parameter is unknown or has a value that is not allowed.
    """
    estimator = _unfitted(cls, saved.params)
    estimator.decision_scores_ = saved.scores
    use_threshold(estimator, Threshold(saved.threshold, saved.labels, saved.share))
    if saved.conformal_scores is not None:
        estimator.conformal_scores_ = saved.conformal_scores
    return estimator


def _unfitted(cls: type[Any], params: dict[str, Any]) -> Any:
    """Make an estimator with the parameters of a file, for a device that this machine has."""
    if unknown := params.keys() - signature(cls).parameters.keys():
        raise ValueError(f"The file has parameters that {cls.__name__} lacks: {sorted(unknown)}.")
    estimator = cls(**params)
    if "gan" not in params:
        estimator._validate_params()
        return estimator
    _check_parameters(estimator)
    estimator.device = device_here(estimator.device)
    return estimator


def detector_from(cls: type[D], saved: Saved) -> D:
    """Make a fitted detector from the content of a file.

    Raises
    ------
    ValueError
        If a parameter is unknown or has a value that is not allowed.
    """
    detector: D = _unfitted(cls, saved.params)
    detector.model_ = saved.model
    detector.history_ = saved.history
    detector.n_members_ = saved.n_members
    detector.n_iter_ = saved.n_iter
    detector.n_samples_seen_ = saved.n_samples_seen
    detector.steps_due_ = saved.steps_due
    detector.reservoir_ = saved.reservoir
    detector.known_anomalies_ = saved.known_anomalies
    detector.decision_scores_ = saved.scores
    use_threshold(detector, Threshold(saved.threshold, saved.labels, saved.share))
    if saved.conformal_scores is not None:
        detector.conformal_scores_ = saved.conformal_scores
    return detector
