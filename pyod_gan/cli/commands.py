"""The commands of ``pyod-gan``. Each imports what it needs only when it needs it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import shorten
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .._support.atomic_files import check_place
from .._support.exceptions import UnreadableTableError
from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA
from ..front_ends.samples import MOST_ROWS
from .checks import (
    all_checked,
    check_added,
    check_apart,
    check_no_series,
    check_page,
    foretell_collisions,
)
from .known_labels import KnownLabels
from .readers import CHUNK, CSVFile, TableFile
from .reading import (
    check_columns,
    check_not_fitted,
    names_to_fit,
    new_reader,
    open_as_said,
    read_anomalies,
    read_columns,
    unreadable,
    watched,
)
from .resumed import ResumedOutput
from .terminal import say
from .writers import Output, check_output

if TYPE_CHECKING:
    import pandas as pd

    from ..detector import GANDetector
    from ..front_ends.inspection import Inspected
    from ..front_ends.table_reader import TableReader
    from ..modalities.series import SeriesDetector
    from ..model import FittedModel
    from ..persist.detector_file import Saved

FEW_ROWS = 50  # of fewer, a fit learns little


def fit(options: Namespace) -> None:
    """Read a table or a sample of it, fit a detector and save it."""
    started = perf_counter()
    if options.data.is_dir():
        from .folders import fit_folder

        check_place(options.model)
        fit_folder(options)
        return
    if options.resize or options.sample_rate or options.on_error == "skip":
        raise ValueError("--resize, --sample-rate and --on-error skip are for folders.")
    source: TableFile
    source, *_ = all_checked(
        lambda: open_as_said(options),
        lambda: check_apart(check_place(options.model), options.data),
        lambda: check_apart(options.model, options.known_anomalies or Path("-")),
    )
    known = _known_labels(options, source)
    labels = [] if known is None else [options.label_column]
    if not options.quiet:
        foretell_collisions(source)
    if options.series is None:
        check_no_series(options, "say --series TIME,COLUMN,... as well")
    else:
        if options.known_anomalies is not None:
            raise ValueError("--known-anomalies is for tables and folders, not for --series.")
        from .series import fit_series

        fit_series(options, source, known)
        return
    names = names_to_fit(options, source, labels)
    table, n_rows = read_columns(options, source, names + labels, options.max_rows or MOST_ROWS)
    if known is not None:
        known.add(table.pop(options.label_column))
    reader = new_reader(options, names)
    if source.damaged:
        raise unreadable(source, table, reader.try_read(table)[1], options)
    of_anomalies, anomalies = read_anomalies(options, names)

    from ..api.negatives import is_about_anomalies
    from ..detector import GANDetector

    detector = GANDetector(
        options.gan,
        n_estimators=options.n_estimators,
        contamination=options.contamination,
        preprocessing=reader,
        random_state=options.random_state,
        verbose=int(sys.stderr.isatty() and not options.quiet),
    )
    try:
        detector.fit(table, known_anomalies=anomalies)
    except UnreadableTableError as error:
        if of_anomalies is not None and is_about_anomalies(error):
            raise unreadable(of_anomalies, anomalies, error.problems, options) from error
        raise unreadable(source, table, error.problems, options) from error
    except ValueError as error:
        if of_anomalies is not None and is_about_anomalies(error):
            raise ValueError(f"{of_anomalies.path}: {error}") from error
        raise
    detector.set_params(verbose=0).save(options.model)
    if not options.quiet:
        if len(table) < n_rows:
            drawn = f"note: {len(table)} of {n_rows} rows were drawn to be fitted"
            say(f"{drawn}; a value of the others that cannot be read is found by inspect or score")
        _summarise(options, source, table, detector, perf_counter() - started)
        if of_anomalies is not None:
            say(f"{of_anomalies.path}: {len(detector.known_anomalies_)} known anomalies")
        if known is not None:
            say(known.compared_with(detector.decision_scores_))


def score(options: Namespace) -> None:
    """Read, score and write a table chunk by chunk."""
    if options.data.is_dir():
        from .folders import load_of_folder, score_folder

        detector, *_ = all_checked(
            lambda: load_of_folder(options.model),
            lambda: check_apart(Path(options.out), options.model),
            lambda: check_output(options.out),
        )
        if options.resume:
            raise ValueError("--resume is for tables.")
        score_folder(options, detector)
        return
    if options.on_error == "skip":
        raise ValueError("--on-error skip is for folders.")
    source: TableFile
    source, saved, *_ = all_checked(
        lambda: open_as_said(options),
        lambda: _load(options.model),
        lambda: check_apart(Path(options.out), options.model),
        lambda: check_output(options.out),
    )
    if not hasattr(saved, "model"):
        from .series import score_series

        check_added(options, source)
        if options.resume:
            raise ValueError("--resume is for tables. A series is scored as a whole.")
        score_series(options, source, saved, _known_labels(options, source))
        return
    check_no_series(options, "the model is one of tables")
    model = saved.model
    reader = _fitted_reader(model, options)
    if options.on_error is not None:
        reader.set_params(on_error=options.on_error)
    names = list(reader.formats_)
    known = _known_labels(options, source)
    labels = [] if known is None else [options.label_column]
    all_checked(
        lambda: check_columns([*names, *labels], source),
        lambda: check_not_fitted(labels, names),
        lambda: check_added(options, source),
    )
    threshold = saved.threshold if options.threshold is None else options.threshold
    to_parquet = options.out.lower().endswith(".parquet")
    all_scores = []
    with _output(options, source.delimiter) as output:
        for chunk in watched(source, "score", options.quiet):
            if source.damaged:
                raise unreadable(source, chunk, [], options)
            chunk = output.left_of(chunk)
            if chunk.empty:
                continue
            rows = chunk[names]
            try:
                scores = model.scores(rows)
            except UnreadableTableError as error:
                raise unreadable(source, rows, error.problems, options) from error
            outlying = scores > threshold
            if known is not None:
                known.add(chunk[options.label_column])
                all_scores.append(scores)
            added = _added(saved, rows, scores, outlying, options.explain)
            if isinstance(source, CSVFile) and to_parquet:
                chunk = chunk.assign(**{c.name: c.values for c in reader.read(rows)})
            chunk = chunk.rename(columns=dict(zip(source.names, source.header, strict=True)))
            chunk = chunk.assign(**{options.prefix + name: added[name] for name in added})
            output.write(chunk, int(outlying.sum()))
        if source.damaged:  # behind the last row; the output does not appear
            raise unreadable(source, chunk, [], options)
    n_rows, n_outliers = output.n_rows, output.n_outliers
    if not options.quiet:
        share = f"{n_outliers} labelled 1 ({n_outliers / n_rows:.1%})"
        say(f"{options.data}: {n_rows} rows, {share}, threshold {threshold:.4g}")
        if known is not None:
            say(known.compared_with(np.concatenate(all_scores)))


def report(options: Namespace) -> None:
    """Write a page about a model and the rows of a table, or a sample of them."""
    source: TableFile
    source, detector, *_ = all_checked(
        lambda: open_as_said(options),
        lambda: _load_of_table(options, "report"),
        lambda: check_page(options.out),
        lambda: check_apart(options.out, options.data),
        lambda: check_apart(options.out, options.model),
    )
    reader = _fitted_reader(detector.model_, options)
    if options.on_error is not None:
        reader.set_params(on_error=options.on_error)
    names = list(reader.formats_)
    check_columns(names, source)
    table, n_rows = read_columns(options, source, names, MOST_ROWS)
    if source.damaged:
        raise unreadable(source, table, [], options)

    from ..display import report as write_report

    rows = table.rename_axis(source.unit.capitalize())
    try:
        write_report(detector, rows, options.out, top=options.top)
    except UnreadableTableError as error:
        raise unreadable(source, table, error.problems, options) from error
    if not options.quiet:
        drawn = f"{len(table)} rows, drawn of {n_rows}" if len(table) < n_rows else f"{n_rows} rows"
        say(f"{options.data}: {drawn}; see {options.out}")


def watch(options: Namespace) -> None:
    """Score rows as they come in."""
    from .watch import watch as watch_rows

    detector = _load_of_table(options, "watch")
    watch_rows(options, detector, _fitted_reader(detector.model_, options))


def serve(options: Namespace) -> None:
    """Serve scores over HTTP until a signal comes."""
    from ..serving import EXTRA as SERVE
    from ..serving import make_app

    uvicorn = import_optional("uvicorn", SERVE)
    app = make_app(
        _load_of_table(options, "serve"), max_rows=options.max_rows, max_bytes=options.max_bytes
    )
    uvicorn.run(app, host=options.host, port=options.port, access_log=False)


def _load_of_table(options: Namespace, command: str) -> GANDetector:
    """Load a detector of tables."""
    from ..detector import GANDetector
    from ..persist.safetensors_file import read_kind

    kind = read_kind(options.model)
    if kind:
        raise ValueError(f"{options.model} is a model of {kind}. {command} takes one of tables.")
    return GANDetector.load(options.model)


def _output(options: Namespace, delimiter: str) -> Output:
    """Where scored rows go."""
    if not options.resume:
        return Output(options.out, delimiter)
    is_csv = options.out != "-" and Path(options.out).suffix.lower() != ".parquet"
    if not is_csv or str(options.data) == "-":
        raise ValueError("--resume takes a file of data, and writes a CSV file.")
    if options.label_column is not None:
        raise ValueError("--resume may score a part of the rows alone: leave out --label-column.")
    return ResumedOutput(options, delimiter)


def inspect(options: Namespace) -> None:
    """Tell how the columns of a table would be read, and all that is wrong with it."""
    from ..front_ends.inspection import inspect_columns

    source = open_as_said(options)
    names = names_to_fit(options, source, [])
    table, _ = read_columns(options, source, names, options.max_rows)
    lines, problems = inspect_columns(table, new_reader(options, names))
    for said in _described(source, len(table), lines):
        sys.stdout.write(f"{said}\n")
    if problems or source.damaged:
        raise unreadable(source, table, problems, options)


def _described(source: TableFile, n_rows: int, lines: Sequence[Inspected]) -> Iterator[str]:
    """Lines that tell how each column is read."""
    for line in lines:
        said = [line.kind]
        if line.written not in ("a number", "a text", ""):
            said.append(line.written.removeprefix("a ").removeprefix(line.kind).strip())
        if line.example:
            said.append(f"such as {shorten(line.example, 40, placeholder='...')!r}")
        if line.read_as:
            said.append(f"read as {line.read_as}")
        if line.missing:
            said.append(f"{line.missing:.1%} missing")
        yield f"{line.column}: {', '.join(filter(None, said))}"
        for note in line.notes:
            ways = ", ".join(source.option(*remedy) for remedy in note.remedies)
            yield f"note: {line.column} {note.said}" + (f" ({ways})" if ways else "")
    yield from (f"note: {note}" for note in source.notes)
    if n_rows < FEW_ROWS:
        yield f"note: {n_rows} rows are few to learn from; {FEW_ROWS} or more are better"


def _load(path: Path) -> Saved | SeriesDetector:
    """Read a model, of tables without the detector, whose base class is slow to import."""
    from ..engine.devices import device_here, find_device
    from ..persist.detector_file import read_detector
    from ..persist.safetensors_file import read_kind

    kind = read_kind(path)
    of_folders = {"ImageDetector": "images", "AudioDetector": "clips"}
    if kind in of_folders:
        raise ValueError(
            f"{path} is a model of {of_folders[kind]}, and DATA is a file; name a folder."
        )
    if kind == "SeriesDetector":
        from ..modalities.series import SeriesDetector

        return SeriesDetector.load(path)
    saved = read_detector(path)
    saved.model.to(find_device(device_here(saved.params["device"])))
    return saved


def _added(
    saved: Saved, rows: pd.DataFrame, scores: np.ndarray, outlying: np.ndarray, n_reasons: int
) -> dict[str, Any]:
    """Columns to add: scores, labels, and reasons, which only outliers have."""
    pandas = import_optional("pandas", EXTRA)
    added: dict[str, Any] = {"score": scores, "label": outlying.astype(int)}
    names = [f"reason_{k}" for k in range(1, n_reasons + 1)]
    added |= {name: pandas.Series(index=rows.index, dtype="string") for name in names}
    if n_reasons and outlying.any():
        from ..explain.sentences import explain_in_words

        typical = float(np.median(saved.scores))
        reasons = explain_in_words(saved.model, rows[outlying], typical, n_reasons, saved.reservoir)
        for k, group in reasons.groupby(reasons.groupby("row").cumcount()):
            added[names[k]].loc[group["row"]] = group["reason"].to_numpy()
    return added


def _fitted_reader(model: FittedModel, options: Namespace) -> TableReader:
    """Reader of the columns that the model was fitted to."""
    reader: TableReader | None = getattr(model.front_end, "reader_", None)
    if reader is None or not hasattr(model.front_end, "feature_names_in_"):
        raise ValueError(
            f"{options.model} has no column names to look for: fit it to a table with names."
        )
    return reader


def _known_labels(options: Namespace, source: TableFile) -> KnownLabels | None:
    if options.label_column is None:
        return None
    return KnownLabels(source, options.label_column)


def _summarise(
    options: Namespace,
    source: TableFile,
    table: pd.DataFrame,
    detector: GANDetector,
    seconds: float,
) -> None:
    """Say how the columns were read, and what came out."""
    from ..front_ends.inspection import inspect_read

    labels, some = detector.labels_, table[:CHUNK]
    reader = _fitted_reader(detector.model_, options)
    say(f"{options.data}: {len(labels)} rows, {table.shape[1]} columns")
    columns = reader.read(some)
    lines = [inspect_read(reader.formats_[c.name], c, some[c.name]) for c in columns]
    for line in _described(source, len(labels), lines):
        say(line)
    say(
        f"{options.model}: threshold {detector.threshold_:.4g}, {labels.sum()} rows above it "
        f"({labels.mean():.1%}), {seconds:.1f} s"
    )
