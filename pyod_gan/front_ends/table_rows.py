"""Rows of tables in memory, whatever a table is, and errors about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.sparse import issparse

from .._support.exceptions import UnreadableTableError
from .._support.optional_imports import import_optional
from .checks import check_names
from .frames import EXTRA, is_frame


def count_rows(X: Any) -> int:
    """Number of rows of a table in memory; 0 of what is no table, or sparse."""
    if issparse(X):
        return 0
    if hasattr(X, "shape"):
        return int(X.shape[0]) if len(X.shape) else 0
    return len(X) if hasattr(X, "__len__") else 0


def count_columns(table: Any) -> int:
    """Number of columns of a table, at least 1."""
    shape = getattr(table, "shape", None)
    if shape is None:
        shape = np.shape(table[:1])
    return max(1, int(np.prod(shape[1:])))


def joined(tables: list[Any]) -> Any:
    """Put tables with the same columns under each other."""
    if len(tables) == 1:
        return tables[0]
    if not is_frame(tables[0]):
        return np.concatenate(tables)
    return import_optional("pandas", EXTRA).concat(tables)


def check_alike(table: Any, first: Any) -> None:
    """Raise a ValueError if a batch has other columns than the first one."""
    if is_frame(table) != is_frame(first):
        raise ValueError("Batches must all be arrays, or all be data frames.")
    if is_frame(first):
        check_names(list(map(str, table.columns)), list(map(str, first.columns)))
    elif table.shape[1] != first.shape[1]:
        raise ValueError(
            f"Batches must have the same number of columns. Got {table.shape[1]} columns after "
            f"{first.shape[1]}."
        )


@contextmanager
def about(name: str, first: int = 0) -> Iterator[None]:
    """Say in an error which rows it is about. Its own numbers count from row ``first``."""
    try:
        yield
    except ValueError as error:
        counted = renumbered(error, range(first, 2**62)) if first else error
        if name:
            counted.add_note(f"This is about {name}.")
        if counted is error:
            raise
        raise counted from error


def renumbered(error: ValueError, numbers: Sequence[int] | np.ndarray) -> ValueError:
    """Make the same error with other numbers of the rows that it names."""
    if isinstance(error, UnreadableTableError):
        return UnreadableTableError(
            [p if p.row is None else p._replace(row=int(numbers[p.row])) for p in error.problems]
        )
    return ValueError(
        re.sub(r"\bX\[(\d+), ", lambda match: f"X[{numbers[int(match[1])]}, ", str(error))
    )
