"""Pictures of a fitted detector, as displays in the manner of scikit-learn."""

from __future__ import annotations

from .displays import ExplanationDisplay, HistoryDisplay, ScoreDisplay
from .score_map import MapDisplay

__all__ = ["ExplanationDisplay", "HistoryDisplay", "MapDisplay", "ScoreDisplay"]
