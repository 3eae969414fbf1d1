"""The file of a model: one safetensors file with a checksum, written whole or not at all.

Its metadata has one entry, ``pyod_gan``: a JSON object with the format's version, all that is no
array, and a SHA-256 over everything else in the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

FORMAT = 1  # raised when a file's meaning changes
KEY = "pyod_gan"
Arrays = dict[str, np.ndarray]


def write(path: Path, arrays: Arrays, about: dict[str, Any]) -> None:
    """Write a model's file."""
    checked = about | {"sha256": _digest(arrays, about)}
    write_whole(path, to_bytes(arrays, {KEY: json.dumps(checked)}))


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the place, then move: under its name a file is whole or as it was."""
    path = path.resolve()  # of a link, what it leads to
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist.")
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Arrays and metadata of a file that is whole and of a known format."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file.")
    try:
        with safe_open(path, framework="np") as file:
            about = json.loads((file.metadata() or {}).get(KEY, "null"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError) as error:
        raise ValueError(f"{path} is no whole safetensors file ({error}).") from error
    if not isinstance(about, dict) or "format" not in about:
        raise ValueError(f"{path} is a safetensors file, but no model of pyod-gan.")
    if about["format"] != FORMAT:
        raise ValueError(
            f"{path} has format {about['format']}, by pyod-gan {about.get('written_by')}. This "
            f"version reads format {FORMAT}: use the version that wrote it, or fit again."
        )
    if about.get("sha256") != _digest(arrays, about):
        raise ValueError(f"{path} was changed after it was written: its checksum differs.")
    return arrays, about


def _digest(arrays: Arrays, about: dict[str, Any]) -> str:
    """SHA-256 of all that the file says, but for itself."""
    said = {name: value for name, value in about.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
