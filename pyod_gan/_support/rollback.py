"""Rollback: an object is as it was before if a block fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def restored_on_failure(target: object) -> Iterator[None]:
    """Put an object's attributes back if the block fails or is interrupted.

    Random states among the attributes are as they were too, although callers may share them. An
    object without attributes of its own, such as a string, stays as it is.
    """
    attributes = getattr(target, "__dict__", None)
    before = dict(attributes or {})
    randoms = [value for value in before.values() if isinstance(value, np.random.RandomState)]
    states = [random.get_state() for random in randoms]
    try:
        yield
    except BaseException:
        for random, state in zip(randoms, states, strict=True):
            random.set_state(state)
        if attributes is not None:
            attributes.clear()
            attributes.update(before)
        raise
