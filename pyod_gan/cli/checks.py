"""Checks before a command begins: of options, of paths, and of names of columns."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._support.atomic_files import check_place
from .readers import TableFile
from .terminal import plain, say


def all_checked(*checks: Callable[[], Any]) -> list[Any]:
    """Run all checks. Raise one error for all that fail."""
    results, errors = [], []
    for check in checks:
        try:
            results.append(check())
        except (OSError, ValueError) as error:
            errors.append(error)
    if len(errors) > 1:
        raise ValueError(" ".join(f"{plain(error).rstrip('.')}." for error in errors))
    if errors:
        raise errors[0]
    return results


def check_no_series(options: Namespace, said: str) -> None:
    """Raise a ValueError if an option of series is given."""
    for name in ("missing", "irregular", "window_size"):
        if getattr(options, name, None):
            raise ValueError(f"--{name.replace('_', '-')} is for series: {said}.")


def check_apart(path: Path, other: Path) -> None:
    """Raise a ValueError if an output would replace what is read."""
    if other != Path("-") and path.resolve() == other.resolve():
        raise ValueError(f"The output would replace {other}, which is read. Give another name.")


def check_page(path: Path) -> None:
    """Raise an error if no page can be written to a path.

    Raises
    ------
    ValueError
        If the suffix is not that of a page.
    OSError
        If no file can be written there.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"The page must end in .html. Got {str(path)!r} instead.")
    check_place(path)


def check_added(options: Namespace, source: TableFile) -> None:
    """Raise a ValueError if the table has a column that the output adds."""
    names = ["score", "label", *(f"reason_{k}" for k in range(1, options.explain + 1))]
    doubled = sorted({options.prefix + name for name in names} & set(source.names))
    if doubled:
        raise ValueError(
            f"{source.path} has {doubled}, which the output adds. Give the added columns other "
            "names, such as by --prefix gan_."
        )


def foretell_collisions(source: TableFile) -> None:
    """Say when fitting that scoring such a table will need other names for its columns."""
    doubled = [name for name in source.names if re.fullmatch(r"score|label|reason_\d+", name)]
    if doubled:
        say(
            f"note: {source.path} has {doubled}, which score adds too. To score it, give the added "
            "columns other names, such as by --prefix gan_."
        )
