"""Errors for unknown names, which suggest the name that was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches


def unknown_name(
    parameter: str, got: str, names: Iterable[str], also: Mapping[str, str] | None = None
) -> ValueError:
    """Make the error for a ``parameter`` that must be one of ``names`` and is not.

    ``also`` maps names that others use to what to suggest for them.
    """
    suggestions = {_plain(name): repr(name) for name in names} | dict(also or {})
    near = get_close_matches(_plain(got), suggestions, n=1)
    hint = f" Did you mean {suggestions[near[0]]}?" if near else ""
    return ValueError(f"The {parameter} one of {sorted(names)}. Got {got!r} instead.{hint}")


def _plain(name: str) -> str:
    """Keep letters and digits in lower case, so that SO_GAAL, so-gaal and sogaal are one name."""
    return re.sub("[^a-z0-9]", "", name.lower())
