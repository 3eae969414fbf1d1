"""The commands ``fit --series`` and ``score`` for time series in files."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from time import perf_counter
from typing import TYPE_CHECKING

from .._support.exceptions import UnreadableTableError
from .._support.optional_imports import import_optional
from ..explain.windows import stretches
from ..front_ends.frames import EXTRA
from .known_labels import KnownLabels
from .readers import CSVFile, TableFile
from .reading import check_columns, check_not_fitted, new_reader, unreadable, watched
from .terminal import say
from .writers import table_writer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..modalities.series import SeriesDetector


OF_TABLES = ("drop", "text", "max_rows")  # options that choose among the columns or rows


def fit_series(options: Namespace, source: TableFile, known: KnownLabels | None) -> None:
    """Fit a detector to the series in a file, and save it."""
    started = perf_counter()
    given = [f"--{name.replace('_', '-')}" for name in OF_TABLES if getattr(options, name)]
    if given:
        raise ValueError(f"{', '.join(given)} cannot be used with --series.")
    time, *channels = [name.strip() for name in options.series.split(",")]
    if not channels or not all(channels):
        raise ValueError(
            f"--series must name the column of times and at least one channel, as in "
            f"--series time,value. Got {options.series!r}."
        )
    labels = [] if known is None else [options.label_column]
    check_columns([time, *channels, *labels], source)
    check_not_fitted(labels, [time, *channels])
    table, _ = _whole(options, source, "read")
    reader = new_reader(options, [time, *channels])
    if source.damaged:
        raise unreadable(source, table, [], options)
    if known is not None:
        known.add(table[options.label_column])

    from ..modalities.series import SeriesDetector

    detector = SeriesDetector(
        options.gan,
        time=time,
        missing=options.missing or "error",
        irregular=options.irregular or "error",
        window_size=options.window_size or "auto",
        preprocessing=reader,
        n_estimators=options.n_estimators,
        contamination=options.contamination,
        random_state=options.random_state,
        verbose=int(sys.stderr.isatty() and not options.quiet),
    )
    try:
        detector.fit(table[[time, *channels]])
    except UnreadableTableError as error:
        raise unreadable(source, table, error.problems, options) from error
    except ValueError as error:
        raise _said(source, table, error) from error
    detector.set_params(verbose=0).save(options.model)
    if options.quiet:
        return
    apart = f" {detector.spacing_} apart" if detector.spacing_ else ""
    sizes = ", ".join(map(str, detector.window_sizes_))
    say(
        f"{options.data}: {len(table)} points{apart}, channels {', '.join(channels)}, windows of "
        f"{sizes} points"
    )
    say(
        f"{options.model}: threshold {detector.threshold_:.4g}, {detector.labels_.sum()} points "
        f"above it ({detector.labels_.mean():.1%}), {perf_counter() - started:.1f} s"
    )
    if known is not None:
        say(known.compared_with(detector.decision_scores_))


def score_series(
    options: Namespace, source: TableFile, detector: SeriesDetector, known: KnownLabels | None
) -> None:
    """Score the series in a file, and write its rows with scores and labels."""
    times = [] if detector.time is None else [detector.time]
    names = [*times, *detector.channels_]
    labels = [] if known is None else [options.label_column]
    check_columns([*names, *labels], source)
    check_not_fitted(labels, names)
    table, chunks = _whole(options, source, "read")
    if source.damaged:
        raise unreadable(source, table, [], options)
    if known is not None:
        known.add(table[options.label_column])
    detector.read_otherwise(missing=options.missing, irregular=options.irregular)
    reader = detector.table_reader_
    if reader is not None and options.on_error is not None:
        reader.set_params(on_error=options.on_error)
    to_parquet = isinstance(source, CSVFile) and options.out.lower().endswith(".parquet")
    if options.threshold is not None:
        detector.threshold_ = options.threshold
    try:
        scores = detector.decision_function(table[names])
        outlying = scores > detector.threshold_
        reasons = _reasons(options, table, scores, outlying, detector, names)
    except UnreadableTableError as error:
        raise unreadable(source, table, error.problems, options) from error
    except ValueError as error:
        raise _said(source, table, error) from error
    done = 0
    with table_writer(options.out, source.delimiter) as write:
        for chunk in chunks:
            part = slice(done, done + len(chunk))
            added = {"score": scores[part], "label": outlying[part].astype(int)}
            added |= {name: said.iloc[part] for name, said in reasons.items()}
            if to_parquet and reader is not None:
                chunk = chunk.assign(**{c.name: c.values for c in reader.read(chunk[names])})
            chunk = chunk.rename(columns=dict(zip(source.names, source.header, strict=True)))
            write(chunk.assign(**{options.prefix + name: added[name] for name in added}))
            done += len(chunk)
    if options.quiet:
        return
    share = f"{outlying.sum()} labelled 1 ({outlying.mean():.1%})"
    say(f"{options.data}: {len(scores)} points, {share}, threshold {detector.threshold_:.4g}")
    if known is not None:
        say(known.compared_with(scores))


def _reasons(
    options: Namespace,
    table: pd.DataFrame,
    scores: np.ndarray,
    outlying: np.ndarray,
    detector: SeriesDetector,
    names: list[str],
) -> dict[str, pd.Series]:
    """Columns of reasons, which all points of a stretch that is labelled 1 share."""
    pandas = import_optional("pandas", EXTRA)
    columns = {
        f"reason_{k}": pandas.Series(index=table.index, dtype="string")
        for k in range(1, options.explain + 1)
    }
    if columns and outlying.any():
        frame = detector.explain_frame(table[names], top=options.explain)
        found = stretches(outlying, scores)
        for number, said in frame.groupby("stretch")["reason"]:
            points = slice(found[number].start, found[number].end + 1)
            for column, reason in zip(columns.values(), said, strict=False):
                column.iloc[points] = reason
    return columns


def _said(source: TableFile, table: pd.DataFrame, error: ValueError) -> ValueError:
    """Make an error that names the file, its lines or rows, and options of the command."""
    said = str(error).replace("missing='interpolate'", "--missing interpolate")
    said = said.replace("irregular='ignore'", "--irregular ignore")
    said = said.replace(", as by X.resample(...).mean() with --missing interpolate,", "")
    said = said.replace("window_size", "--window-size")
    said = said.replace(", and name the column of times, as by time='t'", "")
    plural = "s" if "positions" in said else ""

    def lines(match: re.Match[str]) -> str:
        return ", ".join(str(table.index[int(place)]) for place in match[1].split(", "))

    said = re.sub(r"positions? ([\d, ]*\d)", lambda m: f"{source.unit}{plural} {lines(m)}", said)
    return ValueError(f"{source.path}: {said}")


def _whole(
    options: Namespace, source: TableFile, verb: str
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The whole table of a file, and the chunks that it came in."""
    chunks = list(watched(source, verb, options.quiet))
    return import_optional("pandas", EXTRA).concat(chunks), chunks
