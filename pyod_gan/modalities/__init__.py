"""Estimators for other data than tables. Each turns its data into rows for a ``GANDetector``."""

from __future__ import annotations

from .audio import AudioDetector
from .image import ImageDetector
from .record import RecordDetector
from .series import SeriesDetector
from .text import TextDetector

__all__ = ["AudioDetector", "ImageDetector", "RecordDetector", "SeriesDetector", "TextDetector"]
