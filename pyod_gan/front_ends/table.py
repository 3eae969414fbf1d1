"""The front end of tables, which encodes values that are not numbers and scales all columns."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from .._support.own_settings import own_settings
from .checks import check_columns, check_numbers, column_names, finite_floats
from .columns import is_number, missing_in
from .encoder_bytes import encoder_from_array, encoder_to_array
from .front_end import Output, Rows
from .table_encoder import TableEncoder, is_frame
from .table_scaler import TableScaler


class TableFrontEnd(BaseEstimator):
    """Turns arrays and data frames into scaled rows. Every row is a sample.

    Parameters
    ----------
    preprocessing : {"auto", "table"}, default="auto"
        "auto" encodes data frames that have missing values, or columns of other types than numbers.
        "table" encodes every input.

    Attributes
    ----------
    encoder_ : TableEncoder or None
        Encodes a table that is not all numbers.
    scaler_ : TableScaler
        Scales the encoded columns.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if ``fit_read`` got a data frame with string names.
    names : list of str
        Labels of the columns in words, whatever they are, or x0, x1, … for an array.
    """

    def __init__(self, preprocessing: str = "auto") -> None:
        self.preprocessing = preprocessing

    def fit(self, X: Any, y: object = None) -> TableFrontEnd:
        """Learn columns, encoding and scale of a table."""
        self.fit_read(X)
        return self

    @own_settings()
    def fit_read(self, X: Any) -> Rows:
        """Learn columns, encoding and scale of a table, and return its rows in their units."""
        self.encoder_ = TableEncoder() if self._needs_encoder(X) else None
        labels = list(X.columns) if is_frame(X) else None
        values = self._numbers(X) if self.encoder_ is None else self._encoded(X, self.encoder_)
        self.names = column_names(labels, self.n_features_in_)
        self._learn_scale(values)
        return Rows(values)

    @own_settings()
    def read(self, X: Any) -> Rows:
        """Rows of a table as numbers in their units, (n, D).

        Raises
        ------
        ValueError
            If columns are other than in ``fit_read``, or values cannot be read.
        """
        check_is_fitted(self, "scaler_")
        if self.encoder_ is not None:
            self._check_columns(X)
            return Rows(finite_floats(self.encoder_.transform(X), least_rows=1))
        if is_frame(X):
            self._check_columns(X)
            check_numbers(X)
            return Rows(finite_floats(X, least_rows=1))
        values = finite_floats(X, least_rows=1)
        self._check_columns(values)
        return Rows(values)

    @own_settings()
    def scale(self, values: np.ndarray) -> np.ndarray:
        """Standardise columns, (n, D) -> (n, D) float32."""
        return self.scaler_.transform(values)

    @own_settings()
    def unscale(self, values: np.ndarray) -> np.ndarray:
        """Turn scaled values into the table's units, (..., D) -> (..., D)."""
        return self.scaler_.inverse_transform(values)

    def rows(self, X: Any) -> Rows:
        """Scaled rows of a table, (n, D) float32."""
        values, owner = self.read(X)
        return Rows(self.scale(values), owner)

    def rescaled(self, values: np.ndarray) -> TableFrontEnd:
        """Make the same front end with the scale of other rows, (n, D) in the table's units."""
        other = copy(self)
        other._learn_scale(values)
        return other

    def pool(self, scores: np.ndarray, owner: np.ndarray | None) -> np.ndarray:
        """Return the scores as they are, because every row is a sample."""
        return scores

    @property
    def outputs(self) -> list[Output]:
        """Meanings of the scaled columns."""
        if self.encoder_ is None:
            return [Output(j, "value") for j in range(self.n_features_in_)]
        return list(self.encoder_.outputs_)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return scale, weights and encoder as arrays."""
        arrays = {f"scaler.{name}": array for name, array in self.scaler_.to_arrays().items()}
        if self.encoder_ is not None:
            arrays["encoder"] = encoder_to_array(self.encoder_)
        if self.scaler_.weights is not None:
            arrays["weights"] = self.scaler_.weights
        return arrays

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, np.ndarray],
        names: list[str],
        feature_names: list[str],
        preprocessing: str,
    ) -> TableFrontEnd:
        """Make a front end from :meth:`to_arrays` and the names of its columns.

        ``feature_names`` are those of a data frame with string names, or none.
        """
        front_end = cls(preprocessing)
        front_end.encoder_ = encoder_from_array(arrays["encoder"]) if "encoder" in arrays else None
        scale = {n.removeprefix("scaler."): a for n, a in arrays.items() if n.startswith("scaler.")}
        front_end.scaler_ = TableScaler.from_arrays(scale, arrays.get("weights"))
        front_end.names, front_end.n_features_in_ = names, len(names)
        if feature_names:
            front_end.feature_names_in_ = np.array(feature_names, dtype=object)
        return front_end

    def _needs_encoder(self, X: Any) -> bool:
        """Tell whether a table has to be encoded.

        With "auto" this is a data frame with missing values, or with other types than numbers.
        """
        if self.preprocessing == "table":
            return True
        if not is_frame(X):
            return False
        if not all(is_number(dtype) for dtype in X.dtypes):
            return True
        columns = list(X.columns)
        doubled = len(set(columns)) < len(columns)  # this error is raised later
        return not doubled and any(missing_in(X[name]).any() for name in columns)

    def _numbers(self, X: Any) -> np.ndarray:
        """Learn the columns of a table of numbers, and return its values."""
        validate_data(self, X, reset=True, skip_check_array=True, ensure_2d=False)
        values = finite_floats(X, least_rows=2)
        self.n_features_in_ = values.shape[1]
        return values

    def _encoded(self, X: Any, encoder: TableEncoder) -> np.ndarray:
        """Learn the columns of any table, and return its encoded values."""
        validate_data(self, X, reset=True, skip_check_array=True)
        return finite_floats(encoder.fit_transform(X), least_rows=2)

    def _check_columns(self, X: Any) -> None:
        """Raise a ValueError if a table has other columns than in ``fit_read``."""
        check_columns(X, self.n_features_in_, getattr(self, "feature_names_in_", None))

    def _learn_scale(self, values: np.ndarray) -> None:
        """Fit a new scaler on rows in the table's units."""
        weights = None if self.encoder_ is None else self.encoder_.weights(values)
        self.scaler_ = TableScaler(weights).fit(values)
