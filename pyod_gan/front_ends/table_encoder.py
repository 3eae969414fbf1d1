"""Encoder of data frames with columns of any type, which makes a matrix of floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .._support.optional_imports import import_optional
from .columns import EXTRA, ColumnEncoder, column_kind, missing_in
from .front_end import Output


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode numbers, booleans, categories, texts, dates and missing values as floats.

    Numbers stay as they are. Skrub's ``TableVectorizer`` encodes every other column by itself:

    - Categories get one column each.
    - Dates are split into parts.
    - Texts with many values become the leading components of their n-grams.

    Missing values become the median. Two kinds of columns are added: marks of missing values and
    marks of unseen categories. A mark that never occurred in ``fit`` counts as if it had occurred
    in one row of ``fit``.

    Attributes
    ----------
    outputs_ : list of Output
        What each encoded column stands for.
    names_ : list of str
        Names of the table's columns.
    kinds_ : dict of str to str
        What each column of the table holds: "numbers", "dates", "durations", "text" or "nothing".
    """

    def fit(self, X: Any, y: object = None) -> TableEncoder:
        """Learn the columns of a data frame, or of an array of objects."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: object = None) -> np.ndarray:
        """Learn the columns and encode them, (n, n_features) -> (n, n_outputs) float64."""
        frame = as_frame(X)
        self.names_ = list(frame.columns)
        self.columns_ = [ColumnEncoder(name).fit(frame[name]) for name in self.names_]
        self.kinds_ = {column.name: column.kind_ for column in self.columns_}
        parts = [(j, part) for j, column in enumerate(self.columns_) for part in column.parts_]
        self.outputs_ = [Output(j, *part) for j, part in parts]
        values = self._values(frame)
        self.imputer_ = SimpleImputer(strategy="median", keep_empty_features=True).fit(values)
        marks = np.array([output.kind in ("missing", "unseen") for output in self.outputs_])
        self.once_ = np.where(marks & ~(values > 0).any(0), np.sqrt(len(values)), 1.0)
        return np.asarray(self.imputer_.transform(values) * self.once_)

    def transform(self, X: Any) -> np.ndarray:
        """Encode a table, (n, n_features) -> (n, n_outputs) float64.

        Raises
        ------
        ValueError
            If the table has other columns than in ``fit``, a column of another type, or a value
            that cannot be read.
        """
        check_is_fitted(self)
        frame = as_frame(X, self.names_)
        self._check_columns(frame)
        return np.asarray(self.imputer_.transform(self._values(frame)) * self.once_)

    def weights(self, encoded: np.ndarray) -> np.ndarray:
        """Factors of the standardised columns of encoded rows, (n, n_outputs) -> (n_outputs,).

        The factors make every column of the table count alike, however many columns encode it. The
        columns that encode one column have a total variance of 1, as in multiple factor analysis
        (Escofier and Pagès 1994). Components of texts keep the proportions of their variances.
        """
        deviations = encoded.std(0)
        weights = np.ones(len(deviations))
        for column in range(len(self.names_)):
            own = np.array([o.column == column for o in self.outputs_]) & (deviations > 0)
            text = own & np.array([o.kind == "text" for o in self.outputs_])
            size = np.where(text, deviations, np.sqrt((deviations[text] ** 2).sum()) or 1.0)
            weights[own] = size[own] / np.sqrt((size[own] ** 2).sum())
        return weights

    def _values(self, frame: Any) -> np.ndarray:
        """Encoded columns, not yet imputed, (n, n_outputs)."""
        return np.hstack([column.transform(frame[column.name]) for column in self.columns_])

    def _check_columns(self, frame: Any) -> None:
        """Raise a ValueError unless the columns are those of ``fit`` and hold what they held.

        A column may also hold nothing except missing values.
        """
        if list(frame.columns) != self.names_:
            missing = [name for name in self.names_ if name not in frame.columns]
            unknown = [name for name in frame.columns if name not in self.names_]
            if not missing and not unknown:
                raise ValueError(
                    f"Columns must be in the order of fit, {self.names_}. Got "
                    f"{list(frame.columns)} instead."
                )
            raise ValueError(
                f"Columns must be those of fit, in the same order. Missing: {missing}; not seen in "
                f"fit: {unknown}."
            )
        now = {name: column_kind(frame[name]) for name in self.names_}
        wrong = [
            f"{name!r} held {kind} and now holds {now[name]}"
            for name, kind in self.kinds_.items()
            if kind not in (now[name], "nothing")
            and str(frame[name].dtype) != "object"
            and not missing_in(frame[name]).all()
        ]
        if wrong:
            raise ValueError(
                f"Columns must have the types that they had in fit: {'; '.join(wrong)}. Convert "
                "them, or fit again."
            )


def as_frame(X: Any, names: Sequence[str] | None = None) -> Any:
    """Turn a data frame of pandas or polars, or an array, into a pandas frame.

    ``names`` are the names that an array's columns had in ``fit``. Without them, types are found by
    the values of the array.

    Raises
    ------
    ValueError
        If column names are not unique, or if an array has another number of columns than ``names``.
    """
    if is_frame(X):
        own = [str(name) for name in X.columns]
        doubled = sorted({name for name in own if own.count(name) > 1})
        if doubled:
            raise ValueError(f"Column names must differ. Got {doubled} more than once.")
        X = X.to_pandas() if hasattr(X, "to_pandas") else X
        return X if own == list(X.columns) else X.set_axis(own, axis=1)
    pandas = import_optional("pandas", EXTRA)
    X = X if hasattr(X, "dtype") else np.asarray(X, dtype=object)  # a list keeps each cell as it is
    X = check_array(X, dtype=None, ensure_all_finite=False)
    if names is not None:
        return pandas.DataFrame(X, columns=list(names), dtype=object)
    return pandas.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).infer_objects()


def is_frame(X: Any) -> bool:
    """Tell whether ``X`` is a data frame of pandas or polars.

    Raises
    ------
    TypeError
        If ``X`` is a lazy data frame.
    """
    if hasattr(X, "collect_schema") and not hasattr(X, "to_numpy"):
        raise TypeError("A lazy data frame has no rows yet. Call collect() first.")
    return hasattr(X, "columns") and hasattr(X, "dtypes")
