"""Errors and warnings of training; each says what to change."""

from __future__ import annotations


class TrainingCollapsedError(RuntimeError):
    """Every ensemble member diverged or collapsed, so nothing was fitted."""


class TrainingCollapseWarning(UserWarning):
    """Some ensemble members diverged or collapsed and were dropped."""
