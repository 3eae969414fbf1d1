"""Encoder of data frames with columns of any type, which makes a matrix of floats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .column_reader import Column
from .columns import ColumnEncoder
from .front_end import Output
from .table_scaler import LARGEST


class TableEncoder(BaseEstimator):
    """Encode numbers, booleans, categories, texts, dates and missing values as floats.

    Numbers stay as they are. Every other column is encoded by itself:

    - Categories get one column each.
    - Dates are split into parts.
    - Texts with many values become the leading components of their n-grams.

    Missing values become the median. Two kinds of columns are added: marks of missing values and
    marks of unseen categories. A mark that never occurred in ``fit``, and that of a value that
    could not be read, counts as if it had occurred in one row of ``fit``.

    Attributes
    ----------
    outputs_ : list of Output
        What each encoded column stands for.
    names_ : list of str
        Names of the table's columns.
    kinds_ : dict of str to str
        What each column of the table holds: "numbers", "dates", "durations", "text" or "nothing".
    """

    rare_: float = 10.0  # in the first files, which do not have it

    def fit(self, X: Sequence[Column], y: object = None) -> TableEncoder:
        """Learn the columns of a table that was read by :class:`TableReader`."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Sequence[Column], y: object = None) -> np.ndarray:
        """Learn the columns and encode them, n rows -> (n, n_outputs) float64."""
        from sklearn.impute import SimpleImputer  # slow to import, and not needed for numbers

        self.names_ = [column.name for column in X]
        self.columns_ = [ColumnEncoder(column.name).fit(column) for column in X]
        self.kinds_ = {column.name: column.kind_ for column in self.columns_}
        parts = [(j, part) for j, column in enumerate(self.columns_) for part in column.parts_]
        self.outputs_ = [Output(j, *part) for j, part in parts]
        values = self._values(X)
        self.imputer_ = SimpleImputer(strategy="median", keep_empty_features=True).fit(
            np.clip(values, -LARGEST / 4, LARGEST / 4)  # so that a median is finite
        )
        self.rare_ = float(np.sqrt(len(values)))
        marks = np.array([output.kind in ("missing", "unseen") for output in self.outputs_])
        self.once_ = np.where(marks & ~(values > 0).any(0), self.rare_, 1.0)
        return self._finished(values, X)

    def transform(self, X: Sequence[Column]) -> np.ndarray:
        """Encode a table with the columns of ``fit``, n rows -> (n, n_outputs) float64."""
        check_is_fitted(self)
        return self._finished(self._values(X), X)

    def weights(self, encoded: np.ndarray) -> np.ndarray:
        """Factors of the standardised columns of encoded rows, (n, n_outputs) -> (n_outputs,).

        The factors make every column of the table count alike, however many columns encode it. The
        columns that encode one column have a total variance of 1, as in multiple factor analysis
        (Escofier and Pagès 1994). Components of texts keep the proportions of their variances. A
        number or date that never changed in ``fit`` has the weight 2: if it changes, the value of
        all rows is gone and a new one is there. A category is encoded as these two things.
        """
        deviations = encoded.std(0)
        weights = np.ones(len(deviations))
        values = np.array([output.kind == "value" for output in self.outputs_])
        for column in range(len(self.names_)):
            all_own = np.array([o.column == column for o in self.outputs_])
            own = all_own & (deviations > 0)
            text = own & np.array([o.kind == "text" for o in self.outputs_])
            size = np.where(text, deviations, np.sqrt((deviations[text] ** 2).sum()) or 1.0)
            weights[own] = size[own] / np.sqrt((size[own] ** 2).sum())
            if not own.any():
                weights[all_own & values] = 2.0
        return weights

    def _values(self, X: Sequence[Column]) -> np.ndarray:
        """Encoded columns, not yet imputed, (n, n_outputs)."""
        pairs = zip(self.columns_, X, strict=True)
        return np.hstack([encoder.transform(column) for encoder, column in pairs])

    def _finished(self, values: np.ndarray, X: Sequence[Column]) -> np.ndarray:
        """Fill in missing values, and weigh the marks, (n, n_outputs)."""
        finished = np.asarray(self.imputer_.transform(values) * self.once_)
        for j, output in enumerate(self.outputs_):
            if output.kind == "missing":
                finished[X[output.column].unreadable, j] = self.rare_
        return finished
