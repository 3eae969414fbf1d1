"""The encoder of a mixed table as bytes that hold data only, by skops."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from .._support.optional_imports import import_optional
from .frames import EXTRA
from .table_encoder import TableEncoder
from .table_reader import TableReader

SCHEMA = "schema.json"  # the part of a skops file that names the objects in it

# Classes of pyod-gan by their module in files of format 1, and the modules where they are now.
MOVED = {
    ("pyod_gan.columns", "ColumnEncoder"): "pyod_gan.front_ends.columns",
    ("pyod_gan.columns", "Output"): "pyod_gan.front_ends.front_end",
    ("pyod_gan.tables", "TableEncoder"): "pyod_gan.front_ends.table_encoder",
}


def encoder_versions() -> dict[str, str]:
    """Versions of the packages whose objects an encoder is made of."""
    return {package: version(package) for package in ("pandas", "scikit-learn", "skrub")}


def encoder_to_array(encoder: TableEncoder) -> np.ndarray:
    """Turn a fitted encoder into an array of bytes.

    Raises
    ------
    ValueError
        If a column is of a type that :func:`encoder_from_array` does not know.
    """
    content = _skops().dumps(encoder, compression=zipfile.ZIP_DEFLATED)
    _check_types(content, "The table has columns that cannot be saved; use joblib. Types")
    return np.frombuffer(content, dtype=np.uint8)


def encoder_from_array(array: np.ndarray) -> TableEncoder:
    """Make a fitted encoder from bytes that hold only types of encoders.

    Raises
    ------
    ValueError
        If the bytes are no encoder, or name any other type.
    """
    skops = _skops()
    try:
        content = _with_todays_modules(array.tobytes())
        _check_types(
            content,
            "The file's table encoder is damaged, forged, or of another version than skrub "
            f"{version('skrub')}. Types that none has",
        )
        trusted = skops.get_untrusted_types(data=content)
        encoder = skops.loads(content, trusted=trusted)
    except (zipfile.BadZipFile, KeyError, TypeError, AttributeError, OSError) as error:
        raise ValueError(f"The file's table encoder cannot be read ({error}).") from error
    if type(encoder) is not TableEncoder:
        raise ValueError(f"The file's table encoder is a {type(encoder).__name__}.")
    return encoder


def _with_todays_modules(content: bytes) -> bytes:
    """Return the same skops file, with the names that moved modules have in this version."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        parts = {info: old.read(info) for info in old.infolist()}
    schema = json.loads(next(part for info, part in parts.items() if info.filename == SCHEMA))
    for node in _nodes(schema):
        named = (node.get("__module__"), node.get("__class__"))
        if named in MOVED:
            node["__module__"] = MOVED[named]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for info, part in parts.items():
            is_schema = info.filename == SCHEMA
            new.writestr(info, json.dumps(schema) if is_schema else part)
    return written.getvalue()


def _check_types(content: bytes, said: str) -> None:
    """Raise a ValueError unless all types in a skops file are of encoders and read no files."""
    schema = _schema(content)
    strange = set(_types(schema)) - _own_types()
    if strange or not all(_takes_texts(node) for node in _nodes(schema)):
        raise ValueError(f"{said}: {sorted(strange) or 'a vectorizer that reads files'}.")


def _takes_texts(node: dict[str, Any]) -> bool:
    """Tell whether an object reads no files. A vectorizer could take texts for names of files."""
    if not str(node.get("__class__")).endswith("fVectorizer"):
        return True
    return bool(node["content"]["content"]["input"]["content"] == '"content"')


def _schema(content: bytes) -> Any:
    """Read the schema of a skops file."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return json.loads(file.read(SCHEMA))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Find all objects in a schema."""
    if isinstance(schema, dict):
        yield schema
    inside = schema.values() if isinstance(schema, dict) else schema
    for part in inside if isinstance(schema, dict | list) else ():
        yield from _nodes(part)


def _types(schema: Any) -> Iterator[str]:
    """Find the types that a file would make, and how: "loader module.class"."""
    for node in _nodes(schema):
        if "__class__" in node or "__loader__" in node:
            parts = (node.get(f"__{part}__") for part in ("loader", "module", "class"))
            yield "{} {}.{}".format(*parts)


@cache
def _own_types() -> frozenset[str]:
    """Types in encoders of this version of skrub, for all kinds of columns that have their own."""
    pandas = import_optional("pandas", EXTRA)
    n = 40  # with so many values skrub does not take texts for categories
    dates = pandas.date_range("2000-01-01", periods=n)
    zones = {zone: dates.tz_localize(zone) for zone in ("UTC", "+01:00", "Europe/Berlin")}
    columns = {
        "numbers": np.arange(n, dtype=float),
        "digits": [str(i) for i in range(n)],
        "categories": ["x", None] * (n // 2),
        "classes": pandas.Categorical(["x", "y"] * (n // 2)),
        "texts": [f"text {i}" for i in range(n)],
        "dates": dates,
        "written": dates.strftime("%Y-%m-%d"),
        "lasts": dates - dates[0],
        "nothing": [None] * n,
    }
    written = {f"written {zone}": zoned.astype(str) for zone, zoned in zones.items()}
    frame = pandas.DataFrame(columns | zones | written)
    fitted = TableEncoder().fit(TableReader().fit_read(frame))
    skrub = import_optional("skrub", EXTRA)
    texts = skrub.StringEncoder(random_state=0)
    earlier = skrub.TableVectorizer(high_cardinality=texts).fit(frame).all_processing_steps_
    steps = [s for some in earlier.values() for s in some if hasattr(s, "transform")]
    return frozenset(_types(_schema(_skops().dumps([fitted, steps]))))


def _skops() -> Any:
    """Import skops, or raise an error that names the extra."""
    return import_optional("skops.io", EXTRA)
