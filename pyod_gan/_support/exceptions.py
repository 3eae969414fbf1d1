"""Errors and warnings of this package. Each message says what to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class TrainingCollapsedError(RuntimeError):
    """Every ensemble member diverged or collapsed, so nothing was fitted."""


class TrainingCollapseWarning(UserWarning):
    """Some ensemble members diverged or collapsed and were dropped."""


Remedy = tuple[str, Any]  # a parameter of TableReader, and the value that would help


class Problem(NamedTuple):
    """What is wrong with a column of a table."""

    column: str  # its name
    said: str  # what is wrong; the name of the column is the subject
    row: int | None = None  # the first row that shows it; the first row of the table is 0
    value: Any = None  # the value in this row
    remedies: tuple[Remedy, ...] = ()

    def sentence(self, place: str) -> str:
        """Say what is wrong. ``place`` says which row it is."""
        first = "" if self.row is None else f"; the first is {place}: {self.value!r}"
        return f"Column {self.column!r} {self.said}{first}."


class UnreadableTableError(ValueError):
    """Columns of a table that cannot be read, all of them at once.

    Attributes
    ----------
    problems : list of Problem
        What is wrong.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(map(_sentence, self.problems)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the problems, which the message is made of, and the notes."""
        return type(self), (self.problems,), vars(self)


def _sentence(problem: Problem) -> str:
    """Say a problem of a data frame, and what would help."""
    said = problem.sentence(f"row {problem.row}")
    if not problem.remedies:
        return f"{said} Convert it, or leave it out."
    options = [
        f"{name}={[value] if name in ('na', 'text') else value!r}"
        for name, value in problem.remedies
    ]
    ways = " or ".join(f"TableReader({option})" for option in options)
    return f"{said} Correct it, or fit with `preprocessing={ways}`."


def reason_of(error: Exception) -> str:
    """What an error says, with its class if that is more than a ValueError."""
    said = str(error).rstrip(".")
    return said if isinstance(error, ValueError) else f"{type(error).__name__} {said}"
