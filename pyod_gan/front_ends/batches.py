"""Tables that come in batches and need not fit into memory, and samples of large tables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from tqdm.auto import tqdm

from .._support.exceptions import UnreadableTableError
from .._support.optional_imports import import_optional
from .arrow import batches_of_dataset, dataset_of_table, is_arrow, open_parquet, to_frame
from .checks import check_names
from .frames import EXTRA, as_frame, is_frame

MOST_CELLS = 2**20  # of a part of a table that is scored at once
MOST_ROWS, LEAST_ROWS = 2**18, 2**14  # of a sample
SAMPLE_CELLS = 2**25  # of a sample, unless it has the least number of rows
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
            raise _renumbered(error, self.numbers) from error


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
    if isinstance(X, str | os.PathLike) or is_arrow(X, "Dataset") or is_arrow(X, "Table"):
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


def sample_of(X: Any) -> Sample:
    """Choose rows of a table to learn from: all, or of a large one a sample.

    A sample has up to 262,144 rows, fewer if there are more than 128 columns. The choice depends on
    the number of rows alone, so a table in memory and the same table in batches have the same one.

    Raises
    ------
    ValueError
        If batches have no rows, or other columns than the first one.
    """
    X = as_table(X)
    if isinstance(X, Batches):
        return _sample_of_batches(X)
    n_rows = _n_rows(X)
    if n_rows <= LEAST_ROWS or n_rows <= _sample_size(X):
        return Sample(X, n_rows)
    numbers = _lowest(_keys(0, n_rows), _sample_size(X))
    return Sample(_rows_of(X, numbers), n_rows, numbers)


def check_same_rows(first: int, later: int) -> None:
    """Raise a ValueError unless a table had as many rows when it was read again."""
    if first != later:
        raise ValueError(
            f"Batches must be the same each time they are read. They had {first} rows at first, "
            f"and {later} later."
        )


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
    is_cut = isinstance(X, Batches) or _n_cells(X) > MOST_CELLS
    if not is_cut:
        return [function(Part(X))]
    results = []
    total = None if isinstance(X, Batches) else len(X)
    with tqdm(desc=progress, total=total, unit="row", disable=not progress) as bar:
        for part in _parts(X):
            with _about(part.batch, part.first):
                results.append(function(part))
            bar.update(len(part.rows))
    if not results:
        raise ValueError("The batches have no rows.")
    return results


def _parts(X: Any) -> Iterator[Part]:
    """Cut a table, or each of its batches, into parts. Frames of batches are numbered anew."""
    is_batched, first = isinstance(X, Batches), 0
    for name, table in X.named() if is_batched else [("", X)]:
        size = max(1, MOST_CELLS // _n_columns(table))
        for start in range(0, len(table), size):
            rows = _rows_of(table, slice(start, start + size))
            if is_batched and hasattr(rows, "iloc"):
                rows = rows.set_axis(range(first, first + len(rows)))
            yield Part(rows, first, name)
            first += len(rows)


def _sample_of_batches(batches: Batches) -> Sample:
    """Choose the rows with the lowest keys, in one pass, as for a table in memory."""
    tables: list[Any] = []
    numbers: list[np.ndarray] = []  # of the rows that are left of each table
    n_rows, n_left, size, bound = 0, 0, 0, np.uint64(2**64 - 1)
    for name, table in batches.named():
        with _about(name):
            _check_alike(table, tables[0] if tables else table)
        size = size or _sample_size(table)
        low = np.flatnonzero(_keys(n_rows, len(table)) <= bound)
        if len(low):
            tables.append(_rows_of(table, low))
            numbers.append(n_rows + low)
        n_rows, n_left = n_rows + len(table), n_left + len(low)
        if n_left > 2 * size:
            tables, numbers, bound = _thinned(tables, numbers, size)
            n_left = size
    if not n_rows:
        raise ValueError("The batches have no rows.")
    if n_rows <= size:
        return Sample(_joined(tables), n_rows)
    tables, numbers, _ = _thinned(tables, numbers, size)
    return Sample(_joined(tables), n_rows, np.concatenate(numbers))


def _thinned(
    tables: list[Any], numbers: list[np.ndarray], size: int
) -> tuple[list[Any], list[np.ndarray], np.uint64]:
    """Keep the ``size`` rows with the lowest keys. Returns the highest of them, too."""
    keys = [_keys_of(of_table) for of_table in numbers]
    bound = np.partition(np.concatenate(keys), size - 1)[size - 1]
    kept = [np.flatnonzero(of_table <= bound) for of_table in keys]
    some = [i for i, places in enumerate(kept) if len(places)]
    return [_rows_of(tables[i], kept[i]) for i in some], [numbers[i][kept[i]] for i in some], bound


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
    return int(np.clip(SAMPLE_CELLS // _n_columns(table), LEAST_ROWS, MOST_ROWS))


def _n_rows(X: Any) -> int:
    """Number of rows of a table in memory; 0 of what is no table, or sparse."""
    if issparse(X):
        return 0
    if hasattr(X, "shape"):
        return int(X.shape[0]) if len(X.shape) else 0
    return len(X) if hasattr(X, "__len__") else 0


def _n_cells(X: Any) -> int:
    n_rows = _n_rows(X)
    return n_rows * _n_columns(X) if n_rows else 0


def _n_columns(table: Any) -> int:
    """Number of columns of a table, at least 1."""
    shape = getattr(table, "shape", None)
    if shape is None:
        shape = np.shape(table[:1])
    return max(1, int(np.prod(shape[1:])))


def _rows_of(table: Any, chosen: Any) -> Any:
    """Some rows of a table, by a slice or by their numbers."""
    if hasattr(table, "iloc"):
        return table.iloc[chosen]
    if isinstance(table, list | tuple) and not isinstance(chosen, slice):
        return [table[i] for i in chosen]
    return table[chosen]


def _joined(tables: list[Any]) -> Any:
    """Put tables with the same columns under each other."""
    if len(tables) == 1:
        return tables[0]
    if not is_frame(tables[0]):
        return np.concatenate(tables)
    return import_optional("pandas", EXTRA).concat(tables)


def _check_alike(table: Any, first: Any) -> None:
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
def _about(name: str, first: int = 0) -> Iterator[None]:
    """Say in an error which rows it is about. Its own numbers count from row ``first``."""
    try:
        yield
    except ValueError as error:
        counted = _renumbered(error, range(first, 2**62)) if first else error
        if name:
            counted.add_note(f"This is about {name}.")
        if counted is error:
            raise
        raise counted from error


def _renumbered(error: ValueError, numbers: Sequence[int] | np.ndarray) -> ValueError:
    """Make the same error with other numbers of the rows that it names."""
    if isinstance(error, UnreadableTableError):
        return UnreadableTableError(
            [p if p.row is None else p._replace(row=int(numbers[p.row])) for p in error.problems]
        )
    return ValueError(
        re.sub(r"\bX\[(\d+), ", lambda match: f"X[{numbers[int(match[1])]}, ", str(error))
    )


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
