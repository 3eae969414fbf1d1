"""Rollback: an object is as it was before if a block fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def restored_on_failure(target: object) -> Iterator[None]:
    """Put an object's attributes back if the block fails or is interrupted.

    An object without attributes of its own, such as a string, stays as it is.
    """
    attributes = getattr(target, "__dict__", None)
    before = dict(attributes or {})
    try:
        yield
    except BaseException:
        if attributes is not None:
            attributes.clear()
            attributes.update(before)
        raise
