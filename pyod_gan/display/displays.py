"""Displays of training, scores and explanations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..api.fitted import check_has_model, inner_detector
from .display import BLUE, GREEN, GREY, ORANGE, Display, draw_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(kw_only=True)
class HistoryDisplay(Display):
    """Losses over the steps of training.

    Parameters
    ----------
    step : ndarray of shape (n_rows,)
        Training steps.
    losses : dict of str to ndarray of shape (n_rows,)
        Loss of each phase, mean over members.
    """

    step: np.ndarray
    losses: dict[str, np.ndarray]

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes | None = None) -> HistoryDisplay:
        """Draw ``history_`` of a fitted detector.

        Parameters
        ----------
        estimator : GANDetector
            A fitted detector.
        ax : Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        display : HistoryDisplay
            The display, which is drawn.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ImportError
            If matplotlib is not installed. The extra ``plot`` has it.
        """
        detector, _ = inner_detector(estimator)
        check_has_model(detector)
        step, losses = losses_of(detector.history_)
        return cls(step=step, losses=losses).plot(ax)

    def plot(self, ax: Axes | None = None) -> HistoryDisplay:
        """Draw on ``ax``, or on new axes."""
        ax = draw_on(self, ax)
        for (name, loss), colour in zip(
            self.losses.items(), cycle((BLUE, ORANGE, GREEN, GREY)), strict=False
        ):
            ax.plot(self.step, loss, color=colour, label=name)
        ax.set(xlabel="training step", ylabel="loss, mean over members")
        ax.legend()
        return self


def losses_of(history: Sequence[Mapping[str, float]]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Training steps (n,) of a history, and the loss of each phase, (n,)."""
    names = [name for name in history[-1] if name.endswith("_loss")]
    losses = {
        name.removesuffix("_loss"): np.array([row.get(name, np.nan) for row in history])
        for name in names
    }
    return np.array([row["step"] for row in history]), losses


@dataclass(kw_only=True)
class ScoreDisplay(Display):
    """Histogram of scores with the threshold.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Anomaly scores.
    threshold : float
        Rows that score above it are flagged.
    """

    scores: np.ndarray
    threshold: float

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike | None = None, *, ax: Axes | None = None
    ) -> ScoreDisplay:
        """Draw the scores of ``X``, or of the training rows.

        Parameters
        ----------
        estimator : GANDetector
            A fitted detector.
        X : array-like of shape (n_samples, n_features), default=None
            Rows to score. None takes ``decision_scores_``.
        ax : Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        display : ScoreDisplay
            The display, which is drawn.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            As in ``decision_function``.
        ImportError
            If matplotlib is not installed. The extra ``plot`` has it.
        """
        detector, X = inner_detector(estimator, X)
        scores = detector.decision_scores_ if X is None else detector.decision_function(X)
        return cls(scores=scores, threshold=detector.threshold_).plot(ax)

    def plot(self, ax: Axes | None = None) -> ScoreDisplay:
        """Draw on ``ax``, or on new axes."""
        ax = draw_on(self, ax)
        bins = np.histogram_bin_edges(self.scores, 40)
        ax.hist(self.scores, bins.tolist(), color=BLUE)
        ax.axvline(self.threshold, color=ORANGE, label=f"threshold {self.threshold:.3g}")
        ax.set(xlabel="anomaly score", ylabel="rows", yscale="log")
        ax.legend()
        return self


@dataclass(kw_only=True)
class ExplanationDisplay(Display):
    """Bars of the largest shares of one row's score.

    Parameters
    ----------
    reasons : list of str
        Reasons in words, the largest share first.
    shares : ndarray of shape (n_reasons,)
        Shares of the reasons.
    """

    reasons: list[str]
    shares: np.ndarray

    @classmethod
    def from_estimator(
        cls, estimator: Any, row: ArrayLike, *, top: int = 8, ax: Axes | None = None
    ) -> ExplanationDisplay:
        """Explain one row.

        Parameters
        ----------
        estimator : GANDetector
            A fitted detector.
        row : array-like of shape (1, n_features)
            A table of one row.
        top : int, default=8
            Largest number of bars.
        ax : Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        display : ExplanationDisplay
            The display, which is drawn.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If there is not exactly one row, or as in ``explain_frame``.
        ImportError
            If matplotlib (extra ``plot``) or pandas (extra ``tabular``) is not installed.
        """
        n_rows = len(np.asarray(row))
        if n_rows != 1:
            raise ValueError(f"`row` must be a table of one row. Got {n_rows} rows.")
        detector, row = inner_detector(estimator, row)
        check_has_model(detector)
        frame = detector.explain_frame(row, top=top)
        return cls(reasons=list(frame["reason"]), shares=frame["share"].to_numpy()).plot(ax)

    def plot(self, ax: Axes | None = None) -> ExplanationDisplay:
        """Draw on ``ax``, or on new axes."""
        ax = draw_on(self, ax)
        labels = [reason.replace("; ", "\n") for reason in self.reasons]
        ax.barh(labels, self.shares, color=BLUE)
        ax.invert_yaxis()
        ax.set(xlabel="share of the score above the median")
        return self
