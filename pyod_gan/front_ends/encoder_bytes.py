"""The encoder of a mixed table as bytes that hold data only, by skops."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from .._support.exceptions import reason_of
from .._support.optional_imports import import_optional
from .._support.own_settings import own_settings
from .._support.strict_json import strict_loads
from .column_reader import Column
from .encoder_check import check_encoder, fresh_encoder
from .frames import EXTRA
from .table_encoder import TableEncoder

SCHEMA = "schema.json"  # the part of a skops file that describes the objects in it
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

# Bounds of what a skops file may unpack to. Encoders of many columns of numbers come nearest: their
# files unpack to 60 times their size, and have an object for every 4 bytes.
UNPACKED_PER_BYTE, FREE_BYTES = 256, 2**20
OBJECTS_PER_BYTE, FREE_OBJECTS = 0.5, 2000

# Classes of pyod-gan by their module in files of format 1, and the modules where they are now.
MOVED = {
    ("pyod_gan.columns", "ColumnEncoder"): "pyod_gan.front_ends.columns",
    ("pyod_gan.columns", "Output"): "pyod_gan.front_ends.front_end",
    ("pyod_gan.tables", "TableEncoder"): "pyod_gan.front_ends.table_encoder",
}

Node = dict[str, Any]  # an object in a schema
Type = tuple[str, str]  # loader and "module.class"


def encoder_versions() -> dict[str, str]:
    """Versions of the packages whose objects an encoder is made of."""
    return {package: version(package) for package in ("pandas", "scikit-learn", "skrub")}


def encoder_to_array(encoder: TableEncoder) -> np.ndarray:
    """Turn a fitted encoder into an array of bytes.

    Raises
    ------
    ValueError
        If the encoder has anything that :func:`encoder_from_array` would refuse.
    """
    skops = _skops()
    try:
        check_encoder(encoder)
    except ValueError as error:
        raise ValueError(
            f"The table has columns that cannot be saved; use joblib. Of its encoder: {error}."
        ) from error
    content = skops.dumps(encoder, compression=zipfile.ZIP_DEFLATED)
    return np.frombuffer(content, dtype=np.uint8)


def encoder_from_array(array: np.ndarray) -> TableEncoder:
    """Make a fitted encoder from bytes of anybody.

    The bytes are checked before anything is made of them, and so are the objects that skops makes.

    Raises
    ------
    ValueError
        If the bytes are no encoder that ``fit`` of this version could have made.
    """
    skops = _skops()
    try:
        content, by_skrub = _checked(array.tobytes())
        encoder = skops.loads(content, trusted=_own_types(by_skrub)[1])
        check_encoder(encoder, by_skrub=by_skrub)
        _check_row_of_nothing(encoder)
    except ImportError:  # skrub is missing, which the error says
        raise
    except Exception as error:  # forged bytes can make every library raise everything
        raise ValueError(
            "The file's table encoder is damaged, forged, or of another version than skrub "
            f"{version('skrub')}: {reason_of(error)}."
        ) from error
    made: TableEncoder = encoder
    return made


def _checked(content: bytes) -> tuple[bytes, bool]:
    """Return a skops file that is safe to load, with all that is in another skops file.

    Nothing in it is larger than what the file's size allows. All objects are of types that encoders
    have. They have no numbers, by which skops would put one object in the place of another. Also
    return whether types of skrub are among them. Without them skrub, which is slow to import, is
    not needed.
    """
    most = UNPACKED_PER_BYTE * len(content) + FREE_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {part.filename: part for part in file.infolist()}
        methods = {part.compress_type for part in parts.values()}
        if len(parts) < len(file.infolist()) or methods - METHODS:
            raise ValueError("its parts are not as skops writes them")
        if sum(part.file_size for part in parts.values()) > most:
            raise ValueError("it unpacks to too many bytes")
        text = file.read(SCHEMA)
        n_objects, n_commas = text.count(b"{") + text.count(b"["), text.count(b",")
        if max(n_objects, n_commas / 8) > OBJECTS_PER_BYTE * len(content) + FREE_OBJECTS:
            raise ValueError("it has too many objects")
        by_skrub = b'"skrub' in text
        own, _ = _own_types(by_skrub)
        schema = strict_loads(text)
        names = set()
        for node in _nodes(schema):
            node.pop("__id__", None)
            named = (node["__module__"], node["__class__"])
            node["__module__"] = MOVED.get(named, node["__module__"])
            if _type_of(node) not in own:
                raise ValueError(f"it names the type {' '.join(_type_of(node)):.200}")
            if "file" in node:
                names.add(node["file"])
                most -= parts[node["file"]].file_size  # skops unpacks it for every object
        if most < 0:
            raise ValueError("it unpacks to too many bytes")
        arrays = {name: file.read(name) for name in names}
    for array in arrays.values():
        _check_array(array)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as new:
        new.writestr(SCHEMA, json.dumps(schema))
        for name, array in arrays.items():
            new.writestr(name, array)
    return written.getvalue(), by_skrub


def _nodes(schema: Node) -> Iterator[Node]:
    """Find all objects in a schema, in the places where skops looks for them."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        yield node
        content = node.get("content")
        if isinstance(content, dict):
            waiting += content.values() if node["__loader__"] == "DictNode" else [content]
        elif isinstance(content, list):
            waiting += content
        elif isinstance(content, str) and content.lstrip()[:1] in ("[", "{"):
            raise ValueError("it has a container that is no object")
        waiting += [node[name] for name in ("key_types", "shape") if name in node]


def _type_of(node: Node) -> Type:
    """Type that an object would have, and how it would be made."""
    return node["__loader__"], f"{node['__module__']}.{node['__class__']}"


def _check_array(content: bytes) -> None:
    """Raise a ValueError unless the header of NumPy's file states the size of what follows it."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("it has an array of another version of NumPy's format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    stated = math.prod(shape) * dtype.itemsize
    if stated != len(content) - file.tell() or dtype.itemsize > len(content):
        raise ValueError("it has an array of another size than stated")


@own_settings()
def _check_row_of_nothing(encoder: TableEncoder) -> None:
    """Raise an error unless a row without any value can be encoded, as the outputs say."""
    n_columns = len(encoder.names_)
    if [column.name for column in encoder.columns_] != encoder.names_:
        raise ValueError("it has other columns than names")
    cell = (np.array([np.nan]), np.array([True]), np.array([False]))
    encoded = encoder.transform([Column(name, "nothing", *cell) for name in encoder.names_])
    if encoded.shape != (1, len(encoder.outputs_)) or not np.isfinite(encoded).all():
        raise ValueError("it does not encode a row without values")
    if not all(output.column in range(n_columns) for output in encoder.outputs_):
        raise ValueError("its outputs stand for columns that the table does not have")


@cache
def _own_types(by_skrub: bool) -> tuple[frozenset[Type], list[str]]:
    """Types in encoders, and the names that skops must be told of; see :func:`fresh_encoder`."""
    skops = _skops()
    content = skops.dumps(fresh_encoder(by_skrub))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        types = frozenset(_type_of(node) for node in _nodes(json.loads(file.read(SCHEMA))))
    return types, skops.get_untrusted_types(data=content)


def _skops() -> Any:
    """Import skops, or raise an error that names the extra."""
    return import_optional("skops.io", EXTRA)
