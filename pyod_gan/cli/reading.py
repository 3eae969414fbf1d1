"""What all commands do with a table in a file: check its columns, read it, say what is wrong."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from .._support.exceptions import Problem
from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA
from .csv_records import CSVFormat
from .readers import TableFile, open_table

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


def open_as_said(options: Namespace, path: Path | None = None) -> TableFile:
    """Open a table as the options say, by default that of the data."""
    form = CSVFormat(
        options.delimiter or "",
        options.encoding or "",
        options.skip_rows,
        options.comment,
        header=not options.no_header,
    )
    return open_table(str(path or options.data), form)


def names_to_fit(options: Namespace, source: TableFile, labels: list[str]) -> list[str]:
    """Names of the columns to fit."""
    check_columns([*options.drop, *options.text, *labels], source)
    left_out = {*options.drop, *labels, *source.index}
    names = [name for name in source.names if name not in left_out]
    if not names:
        raise ValueError(f"{source.path} has no columns left to fit.")
    return names


def read_columns(
    options: Namespace, source: TableFile, names: list[str], most: int | None
) -> tuple[pd.DataFrame, int]:
    """Read columns of the table, or of a sample of it. Returns how many rows there are, too."""
    n_rows = 0

    def chunks() -> Iterator[pd.DataFrame]:
        nonlocal n_rows
        for chunk in watched(source, "read", options.quiet):
            n_rows += len(chunk)
            yield chunk[names]

    return sample(chunks(), most, options.random_state), n_rows


def read_anomalies(
    options: Namespace, names: list[str]
) -> tuple[TableFile, pd.DataFrame] | tuple[None, None]:
    """Read the columns to fit of the table of known anomalies, if there is one."""
    if options.known_anomalies is None:
        return None, None
    source = open_as_said(options, options.known_anomalies)
    check_columns(names, source)
    table = import_optional("pandas", EXTRA).concat(
        chunk[names] for chunk in watched(source, "read", options.quiet)
    )
    if source.damaged:
        raise unreadable(source, table, [], options)
    if table.empty:
        raise ValueError(f"{source.path} has no rows.")
    return source, table


def sample(chunks: Iterator[pd.DataFrame], n_rows: int | None, seed: int) -> pd.DataFrame:
    """Draw a uniform sample of rows in the file's order. None for ``n_rows`` takes all rows.

    At most twice ``n_rows`` and a chunk are in memory. The choice depends on the seed, as
    ``--random-state`` asks for. That of :mod:`pyod_gan.front_ends.samples` has none.
    """
    pandas, rng = import_optional("pandas", EXTRA), np.random.default_rng(seed)
    parts: list[pd.DataFrame] = []
    keys = np.empty(0)

    def thin(most: int) -> None:
        nonlocal parts, keys
        if n_rows is not None and len(keys) > most:
            kept = np.sort(np.argsort(keys)[:n_rows])  # a dropped row stays dropped
            parts, keys = [pandas.concat(parts).iloc[kept]], keys[kept]

    for chunk in chunks:
        parts.append(chunk)
        keys = np.r_[keys, rng.random(len(chunk))]
        thin(2 * (n_rows or 0))
    thin(n_rows or 0)
    return pandas.concat(parts)


def unreadable(
    source: TableFile, rows: pd.DataFrame, problems: Sequence[Problem], options: Namespace
) -> ValueError:
    """Make one error of all that is wrong with a file."""
    sentences = [source.sentence(problem, rows, vars(options)) for problem in problems]
    said = [*(f"{damage}." for damage in source.damaged), *sentences]
    if len(said) == 1:
        return ValueError(f"{source.path}: {said[0]}")
    return ValueError("\n".join([f"{source.path} has {len(said)} problems.", *said]))
