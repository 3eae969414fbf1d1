"""Detectors of tables on clips of sound: rows of windows, whose mean score is that of a clip."""

from __future__ import annotations

from typing import Any

import numpy as np


class OnFrames:
    """A detector of tables, on the windows that a part of ``AudioDetector`` hears."""

    def __init__(self, detector: Any, part: str) -> None:
        self.detector, self.name = detector, part

    def fit(self, X: np.ndarray) -> OnFrames:
        """Fit the detector, and keep the scores of the clips."""
        from pyod_gan.front_ends.audio_parts import PARTS, powers

        self.mean = float(np.mean([powers(*clip).frames.mean() for clip in X]))
        heard = self._heard(X)
        self.part = PARTS[self.name]().fit(heard)
        rows = self._rows(heard)
        self.detector.fit(np.concatenate(rows))
        self.decision_scores_ = self._pooled(self.detector.decision_scores_, rows)
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of clips, pairs of an array and its rate."""
        rows = self._rows(self._heard(X))
        return self._pooled(self.detector.decision_function(np.concatenate(rows)), rows)

    def _heard(self, X: np.ndarray) -> list[Any]:
        """What parts hear of clips."""
        from pyod_gan.front_ends.audio_parts import heard, powers

        return [heard(powers(*clip), self.mean) for clip in X]

    def _rows(self, clips: list[Any]) -> list[np.ndarray]:
        """Rows of the windows of each clip, (P, D)."""
        windows = [self.part.windows(clip) for clip in clips]
        return [of_clip.reshape(len(of_clip), -1) for of_clip in windows]

    def _pooled(self, scores: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
        """Mean scores of clips."""
        ends = np.cumsum([len(of_clip) for of_clip in rows])[:-1]
        return np.array([of_clip.mean() for of_clip in np.split(np.asarray(scores), ends)])


class OnClips:
    """A detector that takes a list of clips."""

    def __init__(self, detector: Any) -> None:
        self.detector = detector

    def fit(self, X: np.ndarray, known_anomalies: np.ndarray | None = None) -> OnClips:
        """Fit the detector, and keep the scores of the clips."""
        known = {} if known_anomalies is None else {"known_anomalies": list(known_anomalies)}
        self.detector.fit(list(X), **known)
        self.decision_scores_ = self.detector.decision_scores_
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of clips, pairs of an array and its rate."""
        return np.asarray(self.detector.decision_function(list(X)))
