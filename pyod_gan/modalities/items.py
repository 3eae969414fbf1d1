"""What estimators of items have in common, such as images: a value for each, if it can be used."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from ..api.negatives import about_anomalies, are_none, other_items
from ..front_ends.items import Name

NAMED = 5  # items that a warning names at most


class Chunk(Protocol):
    """Some items that were read."""

    @property
    def places(self) -> list[int]:
        """Positions among all that were passed."""


C_co = TypeVar("C_co", bound=Chunk, covariant=True)


class Reader(Protocol[C_co]):
    """Reads items."""

    def names(self, X: Any) -> list[Name]:
        """Names of all items."""

    def chunks(self, X: Any, *, skips: bool) -> Iterator[C_co]:
        """Items that can be used."""


class FitReader(Reader[C_co], Protocol[C_co]):
    """Reads items, and learns what they have in common."""

    def fit_chunks(self, X: Any, *, skips: bool) -> Iterator[C_co]:
        """Items that can be used."""


class ReadItems(Chunk, Protocol):
    """Items that were read, with digests that tell them apart."""

    @property
    def digests(self) -> list[bytes]:
        """One for each item."""


R = TypeVar("R", bound=ReadItems)


def for_each_item(
    reader: Reader[C_co],
    X: Any,
    kind: str,
    shape: tuple[int, ...],
    compute: Callable[[C_co], np.ndarray],
    *,
    skips: bool,
    stacklevel: int = 4,
) -> np.ndarray:
    """Compute an array of a shape for each item, chunk by chunk, NaN for what cannot be used."""
    names = reader.names(X)
    found = np.full((len(names), *shape), np.nan)
    used: list[int] = []
    for chunk in reader.chunks(X, skips=skips):
        found[chunk.places] = compute(chunk)
        used += chunk.places
    warn_of(left_out(names, used), kind, stacklevel)
    return found


def left_out(names: Sequence[Name], used: Sequence[int]) -> list[Name]:
    """Names of the items that are not at the places that could be used."""
    return [names[i] for i in sorted({*range(len(names))} - {*used})]


def skipped(names: Sequence[Name], used: Sequence[int], kind: str) -> list[Name]:
    """Names of the items of ``fit`` that could not be used, with a warning."""
    left = left_out(names, used)
    warn_of(left, kind, stacklevel=4)
    return left


def read_to_fit(
    reader: FitReader[C_co],
    X: Any,
    anomalies: Any,
    read: Callable[[Iterator[C_co]], R],
    kind: str,
    *,
    skips: bool,
) -> tuple[R, R | None, np.ndarray]:
    """Read items and known anomalies, and tell which items are none of these.

    Returns
    -------
    items : object
        What ``read`` makes of the items that can be used.
    known : object or None
        The same of the known anomalies, if there are any.
    stays : ndarray of shape (n_used,)
        Which items are to be learnt, see :func:`other_items`.

    Raises
    ------
    ValueError
        If fewer than 2 items can be used, or are no known anomalies, or as ``reader`` says.
    """
    items = read(reader.fit_chunks(X, skips=skips))
    if len(items.places) < 2:
        raise ValueError(f"There must be at least 2 {kind}s. Got {len(items.places)}.")
    if are_none(anomalies):
        return items, None, np.ones(len(items.places), dtype=bool)
    with about_anomalies():
        known = read(reader.chunks(anomalies, skips=skips))
    left = left_out(reader.names(anomalies), known.places)
    warn_of(left, kind, stacklevel=5, said="and are no known anomalies")
    return items, known, other_items(items.digests, known.digests, f"{kind}s")


def warn_of(
    names: Sequence[Name], kind: str, stacklevel: int, said: str = "and have no score"
) -> None:
    """Warn of items that could not be used."""
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        warnings.warn(
            f"{len(names)} {kind}(s) could not be used, {said}: "
            f"{', '.join(map(str, names[:NAMED]))}{more}.",
            stacklevel=stacklevel,
        )
