"""Pictures of a fitted detector, as displays in the manner of scikit-learn."""

from __future__ import annotations

from .anomaly_map import AnomalyMapDisplay
from .displays import ExplanationDisplay, HistoryDisplay, ScoreDisplay
from .frame_scores import FrameScoreDisplay
from .report_page import report
from .score_map import MapDisplay

__all__ = [
    "AnomalyMapDisplay",
    "ExplanationDisplay",
    "FrameScoreDisplay",
    "HistoryDisplay",
    "MapDisplay",
    "ScoreDisplay",
    "report",
]
