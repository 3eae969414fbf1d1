"""Explanations in the columns, values and words of the user's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._support.optional_imports import import_optional
from .._support.own_settings import own_settings
from ..front_ends.checks import plain_table
from ..front_ends.frames import EXTRA, as_frame, missing_in
from ..front_ends.front_end import Output
from ..model import FittedModel
from .attribution import explain_rows

if TYPE_CHECKING:
    import pandas as pd


class Cell(NamedTuple):
    """One cell of the user's table, with the m columns that encode it."""

    name: str  # name of the column
    value: Any  # as the user gave it
    outputs: list[Output]
    shares: np.ndarray  # (m,)
    expected: np.ndarray  # (3, m)
    observed: np.ndarray  # (m,)


class Reason(NamedTuple):
    """One reason for a row's score, in numbers and words."""

    observed: Any
    expected: Any
    low: float
    high: float
    reason: str


@own_settings()
def by_column(shares: np.ndarray, outputs: Sequence[Output]) -> np.ndarray:
    """Sum shares over the encoded columns of each column, (n, D) -> (n, columns of the table)."""
    columns = np.array([output.column for output in outputs])
    encodes = columns[:, None] == np.arange(columns.max() + 1)  # (D, columns of the table)
    return np.asarray(shares @ encodes)


def explain_in_words(model: FittedModel, X: Any, typical: float, top: int) -> pd.DataFrame:
    """Make a data frame of the largest reasons of each row, one line per reason.

    ``typical`` is the score that explanations start from; see :func:`explain_rows`.
    """
    pd = import_optional("pandas", EXTRA)
    explained = explain_rows(model, X, typical)
    outputs, names = model.front_end.outputs, model.front_end.names
    labels = X.index if isinstance(X, pd.DataFrame) else range(len(explained.shares))
    shares = by_column(explained.shares, outputs)
    rows, columns = _largest(shares, top)
    given = {j: _given(X, names, j, outputs) for j in set(columns)}
    lines = []
    for i, j in zip(rows, columns, strict=True):
        own = [k for k, output in enumerate(outputs) if output.column == j]
        cell = Cell(
            names[j],
            given[j][i],
            [outputs[k] for k in own],
            *(part[..., i, own] for part in explained),
        )
        lines.append((labels[i], names[j], shares[i, j], *_reason(cell)))
    frame = pd.DataFrame(lines, columns=["row", "column", "share", *Reason._fields])
    numbers = ["share", "low", "high", *([] if lines else ["observed", "expected"])]
    return frame.astype(dict.fromkeys(numbers, float))


def _reason(cell: Cell) -> Reason:
    """Make the reason of a cell, by what its column holds."""
    first = cell.outputs[0]
    if first.kind == "category":
        return _of_category(cell)
    if first.kind in ("text", "missing"):  # "missing" comes first only if no value was ever seen
        expected = "unlike what was expected" if first.kind == "text" else "expected missing"
        said = f"{_said(cell)}; {expected}"
        return Reason(cell.value, None, np.nan, np.nan, said)
    missing = any(
        o.kind == "missing" and v for o, v in zip(cell.outputs, cell.observed, strict=True)
    )
    if first.label:
        return _of_date(cell, missing)
    middle, low, high = cell.expected[:, 0]
    observed = np.nan if missing else cell.observed[0]
    said = f"{cell.name} {'is missing' if missing else f'= {observed:.4g}'}"
    return Reason(observed, middle, low, high, f"{said}; expected {_spoken(low, high)}")


def _of_category(cell: Cell) -> Reason:
    """Make the reason of a category. The expected value is the likeliest category."""
    n = sum(output.kind == "category" for output in cell.outputs)
    place = int(cell.expected[0, :n].argmax())
    likeliest = cell.outputs[place].label
    said = "rare" if cell.observed[place] else f"expected {likeliest!r}"
    if not cell.observed[:n].any():
        said = f"never seen; expected {likeliest!r}"
    return Reason(cell.value, likeliest, np.nan, np.nan, f"{_said(cell)}; {said}")


def _of_date(cell: Cell, missing: bool) -> Reason:
    """Make the reason of a date, by the part of the date that has the largest share."""
    parts = [k for k, output in enumerate(cell.outputs) if output.kind == "value"]
    part = max(parts, key=lambda k: cell.shares[k])
    _, low, high = cell.expected[:, part]
    said = f"{cell.outputs[part].label} = {cell.observed[part]:.6g}; expected {_spoken(low, high)}"
    said = f"{cell.name} is missing" if missing else f"{cell.name}: {said}"
    return Reason(cell.value, None, np.nan, np.nan, said)


def _said(cell: Cell) -> str:
    """Say which category or text was observed."""
    return f"{cell.name} is missing" if cell.value is None else f"{cell.name} = {cell.value!r}"


def _given(X: Any, names: Sequence[str], column: int, outputs: Sequence[Output]) -> Sequence[Any]:
    """A column as the user gave it, with None for missing values. All are None for numbers."""
    if Output(column, "value") in outputs:
        return [None] * len(X)
    values = as_frame(plain_table(X), names)[names[column]]
    missing = missing_in(values)
    return [None if m else value for value, m in zip(values.to_list(), missing, strict=True)]


def _spoken(low: float, high: float) -> str:
    """Say a range in words."""
    return f"{low:.4g} to {high:.4g}" if high > low else f"about {low:.4g}"


def _largest(shares: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column numbers of the largest shares above 0, row by row."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, :top]
    rows = np.repeat(np.arange(len(shares)), order.shape[1])
    columns = order.ravel()
    kept = shares[rows, columns] > 0
    return rows[kept], columns[kept]
