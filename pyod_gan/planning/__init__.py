"""PyOD's engine, which plans, runs and explains detectors, with ours in its knowledge."""

from __future__ import annotations

from .engine import pyod_engine

__all__ = ["pyod_engine"]
