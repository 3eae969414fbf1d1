"""Fetch the pinned files, with checksums; what has arrived is kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .datasets import DataError, DataFile, pinned


def download(names: Iterable[str], data_home: Path) -> None:
    """Fetch the files that are missing or damaged; finished files are kept, so it can resume.

    Parameters
    ----------
    names : iterable of str
        Keys of :func:`registry`.
    data_home : Path
        The folder to fill; created if needed.

    Raises
    ------
    DataError
        If a file cannot be fetched, or arrives with the wrong checksum.
    """
    download_files(map(pinned, names), data_home)


def download_files(files: Iterable[DataFile], data_home: Path) -> None:
    """Fetch pinned files, as :func:`download` does."""
    data_home.mkdir(parents=True, exist_ok=True)
    for file in files:
        path = data_home / file.file
        if not (path.is_file() and file.matches(path)):
            _fetch(file, path)


def _fetch(file: DataFile, path: Path) -> None:
    """Download one file next to its place and move it there only when it is right."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        pooch.retrieve(
            file.url,
            known_hash=None,
            fname=part.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(timeout=30),
        )
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise DataError(
            f"Cannot fetch {file.url} ({type(error).__name__}). Files already in {path.parent} are "
            "kept: run again when online, or copy the file there by hand."
        ) from error
    if not file.matches(part):
        part.unlink()
        raise DataError(f"{file.url} arrived with the wrong checksum; nothing was changed.")
    part.replace(path)
