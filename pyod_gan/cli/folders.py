"""The commands ``fit`` and ``score`` for folders of images, or of clips of sound."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .._support.optional_imports import import_optional
from ..api.negatives import is_about_anomalies
from ..front_ends.frames import EXTRA
from ..front_ends.items import all_files
from .terminal import say
from .writers import table_writer

T = TypeVar("T")

OF_TABLES = (
    *("label_column", "drop", "text", "na", "decimal", "thousands", "date_format", "max_rows"),
    *("delimiter", "encoding", "skip_rows", "comment", "no_header", "series", "missing"),
    *("irregular", "window_size"),
)


class Kind(NamedTuple):
    """A kind of files, and the estimator of it."""

    noun: str
    estimator: str
    reader: str  # module that knows the suffixes of files
    options: tuple[str, ...]  # that are for it alone

    @property
    def item(self) -> str:
        """What one of them is called."""
        return self.noun.removesuffix("s")

    def suffixes(self) -> frozenset[str]:
        """Suffixes of its files."""
        found: frozenset[str] = import_module(self.reader, __package__).SUFFIXES
        return found

    def cls(self) -> Any:
        """Class of the estimator."""
        return getattr(import_module("..modalities", __package__), self.estimator)


KINDS = (
    Kind("images", "ImageDetector", "..front_ends.images", ("resize",)),
    Kind("clips", "AudioDetector", "..front_ends.audio", ("sample_rate",)),
)
ESTIMATORS = {kind.estimator: kind for kind in KINDS}


def fit_folder(options: Namespace) -> None:
    """Fit a detector to the images or the clips in a folder, and save it."""
    started = perf_counter()
    kind = _kind_of(options.data)
    _check_options(options, kind)
    known = options.known_anomalies
    detector = _in_options(
        lambda: kind.cls()(
            options.gan,
            **{name: getattr(options, name) for name in kind.options},
            on_error="skip" if options.on_error == "skip" else "raise",
            n_estimators=options.n_estimators,
            contamination=options.contamination,
            random_state=options.random_state,
            verbose=int(sys.stderr.isatty() and not options.quiet),
        ).fit(options.data, known_anomalies=known),
        known,
    )
    detector.set_params(verbose=0).save(options.model)
    if options.quiet:
        return
    say(f"{options.data}: {len(detector.names_)} {kind.noun} {_described(detector)}")
    say(
        f"{options.model}: threshold {detector.threshold_:.4g}, {detector.labels_.sum()} "
        f"{kind.noun} above it ({detector.labels_.mean():.1%}), {perf_counter() - started:.1f} s"
    )


def score_folder(options: Namespace, detector: Any) -> None:
    """Score the files in a folder, and write a row for each: file, score, label and reasons."""
    kind = ESTIMATORS[type(detector).__name__]
    _check_options(options, kind)
    if options.on_error is not None:
        detector.set_params(on_error="skip" if options.on_error == "skip" else "raise")
    names = getattr(detector, f"{kind.item}_names")(options.data)
    scores = _in_options(lambda: detector.decision_function(options.data))
    threshold = detector.threshold_ if options.threshold is None else options.threshold
    used = ~np.isnan(scores)
    outlying = used & (scores > threshold)
    pandas = import_optional("pandas", EXTRA)
    labels = pandas.array(np.where(used, outlying, None), dtype="boolean").astype("Int64")
    files = [os.fsencode(str(name)).decode("utf-8", "backslashreplace") for name in names]
    table = pandas.DataFrame(
        {"file": files, f"{options.prefix}score": scores, f"{options.prefix}label": labels}
    )
    if options.explain:
        paths = [Path(options.data, name) for name in _of(names, outlying)]
        reasons = _reasons(options, kind, detector, paths)
        for k in range(options.explain):
            column = pandas.Series(index=table.index, dtype="string")
            column[outlying] = [said[k] if k < len(said) else None for said in reasons]
            table[f"{options.prefix}reason_{k + 1}"] = column
    with table_writer(options.out, ",") as write:
        write(table)
    if not options.quiet:
        share = f"{outlying.sum()} labelled 1 ({outlying.sum() / max(used.sum(), 1):.1%})"
        left = "" if used.all() else f", {(~used).sum()} skipped"
        say(f"{options.data}: {len(names)} {kind.noun}, {share}{left}, threshold {threshold:.4g}")


def load_of_folder(path: Path) -> Any:
    """Read a model of images or of clips.

    Raises
    ------
    ValueError
        If it is none.
    """
    from ..persist.safetensors_file import read_kind

    name = read_kind(path)
    if path.is_file() and name not in ESTIMATORS:
        raise ValueError(
            f"{path} is a model of {'series' if name else 'tables'}, and DATA is a folder, which "
            "only a model of images or of clips can score."
        )
    return ESTIMATORS[name or KINDS[0].estimator].cls().load(path)


def _kind_of(folder: Path) -> Kind:
    """What the files in a folder are.

    Raises
    ------
    ValueError
        If there are images and clips.
    """
    suffixes = {path.suffix.lower() for path in all_files(folder)}
    found = [kind for kind in KINDS if suffixes & kind.suffixes()]
    if not found:
        raise ValueError(f"There are no images and no clips in the folder {folder}.")
    if len(found) > 1:
        raise ValueError(f"{folder} has images and clips. Name a folder of one of them.")
    return found[0]


def _described(detector: Any) -> str:
    """What all images or clips have in common."""
    if hasattr(detector, "sample_rate_"):
        return f"of {detector.sample_rate_} samples per second"
    height, width, n_channels = detector.image_shape_
    colour = {1: "grey", 3: "colour"}.get(n_channels, f"{n_channels} channels")
    return f"of {height} × {width} pixels, {colour}"


def _in_options(compute: Callable[[], T], known: Path | None = None) -> T:
    """Compute something, and name options of the command where an error names parameters.

    An error about known anomalies names the folder ``known``.
    """
    try:
        return compute()
    except ValueError as error:
        said = str(error).replace("on_error='skip'", "--on-error skip")
        said = re.sub(r"resize=\((\d+), (\d+)\)", r"--resize \1 \2", said)
        said = re.sub(
            r"a detector with sample_rate=(\d+)( of fit)? brings",
            r"--sample-rate \1 in fit brings",
            said,
        )
        if known is not None and is_about_anomalies(error):
            said = f"{known}: {said}"
        raise ValueError(said) from error


def _of(names: list[Any], chosen: np.ndarray) -> list[Any]:
    """Names that are chosen."""
    return [name for name, one in zip(names, chosen, strict=True) if one]


def _reasons(
    options: Namespace, kind: Kind, detector: Any, paths: Sequence[Path]
) -> list[list[str]]:
    """Reasons for each of some files, whether or not the model labels them 1."""
    if not paths:
        return []
    frame = detector.explain_frame(list(paths), flagged_only=False)
    by_item = frame.groupby(kind.item, sort=False)["reason"].apply(list)
    return [by_item[str(path)][: options.explain] for path in paths]


def _check_options(options: Namespace, kind: Kind) -> None:
    """Raise a ValueError if an option of tables, or of other files, is given."""
    others = [name for other in KINDS if other != kind for name in other.options]
    given = [n for n in (*OF_TABLES, *others) if getattr(options, n, None)]
    said = [f"--{name.replace('_', '-')}" for name in given]
    if options.on_error == "flag":
        said.append("--on-error flag")
    if said:
        raise ValueError(f"{', '.join(said)} cannot be used with a folder of {kind.noun}.")
