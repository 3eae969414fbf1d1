"""One column of a mixed table: what it holds, what is missing, and its encoding as floats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_array

from .exceptions import UnreadableValueError
from .optional import import_optional

EXTRA = "tabular"
MISSING = "missing"  # the label of a category that is no value


class Output(NamedTuple):
    """What an encoded column stands for."""

    column: int  # position of the table's column that it comes from
    kind: str  # "value", "category", "text", "missing" or "unseen"
    label: str = ""  # the category, or the part of a date


class ColumnEncoder(BaseEstimator):
    """Encode one column of a data frame, by skrub's ``TableVectorizer`` where it is not numbers.

    Parameters
    ----------
    name : str
        Of the column, for errors.

    Attributes
    ----------
    kind_ : str
        "numbers", "dates" or "text" by its type; "nothing" where every value is missing.
    parts_ : list of tuple of str
        Kind and label of each encoded column: values, then marks.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, column: Any) -> ColumnEncoder:
        """Learn what a column of a data frame holds."""
        self.kind_ = column_kind(column)
        self.vectorizer_: Any = None
        if missing_in(column).all():
            self.kind_, self.parts_ = "nothing", [("missing", "")]
            return self
        if self.kind_ == "numbers":
            self.parts_ = [("value", "")]
        else:
            self.vectorizer_ = vectorizer().fit(_alone(column))
            self.parts_ = self._vectorized_parts()
        self.n_values_ = len(self.parts_)
        of_category = self.parts_[0][0] == "category"
        self.parts_.append(("unseen" if of_category else "missing", ""))
        return self

    def _vectorized_parts(self) -> list[tuple[str, str]]:
        """Kinds and labels of what skrub made of the column."""
        kinds = {c: kind for kind, cs in self.vectorizer_.kind_to_columns_.items() for c in cs}
        if kinds["c"] == "low_cardinality":
            (labels,) = self.vectorizer_.transformers_["c"].categories_
            return [("category", MISSING if _is_none(label) else str(label)) for label in labels]
        kind = "text" if kinds["c"] == "high_cardinality" else "value"
        names = [str(name) for name in self.vectorizer_.all_outputs_]
        labels = [name.removeprefix("c_") if name != "c" else "" for name in names]
        return [(kind, "" if kind == "text" else label) for label in labels]

    def transform(self, column: Any) -> np.ndarray:
        """Values, NaN where one is missing, and marks, (n,) -> (n, len(parts_)).

        Raises
        ------
        UnreadableValueError
            For a value that is there and cannot be read as in ``fit``, or is infinite.
        """
        missing = missing_in(self._cleaned(column))
        if self.kind_ == "nothing":
            return missing[:, None].astype(float)
        values = self._nothing(len(missing))
        if not missing.all():
            values = self._values(_of_kind(column, self.kind_))
        self._check_read(column, values, missing)
        of_category = self.parts_[0][0] == "category"
        mark = values.sum(1) < 0.5 if of_category else missing
        return np.column_stack([values, mark])

    def _values(self, column: Any) -> np.ndarray:
        """(n,) -> (n, n_values)."""
        frame = _alone(column)
        if self.vectorizer_ is not None:
            frame = self.vectorizer_.transform(frame)
        return np.asarray(check_array(frame, dtype=np.float64, ensure_all_finite=False))

    def _nothing(self, n: int) -> np.ndarray:
        """What skrub would make of missing values, whose type it may not know."""
        known = self.parts_[: self.n_values_]
        row = [np.nan if kind == "value" else float(label == MISSING) for kind, label in known]
        return np.tile(row, (n, 1))

    def _cleaned(self, column: Any) -> Any:
        """Without the words that skrub takes for missing values, such as "N/A"."""
        if self.vectorizer_ is None or missing_in(column).all():
            return column
        first = self.vectorizer_.all_processing_steps_["c"][0]
        if type(first).__name__ != "CleanNullStrings":
            return column
        return first.transform(_alone(column)["c"])

    def _check_read(self, column: Any, values: np.ndarray, missing: np.ndarray) -> None:
        """A value that is there must be encoded as something finite."""
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


def column_kinds(frame: Any) -> dict[str, str]:
    """What the columns of a data frame hold: "numbers", "dates" or "text", by their types."""
    return {name: column_kind(frame[name]) for name in frame.columns}


def column_kind(column: Any) -> str:
    """What a column holds, by its type."""
    if is_number(column.dtype):
        return "numbers"
    selectors = import_optional("skrub.selectors", EXTRA)
    return "dates" if selectors.any_date().expand(_alone(column)) else "text"


def is_number(dtype: Any) -> bool:
    """True for numbers and booleans, of pandas or polars."""
    kind = getattr(dtype, "kind", None)
    if kind is not None:
        return kind in "biuf"
    return bool(dtype.is_numeric()) or str(dtype) == "Boolean"


def missing_in(column: Any) -> np.ndarray:
    """Where a column of a data frame has no value, or one that is no number."""
    if hasattr(column, "isna"):
        return np.asarray(column.isna(), dtype=bool)
    missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    return np.asarray(missing, dtype=bool)


def _of_kind(column: Any, kind: str) -> Any:
    """A column of Python objects as what it should hold; what cannot be is missing then."""
    if getattr(column.dtype, "kind", "") != "O" or str(column.dtype) != "object":
        return column
    pandas = import_optional("pandas", EXTRA)
    read = {"numbers": pandas.to_numeric, "dates": pandas.to_datetime}
    return read[kind](column, errors="coerce") if kind in read else column


def _alone(column: Any) -> Any:
    """A data frame of one column, called c."""
    return (
        column.rename("c").to_frame() if hasattr(column, "isna") else column.alias("c").to_frame()
    )


def _is_none(label: Any) -> bool:
    return label is None or label != label  # NaN is not itself


def vectorizer() -> Any:
    """Skrub's, with nothing dropped, nothing random, and a column for every category."""
    skrub = import_optional("skrub", EXTRA)
    return skrub.TableVectorizer(
        low_cardinality=OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        high_cardinality=skrub.StringEncoder(random_state=0),
        drop_null_fraction=None,
    )
