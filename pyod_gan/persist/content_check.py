"""Checks of what a file says, before anything is made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from .safetensors_file import Arrays

WEIGHTS = "networks."  # begins the names of weights and buffers
JUDGE = "judge."  # begins the names of arrays that the judge checks itself
FLOATS = (np.float32, np.float64)

# Shape and types of every other array. A letter is one size, wherever it stands: E members, n
# training rows, D columns, r rows in the reservoir (which may be empty), k known anomalies, m
# held-out rows.
ARRAYS: dict[str, tuple[tuple[str | int, ...], tuple[type, ...]]] = {
    "scores": (("n",), FLOATS),
    "labels": (("n",), (np.int32, np.int64)),
    "threshold": ((1,), FLOATS),
    "reservoir": (("r", "D"), FLOATS),
    "known_anomalies": (("k", "D"), FLOATS),
    "scaler.mean": (("D",), FLOATS),
    "scaler.scale": (("D",), FLOATS),
    "scaler.var": (("D",), FLOATS),
    "scaler.news": (("D",), FLOATS),
    "units.centre": (("E", 1, 1), FLOATS),
    "units.scale": (("E", 1, 1), FLOATS),
    "weights": (("D",), FLOATS),
    "reader": (("its bytes",), (np.uint8,)),
    "encoder": (("bytes",), (np.uint8,)),
    "conformal_scores": (("m",), FLOATS),
}
# "var" only in old files, "news" in none of them
OPTIONAL = {
    "scaler.var",
    "scaler.news",
    "weights",
    "reader",
    "encoder",
    "known_anomalies",
    "conformal_scores",
}
WITH_GAPS = {"reservoir", "known_anomalies"}  # missing values are NaN
SCORES = {"scores", "labels", "threshold", "conformal_scores"}  # of every estimator
POSITIVE = ("scaler.scale", "units.scale", "weights")

NUMBER = (int, float)
ENTRIES: dict[str, tuple[type, ...]] = {
    "params": (dict,),
    "gan": (dict,),
    "settings": (dict,),
    "n_features_in": (int,),
    "feature_names_in": (list,),
    "share": NUMBER,
    "history": (list,),
    "n_iter": (int,),
    "n_samples_seen": (int,),
    "steps_due": NUMBER,
}


def check_entries(about: Mapping[str, Any], n_encoded: int) -> None:
    """Raise a ValueError unless the metadata has the entries of a detector, of the right types.

    ``n_encoded`` is the number of columns that networks see, which is at least that of the table.
    """
    for name, kinds in ENTRIES.items():
        if type(about.get(name)) not in kinds:
            said = " or a ".join(kind.__name__ for kind in kinds)
            raise ValueError(f"its {name!r} must be a {said}. Got {about.get(name)!r:.100}")
    for name in ("n_iter", "n_samples_seen", "steps_due"):
        if not 0 <= about[name] < math.inf:
            raise ValueError(f"its {name!r} must be 0 or more. Got {about[name]!r:.100}")
    if not 0 <= about["share"] <= 1:
        raise ValueError(f"its 'share' must lie between 0 and 1. Got {about['share']!r:.100}")
    n_members = about.get("n_members", 1)  # the first files do not say it
    if type(n_members) is not int or n_members < 1:
        raise ValueError(f"its 'n_members' must be an int of at least 1. Got {n_members!r:.100}")
    for row in about["history"]:
        if type(row) is not dict or any(type(value) not in NUMBER for value in row.values()):
            raise ValueError(f"its 'history' must hold numbers by name. Got {row!r:.100}")
    n_columns = about["n_features_in"]
    if not 1 <= n_columns <= n_encoded:
        raise ValueError(f"it has {n_columns!r:.100} columns, and networks see {n_encoded}")
    for name, sizes in {"names": (n_columns,), "feature_names_in": (0, n_columns)}.items():
        labels = about.get(name, [""] * n_columns)  # the first files have no names
        if type(labels) is not list or any(type(label) is not str for label in labels):
            raise ValueError(f"its {name!r} must be a list of words. Got {labels!r:.100}")
        if len(labels) not in sizes:
            raise ValueError(f"it has {len(labels)} {name!r} of {n_columns} columns")


def check_arrays(arrays: Arrays) -> None:
    """Raise a ValueError unless the arrays are those of a detector.

    None is missing and none is more, except networks' own. Shapes fit together, and numbers are
    finite. Whether weights fit the networks is checked when these are made.
    """
    _check_names(arrays, ARRAYS.keys())
    if ("encoder" in arrays) != ("weights" in arrays):
        raise ValueError("it must have both of 'encoder' and 'weights', or none")
    _check_values(arrays)
    for name in POSITIVE:
        if name in arrays and not (arrays[name] > 0).all():
            raise ValueError(f"its array {name!r} must be positive")


def check_scores(arrays: Arrays) -> None:
    """Raise a ValueError unless the arrays are scores, labels and thresholds of an estimator."""
    _check_names(arrays, SCORES)
    _check_values(arrays)


def _check_names(arrays: Arrays, allowed: Set[str]) -> None:
    """Raise a ValueError unless no array is missing, and none is more, except networks' own."""
    others = {name for name in arrays if not name.startswith((WEIGHTS, JUDGE))}
    required = allowed - OPTIONAL
    if wrong := sorted((others - allowed) | (required - others)):
        raise ValueError(f"it must have the arrays {sorted(required)} and no other. Wrong: {wrong}")


def _check_values(arrays: Arrays) -> None:
    """Raise a ValueError unless shapes and types fit and numbers are finite."""
    sizes: dict[str | int, int] = {1: 1}
    for name, array in arrays.items():
        if name.startswith(JUDGE):
            continue
        shape, kinds = ARRAYS.get(name, (("E",), ()))
        fits = array.ndim == len(shape) if kinds else array.ndim > 0
        for letter, size in zip(shape, array.shape, strict=False):
            fits &= size == sizes.setdefault(letter, size) and (size > 0 or letter == "r")
        if not fits:
            raise ValueError(f"its array {name!r} has the shape {array.shape}, which does not fit")
        if kinds and array.dtype not in kinds:
            raise ValueError(f"its array {name!r} has the type {array.dtype}")
        finite = ~np.isinf(array) if name in WITH_GAPS else np.isfinite(array)
        if array.dtype.kind == "f" and name != "threshold" and not finite.all():
            raise ValueError(f"its array {name!r} has values that are not finite")
    if np.isnan(arrays["threshold"]).any():
        raise ValueError("its threshold is not a number")
    if not np.isin(arrays["labels"], (0, 1)).all():
        raise ValueError("its labels must be 0 and 1")
