"""Tables that come in batches and need not fit into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing
from tqdm.auto import tqdm

from .arrow import batches_of_dataset, dataset_of_table, is_arrow, open_parquet, to_frame
from .dask_tables import computed_partitions, is_dask
from .frames import as_frame, is_frame
from .table_rows import about, count_columns, count_rows

MOST_CELLS = 2**20  # of a part of a table that is scored at once
T = TypeVar("T")


class Batches:
    """A table in batches of rows, which need not fit into memory.

    :class:`~pyod_gan.GANDetector` takes it wherever it takes a table to fit or to score.

    Parameters
    ----------
    source : path, pyarrow Dataset or Table, iterable or callable
        A path is that of a Parquet file, or of a folder of such files. An iterable gives tables:
        arrays of shape (n_rows, n_features), data frames, or what Arrow has. It must give them
        again each time it is iterated, and the same ones. A callable returns an iterator of such
        tables. Parquet and Arrow need the extra ``data``.

    Raises
    ------
    ValueError
        If a path is not that of Parquet files, or if an iterator can be read only once.
    TypeError
        If the source is of another kind.
    ImportError
        If Parquet or Arrow is read without the extra ``data``.
    """

    def __init__(self, source: Any) -> None:
        if isinstance(source, str | os.PathLike):
            self._named = batches_of_dataset(open_parquet(source), MOST_CELLS)
        elif is_arrow(source, "Dataset"):
            self._named = batches_of_dataset(source, MOST_CELLS)
        elif is_arrow(source, "Table"):
            self._named = batches_of_dataset(dataset_of_table(source), MOST_CELLS)
        elif is_dask(source):
            self._named = lambda: computed_partitions(source)
        elif isinstance(source, Iterable):
            if iter(source) is source:
                raise ValueError(
                    "Batches are read more than once, and this iterator can be read once. Pass a "
                    "list of batches, or a function that returns a new iterator."
                )
            self._named = lambda: _of_tables(source)
        elif callable(source):
            self._named = lambda: _of_tables(source())
        else:
            raise TypeError(
                "Batches are made of a path, a dataset or a table of Arrow, an iterable of tables, "
                f"or a function that returns one. Got {type(source).__name__} instead."
            )

    def __iter__(self) -> Iterator[Any]:
        """Give the tables, one after the other."""
        return (table for _, table in self.named())

    def named(self) -> Iterator[tuple[str, Any]]:
        """Give the tables that have rows, each with a name for errors."""
        return ((name, table) for name, table in self._named() if len(table))


# What is fitted and scored: a table in memory, or one in batches.
TableLike: TypeAlias = ArrayLike | Batches | os.PathLike[str] | Iterable[Any]


class Part(NamedTuple):
    """Rows of a table that are scored at once."""

    rows: Any  # a table
    first: int = 0  # number of its first row in the whole table
    batch: str = ""  # name of the batch that it is of


def as_table(X: Any) -> Any:
    """Return a table in memory as it is, and :class:`Batches` of anything that comes in batches.

    Raises
    ------
    ValueError, ImportError
        As in :class:`Batches`.
    """
    is_path = isinstance(X, str | os.PathLike)
    if is_path or is_arrow(X, "Dataset") or is_arrow(X, "Table") or is_dask(X):
        return Batches(X)
    if isinstance(X, Batches) or is_frame(X) or hasattr(X, "__array__") or issparse(X):
        return X
    if callable(X):
        raise TypeError("X is a function. If it returns an iterator of tables, pass Batches(X).")
    is_sequence = hasattr(X, "__len__") and hasattr(X, "__getitem__")
    return X if is_sequence or not isinstance(X, Iterable) else Batches(X)


def in_memory(X: Any, use: str) -> Any:
    """Return a table that does not come in batches.

    Raises
    ------
    ValueError
        If it does. ``use`` says what the table is for.
    """
    if isinstance(as_table(X), Batches):
        raise ValueError(f"{use} must be a table in memory. Got {type(X).__name__} instead.")
    return X


def concatenated(parts: list[np.ndarray]) -> np.ndarray:
    """Put arrays (n,) behind each other, and empty the list meanwhile, which saves memory."""
    whole = np.empty(sum(map(len, parts)), parts[0].dtype)
    first = 0
    for i, part in enumerate(parts):
        whole[first : first + len(part)] = part
        first += len(part)
        parts[i] = whole[:0]
    return whole


def map_parts(function: Callable[[Part], T], X: Any, progress: str = "") -> list[T]:
    """Return a function of each part of a table, in the order of its rows.

    Batches and large tables have several parts. With ``progress`` a bar of that name counts their
    rows.

    Raises
    ------
    ValueError
        As the function raises it, with the rows of the table that it is about; or if there are no
        rows.
    """
    X = as_table(X)
    if not isinstance(X, Batches) and not _is_large(X):
        return [function(Part(X))]
    results = []
    total = None if isinstance(X, Batches) else len(X)
    with tqdm(desc=progress, total=total, unit="row", disable=not progress) as bar:
        for part in _parts(X):
            with about(part.batch, part.first):
                results.append(function(part))
            bar.update(len(part.rows))
    if not results:
        raise ValueError("The batches have no rows.")
    return results


def _is_large(X: Any) -> bool:
    """Tell whether a table in memory has more cells than a part."""
    n_rows = count_rows(X)
    return n_rows > 0 and n_rows * count_columns(X) > MOST_CELLS


def _parts(X: Any) -> Iterator[Part]:
    """Cut a table, or each of its batches, into parts. Frames of batches are numbered anew."""
    is_batched, first = isinstance(X, Batches), 0
    for name, table in X.named() if is_batched else [("", X)]:
        size = max(1, MOST_CELLS // count_columns(table))
        for start in range(0, len(table), size):
            rows = _safe_indexing(table, slice(start, start + size))
            if is_batched and hasattr(rows, "iloc"):
                rows = rows.set_axis(range(first, first + len(rows)))
            yield Part(rows, first, name)
            first += len(rows)


def _is_one_tensor(table: Sequence[Any]) -> bool:
    """Tell whether a list holds a table and nothing else, as loaders of torch give it."""
    return len(table) == 1 and len(getattr(table[0], "shape", ())) == 2


def _of_tables(tables: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Name the tables of an iterable, as arrays or pandas frames."""
    for number, table in enumerate(tables):
        if is_arrow(table, "Table") or is_arrow(table, "RecordBatch"):
            table = to_frame(table)
        elif is_frame(table):
            table = as_frame(table)
        elif isinstance(table, list | tuple) and _is_one_tensor(table):
            table = np.asarray(table[0])
        else:
            table = np.asanyarray(table)
        if table.ndim != 2:
            raise ValueError(f"Batch {number} must be a table. It has {table.ndim} axes, not 2.")
        yield f"batch {number}", table
