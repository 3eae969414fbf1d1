"""Checks of arrays that come from a file, before anything is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Shapes = dict[str, tuple[tuple[str | int, ...], type[np.generic]]]


def check_arrays(arrays: Mapping[str, np.ndarray], shapes: Shapes) -> dict[str, Any]:
    """Return arrays that are contiguous, and of the names, shapes and types that are given.

    A letter in a shape is one size, wherever it stands.

    Raises
    ------
    ValueError
        If an array is missing or is more, has another shape or type, or is not finite.
    """
    if arrays.keys() != shapes.keys():
        raise ValueError(f"There must be the arrays {sorted(shapes)}. Got {sorted(arrays)}.")
    sizes: dict[str | int, int] = {}
    for name, (shape, kind) in shapes.items():
        array = arrays[name]
        fits = array.dtype == kind and array.ndim == len(shape)
        for letter, size in zip(shape, array.shape, strict=False):
            known = letter if isinstance(letter, int) else sizes.setdefault(letter, size)
            fits &= size == known
        if not fits:
            raise ValueError(
                f"The array {name!r} must have the shape {shape} and the type {kind.__name__}, "
                f"with {sizes}. Got {array.shape} of {array.dtype}."
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"The array {name!r} has values that are not finite.")
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}
