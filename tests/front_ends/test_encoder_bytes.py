"""Encoders in files: those of ``fit`` are read, and forged ones are refused before they harm."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from pyod_gan.front_ends import encoder_bytes, encoder_check
from pyod_gan.front_ends.column_reader import Column
from pyod_gan.front_ends.encoder_bytes import encoder_from_array, encoder_to_array
from pyod_gan.tables import TableEncoder, TableReader

REFUSED = "table encoder is damaged, forged, or of another version"


def columns(n: int = 60) -> list[Column]:
    """Texts, categories, dates and numbers, as they are read."""
    dates = pd.date_range("2024-01-01", periods=n)
    frame = pd.DataFrame(
        {
            "text": [f"row {i} of {i * i}" for i in range(n)],
            "kind": ["x", "y", None] * (n // 3),
            "when": dates,
            "zoned": dates.tz_localize("Europe/Berlin"),
            "number": np.arange(n) * 0.5,
        }
    )
    return TableReader().fit_read(frame)


@pytest.fixture(scope="module")
def fitted() -> TableEncoder:
    """A fitted encoder, which is only read."""
    return TableEncoder().fit(columns())


@pytest.fixture(scope="module")
def saved(fitted: TableEncoder) -> np.ndarray:
    """The bytes of a fitted encoder."""
    return encoder_to_array(fitted)


def unpacked(array: np.ndarray) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Schema and parts of the bytes."""
    with zipfile.ZipFile(io.BytesIO(array.tobytes())) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    return json.loads(parts.pop("schema.json")), parts


def packed(schema: Any, parts: dict[str, bytes]) -> np.ndarray:
    """Bytes of a schema and its parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
        file.writestr("schema.json", schema if isinstance(schema, str) else json.dumps(schema))
    return np.frombuffer(content.getvalue(), dtype=np.uint8)


def nodes(part: Any) -> list[dict[str, Any]]:
    """All objects of a schema."""
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    own = [part] if isinstance(part, dict) and "__loader__" in part else []
    return own + [node for value in inside for node in nodes(value)]


def node_of(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The first object of a class."""
    return next(node for node in nodes(schema) if node["__class__"] == name)


def parts_of(value: Any, kind: type) -> list[Any]:
    """Objects of a class in an encoder."""
    steps = [step for column in value.columns_ for step in column.steps_]
    inside = [value.imputer_, *steps, *(getattr(step, "vectorizer_", None) for step in steps)]
    return [part for part in inside if isinstance(part, kind)]


def as_json(value: Any) -> dict[str, Any]:
    """A plain value as skops writes it."""
    return {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": json.dumps(value),
    }


def test_a_read_encoder_encodes_as_before(fitted: TableEncoder, saved: np.ndarray) -> None:
    read = encoder_from_array(saved)
    np.testing.assert_array_equal(read.transform(columns()), fitted.transform(columns()))
    again = encoder_from_array(encoder_to_array(read))
    np.testing.assert_array_equal(again.transform(columns()), fitted.transform(columns()))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(saved: np.ndarray, method: int) -> None:
    schema, parts = unpacked(saved)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as file:
        for name, part in {**parts, "schema.json": json.dumps(schema)}.items():
            file.writestr(name, part)
    with pytest.raises(ValueError, match="its parts are not as skops writes them"):
        encoder_from_array(np.frombuffer(content.getvalue(), dtype=np.uint8))


def test_an_object_with_the_number_of_another_is_what_it_says(saved: np.ndarray) -> None:
    """Skops makes only the first of two objects with one number, which the check must not trust."""
    schema, parts = unpacked(saved)
    vectorizer = node_of(schema, "TfidfVectorizer")
    harmful = deepcopy(vectorizer)
    harmful["content"]["content"]["input"] = as_json("filename")
    harmful["__id__"] = vectorizer["__id__"] = 7
    names = node_of(schema, "TableEncoder")["content"]["content"]["names_"]
    names["content"].append(harmful)
    with pytest.raises(ValueError, match=r"TfidfVectorizer has input='filename'"):
        encoder_from_array(packed(schema, parts))
    # the vectorizer that is used says "content", and an object of the same number "filename"
    names["content"].pop()
    first = {"first": as_json("filename"), **vectorizer["content"]["content"]}
    first["first"]["__id__"] = vectorizer["content"]["content"]["input"]["__id__"] = 8
    vectorizer["content"]["content"] = first
    with pytest.raises(ValueError, match="has an attribute 'first'"):
        encoder_from_array(packed(schema, parts))


def test_a_number_puts_no_object_in_the_place_of_another(saved: np.ndarray) -> None:
    """A name of a column with the number of a setting is not taken for the setting."""
    schema, parts = unpacked(saved)
    encoder = node_of(schema, "TableEncoder")["content"]["content"]
    setting = node_of(schema, "TfidfVectorizer")["content"]["content"]["input"]
    label = encoder["outputs_"]["content"][0]["content"][2]
    assert json.loads(label["content"]) == ""
    label.update(as_json("filename"))
    label["__id__"] = setting["__id__"] = 7
    encoder["columns_"] = encoder.pop("columns_")  # read after the label, so that skops takes it
    read = encoder_from_array(packed(schema, parts))
    (vectorizer,) = parts_of(read, TfidfVectorizer)
    assert vectorizer.input == "content"


def test_a_cached_object_is_refused(saved: np.ndarray) -> None:
    schema, parts = unpacked(saved)
    names = node_of(schema, "TableEncoder")["content"]["content"]["names_"]
    cached = {"__class__": None, "__module__": None, "__loader__": "CachedNode"}
    names["content"].append(cached | {"__id__": names["__id__"]})
    with pytest.raises(ValueError, match=r"it names the type CachedNode"):
        encoder_from_array(packed(schema, parts))


SETTINGS = [
    (TfidfVectorizer, "input", "filename"),
    (TfidfVectorizer, "input", "file"),
    (TfidfVectorizer, "token_pattern", "(a+)+$"),
    (TfidfVectorizer, "analyzer", "word"),
    (TfidfVectorizer, "ngram_range", (1, 500)),
    (TfidfVectorizer, "decode_error", "ignore"),
    (TfidfVectorizer, "tokenizer", "print"),
    (OneHotEncoder, "handle_unknown", "error"),
    (OneHotEncoder, "_infrequent_enabled", 5),
    (OneHotEncoder, "_drop_idx_after_grouping", [1]),
    (SimpleImputer, "strategy", "mean"),
    (SimpleImputer, "_fit_dtype", np.dtype("M8[s]")),
    (SimpleImputer, "missing_values", 0.0),
]


@pytest.mark.parametrize(("kind", "name", "value"), SETTINGS)
def test_settings_are_those_of_a_fresh_encoder(
    fitted: TableEncoder, kind: type, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = deepcopy(fitted)
    setattr(parts_of(forged, kind)[0], name, value)
    with pytest.raises(ValueError, match=rf"cannot be saved.*{kind.__name__} has {name}="):
        encoder_to_array(forged)
    with pytest.raises(ValueError, match=rf"{REFUSED}.*{kind.__name__} has {name}="):
        encoder_from_array(by_force(forged, monkeypatch))


def by_force(encoder: Any, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Bytes of an encoder that ``encoder_to_array`` refuses."""
    with monkeypatch.context() as patch:
        patch.setattr(encoder_bytes, "check_encoder", lambda encoder, **_: None)
        return encoder_to_array(encoder)


@pytest.mark.parametrize("name", ["transform", "_validate_data", "get_params", "extra"])
@pytest.mark.parametrize("value", ["text", 3, None])
def test_attributes_that_none_has_are_refused(
    fitted: TableEncoder, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (TableEncoder, OneHotEncoder):
        forged = deepcopy(fitted)
        target = forged if kind is TableEncoder else parts_of(forged, kind)[0]
        vars(target)[name] = value
        with pytest.raises(ValueError, match=rf"{kind.__name__} has an attribute '{name}'"):
            encoder_from_array(by_force(forged, monkeypatch))


@pytest.mark.parametrize(
    "other", [FunctionTransformer(print), KMeans(), FunctionTransformer(np.exp)]
)
def test_other_types_are_refused(
    fitted: TableEncoder, other: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = deepcopy(fitted)
    forged.imputer_ = other
    with pytest.raises(ValueError, match=rf"cannot be saved; use joblib.*{type(other).__name__}"):
        encoder_to_array(forged)
    with pytest.raises(ValueError, match=rf"{REFUSED}.*names the type"):
        encoder_from_array(by_force(forged, monkeypatch))
    with pytest.raises(ValueError, match=r"it is a SimpleImputer"):
        encoder_from_array(by_force(fitted.imputer_, monkeypatch))


def test_functions_and_classes_are_no_data(fitted: TableEncoder) -> None:
    for value in (print, np.float64, lambda: None, io.BytesIO(), {1, 2}, np.ma.zeros(2)):
        forged = deepcopy(fitted)
        forged.names_ = [*fitted.names_, value]
        with pytest.raises(ValueError, match=r"cannot be saved.*it holds a"):
            encoder_to_array(forged)


def test_places_of_a_vocabulary_are_its_columns(
    fitted: TableEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scikit-learn takes them as indices into memory without a look."""
    forged = deepcopy(fitted)
    (vectorizer,) = parts_of(forged, TfidfVectorizer)
    vectorizer.vocabulary_ = dict.fromkeys(vectorizer.vocabulary_, 10**9)
    with pytest.raises(ValueError, match="TfidfVectorizer has gaps"):
        encoder_from_array(by_force(forged, monkeypatch))


def test_a_missing_package_is_no_forgery(saved: np.ndarray, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "skrub", None)
    for function in (encoder_bytes._own_types, encoder_check.fresh_encoder):
        function.cache_clear()
    with pytest.raises(ImportError, match="tabular"):
        encoder_from_array(saved)


Change = Callable[[TableEncoder], object]
UNFIT: dict[str, Change] = {
    "names": lambda encoder: encoder.names_.append("more"),
    "numbers for names": lambda encoder: setattr(encoder, "names_", [1, 2, 3, 4, 5]),
    "outputs": lambda encoder: encoder.outputs_.pop(),
    "columns of outputs": lambda encoder: encoder.outputs_.__setitem__(
        0, encoder.outputs_[0]._replace(column=99)
    ),
    "no columns": lambda encoder: encoder.columns_.clear(),
    "no imputer": lambda encoder: vars(encoder).pop("imputer_"),
    "NaN": lambda encoder: encoder.imputer_.statistics_.fill(np.nan),
    "infinite": lambda encoder: encoder.once_.fill(np.inf),
    "a matrix": lambda encoder: setattr(encoder, "once_", np.ones((2, 2))),
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT)
def test_an_encoder_that_does_not_encode_is_refused(fitted: TableEncoder, change: Change) -> None:
    forged = deepcopy(fitted)
    change(forged)
    with pytest.raises(ValueError, match=REFUSED):
        encoder_from_array(encoder_to_array(forged))


def array_file(shape: tuple[int, ...], n_bytes: int, dtype: str = "<f8") -> bytes:
    """An array of NumPy's format whose header says ``shape``, with ``n_bytes`` bytes after it."""
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(n_bytes)


ARRAYS: dict[str, tuple[bytes, str]] = {
    "huge": (array_file((10**12,), 8), "another size than stated"),
    "short": (array_file((2,), 8), "another size than stated"),
    "long": (array_file((1,), 16), "another size than stated"),
    "wide": (array_file((0,), 0, "V1000000000"), "another size than stated"),
    "objects": (array_file((1,), 8, "|O"), "allow_pickle"),
    "version": (b"\x93NUMPY\x09\x00" + bytes(100), "another version of NumPy's format"),
    "zip": (b"PK\x03\x04" + bytes(100), "magic string"),
    "empty": (b"", "magic string"),
}


@pytest.mark.parametrize(("array", "reason"), ARRAYS.values(), ids=ARRAYS)
def test_an_array_has_the_size_that_it_states(saved: np.ndarray, array: bytes, reason: str) -> None:
    schema, parts = unpacked(saved)
    with pytest.raises(ValueError, match=rf"{REFUSED}.*{reason}"):
        encoder_from_array(packed(schema, dict.fromkeys(parts, array)))


def deep(n: int) -> str:
    return "[" * n + "]" * n


def many(node: dict[str, Any], n: int) -> dict[str, Any]:
    """A list of objects, as skops writes it."""
    return as_json(0) | {"__class__": "list", "__loader__": "ListNode", "content": [node] * n}


ARRAY = as_json(0) | {"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode"}
ARRAY |= {"type": "numpy", "file": "big.npy"}

Bomb = Callable[[dict[str, Any], dict[str, bytes], int], np.ndarray]  # of about n bytes
BYTES, OBJECTS = "unpacks to too many bytes", "too many objects"
BOMBS: dict[str, tuple[str, Bomb]] = {
    "zeros": (BYTES, lambda schema, parts, n: packed(schema, parts | {"bomb.npy": bytes(n)})),
    "spaces": (BYTES, lambda schema, parts, n: packed(" " * n + json.dumps(schema), parts)),
    "lists": (OBJECTS, lambda schema, parts, n: packed("[" + "[]," * (n // 8) + "[]]", parts)),
    "numbers": (OBJECTS, lambda schema, parts, n: packed("[" + "1," * (n // 4) + "1]", parts)),
    "deep": (OBJECTS, lambda schema, parts, n: packed(deep(n // 4), parts)),
    "a little deep": ("", lambda schema, parts, n: packed(deep(1900), parts)),
    "deep words": (
        OBJECTS,
        lambda schema, parts, n: packed(
            schema | {"content": as_json(0) | {"content": deep(n // 100)}}, parts
        ),
    ),
    "a list in words": (
        "a container that is no object",
        lambda schema, parts, n: packed(
            schema | {"content": as_json(0) | {"content": " [1, 2]"}}, parts
        ),
    ),
    "objects": (
        OBJECTS,
        lambda schema, parts, n: packed(schema | {"content": many(as_json(1), n // 300)}, parts),
    ),
    "one array often": (
        BYTES,
        lambda schema, parts, n: packed(
            schema | {"content": many(ARRAY, 1000)},
            parts | {"big.npy": array_file((n // 4000,), n // 500)},
        ),
    ),
}


@pytest.mark.parametrize(("reason", "bomb"), BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused_before_they_take_memory(
    saved: np.ndarray, reason: str, bomb: Bomb
) -> None:
    encoder_from_array(saved)  # what is made once is there
    forged = bomb(*unpacked(saved), 400 * len(saved))
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"{REFUSED}.*{reason}"):
        encoder_from_array(forged)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1500 * len(saved)


def test_parts_of_one_name_and_doubled_keys_are_refused(saved: np.ndarray) -> None:
    schema, parts = unpacked(saved)
    text = json.dumps(schema)
    doubled = '{"__class__": "KMeans", ' + text[1:]
    with pytest.raises(ValueError, match="a key stands twice"):
        encoder_from_array(packed(doubled, parts))
    content = io.BytesIO(packed(schema, parts).tobytes())
    with zipfile.ZipFile(content, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("schema.json", text)
    with pytest.raises(ValueError, match="its parts are not as skops writes them"):
        encoder_from_array(np.frombuffer(content.getvalue(), dtype=np.uint8))


def test_damaged_bytes_are_a_value_error(saved: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    for place in rng.integers(len(saved), size=100):
        damaged = saved.copy()
        damaged[place] ^= 1 << rng.integers(8)
        read_or_refused(damaged)
    for end in rng.integers(len(saved), size=30):
        with pytest.raises(ValueError, match=REFUSED):
            encoder_from_array(saved[:end])


def read_or_refused(array: np.ndarray) -> None:
    """Bytes that differ in a bit that does not count may be read."""
    try:
        encoder_from_array(array)
    except ValueError as error:
        assert REFUSED in str(error)
