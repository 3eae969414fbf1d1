"""Public names of the training callbacks, see :mod:`pyod_gan.engine.callbacks`."""

from __future__ import annotations

from .engine.callbacks import Callback, EarlyStopping, PrintLog, ProgressBar, score_entropy

__all__ = ["Callback", "EarlyStopping", "PrintLog", "ProgressBar", "score_entropy"]
