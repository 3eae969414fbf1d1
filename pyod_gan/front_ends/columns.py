"""One column of a mixed table: what it holds, what is missing, and its encoding as floats."""

from __future__ import annotations

import pickle
from numbers import Number
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_array

from .._support.exceptions import UnreadableValueError
from .._support.optional_imports import import_optional

EXTRA = "tabular"


class ColumnEncoder(BaseEstimator):
    """Encode one column of a data frame. Skrub's ``TableVectorizer`` encodes what is not numbers.

    Parameters
    ----------
    name : str
        Name of the column, for errors.

    Attributes
    ----------
    kind_ : str
        "numbers", "dates", "durations" or "text", by the type of the column. "nothing" if every
        value is missing.
    parts_ : list of tuple of str
        Kind and label of each encoded column. Values come first, then marks.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, column: Any) -> ColumnEncoder:
        """Learn what a column of a pandas data frame holds."""
        self.kind_, self.zone_ = column_kind(column), None
        self.steps_: list[Any] = []
        if missing_in(column).all():
            self.kind_, self.parts_, self.empty_ = "nothing", [("missing", "")], []
            return self
        column = self._of_kind(column)
        if self.kind_ == "dates" and column.dt.tz is not None:
            self.zone_ = str(column.dt.tz)
        self.parts_, self.empty_ = [("value", "")], [np.nan]
        if self.kind_ != "numbers":
            self._learn_steps(column)
        of_category = self.parts_[0][0] == "category"
        self.parts_.append(("unseen" if of_category else "missing", ""))
        return self

    def _learn_steps(self, column: Any) -> None:
        """Learn skrub's steps for the column, and how they encode values and a missing value."""
        vectorizer = _vectorizer().fit(column.rename("c").to_frame())
        steps = vectorizer.all_processing_steps_["c"]
        transformers = [
            step for step in steps if hasattr(step, "transform")
        ]  # the last holds names
        # as they are after unpickling, so that a loaded detector has the same hash
        self.steps_ = pickle.loads(pickle.dumps(transformers))
        kinds = {c: kind for kind, cs in vectorizer.kind_to_columns_.items() for c in cs}
        if kinds["c"] == "low_cardinality":
            (labels,) = vectorizer.transformers_["c"].categories_
            none = [_is_none(label) for label in labels]
            names = ["missing" if n else str(label) for label, n in zip(labels, none, strict=True)]
            self.parts_ = [("category", name) for name in names]
            self.empty_ = [float(n) for n in none]
            return
        names = [str(name) for name in vectorizer.all_outputs_]
        of_text = kinds["c"] == "high_cardinality"
        labels = ["" if of_text or name == "c" else name.removeprefix("c_") for name in names]
        self.parts_ = [("text" if of_text else "value", label) for label in labels]
        self.empty_ = [0.0 if of_text else np.nan] * len(labels)

    def transform(self, column: Any) -> np.ndarray:
        """Encode values, with NaN for missing ones, and add marks, (n,) -> (n, len(parts_)).

        Raises
        ------
        UnreadableValueError
            If a value that is not missing is infinite or cannot be read as in ``fit``.
        """
        missing = missing_in(column)
        if self.kind_ == "nothing":
            return missing[:, None].astype(float)
        values = np.tile(self.empty_, (len(missing), 1))
        if not missing.all():  # skrub may not know the type of an empty column
            values, missing = self._values(self._of_kind(column), missing)
        self._check_read(column, values, missing)
        of_category = self.parts_[0][0] == "category"
        mark = values.sum(1) < 0.5 if of_category else missing
        return np.column_stack([values, mark])

    def _values(self, column: Any, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Encoded values (n, n_values) and missing (n,), now including words for missing values."""
        made = column.rename("c")
        for step in self.steps_:
            made = step.transform(made.to_frame() if isinstance(step, OneHotEncoder) else made)
            if type(step).__name__ == "CleanNullStrings":
                missing = missing | missing_in(made)
        made = made.to_frame() if made.ndim == 1 else made
        values = check_array(made, dtype=np.float64, ensure_all_finite=False)
        return np.asarray(values), missing

    def _of_kind(self, column: Any) -> Any:
        """Convert Python objects and Arrow's types to the column's kind, or to missing values."""
        pandas, dtype = import_optional("pandas", EXTRA), str(column.dtype)
        if dtype != "object" and "[pyarrow]" not in dtype:
            return _in_standard_zone(column)
        if self.kind_ == "numbers":
            return pandas.to_numeric(column, errors="coerce")
        column = column.astype(object)
        if self.kind_ == "durations":
            return pandas.to_timedelta(column, errors="coerce")
        if self.kind_ != "dates":
            return column
        known = column.mask(column.map(_is_number_itself))
        dates = pandas.to_datetime(known, errors="coerce", format="mixed", utc=True)
        if not self.zone_:
            return dates.dt.tz_localize(None)
        return _in_standard_zone(dates.dt.tz_convert(self.zone_))

    def _check_read(self, column: Any, values: np.ndarray, missing: np.ndarray) -> None:
        """Raise an UnreadableValueError if a value that is not missing has no finite code."""
        lost = ~np.isfinite(values).all(1) & ~missing
        if lost.any():
            row = int(lost.argmax())
            value = column.to_list()[row]
            error = UnreadableValueError(
                f"Column {self.name!r} has {int(lost.sum())} value(s) that cannot be read as in "
                f"fit, the first in row {row}: {value!r}."
            )
            error.column, error.row, error.value = self.name, row, value
            raise error


def _in_standard_zone(column: Any) -> Any:
    """Dates in a zone of pytz, as pandas 2 names zones, in the same zone of the standard library.

    Zones of pytz refer to themselves, so skops cannot write them.
    """
    name = getattr(getattr(column.dtype, "tz", None), "zone", None)
    return column if name is None else column.dt.tz_convert(ZoneInfo(name))


def column_kinds(frame: Any) -> dict[str, str]:
    """What the columns of a pandas frame hold, by type: numbers, dates, durations or text."""
    return {name: column_kind(frame[name]) for name in frame.columns}


def column_kind(column: Any) -> str:
    """What a column of a pandas frame holds, by its type.

    Raises
    ------
    ValueError
        If the column holds complex numbers.
    """
    if column.dtype.kind == "c":
        raise ValueError(f"Column {column.name!r} holds complex numbers, which have no order.")
    if is_number(column.dtype):
        return "numbers"
    if str(column.dtype).startswith("date32"):  # its dtype kind is that of objects
        return "dates"
    return {"M": "dates", "m": "durations"}.get(column.dtype.kind, "text")


def is_number(dtype: Any) -> bool:
    """Tell whether a type of pandas or polars is that of numbers or booleans."""
    kind = getattr(dtype, "kind", None)
    if kind is not None:
        return kind in "biuf"
    return bool(dtype.is_numeric()) or str(dtype) == "Boolean"


def missing_in(column: Any) -> np.ndarray:
    """Tell which values of a column of a data frame are missing or NaN, (n,) bool."""
    if hasattr(column, "isna"):
        return np.asarray(column.isna(), dtype=bool)
    missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    return np.asarray(missing, dtype=bool)


def _is_number_itself(value: Any) -> bool:
    """Tell whether an object is a number, which is no date."""
    return isinstance(value, Number)


def _is_none(label: Any) -> bool:
    return label is None or label != label  # NaN differs from itself


def _vectorizer() -> Any:
    """Make skrub's vectorizer: nothing dropped, nothing random, a column for every category."""
    skrub = import_optional("skrub", EXTRA)
    return skrub.TableVectorizer(
        low_cardinality=OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        high_cardinality=skrub.StringEncoder(random_state=0),
        drop_null_fraction=None,
    )
