"""What all commands do with a table in a file: check its columns, read it, say what is wrong."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from textwrap import shorten
from typing import TYPE_CHECKING

from tqdm import tqdm

from .._support.exceptions import Problem
from .readers import TableFile

if TYPE_CHECKING:
    import pandas as pd

    from ..front_ends.table_reader import TableReader


def check_columns(wanted: Iterable[str], source: TableFile) -> None:
    """Raise a ValueError unless all wanted columns are in the file."""
    here = set(source.names)
    missing = [name for name in wanted if name not in here]
    if missing:
        unused = sorted(here - set(wanted))
        close = {name: get_close_matches(name, unused, 1) for name in missing}
        said = [f"{n!r}" + (f" (is it {c[0]!r}?)" if c else "") for n, c in close.items()]
        raise ValueError(
            f"{source.path} has no column {', '.join(said)}. It has the columns "
            f"{shorten(', '.join(source.names), 300, placeholder=' ...')}."
        )


def check_not_fitted(labels: list[str], names: list[str]) -> None:
    """Raise a ValueError if the model was fitted to the column of known labels."""
    for name in labels:
        if name in names:
            raise ValueError(
                f"The model was fitted to the column {name!r}, so that it cannot hold the labels. "
                f"Fit again with --label-column {name}."
            )


def new_reader(options: Namespace, names: list[str]) -> TableReader:
    """Make a reader of columns as the options say."""
    from ..front_ends.table_reader import TableReader

    return TableReader(
        decimal=options.decimal,
        thousands=options.thousands,
        na=options.na,
        date_format=options.date_format,
        text=[name for name in options.text if name in names],
        on_error=options.on_error,
    )


def watched(source: TableFile, verb: str, quiet: bool) -> Iterator[pd.DataFrame]:
    """Chunks, with a progress bar on a terminal if they take more than a second."""
    look = {"unit": source.measure, "unit_scale": True, "delay": 1}
    with tqdm(total=source.size, desc=verb, disable=quiet or None, **look) as bar:
        for chunk in source.chunks():
            yield chunk
            bar.update(source.position - bar.n)


def unreadable(
    source: TableFile, rows: pd.DataFrame, problems: Sequence[Problem], options: Namespace
) -> ValueError:
    """Make one error of all that is wrong with a file."""
    sentences = [source.sentence(problem, rows, vars(options)) for problem in problems]
    said = [*(f"{damage}." for damage in source.damaged), *sentences]
    if len(said) == 1:
        return ValueError(f"{source.path}: {said[0]}")
    return ValueError("\n".join([f"{source.path} has {len(said)} problems.", *said]))
