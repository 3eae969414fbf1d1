"""Errors and warnings of this package's own; each says what to change."""

from __future__ import annotations


class TrainingCollapsedError(RuntimeError):
    """Every ensemble member diverged or collapsed, so nothing was fitted."""


class TrainingCollapseWarning(UserWarning):
    """Some ensemble members diverged or collapsed and were dropped."""


class UnreadableValueError(ValueError):
    """A value of a table that cannot be read as its column was in ``fit``.

    Attributes
    ----------
    column : str
        Name of the column.
    row : int
        Number of the row, the first is 0.
    value : object
        What it holds.
    """

    column: str
    row: int
    value: object
