"""Errors and warnings of this package. Each message says what to change."""

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
        Number of the row. The first row is 0.
    value : object
        The value that cannot be read.
    """

    column: str
    row: int
    value: object
