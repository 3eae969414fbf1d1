"""Encoding of one column of a mixed table as floats, with marks of what is missing or unseen."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_array

from .._support.optional_imports import import_optional
from .column_reader import Column
from .frames import EXTRA

FEW = 40  # texts of fewer different values are categories


class ColumnEncoder(BaseEstimator):
    """Encode a column that was read. Dates and texts with many values are encoded by skrub.

    Parameters
    ----------
    name : str
        Name of the column.

    Attributes
    ----------
    kind_ : str
        "numbers", "dates", "durations" or "text". "nothing" if every value is missing.
    parts_ : list of tuple of str
        Kind and label of each encoded column. Values come first, then marks.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, column: Column) -> ColumnEncoder:
        """Learn how to encode a column."""
        self.kind_, self.steps_ = column.kind, []
        self.parts_, self.empty_ = [("value", "")], [np.nan]
        if column.missing.all():
            self.kind_, self.parts_, self.empty_ = "nothing", [("missing", "")], []
            return self
        if column.kind == "dates":
            (encoder,) = self.steps_ = [_learnt(_skrub().DatetimeEncoder(), column)]
            labels = [str(name).removeprefix("c_") for name in encoder.all_outputs_]
            self.parts_, self.empty_ = (
                [("value", label) for label in labels],
                [np.nan] * len(labels),
            )
        elif column.kind == "text" and len(set(column.values[~column.missing])) < FEW:
            encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            (encoder,) = self.steps_ = [_learnt(encoder, column)]
            (labels,) = encoder.categories_
            names = ["missing" if label is None else label for label in labels]
            self.parts_ = [("category", name) for name in names]
            self.empty_ = [float(label is None) for label in labels]
        elif column.kind == "text":
            (encoder,) = self.steps_ = [_learnt(_skrub().StringEncoder(random_state=0), column)]
            n_parts = len(encoder.all_outputs_)
            self.parts_, self.empty_ = [("text", "")] * n_parts, [0.0] * n_parts
        self.parts_.append(("unseen" if self._of_categories else "missing", ""))
        return self

    def transform(self, column: Column) -> np.ndarray:
        """Encode values, with NaN for missing ones, and add marks, (n,) -> (n, len(parts_))."""
        missing = column.missing
        if self.kind_ == "nothing":
            return missing[:, None].astype(np.float64)
        values = np.tile(self.empty_, (len(missing), 1))
        if self.kind_ in ("numbers", "durations"):
            values = column.values[:, None]
        elif not missing.all():
            made = _as_series(column)
            for step in self.steps_:
                made = step.transform(_as_input(step, made))
            made = made.to_frame() if made.ndim == 1 else made
            values = check_array(made, dtype=np.float64, ensure_all_finite=False)
        mark = values.sum(1) < 0.5 if self._of_categories else missing
        return np.column_stack([values, mark])

    @property
    def _of_categories(self) -> bool:
        return self.parts_[0][0] == "category"


def _learnt(step: Any, column: Column) -> Any:
    """Fit a step of the encoding. It is as it would be after unpickling, and has the same hash."""
    return pickle.loads(pickle.dumps(step.fit(_as_input(step, _as_series(column)))))


def _as_series(column: Column) -> Any:
    """Make a pandas series, with the same name for all columns."""
    if column.kind == "dates":
        return column.values.rename("c")
    return import_optional("pandas", EXTRA).Series(column.values, name="c", dtype=object)


def _as_input(step: Any, values: Any) -> Any:
    """Turn a series into what a step takes."""
    if isinstance(step, OneHotEncoder):
        return values.to_frame()
    return values.astype("string") if type(step).__name__ == "StringEncoder" else values


def _skrub() -> Any:
    return import_optional("skrub", EXTRA)
