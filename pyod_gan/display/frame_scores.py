"""A picture of when in a clip of sound its score comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .display import Display, draw_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Frames = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(kw_only=True)
class FrameScoreDisplay(Display):
    """The spectrogram of a clip, and the scores of its frames above it.

    Parameters
    ----------
    frames : tuple of four ndarrays
        Times, scores, frequencies and levels, see :meth:`pyod_gan.AudioDetector.frame_scores`.
    score : float
        Score of the clip.
    threshold : float
        Threshold of the scores of clips.
    """

    frames: Frames
    score: float
    threshold: float

    @classmethod
    def from_estimator(
        cls, estimator: Any, clip: Any, *, ax: Axes | None = None
    ) -> FrameScoreDisplay:
        """Draw one clip and its scores.

        Parameters
        ----------
        estimator : AudioDetector
            A fitted detector of sound.
        clip : array-like of shape (n_samples,), pair or path
            A clip, a pair of a clip and its sample rate, or the path of an audio file.
        ax : Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        display : FrameScoreDisplay
            The display, which is drawn.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`pyod_gan.AudioDetector.decision_function`.
        ImportError
            If matplotlib is not installed. The extra ``plot`` has it.
        """
        score = float(estimator.decision_function([clip])[0])
        if np.isnan(score):
            raise ValueError("The clip cannot be used, and has no score.")
        return cls(
            frames=estimator.frame_scores([clip])[0],
            score=score,
            threshold=float(estimator.threshold_),
        ).plot(ax)

    def plot(self, ax: Axes | None = None) -> FrameScoreDisplay:
        """Draw on ``ax``, or on new axes."""
        ax = draw_on(self, ax)
        times, scores, frequencies, levels = self.frames
        powers = ax.pcolormesh(
            times, frequencies, levels, cmap="Greys", shading="nearest", rasterized=True
        )
        self.figure_.colorbar(powers, ax=ax, label="power (dB)", pad=0.12)
        ax.set(xlabel="seconds", ylabel="Hz")
        of_scores = ax.twinx()
        of_scores.plot(times, scores, color="tab:red")
        low, high = float(np.min(scores, initial=0)), float(np.max(scores, initial=1))
        of_scores.set(ylim=(low - 0.1 * (high - low), high + 0.1 * (high - low)))
        of_scores.set_ylabel("anomaly score", color="tab:red")
        ax.set_title(f"score {self.score:.3g}, threshold {self.threshold:.3g}")
        return self
