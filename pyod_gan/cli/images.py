"""The commands ``fit`` and ``score`` for folders of images."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA
from .terminal import say
from .writers import table_writer

if TYPE_CHECKING:
    from ..modalities.image import ImageDetector

T = TypeVar("T")

OF_TABLES = (
    *("label_column", "drop", "text", "na", "decimal", "thousands", "date_format", "max_rows"),
    *("delimiter", "encoding", "skip_rows", "comment", "no_header", "series", "missing"),
    "irregular",
)


def fit_folder(options: Namespace) -> None:
    """Fit a detector to the images in a folder, and save it."""
    started = perf_counter()
    _check_options(options)

    from ..modalities.image import ImageDetector

    detector = _in_options(
        lambda: ImageDetector(
            options.gan,
            resize=options.resize,
            on_error="skip" if options.on_error == "skip" else "raise",
            n_estimators=options.n_estimators,
            contamination=options.contamination,
            random_state=options.random_state,
            verbose=int(sys.stderr.isatty() and not options.quiet),
        ).fit(options.data)
    )
    detector.set_params(verbose=0).save(options.model)
    if options.quiet:
        return
    height, width, n_channels = detector.image_shape_
    colour = {1: "grey", 3: "colour"}.get(n_channels, f"{n_channels} channels")
    say(f"{options.data}: {len(detector.names_)} images of {height} × {width} pixels, {colour}")
    say(
        f"{options.model}: threshold {detector.threshold_:.4g}, {detector.labels_.sum()} images "
        f"above it ({detector.labels_.mean():.1%}), {perf_counter() - started:.1f} s"
    )


def score_folder(options: Namespace, detector: ImageDetector) -> None:
    """Score the images in a folder, and write a row for each: file, score, label and reasons."""
    _check_options(options)
    if options.on_error is not None:
        detector.set_params(on_error="skip" if options.on_error == "skip" else "raise")
    names = detector.image_names(options.data)
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
        reasons = _reasons(options, detector, [Path(options.data, n) for n in _of(names, outlying)])
        for k in range(options.explain):
            column = pandas.Series(index=table.index, dtype="string")
            column[outlying] = [said[k] if k < len(said) else None for said in reasons]
            table[f"{options.prefix}reason_{k + 1}"] = column
    with table_writer(options.out, ",") as write:
        write(table)
    if not options.quiet:
        share = f"{outlying.sum()} labelled 1 ({outlying.sum() / max(used.sum(), 1):.1%})"
        skipped = "" if used.all() else f", {(~used).sum()} skipped"
        say(f"{options.data}: {len(names)} images, {share}{skipped}, threshold {threshold:.4g}")


def _in_options(compute: Callable[[], T]) -> T:
    """Compute something, and name options of the command where an error names parameters."""
    try:
        return compute()
    except ValueError as error:
        said = str(error).replace("on_error='skip'", "--on-error skip")
        said = re.sub(r"resize=\((\d+), (\d+)\)", r"--resize \1 \2", said)
        raise ValueError(said) from error


def _of(names: list[Any], chosen: np.ndarray) -> list[Any]:
    """Names that are chosen."""
    return [name for name, one in zip(names, chosen, strict=True) if one]


def _reasons(options: Namespace, detector: ImageDetector, paths: list[Path]) -> list[list[str]]:
    """Reasons for each of some images, whether or not the model labels them 1."""
    if not paths:
        return []
    frame = detector.explain_frame(paths, flagged_only=False)
    by_image = frame.groupby("image", sort=False)["reason"].apply(list)
    return [by_image[str(path)][: options.explain] for path in paths]


def _check_options(options: Namespace) -> None:
    """Raise a ValueError if an option of tables is given."""
    given = [f"--{n.replace('_', '-')}" for n in OF_TABLES if getattr(options, n, None)]
    if options.on_error == "flag":
        given.append("--on-error flag")
    if given:
        raise ValueError(f"{', '.join(given)} cannot be used with a folder of images.")
