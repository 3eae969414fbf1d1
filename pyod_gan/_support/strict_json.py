"""JSON that says everything once."""

from __future__ import annotations

import json
from typing import Any


def strict_loads(text: str | bytes) -> Any:
    """Read JSON.

    Raises
    ------
    ValueError
        If the text is no JSON, or if an object has a key twice. Readers differ in which one counts.
    RecursionError
        If the text is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_each_key_once)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of the pairs of a key and a value."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return made
