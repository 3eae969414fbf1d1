"""Tables as they come: a data frame of any columns to a matrix of floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .._support.optional_imports import import_optional
from .checks import check_width
from .columns import EXTRA, ColumnEncoder, column_kind, missing_in
from .front_end import Output


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode numbers, booleans, categories, texts, dates and missing values as floats.

    Numbers stay as they are; the other columns are encoded by skrub's ``TableVectorizer``, each by
    itself: a column per category, parts of dates, the leading components of the n-grams of texts
    with many values. Missing values become the median. Two kinds of columns are added: whether a
    value is missing, and whether a category is unseen. What never occurred in ``fit`` counts as if
    it had occurred in one of its rows.

    Attributes
    ----------
    outputs_ : list of Output
        What each encoded column stands for.
    names_ : list of str
        The table's columns.
    kinds_ : dict of str to str
        What each of them holds: "numbers", "dates", "durations", "text" or "nothing".
    """

    def fit(self, X: Any, y: object = None) -> TableEncoder:
        """Learn the columns of a data frame, or of an array of objects."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: object = None) -> np.ndarray:
        """Learn the columns, and encode them, (n, n_features) -> (n, n_outputs) float64."""
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
        """(n, n_features) -> (n, n_outputs) float64.

        Raises
        ------
        ValueError
            For other columns than in ``fit``, a column of another type, or a value that cannot be
            read.
        """
        check_is_fitted(self)
        frame = as_frame(X, self.names_)
        self._check_columns(frame)
        return np.asarray(self.imputer_.transform(self._values(frame)) * self.once_)

    def weights(self, encoded: np.ndarray) -> np.ndarray:
        """Factors of the standardised columns of encoded rows, (n, n_outputs) -> (n_outputs,).

        They make each of the table's columns count alike, however many columns encode it, as in
        multiple factor analysis (Escofier and Pagès 1994): what encodes one has a total variance of
        1. Components of texts keep the proportions that their variances have.
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
        """Columns must be those of ``fit``, and hold what they held, or nothing at all."""
        if list(frame.columns) != self.names_:
            missing = [name for name in self.names_ if name not in frame.columns]
            unknown = [name for name in frame.columns if name not in self.names_]
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
    """A data frame of pandas or polars, or an array, as a pandas frame.

    ``names`` are those of an array's columns in ``fit``, where types were found by their values.
    """
    if is_frame(X):
        own = [str(name) for name in X.columns]
        doubled = sorted({name for name in own if own.count(name) > 1})
        if doubled:
            raise ValueError(f"Column names must differ. Got {doubled} more than once.")
        X = X.to_pandas() if hasattr(X, "to_pandas") else X
        return X if own == list(X.columns) else X.set_axis(own, axis=1)
    pandas = import_optional("pandas", EXTRA)
    X = X if hasattr(X, "dtype") else np.asarray(X, dtype=object)  # of a list, each cell as it is
    X = check_array(X, dtype=None, ensure_all_finite=False)
    if names is not None:
        check_width(X, len(names))
        return pandas.DataFrame(X, columns=list(names), dtype=object)
    return pandas.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).infer_objects()


def is_frame(X: Any) -> bool:
    """True for a data frame of pandas or polars.

    Raises
    ------
    TypeError
        For a lazy one.
    """
    if hasattr(X, "collect_schema") and not hasattr(X, "to_numpy"):
        raise TypeError("A lazy data frame has no rows yet. Call collect() first.")
    return hasattr(X, "columns") and hasattr(X, "dtypes")
