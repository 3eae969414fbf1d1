"""Reads items one by one, such as images or clips of sound: those that can be used, in chunks."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from .frames import is_frame

Name = str | int
Array = np.ndarray[Any, Any]


class Source(Protocol):
    """Items that were passed."""

    names: list[Name]  # paths, or positions
    where: str  # for errors

    def said(self, place: int) -> str:
        """Name of an item in errors."""


class Files(NamedTuple):
    """Paths of files, and what they are called."""

    paths: list[Path]
    names: list[Name]
    where: str


def read_chunks(
    source: Source,
    read: Callable[[int], Array],
    kind: str,
    room: int,
    *,
    skips: bool,
    may_lack: bool,
) -> Iterator[tuple[list[int], list[Array]]]:
    """Read items, and raise one error that names all that cannot be used.

    Parameters
    ----------
    source : Source
        The items.
    read : callable
        Reads the item at a place, or raises a ValueError that says what is wrong.
    kind : str
        What the items are, for errors.
    room : int
        Values of a chunk, which has at least one item.
    skips : bool
        Whether items that cannot be used are left out.
    may_lack : bool
        Whether that may be all of them.

    Yields
    ------
    places : list of int
        Positions of the items of a chunk.
    items : list of ndarray
        The items.

    Raises
    ------
    ValueError
        If there are no items, or one cannot be used. All of them are looked at first.
    """
    if not source.names:
        raise ValueError(f"There are no {kind} in {source.where}.")
    problems: list[str] = []
    n_read, n_values = 0, 0
    places: list[int] = []
    items: list[Array] = []
    for place in range(len(source.names)):
        try:
            items.append(read(place))
            places.append(place)
            n_read, n_values = n_read + 1, n_values + items[-1].size
        except ValueError as error:
            problems.append(f"{source.said(place)}: {error}")
        is_last = place == len(source.names) - 1
        if places and (is_last or n_values >= room):
            if skips or not problems:
                yield places, items
            places, items, n_values = [], [], 0
    if problems and not (skips and (n_read or may_lack)):
        raise ValueError(_in_words(problems, len(source.names), kind))


def listed(X: Any) -> Any:
    """Make a list of a column of pandas or polars, or of a data frame of one column.

    Other things stay as they are.
    """
    if is_frame(X) and X.shape[1] == 1:
        X = X[X.columns[0]]
    return X.to_list() if hasattr(X, "to_list") else X


def find_files(X: Any, suffixes: Collection[str], kind: str) -> Files | None:
    """Files in a folder, with those in folders below, or of a list of paths, else None.

    Links are followed. One that leads nowhere is a file that cannot be read.

    Raises
    ------
    ValueError
        If there is no such folder, or if a list holds other things beside paths.
    """
    if isinstance(X, str | os.PathLike):
        folder = Path(X)
        if not folder.is_dir():
            raise ValueError(f"X must be {kind}, paths of {kind}, or a folder. {folder} is none.")
        paths = sorted(path for path in all_files(folder) if path.suffix.lower() in suffixes)
        return Files(paths, [str(p.relative_to(folder)) for p in paths], f"the folder {folder}")
    if not isinstance(X, Sequence | np.ndarray):
        return None
    given = [item for item in X if isinstance(item, str | os.PathLike)]
    if given and len(given) < len(X):
        raise ValueError(f"X must hold paths or {kind}, not both.")
    return Files([Path(p) for p in given], [os.fspath(p) for p in given], "X") if given else None


def all_files(folder: Path) -> Iterator[Path]:
    """Files in a folder and below, also behind links, each folder once."""
    seen: set[str] = set()
    for parent, below, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below.sort()
        yield from (Path(parent, name) for name in names)


def _in_words(problems: list[str], n_items: int, kind: str) -> str:
    """Describe the items that cannot be used."""
    skip = "" if len(problems) == n_items else " on_error='skip' leaves them out."
    return f"{len(problems)} of {n_items} {kind} cannot be used. {'; '.join(problems)}.{skip}"
