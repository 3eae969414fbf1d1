"""Data frames of pandas and polars, and arrays that are read like them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._support.optional_imports import import_optional

EXTRA = "tabular"


def is_frame(X: Any) -> bool:
    """Tell whether ``X`` is a data frame of pandas or polars.

    Raises
    ------
    TypeError
        If ``X`` is a lazy data frame.
    """
    if hasattr(X, "collect_schema") and not hasattr(X, "to_numpy"):
        raise TypeError("A lazy data frame has no rows yet. Call collect() first.")
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def as_frame(X: Any, names: Sequence[str] | None = None) -> Any:
    """Turn a data frame of pandas or polars, or an array, into a pandas frame.

    ``names`` are the names that an array's columns had in ``fit``.

    Raises
    ------
    ValueError
        If column names are not unique, or if an array has another number of columns than ``names``.
    """
    if is_frame(X):
        own = [str(name) for name in X.columns]
        doubled = sorted(name for name, count in Counter(own).items() if count > 1)
        if doubled:
            raise ValueError(f"Column names must differ. Got {doubled} more than once.")
        X = X.to_pandas() if hasattr(X, "to_pandas") else X
        return X if own == list(X.columns) else X.set_axis(own, axis=1)
    pandas = import_optional("pandas", EXTRA)
    X = X if hasattr(X, "dtype") else np.asarray(X, dtype=object)  # a list keeps each cell as it is
    X = check_array(X, dtype=None, ensure_all_finite=False)
    if names is not None:
        return pandas.DataFrame(X, columns=list(names))
    return pandas.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])


def arrow_to_pandas(table: Any, extra: str, *, floats: bool = True) -> Any:
    """Turn a table or a batch of Arrow into a pandas frame with Arrow's types.

    Without ``floats`` those are NumPy's, as in most frames, in which missing ones are NaN.
    """
    arrow, pandas = import_optional("pyarrow", extra), import_optional("pandas", extra)
    if isinstance(table, arrow.RecordBatch):
        table = arrow.Table.from_batches([table])
    types = [arrow.large_string() if t == arrow.string_view() else t for t in table.schema.types]
    fields = [field.with_type(t) for field, t in zip(table.schema, types, strict=True)]
    known = table.cast(arrow.schema(fields))  # pandas does not know string views

    def type_of(t: Any) -> Any:
        return pandas.ArrowDtype(t) if floats or not arrow.types.is_floating(t) else None

    return known.to_pandas(types_mapper=type_of, ignore_metadata=True)


def is_number(dtype: Any) -> bool:
    """Tell whether a type of pandas or polars is that of numbers or booleans."""
    kind = getattr(dtype, "kind", None)
    if kind is not None:
        return kind in "biuf"
    return bool(dtype.is_numeric()) or str(dtype) == "Boolean"


def missing_in(column: Any) -> np.ndarray:
    """Tell which values of a column of a data frame are missing or NaN, (n,) bool."""
    if hasattr(column, "isna"):
        return np.array(column.isna(), dtype=bool)
    missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    return np.array(missing, dtype=bool)
