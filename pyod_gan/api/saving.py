"""One file for a fitted detector: ``save``, ``load``, and what pickles hold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..engine.devices import device_here
from ..engine.spec import BaseGAN
from ..persist.detector_file import Saved, read_detector, write_detector
from .fitted import FittedDetector
from .thresholds import Scored, Threshold, use_threshold


class Savable(FittedDetector, Scored, Protocol):
    """A detector that can be saved."""

    conformal_scores_: np.ndarray
    history_: list[dict[str, float]]
    n_iter_: int
    n_samples_seen_: int
    steps_due_: float
    reservoir_: np.ndarray

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name."""


D = TypeVar("D", bound=Savable)


class SaveMixin:
    """Adds ``save`` and ``load``."""

    def save(self: Savable, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        The file appears under its name when it is complete. What concerns only the next ``fit`` is
        left out where JSON cannot hold it: callbacks, a thresholder (the share of outliers among
        ``labels_`` takes its place) and a ``RandomState`` object.

        Parameters
        ----------
        path : str or path-like
            Where to; an existing file is replaced.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If the GAN has a parameter that is no number, word or flag, such as a ``Game``.
        OSError
            If the file cannot be written; an existing one is then as it was.
        """
        write_detector(Path(path), what_to_save(self))

    @classmethod
    def load(
        cls: type[D], path: str | os.PathLike[str], *, gans: Sequence[type[BaseGAN]] = ()
    ) -> D:
        """Read a detector that :meth:`save` has written.

        Parameters
        ----------
        path : str or path-like
            The file; no code in it is run.
        gans : sequence of BaseGAN classes, default=()
            GANs of your own that the file may name.

        Returns
        -------
        detector : GANDetector
            Fitted; scores are the same. A ``device`` that this machine lacks becomes "auto".

        Raises
        ------
        ValueError
            If the file is no model, damaged, changed, of an unknown format, or names an unknown
            GAN.
        OSError
            If it cannot be read.
        """
        return detector_from(cls, read_detector(Path(path), gans))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]  # of scikit-learn's base
        if "model_" in state:
            self.device = device_here(state["device"])


def what_to_save(detector: Savable) -> Saved:
    """Everything of a fitted detector, whatever device it asks for.

    Raises
    ------
    NotFittedError
        Before ``fit``.
    """
    check_is_fitted(detector)
    return Saved(
        params=detector.get_params(deep=False),
        model=detector.model_,
        scores=detector.decision_scores_,
        labels=detector.labels_,
        threshold=detector.threshold_,
        share=detector.flagged_share_,
        reservoir=detector.reservoir_,
        history=detector.history_,
        n_iter=detector.n_iter_,
        n_samples_seen=detector.n_samples_seen_,
        steps_due=detector.steps_due_,
        conformal_scores=getattr(detector, "conformal_scores_", None),
    )


def detector_from(cls: type[D], saved: Saved) -> D:
    """A fitted detector of what a file holds."""
    detector = cls(**saved.params | {"device": device_here(saved.params["device"])})
    detector.model_ = saved.model
    detector.history_ = saved.history
    detector.n_iter_ = saved.n_iter
    detector.n_samples_seen_ = saved.n_samples_seen
    detector.steps_due_ = saved.steps_due
    detector.reservoir_ = saved.reservoir
    detector.decision_scores_ = saved.scores
    use_threshold(detector, Threshold(saved.threshold, saved.labels, saved.share))
    if saved.conformal_scores is not None:
        detector.conformal_scores_ = saved.conformal_scores
    return detector
