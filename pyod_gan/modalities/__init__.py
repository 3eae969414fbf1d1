"""Estimators for other data than tables. Each turns its data into rows for a ``GANDetector``."""

from __future__ import annotations

from .series import SeriesDetector

__all__ = ["SeriesDetector"]
