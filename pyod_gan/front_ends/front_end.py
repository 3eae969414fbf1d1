"""What a front end must do, so that the rest of the package need not know the kind of data."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np


class Rows(NamedTuple):
    """Rows of numbers that stand for a user's samples."""

    values: np.ndarray  # (m, D)
    owner: np.ndarray | None = None  # (m,) number of each row's sample; None: row i is sample i


class Output(NamedTuple):
    """What one of the D columns that networks see stands for."""

    column: int  # position of the user's column that it comes from
    kind: str  # "value", "category", "text", "missing" or "unseen"
    label: str = ""  # the category, or the part of a date


class FrontEnd(Protocol):
    """Turns a user's data into rows that networks see, and pools the rows' scores.

    A row has two forms: as it was *read*, numbers in the user's units, and *scaled*, as the
    networks see it. ``rows(X)`` goes all the way, and is used for scoring. A fitted front end is
    never changed: :meth:`rescaled` makes another one.
    """

    def fit(self, X: Any) -> FrontEnd:
        """Learn what ``X`` holds and its scale."""

    def fit_read(self, X: Any) -> Rows:
        """``fit(X)``, and then the rows of ``X`` as read, in one pass."""

    def read(self, X: Any) -> Rows:
        """Rows in the user's units.

        Raises
        ------
        ValueError
            For data that is not as it was in ``fit``.
        """

    def scale(self, values: np.ndarray) -> np.ndarray:
        """Rows as networks see them, (m, D) -> (m, D) float32."""

    def unscale(self, values: np.ndarray) -> np.ndarray:
        """Back to the user's units, (..., D) -> (..., D)."""

    def rows(self, X: Any) -> Rows:
        """Rows as networks see them."""

    def rescaled(self, values: np.ndarray) -> FrontEnd:
        """The same front end with the scale of other rows as read, (m, D)."""

    def pool(self, scores: np.ndarray, owner: np.ndarray | None) -> np.ndarray:
        """Scores of rows to scores of samples, (m,) -> (n,)."""

    @property
    def outputs(self) -> list[Output]:
        """What each of the D columns stands for."""

    @property
    def names(self) -> list[str]:
        """Names of the user's columns."""

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything learnt but the names, as arrays."""
