"""Tables as they come: a data frame of any columns to a matrix of floats, and back to columns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .exceptions import UnreadableValueError
from .optional import import_optional

EXTRA = "tabular"


class Output(NamedTuple):
    """What an encoded column stands for."""

    column: int  # position of the table's column that it comes from
    kind: str  # "value", "category", "text", "missing" or "unseen"
    label: str = ""  # the category, or the part of a date


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode numbers, booleans, categories, texts, dates and missing values as floats.

    Numbers stay as they are; the other columns are encoded by skrub's ``TableVectorizer``: a column
    per category, parts of dates, the leading components of the n-grams of texts with many values.
    Missing values become the median. Two kinds of columns are added: whether a value is missing,
    and whether a category is unseen. What never occurred in ``fit`` counts as if it had occurred in
    one of its rows.

    ``weights_`` make each of the table's columns count alike, however many columns encode it, as in
    multiple factor analysis (Escofier and Pagès 1994): their standardised values have a total
    variance of 1. Components of texts keep the proportions that their variances have.

    Attributes
    ----------
    outputs_ : list of Output
        What each encoded column stands for.
    weights_ : ndarray of shape (n_outputs,)
        Factors of the standardised encoded columns.
    names_ : list of str
        The table's columns.
    """

    def fit(self, X: Any, y: object = None) -> TableEncoder:
        """Learn the columns of a data frame, or of an array of objects."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: object = None) -> np.ndarray:
        """Learn the columns, and encode them, (n, n_features) -> (n, n_outputs) float64."""
        frame = as_frame(X)
        self.names_, self.kinds_ = list(frame.columns), column_kinds(frame)
        self.numbers_ = [c for c in self.names_ if self.kinds_[c] == "numbers"]
        others = [c for c in self.names_ if self.kinds_[c] != "numbers"]
        self.vectorizer_ = _vectorizer().fit(frame[others]) if others else None
        self._name_outputs()
        values = self._values(frame)
        self.imputer_ = SimpleImputer(strategy="median", keep_empty_features=True).fit(values)
        marks = self._marks(values)
        self.once_ = np.where(marks.any(0), 1.0, np.sqrt(len(values)))
        encoded = self._encoded(values, marks)
        self.weights_ = self._find_weights(encoded.std(0))
        return encoded

    def transform(self, X: Any) -> np.ndarray:
        """(n, n_features) -> (n, n_outputs) float64.

        Raises
        ------
        ValueError
            For a column of another type than in ``fit``, or a value that cannot be read.
        """
        check_is_fitted(self)
        frame = as_frame(X)
        self._check_kinds(frame)
        values = self._values(frame)
        return self._encoded(values, self._marks(values))

    def _name_outputs(self) -> None:
        """Set ``outputs_``: values, then marks of missing values, then of unseen categories."""
        place = {name: i for i, name in enumerate(self.names_)}
        values = [Output(place[name], "value") for name in self.numbers_]
        if self.vectorizer_ is not None:
            kinds = {c: k for k, cs in self.vectorizer_.kind_to_columns_.items() for c in cs}
            words = {"low_cardinality": "category", "high_cardinality": "text"}
            for name, column in self.vectorizer_.output_to_input_.items():
                kind = words.get(kinds[column], "value")
                label = "" if name == column else name.removeprefix(f"{column}_")
                values.append(Output(place[column], kind, label))
        of = {kind: {o.column for o in values if o.kind == kind} for kind in ("value", "category")}
        missing = [Output(column, "missing") for column in sorted(of["value"])]
        unseen = [Output(column, "unseen") for column in sorted(of["category"])]
        self.n_values_, self.outputs_ = len(values), values + missing + unseen

    def _values(self, frame: Any) -> np.ndarray:
        """Numbers and skrub's columns, not yet imputed, (n, n_values)."""
        parts = [np.empty((len(frame), 0))]
        if self.numbers_:
            parts.append(_floats(frame[self.numbers_]))
        if self.vectorizer_ is not None:
            others = frame[[c for c in self.names_ if self.kinds_[c] != "numbers"]]
            parts.append(_floats(self.vectorizer_.transform(others)))
        values = np.hstack(parts)
        self._check_read(frame, values)
        return values

    def _marks(self, values: np.ndarray) -> np.ndarray:
        """Whether a value is missing, and whether a category is unseen, (n, n_marks)."""
        marks = []
        for output in self.outputs_[self.n_values_ :]:
            own = values[:, self._places(output.column)]
            missing = output.kind == "missing"
            marks.append(np.isnan(own).any(1) if missing else own.sum(1) < 0.5)
        return np.column_stack(marks) if marks else np.empty((len(values), 0))

    def _encoded(self, values: np.ndarray, marks: np.ndarray) -> np.ndarray:
        return np.hstack([self.imputer_.transform(values), marks * self.once_])

    def _places(self, column: int) -> list[int]:
        """Which values encode a column of the table."""
        return [i for i, o in enumerate(self.outputs_[: self.n_values_]) if o.column == column]

    def _find_weights(self, deviations: np.ndarray) -> np.ndarray:
        """1 / √m for m outputs that vary; in the proportions of their deviations for texts."""
        weights = np.ones(len(deviations))
        for column in range(len(self.names_)):
            own = np.array([o.column == column for o in self.outputs_]) & (deviations > 0)
            text = own & np.array([o.kind == "text" for o in self.outputs_])
            size = deviations if text.any() else np.ones(len(deviations))
            weights[own] = size[own] / np.sqrt((size[own] ** 2).sum())
        return weights

    def _check_kinds(self, frame: Any) -> None:
        """Columns must hold what they held in ``fit``, or nothing at all."""
        now = column_kinds(frame)
        wrong = [
            f"{name!r} held {self.kinds_[name]} and now holds {now[name]}"
            for name in self.names_
            if now[name] != self.kinds_[name] and not missing_in(frame[name]).all()
        ]
        if wrong:
            raise ValueError(
                f"Columns must have the types that they had in fit: {'; '.join(wrong)}. Convert "
                "them, or fit again."
            )

    def _check_read(self, frame: Any, values: np.ndarray) -> None:
        """A value that is there must be encoded as something."""
        for column, name in enumerate(self.names_):
            lost = np.isnan(values[:, self._places(column)]).any(1) & ~missing_in(frame[name])
            if lost.any():
                row = int(lost.argmax())
                value = frame[name].to_list()[row]
                error = UnreadableValueError(
                    f"Column {name!r} has {int(lost.sum())} value(s) that cannot be read as in "
                    f"fit, the first in row {row}: {value!r}."
                )
                error.column, error.row, error.value = name, row, value
                raise error


def as_frame(X: Any) -> Any:
    """A data frame as it is; an array as a pandas frame with columns x0, x1 and so on."""
    if is_frame(X):
        names = [str(name) for name in X.columns]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"Column names must differ. Got {doubled} more than once.")
        return X if names == list(X.columns) else X.set_axis(names, axis=1)
    pandas = import_optional("pandas", EXTRA)
    X = check_array(X, dtype=None, ensure_all_finite="allow-nan")
    return pandas.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).infer_objects()


def is_frame(X: Any) -> bool:
    """True for a data frame of pandas or polars."""
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def column_kinds(frame: Any) -> dict[str, str]:
    """What the columns hold: "numbers", "dates" or "text", by their types."""
    selectors = import_optional("skrub.selectors", EXTRA)
    numbers = set((selectors.numeric() | selectors.boolean()).expand(frame))
    dates = set(selectors.any_date().expand(frame))
    return {
        name: "numbers" if name in numbers else "dates" if name in dates else "text"
        for name in frame.columns
    }


def missing_in(column: Any) -> np.ndarray:
    """Where a column of a data frame has no value, or one that is no number."""
    if hasattr(column, "isna"):
        return np.asarray(column.isna(), dtype=bool)
    missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    return np.asarray(missing, dtype=bool)


def _floats(frame: Any) -> np.ndarray:
    return np.asarray(check_array(frame, dtype=np.float64, ensure_all_finite="allow-nan"))


def _vectorizer() -> Any:
    """Skrub's, with nothing dropped, nothing random, and a column for every category."""
    skrub = import_optional("skrub", EXTRA)
    return skrub.TableVectorizer(
        low_cardinality=OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        high_cardinality=skrub.StringEncoder(random_state=0),
        drop_null_fraction=None,
    )
