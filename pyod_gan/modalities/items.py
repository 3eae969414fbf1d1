"""What estimators of items have in common, such as images: a value for each, if it can be used."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

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
    used = np.zeros(len(names), dtype=bool)
    for chunk in reader.chunks(X, skips=skips):
        found[chunk.places] = compute(chunk)
        used[chunk.places] = True
    warn_of([names[i] for i in np.flatnonzero(~used)], kind, stacklevel)
    return found


def skipped(names: Sequence[Name], used: Sequence[int], kind: str) -> list[Name]:
    """Names of the items of ``fit`` that could not be used, with a warning."""
    left = [names[i] for i in sorted({*range(len(names))} - {*used})]
    warn_of(left, kind, stacklevel=4)
    return left


def warn_of_anomalies(reader: Reader[Any], anomalies: Any, used: Sequence[int], kind: str) -> None:
    """Warn of known anomalies that could not be used."""
    names = reader.names(anomalies)
    left = [names[i] for i in sorted({*range(len(names))} - {*used})]
    warn_of(left, kind, stacklevel=5, said="and are no known anomalies")


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
