"""Reads records of several kinds of data: a dict of parts, or a data frame of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import _safe_indexing

from .audio import SUFFIXES as OF_SOUND
from .frames import is_frame
from .images import SUFFIXES as OF_IMAGES

TABLE = "table"  # the part that has the columns which are no part of their own
LONG = 4.0  # words of a text, on average, from which on a column of a frame is one
DISTINCT = 0.5  # share of its texts that must differ
LOOKED_AT = 1000  # items that the kind of a part is found by
Array = np.ndarray[Any, Any]


class Part(NamedTuple):
    """One part of n records."""

    items: Any  # table, array or list
    present: Array  # (n,) bool, records that have it

    def take(self, chosen: Array) -> Any:
        """The items of some records, by position."""
        return _safe_indexing(self.items, chosen)


def read_records(
    X: Any, names: Sequence[str] | None = None, columns: Sequence[str] = ()
) -> dict[str, Part]:
    """Read records.

    Parameters
    ----------
    X : dict or data frame
        A dict has the items of each part, by its name. A part is a table, an array, or a list,
        whose items may be None. Columns of a data frame are parts. Those that are no part of their
        own make one, the table.
    names : sequence of str, default=None
        The parts. By default all of a dict; of a data frame those columns whose items are texts,
        arrays, or paths of images or audio files, and the table.
    columns : sequence of str, default=()
        Columns of the table. By default all that are no part of their own.

    Returns
    -------
    parts : dict of str to Part
        The parts, in the order of ``names``.

    Raises
    ------
    ValueError
        If ``X`` is neither, if a part is missing or has another number of records, or if a record
        has no part.
    """
    if is_frame(X):
        given = _of_frame(X, names, columns)
    elif isinstance(X, Mapping):
        missing = [name for name in names or () if name not in X]
        if missing:
            raise ValueError(f"X has no part {', '.join(map(repr, missing))}. It has {[*X]}.")
        given = {name: X[name] for name in (names or X)}
    else:
        raise ValueError(
            f"X must be a dict of the parts of records, or a data frame. Got {type(X).__name__}."
        )
    if not given:
        raise ValueError("X has no parts.")
    parts = {name: _part(items) for name, items in given.items()}
    counts = {name: len(part.present) for name, part in parts.items()}
    if len({*counts.values()}) > 1:
        raise ValueError(f"All parts must have as many records as the others. Got {counts}.")
    if not min(counts.values()):
        raise ValueError("There are no records.")
    empty = np.flatnonzero(~np.any([part.present for part in parts.values()], axis=0))
    if len(empty):
        raise ValueError(f"{len(empty)} record(s) have no part at all: {empty[:5].tolist()}.")
    return parts


def kind_of(name: str, part: Part) -> str:
    """Find what the items of a part are: "table", "text", "image" or "audio".

    Raises
    ------
    ValueError
        If it cannot be known.
    """
    items = part.items
    if not isinstance(items, list):
        return "image" if np.ndim(items) > 2 else "table"
    some = [items[i] for i in np.flatnonzero(part.present)[:LOOKED_AT]]
    every = [_kind_of_item(item) for item in some]
    kinds = {*every}
    if 2 * every.count("text") > len(every) and all(isinstance(item, str) for item in some):
        return "text"  # some of which may end like the name of a file
    if len(kinds) == 1 and "" not in kinds:
        return kinds.pop()
    raise ValueError(
        f"The kind of the part {name!r} cannot be known by its items. Give its detector, as in "
        f"detectors=[({name!r}, AudioDetector(sample_rate=16000)), ...]."
    )


def _kind_of_item(item: Any) -> str:
    """What one item is, or "" if it cannot be known."""
    if isinstance(item, str | PurePath):
        suffix = PurePath(item).suffix.lower()
        if suffix in OF_IMAGES or suffix in OF_SOUND:
            return "image" if suffix in OF_IMAGES else "audio"
        return "text" if isinstance(item, str) else ""
    if isinstance(item, tuple) and len(item) == 2:
        return "audio"
    return "image" if hasattr(item, "getbands") or np.ndim(item) in (2, 3) else ""


def _part(items: Any) -> Part:
    """Tell which records have a part. Rows of a table are always there."""
    if is_frame(items):
        return Part(items, np.ones(len(items), dtype=bool))
    if isinstance(items, str) or not hasattr(items, "__len__"):
        raise ValueError(
            f"A part must be a table, an array or a list with an item for each record. Got "
            f"{type(items).__name__}."
        )
    if not isinstance(items, list | tuple) or _are_numbers(items):
        array = np.asarray(items)
        numbers = array[:, None] if array.ndim == 1 and array.dtype.kind in "biuf" else array
        if numbers.ndim > 1 and numbers.dtype != object:
            return Part(numbers, np.ones(len(numbers), dtype=bool))
    listed = list(items)
    return Part(listed, np.array([not _is_missing(item) for item in listed], dtype=bool))


def _are_numbers(items: Sequence[Any]) -> bool:
    """Whether all items are single numbers."""
    return all(isinstance(item, Real) for item in items)


def _is_missing(item: Any) -> bool:
    """Whether an item stands for one that is not there: None, NaN, or pandas' NA."""
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(item, float | np.floating) and bool(np.isnan(item))


def _of_frame(X: Any, names: Sequence[str] | None, wanted: Sequence[str]) -> dict[str, Any]:
    """Parts of a data frame."""
    columns = list(X.columns)
    if names is None:
        own = [name for name in columns if _is_own_part(X[name])]
        names = [*([TABLE] if len(own) < len(columns) else []), *own]
    others = [name for name in names if name not in columns]
    if len(others) > 1:
        raise ValueError(
            f"The data frame has no columns {', '.join(map(repr, others))}. At most one part may "
            "have another name, which gets all columns that are no part of their own."
        )
    left = list(wanted) or [name for name in columns if name not in names]
    if missing := [name for name in left if name not in columns]:
        raise ValueError(f"The data frame has no columns {', '.join(map(repr, missing))}.")
    if others and not left:
        raise ValueError(f"No columns are left for the part {others[0]!r}.")
    return {name: X[left] if name in others else _listed(X[name]) for name in names}


def _listed(column: Any) -> list[Any]:
    """Items of a column of pandas or polars."""
    found: list[Any] = column.to_list()
    return found


def _is_own_part(column: Any) -> bool:
    """Whether the items of a column are texts, arrays, or paths, and no categories or numbers."""
    listed = [item for item in column.head(LOOKED_AT).to_list() if not _is_missing(item)]
    kinds = {_kind_of_item(item) for item in listed}
    if len(kinds) != 1 or "" in kinds:
        return False
    if kinds != {"text"}:
        return True
    words = float(np.mean([len(item.split()) for item in listed]))
    return words >= LONG and len({*listed}) >= DISTINCT * len(listed)
