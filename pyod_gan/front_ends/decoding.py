"""From encoded rows back to cells, as far as the rows tell what was in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._support.optional_imports import import_optional
from .frames import EXTRA
from .front_end import Output

WHOLE = "total_seconds"  # the part of a date that stands for all of it
MISSING = "missing"  # the category of missing values
LOST = "…"  # a text, or a category that `fit` had not seen


def marks_missing(output: Output) -> bool:
    """Tell whether an encoded column marks missing values."""
    return output.kind == "missing"


def has_time(outputs: Sequence[Output]) -> bool:
    """Tell whether encoded columns are of dates with a time of the day."""
    return any(output.kind == "value" and output.label == "hour" for output in outputs)


def tell_all(outputs: Sequence[Output]) -> bool:
    """Tell whether no text loses its wording, and no date its minutes, by being encoded."""
    return not has_time(outputs) and all(output.kind != "text" for output in outputs)


def decoded(outputs: Sequence[Output], encoded: np.ndarray, zone: str = "") -> list[Any]:
    """Find the cells of a column, by the columns that encode it, (n, m) -> n values.

    A value is None where it is missing, and in a column of numbers, of which ``encoded`` tells all.
    The minutes of a date may be off. ``zone`` is its time zone.
    """
    kind = outputs[0].kind
    if kind == "category":
        labels = [None if o.label == MISSING else o.label for o in outputs if o.kind == kind]
        own = encoded[:, : len(labels)] > 0
        return [labels[row.argmax()] if row.any() else LOST for row in own]
    marks = [k for k, output in enumerate(outputs) if marks_missing(output)]
    missing = np.any(encoded[:, marks] > 0, axis=1).tolist()
    parts = {output.label: k for k, output in enumerate(outputs)}
    if kind == "text":
        return [None if m else LOST for m in missing]
    if WHOLE not in parts:
        return [None] * len(encoded)
    with_time = has_time(outputs)
    dates = zip(encoded[:, parts[WHOLE]], missing, strict=True)
    return [None if m else _moment(seconds, with_time, zone) for seconds, m in dates]


def _moment(seconds: float, with_time: bool, zone: str) -> Any:
    """Make a date of its seconds in single precision. A multiple of five minutes comes first."""
    moment = import_optional("pandas", EXTRA).Timestamp(
        np.datetime64(round(seconds), "s"), tz="UTC"
    )
    if not with_time:
        return moment.tz_convert(zone or None).tz_localize(None).round("D")
    away = np.spacing(np.float32(abs(seconds))) / 2
    simple = moment.round("5min")
    is_simple = abs((simple - moment).total_seconds()) <= away
    return (simple if is_simple else moment.round("min")).tz_convert(zone or None)
