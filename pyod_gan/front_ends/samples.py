"""Samples of large tables, which depend on the number of rows alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import _safe_indexing

from .batches import Batches, as_table
from .dask_tables import is_dask, lengths, map_delayed
from .table_rows import about, check_alike, count_columns, count_rows, joined, renumbered

MOST_ROWS, LEAST_ROWS = 2**18, 2**14  # of a sample
SAMPLE_CELLS = 2**25  # of a sample, unless it has the least number of rows


class Sample(NamedTuple):
    """Rows that stand for a table."""

    rows: Any  # a table
    n_rows: int  # number of rows of the whole table
    numbers: np.ndarray | None = None  # of the rows in the whole table; None if these are all

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows."""
        return self.numbers is None

    @contextmanager
    def errors_of_rows(self) -> Iterator[None]:
        """Say in an error about the sample which rows of the table it is about."""
        try:
            yield
        except ValueError as error:
            if self.numbers is None:
                raise
            raise renumbered(error, self.numbers) from error


def sample_of(X: Any) -> Sample:
    """Choose rows of a table to learn from: all, or of a large one a sample.

    A sample has up to 262,144 rows, fewer if there are more than 128 columns. The choice depends on
    the number of rows alone, so a table in memory and the same table in batches have the same one.

    Raises
    ------
    ValueError
        If batches have no rows, or other columns than the first one.
    """
    if is_dask(X):
        return _sample_of_partitions(X)
    X = as_table(X)
    if isinstance(X, Batches):
        return _sample_of_batches(X)
    n_rows = count_rows(X)
    if n_rows <= LEAST_ROWS or n_rows <= _sample_size(X):
        return Sample(X, n_rows)
    numbers = _lowest(_keys(0, n_rows), _sample_size(X))
    return Sample(_safe_indexing(X, numbers), n_rows, numbers)


def _sample_of_batches(batches: Batches) -> Sample:
    """Choose the rows with the lowest keys, in one pass, as for a table in memory."""
    tables: list[Any] = []
    numbers: list[np.ndarray] = []  # of the rows that are left of each table
    n_rows, n_left, size, bound = 0, 0, 0, np.uint64(2**64 - 1)
    for name, table in batches.named():
        with about(name):
            check_alike(table, tables[0] if tables else table)
        size = size or _sample_size(table)
        low = np.flatnonzero(_keys(n_rows, len(table)) <= bound)
        if len(low):
            tables.append(_safe_indexing(table, low))
            numbers.append(n_rows + low)
        n_rows, n_left = n_rows + len(table), n_left + len(low)
        if n_left > 2 * size:
            tables, numbers, bound = _thinned(tables, numbers, size)
            n_left = size
    if not n_rows:
        raise ValueError("The batches have no rows.")
    if n_rows <= size:
        return Sample(joined(tables), n_rows)
    tables, numbers, _ = _thinned(tables, numbers, size)
    return Sample(joined(tables), n_rows, np.concatenate(numbers))


def _sample_of_partitions(X: Any) -> Sample:
    """Choose the rows with the lowest keys, where the partitions are, as for a table in memory."""
    counts = lengths(X)
    n_rows, size = int(counts.sum()), _sample_size(X)
    if not n_rows:
        raise ValueError("The Dask table has no rows.")
    share = (size + 6 * np.sqrt(size)) / n_rows  # a few rows more than are needed, almost surely
    firsts = np.r_[0, np.cumsum(counts)[:-1]]
    found: list[tuple[Any, np.ndarray]] = []
    while sum(len(numbers) for _, numbers in found) < min(size, n_rows):
        bound = np.uint64(min(2**64 - 1, int(share * 2**64)))
        where = zip(firsts, counts, strict=True)
        found = map_delayed(_low_rows, X, [(first, n, bound) for first, n in where])
        share *= 2
    some = [(rows, numbers) for rows, numbers in found if len(numbers)]
    tables, numbers = [rows for rows, _ in some], [numbers for _, numbers in some]
    for table in tables:
        check_alike(table, tables[0])
    if n_rows <= size:
        return Sample(joined(tables), n_rows)
    tables, numbers, _ = _thinned(tables, numbers, size)
    return Sample(joined(tables), n_rows, np.concatenate(numbers))


def _low_rows(rows: Any, first: int, n: int, bound: np.uint64) -> tuple[Any, np.ndarray]:
    """Rows of a partition whose keys are low, and their numbers in the whole table."""
    check_same_rows(n, len(rows))
    low = np.flatnonzero(_keys(first, n) <= bound)
    return _safe_indexing(rows, low), first + low


def check_same_rows(first: int, later: int) -> None:
    """Raise a ValueError unless a table had as many rows when it was read again."""
    if first != later:
        raise ValueError(
            f"A table must be the same each time it is read. It had {first} rows at first, and "
            f"{later} later."
        )


def _thinned(
    tables: list[Any], numbers: list[np.ndarray], size: int
) -> tuple[list[Any], list[np.ndarray], np.uint64]:
    """Keep the ``size`` rows with the lowest keys. Returns the highest of them, too."""
    keys = [_keys_of(of_table) for of_table in numbers]
    bound = np.partition(np.concatenate(keys), size - 1)[size - 1]
    kept = [np.flatnonzero(of_table <= bound) for of_table in keys]
    some = [i for i, places in enumerate(kept) if len(places)]
    return (
        [_safe_indexing(tables[i], kept[i]) for i in some],
        [numbers[i][kept[i]] for i in some],
        bound,
    )


def _lowest(keys: np.ndarray, size: int) -> np.ndarray:
    """Places of the lowest keys, ascending."""
    return np.sort(np.argpartition(keys, size - 1)[:size])


def _keys(first: int, n: int) -> np.ndarray:
    """Random keys of n rows from row ``first`` on, (n,)."""
    return _keys_of(np.arange(first, first + n))


def _keys_of(numbers: np.ndarray) -> np.ndarray:
    """Random keys of rows by their numbers, (n,) uint64, no two of them equal.

    The generator is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which gives the key of each
    row without those before.
    """
    with np.errstate(over="ignore"):
        z = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _sample_size(table: Any) -> int:
    return int(np.clip(SAMPLE_CELLS // count_columns(table), LEAST_ROWS, MOST_ROWS))
