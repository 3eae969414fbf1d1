"""Tables of Dask, whose partitions stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np

from .._support.optional_imports import import_optional
from .table_rows import about

EXTRA = "dask"
T = TypeVar("T")


def is_dask(X: Any) -> bool:
    """Tell whether a table is a DataFrame or an Array of Dask, without importing it.

    Raises
    ------
    ValueError
        If an array is no table.
    """
    names = {base.__name__ for base in type(X).__mro__ if base.__module__.startswith("dask.")}
    if "Array" in names and X.ndim != 2:
        raise ValueError(f"X must be a table. The Dask array has {X.ndim} axes, not 2.")
    return bool(names & {"Array", "DataFrame"})


def without_rows(X: Any) -> Any:
    """Make a table in memory with the columns of a table of Dask, and no rows."""
    if hasattr(X, "columns"):
        return import_optional("dask.dataframe.utils", EXTRA).make_meta(X)
    return np.empty((0, X.shape[1]), X.dtype)


def map_partitions(function: Callable[[Any], np.ndarray], X: Any) -> np.ndarray:
    """Return a lazy Dask array (n,) of what a function returns for the rows of each partition.

    The function goes to each worker once, not to each partition. What Dask does not know of a data
    frame, the number of rows of its partitions, it does not know of the array.
    """
    delayed = import_optional("dask", EXTRA).delayed
    if not hasattr(X, "columns") or X.optimize().npartitions > 1:  # Dask cannot fuse it with one
        function = delayed(function, name=f"score-{uuid4().hex}", traverse=False)
    lazy: np.ndarray  # Dask's, which has no types
    if hasattr(X, "columns"):
        how = {"meta": np.empty(0), "enforce_metadata": False}
        lazy = X.map_partitions(_of_frame, function, **how)
    else:
        how = {"meta": np.empty(0), "dtype": float, "drop_axis": 1}
        lazy = X.rechunk({1: -1}).map_blocks(_of_block, function=function, **how)
    return lazy


def map_scores(
    function: Callable[[np.ndarray], np.ndarray], scores: Any, n_columns: int | None = None
) -> np.ndarray:
    """Return a function of scores (n,), which is lazy if they are.

    The function returns an array (n,), or (n, n_columns).
    """
    if isinstance(scores, np.ndarray):
        return function(scores)
    how: dict[str, Any] = {"meta": np.empty(0)}
    if n_columns is not None:
        chunks = (scores.chunks[0], (n_columns,))
        how = {"meta": np.empty((0, n_columns)), "new_axis": 1, "chunks": chunks}
    lazy: np.ndarray = scores.map_blocks(function, dtype=float, **how)
    return lazy


def computed_partitions(X: Any) -> Iterator[tuple[str, Any]]:
    """Compute the partitions of a table of Dask, one after the other, with names for errors."""
    for number, partition in enumerate(_delayed_partitions(X)):
        yield _name(number), partition.compute()


def lengths(X: Any) -> np.ndarray:
    """Compute the number of rows of each partition, (n_partitions,)."""
    if hasattr(X, "columns") or np.isnan(X.shape[0]):
        return np.array(map_delayed(len, X))
    return np.array(X.chunks[0])


def map_delayed(
    function: Callable[..., T], X: Any, args: Sequence[tuple[Any, ...]] | None = None
) -> list[T]:
    """Compute a function of each partition, and of the further arguments of each, on the cluster.

    Raises
    ------
    ValueError
        As the function raises it, with the number of the partition.
    """
    dask = import_optional("dask", EXTRA)
    call = dask.delayed(_with_name, pure=False)
    partitions = _delayed_partitions(X)
    parts = zip(partitions, args or [()] * len(partitions), strict=True)
    calls = [call(function, number, part, *more) for number, (part, more) in enumerate(parts)]
    return list(dask.compute(*calls))


def _delayed_partitions(X: Any) -> list[Any]:
    if hasattr(X, "columns"):
        return list(X.to_delayed())
    return list(X.rechunk({1: -1}).to_delayed().ravel())


def _with_name(function: Callable[..., T], number: int, rows: Any, *args: Any) -> T:
    with about(_name(number)):
        return function(rows, *args)


def _of_frame(rows: Any, function: Any, partition_info: Any = None) -> np.ndarray:
    return _scores(rows, function, partition_info["number"])


def _of_block(rows: Any, function: Any, block_id: Any = None) -> np.ndarray:
    return _scores(rows, function, block_id[0])


def _scores(rows: Any, function: Callable[[Any], np.ndarray], number: int) -> np.ndarray:
    """Scores of a partition, which may have no rows."""
    with about(_name(number)):
        return function(rows) if len(rows) else np.empty(0)


def _name(number: int) -> str:
    return f"partition {number}"
