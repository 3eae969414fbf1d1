"""Parquet files and other datasets of Arrow, in batches."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from .._support.optional_imports import import_optional
from .frames import arrow_to_pandas

EXTRA = "data"


def is_arrow(X: Any, name: str) -> bool:
    """Tell whether an object is of a class of Arrow, without importing it."""
    return any(
        base.__name__ == name and base.__module__.partition(".")[0] == "pyarrow"
        for base in type(X).__mro__
    )


def to_frame(table: Any) -> Any:
    """Turn a table or a batch of Arrow into a pandas frame, without the index that pandas wrote."""
    return arrow_to_pandas(table.select(_columns(table.schema)), EXTRA, floats=False)


def dataset_of_table(table: Any) -> Any:
    """Make a dataset of a table in memory."""
    return import_optional("pyarrow.dataset", EXTRA).dataset(table)


def open_parquet(path: str | os.PathLike[str]) -> Any:
    """Open a Parquet file, or all Parquet files of a folder, as one dataset.

    Folders named such as ``year=2026`` are columns, as Hive and Spark write them.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    ValueError
        If it is no Parquet file, or if files have columns of types that do not go together.
    """
    path, said = Path(path), str(path)
    if not said or (not path.is_dir() and path.suffix.lower() != ".parquet"):
        raise ValueError(
            f"A path must be that of a Parquet file, or of a folder of such files. Got {said!r}. "
            "Other files are read by pandas, polars, or the command pyod-gan."
        )
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}.")
    arrow, dataset = (import_optional(f"pyarrow{of}", EXTRA) for of in ("", ".dataset"))
    how = {"format": "parquet", "partitioning": "hive"}
    try:
        found = dataset.dataset(path, **how)
        if not found.files:
            raise ValueError(f"{path} holds no Parquet file.")
        schema = found.schema
        for fragment in found.get_fragments():
            said = fragment.path
            both = [schema, fragment.physical_schema]
            schema = arrow.unify_schemas(both, promote_options="permissive")
    except (arrow.ArrowTypeError, arrow.ArrowInvalid, OSError) as error:
        raise ValueError(f"{said} cannot be read with the other files ({error}).") from error
    return dataset.dataset(path, schema=schema.with_metadata(found.schema.metadata), **how)


def batches_of_dataset(dataset: Any, n_cells: int) -> Callable[[], Iterator[tuple[str, Any]]]:
    """Return a function that reads a dataset file by file, in batches of at most ``n_cells``.

    Each batch comes with the name of its file.
    """
    module = import_optional("pyarrow.dataset", EXTRA)
    names = _columns(dataset.schema)
    how: dict[str, Any] = {
        "columns": names,
        "batch_size": max(1, n_cells // max(1, len(names))),
        "batch_readahead": 1,
        "fragment_readahead": 1,
        "use_threads": False,
    }

    def read_file(fragment: Any) -> Iterator[tuple[str, Any]]:
        name = _name_of(fragment)
        with _refusing(name):
            _check_columns(fragment, dataset.schema)
            options = {}
            if isinstance(getattr(fragment, "format", None), module.ParquetFileFormat):
                parquet = module.ParquetFragmentScanOptions(pre_buffer=False)
                options["fragment_scan_options"] = parquet  # not a whole file at once
            for batch in fragment.to_batches(schema=dataset.schema, **how, **options):
                yield name, to_frame(batch)

    def read_filtered() -> Iterator[tuple[str, Any]]:
        with _refusing("The filtered dataset"):
            for batch, fragment in dataset.scanner(**how).scan_batches():
                _check_columns(fragment, dataset.schema)
                yield _name_of(fragment), to_frame(batch)

    def read() -> Iterator[tuple[str, Any]]:
        try:
            fragments = dataset.get_fragments()
        except ValueError:  # a filtered dataset does not give its files
            return read_filtered()
        return chain.from_iterable(map(read_file, fragments))

    return read


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Turn errors of Arrow into a ValueError that says what cannot be read."""
    try:
        yield
    except (import_optional("pyarrow", EXTRA).ArrowException, OSError) as error:
        raise ValueError(f"{name} cannot be read ({error}).") from error


def _name_of(fragment: Any) -> str:
    return str(getattr(fragment, "path", "the table"))


def _columns(schema: Any) -> list[str]:
    """Names of the columns, without the index that pandas wrote.

    Raises
    ------
    ValueError
        If names are not unique.
    """
    doubled = sorted(name for name, count in Counter(schema.names).items() if count > 1)
    if doubled:
        raise ValueError(f"Column names must differ. Got {doubled} more than once.")
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in schema.names if name not in index]


def _check_columns(fragment: Any, schema: Any) -> None:
    """Raise a ValueError if a file has other columns than all. Arrow would fill them."""
    module = import_optional("pyarrow.dataset", EXTRA)
    of_folders = module.get_partition_keys(fragment.partition_expression)
    found, expected = {*fragment.physical_schema.names, *of_folders}, set(schema.names)
    if found != expected:
        raise ValueError(
            f"{_name_of(fragment)} has other columns than the other files. "
            f"Missing: {sorted(expected - found)}; only there: {sorted(found - expected)}."
        )
