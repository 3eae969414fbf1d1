"""The protocol of front ends, so that the rest of the package need not know the kind of data."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np


class Rows(NamedTuple):
    """Rows of numbers that stand for a user's samples."""

    values: np.ndarray  # (m, D)
    owner: np.ndarray | None = None  # (m,) number of each row's sample; with None row i is sample i


def no_rows(n_columns: int) -> np.ndarray:
    """Make a table without rows, (0, n_columns), with the strides that a copy of it has, too.

    A copy of ``np.zeros((0, n_columns))`` has others, and so another hash.
    """
    return np.zeros((1, n_columns))[:0]


class Output(NamedTuple):
    """Meaning of one of the D columns that networks see."""

    column: int  # position of the user's column that this column comes from
    kind: str  # "value", "category", "text", "missing" or "unseen"
    label: str = ""  # the category, or the part of a date

    @property
    def is_number(self) -> bool:
        """Whether the column is a column of numbers of the user's."""
        return self.kind == "value" and not self.label


class FrontEnd(Protocol):
    """Turns a user's data into rows that networks see, and pools the rows' scores.

    A row has two forms. *Read* rows hold numbers in the user's units, and *scaled* rows are what
    the networks see. ``rows(X)`` reads and scales, and is used for scoring. A fitted front end is
    never changed. :meth:`rescaled` makes another one.
    """

    def fit(self, X: Any) -> FrontEnd:
        """Learn what the columns of ``X`` hold, and their scale."""

    def fit_read(self, X: Any) -> Rows:
        """Fit, and return the read rows of ``X``, in one pass."""

    def read(self, X: Any) -> Rows:
        """Rows in the user's units.

        Raises
        ------
        ValueError
            If the data is not as it was in ``fit``.
        """

    def scale(self, values: np.ndarray) -> np.ndarray:
        """Turn read rows into scaled rows, (m, D) -> (m, D) float32."""

    def unscale(self, values: np.ndarray) -> np.ndarray:
        """Turn scaled values into the user's units, (..., D) -> (..., D)."""

    def rows(self, X: Any) -> Rows:
        """Scaled rows, as networks see them."""

    def rescaled(self, values: np.ndarray) -> FrontEnd:
        """Make the same front end with the scale of other read rows, (m, D)."""

    def pool(self, scores: np.ndarray, owner: np.ndarray | None) -> np.ndarray:
        """Turn scores of rows into scores of samples, (m,) -> (n,)."""

    @property
    def outputs(self) -> list[Output]:
        """Meanings of the D columns that networks see."""

    @property
    def names(self) -> list[str]:
        """Names of the user's columns."""

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything learnt, except the names, as arrays."""
