"""The front end of tables, which encodes values that are not numbers and scales all columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from .._support.own_settings import own_settings
from .._support.strict_json import strict_loads
from .checks import (
    check_cells,
    check_columns,
    check_names,
    column_names,
    finite_floats,
    plain_table,
)
from .encoder_bytes import encoder_from_array, encoder_to_array
from .frames import as_frame, is_frame, is_number, missing_in
from .front_end import Output, Rows
from .table_encoder import TableEncoder
from .table_reader import TableReader
from .table_scaler import TableScaler

FAR = 10.0  # standard deviations from the mean that a missing value counts as, if `fit` had none


class TableFrontEnd(BaseEstimator):
    """Turns arrays and data frames into scaled rows. Every row is a sample.

    Parameters
    ----------
    preprocessing : {"auto", "joint", "table"} or TableReader, default="auto"
        "auto" reads data frames with ``TableReader()``, and encodes those that have missing values
        or columns of other kinds than numbers. A reader does the same in its own way, also with
        arrays. "table" reads and encodes every input. "joint" is "auto" for tables of numbers, all
        of whose columns get one scale.

    Attributes
    ----------
    reader_ : TableReader or None
        Reads data frames. None if ``fit_read`` got an array of numbers.
    encoder_ : TableEncoder or None
        Encodes a table that is not all numbers.
    scaler_ : TableScaler
        Scales the encoded columns.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if ``fit_read`` got a data frame with string names.
    names : list of str
        Labels of the columns in words, whatever they are, or x0, x1, … for an array.
    """

    def __init__(self, preprocessing: str | TableReader = "auto") -> None:
        self.preprocessing = preprocessing

    def fit(self, X: Any, y: object = None) -> TableFrontEnd:
        """Learn columns, encoding and scale of a table."""
        self.fit_read(X)
        return self

    @own_settings()
    def fit_read(self, X: Any) -> Rows:
        """Learn columns, encoding and scale of a table, and return its rows in their units."""
        X = plain_table(X)
        self.reader_: TableReader | None = None
        self.encoder_: TableEncoder | None = None
        labels = list(X.columns) if is_frame(X) else None
        if self._are_plain_numbers(X):
            validate_data(self, X, reset=True, skip_check_array=True, ensure_2d=False)
            if labels is None:
                check_cells(X)
            values = finite_floats(X, least_rows=2)
            self.n_features_in_ = values.shape[1]
            if labels is not None:
                self.reader_ = self._new_reader().assume(dict.fromkeys(map(str, labels), "numbers"))
        else:
            validate_data(self, X, reset=True, skip_check_array=True)
            values = finite_floats(self._learn_columns(X), least_rows=2)
        self.names = column_names(labels, self.n_features_in_)
        self._learn_scale(values)
        return Rows(values)

    @own_settings()
    def read(self, X: Any) -> Rows:
        """Rows of a table as numbers in their units, (n, D). NaN stands for a missing number.

        Raises
        ------
        ValueError
            If columns are other than in ``fit_read``, or values cannot be read.
        """
        check_is_fitted(self, "scaler_")
        X = plain_table(X)
        if not is_frame(X) and self.encoder_ is None and self._takes_arrays:
            check_cells(X)
            values = finite_floats(X, least_rows=1)
            self.check_columns(values)
            return Rows(values)
        self.check_columns(X)
        if self._are_plain_numbers(X) and self.encoder_ is None:
            return Rows(finite_floats(X, least_rows=1))
        frame = as_frame(X, self.names)
        reader = self.reader_ or TableReader().assume(dict.fromkeys(frame.columns, "numbers"))
        columns = reader.read(frame)
        if self.encoder_ is not None:
            return Rows(finite_floats(self.encoder_.transform(columns), least_rows=1))
        return Rows(np.column_stack([column.values for column in columns]))

    @own_settings()
    def scale(self, values: np.ndarray) -> np.ndarray:
        """Standardise columns, (n, D) -> (n, D) float32. A missing number becomes a far one."""
        scaled = self.scaler_.transform(values)
        scaled[np.isnan(values)] = FAR
        return scaled

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
        if self.reader_ is not None:
            arrays["reader"] = np.frombuffer(json.dumps(self.reader_.to_dict()).encode(), np.uint8)
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

        Raises
        ------
        ValueError
            If the encoder cannot be read, or if names, encoder and scale are of other columns.
        """
        front_end = cls(preprocessing)
        front_end.encoder_ = encoder_from_array(arrays["encoder"]) if "encoder" in arrays else None
        front_end.reader_ = _reader(arrays.get("reader"), front_end.encoder_, feature_names)
        scale = {n.removeprefix("scaler."): a for n, a in arrays.items() if n.startswith("scaler.")}
        front_end.scaler_ = TableScaler.from_arrays(scale, arrays.get("weights"))
        front_end.names, front_end.n_features_in_ = names, len(names)
        if feature_names:
            front_end.feature_names_in_ = np.array(feature_names, dtype=object)
        encoded = names if front_end.encoder_ is None else front_end.encoder_.names_
        outputs = front_end.outputs
        if len(encoded) != len(names) or len(outputs) != len(front_end.scaler_.to_arrays()["mean"]):
            raise ValueError("Names, encoder and scale must be of the same columns.")
        return front_end

    def _new_reader(self) -> TableReader:
        """Make a reader as the user wants it."""
        given = self.preprocessing
        return TableReader() if isinstance(given, str) else clone(given)

    @property
    def _is_joint(self) -> bool:
        """Whether all columns get one scale."""
        return isinstance(self.preprocessing, str) and self.preprocessing == "joint"

    @property
    def _takes_arrays(self) -> bool:
        """Whether arrays are taken as they are."""
        return isinstance(self.preprocessing, str) and self.preprocessing != "table"

    def _are_plain_numbers(self, X: Any) -> bool:
        """Tell whether a table holds numbers only, by its types, and none is missing."""
        if not is_frame(X):
            return self._takes_arrays
        if self.preprocessing == "table" or not all(is_number(dtype) for dtype in X.dtypes):
            return False
        columns = list(X.columns)
        doubled = len(set(columns)) < len(columns)  # this error is raised later
        return doubled or not any(missing_in(X[name]).any() for name in columns)

    def _learn_columns(self, X: Any) -> np.ndarray:
        """Learn to read, and if needed to encode, any table, and return its values."""
        reader = self._new_reader()
        columns = reader.fit_read(as_frame(X))
        self.reader_, some_missing = reader, any(column.missing.any() for column in columns)
        if self.preprocessing == "table" or some_missing or not reader.all_numbers:
            if self._is_joint:
                raise ValueError(
                    "preprocessing='joint' is for numbers that share a unit. Got a table with "
                    "missing values or other columns than numbers; use preprocessing='auto'."
                )
            self.encoder_ = encoder = TableEncoder()
            return encoder.fit_transform(columns)
        return np.column_stack([column.values for column in columns])

    def check_columns(self, X: Any) -> None:
        """Raise a ValueError if a table has other columns than in ``fit_read``."""
        check_columns(X, self.n_features_in_, getattr(self, "feature_names_in_", None))
        if is_frame(X) and self.reader_ is not None:
            check_names([str(name) for name in X.columns], self.names)

    def _learn_scale(self, values: np.ndarray) -> None:
        """Fit a new scaler on rows in the table's units."""
        weights = None if self.encoder_ is None else self.encoder_.weights(values)
        self.scaler_ = TableScaler(weights, joint=self._is_joint).fit(values)


def _reader(
    array: np.ndarray | None, encoder: TableEncoder | None, feature_names: list[str]
) -> TableReader | None:
    """Make a reader of its bytes. The first files have none, so it is made of what they tell."""
    if array is not None:
        return TableReader.from_dict(strict_loads(array.tobytes()))
    if encoder is not None:
        zones = {column.name: getattr(column, "zone_", None) or "" for column in encoder.columns_}
        return TableReader().assume(encoder.kinds_, zones)
    names = dict.fromkeys(feature_names, "numbers")
    return TableReader().assume(names) if names else None
