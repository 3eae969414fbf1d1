"""One safetensors file with a checksum, written whole or not at all.

Its metadata has one entry, ``pyod_gan``. This is a JSON object with the version of the format,
everything that is not an array, and a SHA-256 over the rest of the file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save as to_bytes

from .._support.atomic_files import atomic_write
from .._support.strict_json import strict_loads

FORMAT = 1  # number that grows when the meaning of a file changes
KEY = "pyod_gan"
Arrays = dict[str, np.ndarray]


def write(path: Path, arrays: Arrays, about: dict[str, Any]) -> None:
    """Write arrays and metadata to a file, whole or not at all."""
    content = to_bytes(arrays, {KEY: json.dumps(about | {"sha256": _digest(arrays, about)})})
    with atomic_write(path) as file:
        file.write(content)


def read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Read arrays and metadata of a file that is whole and of a known format.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If the file is damaged, is no model, was changed, or has another format.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file.")
    try:
        with safe_open(path, framework="np") as file:
            about = strict_loads((file.metadata() or {}).get(KEY, "null"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            is_model = isinstance(about, dict) and "format" in about
            digest = _digest(arrays, about) if is_model else None
    except OSError:
        raise
    except Exception as error:  # a forged file can make JSON and NumPy raise many kinds
        raise ValueError(f"{path} is no whole safetensors file ({error}).") from error
    if not is_model:
        raise ValueError(f"{path} is a safetensors file, but no model of pyod-gan.")
    if type(about["format"]) is not int or about["format"] != FORMAT:
        raise ValueError(
            f"{path} has format {about['format']!r:.40}, by pyod-gan "
            f"{about.get('written_by')!s:.40}. This version reads format {FORMAT}: use the version "
            "that wrote it, or fit again."
        )
    if about.get("sha256") != digest:
        raise ValueError(f"{path} was changed after it was written: its checksum differs.")
    return arrays, about


def read_kind(path: Path) -> str | None:
    """Name of the estimator in a file, of which only the metadata is read. None if it has none."""
    try:
        with safe_open(path, framework="np") as file:
            kind = strict_loads((file.metadata() or {}).get(KEY, "null"))["kind"]
    except Exception:  # `read` says what is wrong
        return None
    return kind if isinstance(kind, str) else None


def _digest(arrays: Arrays, about: dict[str, Any]) -> str:
    """SHA-256 of everything that the file says, except the SHA-256 itself."""
    said = {name: value for name, value in about.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).data)  # without a copy
    return digest.hexdigest()
