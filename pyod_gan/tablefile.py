"""The encoder of a mixed table as bytes that hold data only, by skops."""

from __future__ import annotations

import zipfile
from functools import cache
from typing import Any

import numpy as np

from .optional import import_optional
from .tables import EXTRA, TableEncoder


def encoder_to_array(encoder: TableEncoder) -> np.ndarray:
    """A fitted encoder as an array of bytes."""
    content = _skops().dumps(encoder, compression=zipfile.ZIP_DEFLATED)
    return np.frombuffer(content, dtype=np.uint8)


def encoder_from_array(array: np.ndarray) -> TableEncoder:
    """A fitted encoder from bytes, with types only that an encoder has.

    Raises
    ------
    ValueError
        If the bytes name any other type.
    """
    skops = _skops()
    content = array.tobytes()
    strange = set(skops.get_untrusted_types(data=content)) - _own_types()
    if strange:
        raise ValueError(f"The file's table encoder has types that none has: {sorted(strange)}.")
    return skops.loads(content, trusted=sorted(_own_types()))


@cache
def _own_types() -> frozenset[str]:
    """Types in an encoder that this version of skrub fits to columns of every kind."""
    pandas = import_optional("pandas", EXTRA)
    columns = {"a": [0.0, 1.0], "b": ["x", "y"], "c": [f"{i}" for i in range(2)]}
    dates = pandas.to_datetime(["2000-01-01", "2000-01-02"])
    zones = {zone: dates.tz_localize(zone) for zone in ("UTC", "+01:00", "Europe/Berlin")}
    frame = pandas.DataFrame(columns).assign(when=dates, **zones)
    types = _skops().get_untrusted_types(data=_skops().dumps(TableEncoder().fit(frame)))
    polars = {f"polars.datatypes.classes.{name}" for name in ("Date", "Datetime", "Duration")}
    return frozenset(types) | polars


def _skops() -> Any:
    return import_optional("skops.io", EXTRA)
