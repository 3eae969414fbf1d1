"""Known labels in a column of a table, and how well scores agree with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..front_ends.column_format import MISSING_WORDS
from ..front_ends.number_format import FLAGS
from .readers import TableFile

if TYPE_CHECKING:
    import pandas as pd

Value = float | str


class KnownLabels:
    """Labels of the rows of a table, of which one byte a row is kept.

    A label has one of two values. Missing labels are left out of all figures.

    Parameters
    ----------
    source : TableFile
        The table, for errors.
    name : str
        Name of the column of labels.
    """

    def __init__(self, source: TableFile, name: str) -> None:
        self._source, self._name = source, name
        self._values: list[Value] = []
        self._places: list[np.ndarray] = []  # of each label in the values; -1 if it is missing

    def add(self, column: pd.Series) -> None:
        """Add the labels of more rows.

        Raises
        ------
        ValueError
            If there is a third value.
        """
        missing = column.isna()
        read = [None if m else _value(v) for v, m in zip(column, missing, strict=True)]
        labels = np.array(read, object)
        places = np.full(len(labels), -1, np.int8)
        for value in dict.fromkeys(label for label in labels if label is not None):
            if value not in self._values and len(self._values) == 2:
                first, second = map(_said, self._values)
                said = f"is a third value beside {first} and {second}. Known labels have two"
                self._source.refuse(column, labels == value, said)
            if value not in self._values:
                self._values.append(value)
            places[labels == value] = self._values.index(value)
        self._places.append(places)

    def compared_with(self, scores: np.ndarray) -> str:
        """AUROC and average precision of the scores of all rows, in words."""
        from sklearn.metrics import average_precision_score, roc_auc_score

        places = np.concatenate(self._places)
        known = places >= 0
        counts = np.bincount(places[known], minlength=2)
        if counts.min() == 0:
            only = f"all are {_said(self._values[0])}" if self._values else "all are missing"
            return f"known labels {self._name!r}: no AUROC, because {only}"
        anomaly, reason = self._anomaly(counts)
        if anomaly is None:
            return f"known labels {self._name!r}: no AUROC, because {reason}"
        y, known_scores = places[known] == anomaly, scores[known]
        return (
            f"known labels {self._name!r}: {_said(self._values[anomaly])} is the anomaly"
            f"{reason}, {counts[anomaly]} of {counts.sum()} rows; "
            f"AUROC {roc_auc_score(y, known_scores):.3f}, "
            f"AP {average_precision_score(y, known_scores):.3f}"
        )

    def _anomaly(self, counts: np.ndarray) -> tuple[int | None, str]:
        """Place of the value that is the anomaly, and why it is: by convention, or the rarer."""
        from ..model_selection.labels import as_outlier_labels

        try:
            return int(as_outlier_labels(self._values).argmax()), ""
        except ValueError:
            if counts[0] != counts[1]:
                return int(counts.argmin()), " as the rarer value"
        both = " and ".join(map(_said, self._values))
        return None, f"{both} are equally frequent. Write 1 for anomalies and 0 for other rows"


def _value(label: Any) -> Value | None:
    """A number where a label is one, so that 1, 1.0, "1" and True are one value, or a text."""
    text = str(label).strip()
    if text.lower() in MISSING_WORDS:
        return None
    try:
        return float(FLAGS.get(text.lower(), text))
    except ValueError:
        return text


def _said(value: Value) -> str:
    return repr(value) if isinstance(value, str) else f"{value:g}"
