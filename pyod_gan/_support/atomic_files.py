"""Files that appear under their name when they are complete."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

# folders of devices and of the process's open files, such as /dev/stdout
STREAMS = ("/dev", "/dev/fd", "/proc/self/fd")


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Write a temporary file beside ``path``, then move it. A failure leaves ``path`` as it was.

    What is no file, such as a pipe, ``/dev/null`` or ``/dev/stdout``, cannot be replaced. It gets
    the bytes as they are written.

    Raises
    ------
    OSError
        As in :func:`check_place`, or if the file cannot be written.
    """
    path = check_place(path)
    if _is_stream(path):
        with open(path, "ab") as file:  # which cuts nothing off where /dev/stdout is a file
            yield file
        return
    part = path.with_name(f".{uuid4().hex}.part")  # short, as the name of `path` may be the longest
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def check_place(path: Path) -> Path:
    """Return the path that a link leads to, and that of a pipe or device as it is.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If the path is a folder.
    PermissionError
        If the folder or the file that is there is read-only.
    OSError
        If no file can have this name.
    """
    if _is_stream(path):
        return path
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist.")
    try:
        mode = path.stat().st_mode  # its OSError names a path that is too long
    except FileNotFoundError:
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path} is a folder, not a file.")
    # A file without any right to write is read-only, although root may write it.
    if mode is not None and not (mode & 0o222 and os.access(path, os.W_OK)):
        raise PermissionError(f"The file {path} is read-only.")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"The folder {path.parent} cannot be written to.")
    return path


def _is_stream(path: Path) -> bool:
    """Tell whether what is written to a path flows on, so that no file could take its place."""
    if not path.exists() or path.is_dir():
        return False
    return str(path.absolute().parent) in STREAMS or not path.is_file()
