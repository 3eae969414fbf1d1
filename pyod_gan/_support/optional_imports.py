"""Imports of packages that come with an extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def import_optional(module: str, extra: str) -> Any:
    """Import a module, or raise an ImportError that names the extra that has it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(
            f"This needs {package}, which is not installed: pip install 'pyod-gan[{extra}]'."
        ) from error
