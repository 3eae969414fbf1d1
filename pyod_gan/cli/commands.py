"""The commands of ``pyod-gan``, which call the public methods of the detector."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from textwrap import shorten
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from .._support.atomic_files import check_place
from .._support.exceptions import UnreadableValueError
from .._support.optional_imports import import_optional
from ..detector import GANDetector
from ..front_ends.frames import EXTRA
from .readers import CSVFile, Kinds, TableFile, open_table
from .writers import table_writer

if TYPE_CHECKING:
    import pandas as pd


def fit(options: Namespace) -> None:
    """Read a table or a sample of it, fit a detector and save it."""
    started = perf_counter()
    _check_apart(check_place(options.model), options.data)
    source = open_table(options.data, options.delimiter)
    _check_columns([*options.drop, *options.text], source)
    names = [name for name in source.names if name not in {*options.drop, *source.index}]
    if not names:
        raise ValueError(f"{source.path} has no columns left to fit.")
    chunks = (chunk[names] for chunk in _watched(source, "read", options.quiet))
    table = sample(chunks, options.max_rows, options.random_state)
    kinds = source.find_kinds(table, options.text)
    detector = GANDetector(
        options.gan,
        n_estimators=options.n_estimators,
        contamination=options.contamination,
        random_state=options.random_state,
        verbose=int(sys.stderr.isatty() and not options.quiet),
    )
    # as categories, because the encoder would read texts of digits as numbers
    texts = {name: "category" for name in options.text if name in names}
    detector.fit(source.typed(table, kinds).astype(texts))
    detector.set_params(verbose=0).save(options.model)
    if not options.quiet:
        _summarise(options, kinds, detector, perf_counter() - started)


def score(options: Namespace) -> None:
    """Read, score and write a table chunk by chunk."""
    if options.out != "-":
        _check_apart(Path(options.out), options.model)
    if options.threshold is not None and np.isnan(options.threshold):
        raise ValueError("--threshold must be a number. Got nan.")
    detector = GANDetector.load(options.model).set_params(verbose=0)
    kinds = _kinds(detector, options.model)
    source = open_table(options.data, options.delimiter)
    _check_columns(kinds, source)
    added = {"score", "label", *(f"reason_{k}" for k in range(1, options.explain + 1))}
    doubled = sorted(added & set(source.names))
    if doubled:
        raise ValueError(f"{source.path} has {doubled}, which the output adds: rename them.")
    threshold = detector.threshold_ if options.threshold is None else options.threshold
    n_rows = n_outliers = 0
    with table_writer(options.out, options.delimiter) as write:
        for chunk in _watched(source, "score", options.quiet):
            rows = source.typed(chunk, kinds)
            scores = _scores(detector, source, chunk, rows)
            outlying = scores > threshold
            if isinstance(source, CSVFile) and options.out.lower().endswith(".parquet"):
                chunk = chunk.assign(**rows)
            chunk = chunk.assign(score=scores, label=outlying.astype(int))
            write(chunk.assign(**_reasons(detector, rows, outlying, options.explain)))
            n_rows, n_outliers = n_rows + len(chunk), n_outliers + int(outlying.sum())
    if not options.quiet:
        share = f"{n_outliers} labelled 1 ({n_outliers / n_rows:.1%})"
        _say(f"{options.data}: {n_rows} rows, {share}, threshold {threshold:.4g}")


def sample(chunks: Iterator[pd.DataFrame], n_rows: int | None, seed: int) -> pd.DataFrame:
    """Draw a uniform sample of rows in the file's order. None for ``n_rows`` takes all rows.

    At most one chunk more than ``n_rows`` is in memory.
    """
    pandas, rng = import_optional("pandas", EXTRA), np.random.default_rng(seed)
    parts, keys = [], np.empty(0)
    for chunk in chunks:
        parts.append(chunk)
        keys = np.r_[keys, rng.random(len(chunk))]
        if n_rows is not None and len(keys) > n_rows:
            kept = np.sort(np.argsort(keys)[:n_rows])  # a dropped row stays dropped
            parts, keys = [pandas.concat(parts).iloc[kept]], keys[kept]
    return pandas.concat(parts)


def _scores(
    detector: GANDetector, source: TableFile, chunk: pd.DataFrame, rows: pd.DataFrame
) -> np.ndarray:
    """Scores of a chunk. Errors name the place in the file of a value that cannot be scored."""
    if detector.encoder_ is None:
        for name in rows:
            said = "is a missing value, and the model was fitted on a table without any"
            source.refuse(chunk[name], rows[name].isna(), said)
    try:
        return detector.decision_function(rows)
    except UnreadableValueError as error:
        here = np.arange(len(chunk)) == error.row
        source.refuse(chunk[error.column], here, "cannot be read as in fit")
        raise
    except (AttributeError, NotImplementedError, TypeError) as error:  # an unknown type of column
        raise ValueError(f"{source.path} cannot be read as in fit: {error}") from error


def _reasons(
    detector: GANDetector, rows: pd.DataFrame, outlying: np.ndarray, n_reasons: int
) -> dict[str, pd.Series]:
    """Columns of reasons, which only outliers have."""
    pandas = import_optional("pandas", EXTRA)
    names = [f"reason_{k}" for k in range(1, n_reasons + 1)]
    columns = {name: pandas.Series(index=rows.index, dtype="string") for name in names}
    if n_reasons and outlying.any():
        reasons = detector.explain_frame(rows[outlying], top=n_reasons)
        for k, group in reasons.groupby(reasons.groupby("row").cumcount()):
            columns[names[k]].loc[group["row"]] = group["reason"].to_numpy()
    return columns


def _kinds(detector: GANDetector, model: Path) -> Kinds:
    """Kinds of the columns that the detector was fitted to."""
    if not hasattr(detector, "feature_names_in_"):
        raise ValueError(f"{model} has no column names to look for: fit it to a table with names.")
    if detector.encoder_ is None:
        return dict.fromkeys(detector.feature_names_in_, "numbers")
    kinds = detector.encoder_.kinds_
    return {name: "text" if kind == "nothing" else kind for name, kind in kinds.items()}


def _check_columns(wanted: Iterable[str], source: TableFile) -> None:
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


def _check_apart(path: Path, other: Path) -> None:
    if path.resolve() == other.resolve():
        raise ValueError(f"The output would replace {other}, which is read. Give another name.")


def _watched(source: TableFile, verb: str, quiet: bool) -> Iterator[pd.DataFrame]:
    """Chunks, with a progress bar on a terminal if they take more than a second."""
    look = {"unit": source.measure, "unit_scale": True, "delay": 1}
    with tqdm(total=source.size, desc=verb, disable=quiet or None, **look) as bar:
        for chunk in source.chunks():
            yield chunk
            bar.update(source.position - bar.n)


def _summarise(options: Namespace, kinds: Kinds, detector: GANDetector, seconds: float) -> None:
    labels = detector.labels_
    _say(f"{options.data}: {len(labels)} rows, {len(kinds)} columns")
    for kind in sorted(set(kinds.values())):
        names = ", ".join(name for name in kinds if kinds[name] == kind)
        _say(shorten(f"{kind}: {names}", 100, placeholder=" ..."))
    _say(
        f"{options.model}: threshold {detector.threshold_:.4g}, {labels.sum()} rows above it "
        f"({labels.mean():.1%}), {seconds:.1f} s"
    )


def _say(line: str) -> None:
    """Write a line to standard error, because standard output may be the scored table."""
    sys.stderr.write(f"{line}\n")
