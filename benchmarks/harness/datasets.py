"""Data sets: built from scikit-learn (no download) or read from the pinned ADBench and ODDS files.

The built-in sets follow the recipe of ODDS (https://odds.cs.stonybrook.edu): take a classification
data set, keep some classes as normal rows and down-sample another one as the anomalies.

============== ======================================================= ============= =========
name           recipe                                                  rows x cols   anomalies
============== ======================================================= ============= =========
breast_cancer  as ODDS wbc: benign, 21 malignant                       378 x 30      21
wine           as ODDS wine: cultivars 2 and 3, 10 rows of cultivar 1  129 x 13      10
iris           the same on iris: two species, 10 rows of virginica     110 x 4       10
digits_0_6     as ODDS mnist (9.2 %): zeros, 18 sixes                  196 x 64      18
digits_1_7     the same with ones and sevens                            200 x 64      18
digits_2_8     the same with twos and eights                            195 x 64      18
digits_3_9     the same with threes and nines                           201 x 64      18
digits_rare_0  as ODDS optdigits (2.9 %): 500 of digits 1-9, 15 zeros  515 x 64      15
============== ======================================================= ============= =========

The rows that stay are drawn once with a fixed seed, and keep their order.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sklearn.datasets
from numpy.typing import NDArray
from scipy.io import loadmat

from . import kddcup99

DATA_VARIABLE = "PYOD_GAN_DATA"


class DataError(RuntimeError):
    """A data file is missing, damaged or cannot be fetched; the message says what to do."""


class Dataset(NamedTuple):
    """One data set; 1 in ``y`` marks an anomaly."""

    name: str
    X: NDArray[np.float64]
    y: NDArray[np.int64]


@dataclass(frozen=True)
class DataFile:
    """One pinned file: where it is published and how to recognise it."""

    name: str
    url: str
    sha256: str  # empty where only the git blob hash is published
    git_sha1: str
    n: int
    d: int
    n_anomalies: int
    same_as: str  # the ADBench name of an identical set, or empty

    @property
    def file(self) -> str:
        """File name inside the data folder."""
        return self.name if self.name.endswith(".npz") else self.url.rsplit("/", 1)[-1]

    def matches(self, path: Path) -> bool:
        """Whether the file at ``path`` is complete and unchanged."""
        content = path.read_bytes()
        if self.sha256:
            return hashlib.sha256(content).hexdigest() == self.sha256
        blob = b"blob %d\0" % len(content) + content
        return hashlib.sha1(blob, usedforsecurity=False).hexdigest() == self.git_sha1


@cache
def registry() -> dict[str, DataFile]:
    """Return the 47 ADBench classical and 17 ODDS files by name."""
    with (Path(__file__).parent / "files.csv").open(newline="", encoding="utf-8") as handle:
        return {row["name"]: _data_file(row) for row in csv.DictReader(handle)}


def pretraining_files() -> list[DataFile]:
    """Return the 453 labelled tables that the shipped critic was trained on."""
    path = Path(__file__).parent / "pretraining_files.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        return [
            DataFile(row["file"], row["url"], row["sha256"], "", 0, 0, 0, "")
            for row in csv.DictReader(handle)
        ]


def _data_file(row: dict[str, Any]) -> DataFile:
    """Read one line of ``files.csv``."""
    counts = {key: int(row[key]) for key in ("n", "d", "n_anomalies")}
    return DataFile(**{**row, **counts})


# --- data sets that scikit-learn ships -----------------------------------------------------------


def _from_classes(
    loader: str, normal: Collection[int], rare: int, n_anomalies: int, n_normal: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keep the classes in ``normal`` (or some of their rows) and a few rows of ``rare``."""
    X, target = getattr(sklearn.datasets, loader)(return_X_y=True)
    rng = np.random.RandomState(0)
    anomalies = rng.choice(np.flatnonzero(target == rare), n_anomalies, replace=False)
    normals = np.flatnonzero(np.isin(target, list(normal)))
    if n_normal is not None:
        normals = rng.choice(normals, n_normal, replace=False)
    rows = np.sort(np.concatenate([normals, anomalies]))
    return np.asarray(X[rows], dtype=np.float64), (target[rows] == rare).astype(np.int64)


BUILT_IN: dict[str, Callable[[], tuple[NDArray[np.float64], NDArray[np.int64]]]] = {
    "breast_cancer": partial(_from_classes, "load_breast_cancer", (1,), 0, 21),
    "wine": partial(_from_classes, "load_wine", (1, 2), 0, 10),
    "iris": partial(_from_classes, "load_iris", (0, 1), 2, 10),
    "digits_0_6": partial(_from_classes, "load_digits", (0,), 6, 18),
    "digits_1_7": partial(_from_classes, "load_digits", (1,), 7, 18),
    "digits_2_8": partial(_from_classes, "load_digits", (2,), 8, 18),
    "digits_3_9": partial(_from_classes, "load_digits", (3,), 9, 18),
    "digits_rare_0": partial(_from_classes, "load_digits", range(1, 10), 0, 15, 500),
}


# --- files ---------------------------------------------------------------------------------------


def find_data_home(data_home: str | Path | None = None) -> Path | None:
    """Return the data folder: the argument, else ``PYOD_GAN_DATA``, else None."""
    chosen = data_home or os.environ.get(DATA_VARIABLE)
    return Path(chosen).expanduser() if chosen else None


def available(data_home: Path | None) -> list[str]:
    """Names that can be loaded: the pinned files present in ``data_home``, or the built-in sets.

    An ODDS file that equals an ADBench file of the folder is left out, so no set counts twice.
    """
    if data_home is None:
        return list(BUILT_IN)
    if not data_home.is_dir():
        raise DataError(f"The data folder {data_home} does not exist; --download creates it.")
    present = [file for file in registry().values() if (data_home / file.file).is_file()]
    names = {file.name for file in present}
    return [file.name for file in present if file.same_as not in names]


def load(name: str, data_home: Path | None = None) -> Dataset:
    """Load a built-in set, KDDCup99, or a pinned file whose checksum is verified first.

    Parameters
    ----------
    name : str
        A key of :data:`BUILT_IN` or of :func:`registry`, or ``kddcup99``.
    data_home : Path or None
        The folder that holds the pinned files.

    Returns
    -------
    Dataset
        Rows in the order of the file.

    Raises
    ------
    DataError
        If the name is unknown, or the file is missing or damaged.
    """
    if name in BUILT_IN:
        return Dataset(name, *BUILT_IN[name]())
    if name == kddcup99.NAME:
        return Dataset(name, *_kddcup99())
    return _read(verified_path(name, data_home), name)


def pinned(name: str) -> DataFile:
    """Return the pinned file of that name."""
    if name not in registry():
        raise DataError(
            f"Unknown data set {name!r}. Built in: {', '.join(BUILT_IN)}. "
            f"Files: {', '.join(registry())}."
        )
    return registry()[name]


def _kddcup99() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """KDDCup99, or an error that says what to do."""
    try:
        return kddcup99.load()
    except OSError as error:  # urllib's errors are OSErrors
        raise DataError(
            f"{kddcup99.NAME} is not at hand and cannot be fetched ({type(error).__name__}). Run "
            "again when online; scikit-learn keeps it in its data folder."
        ) from error


def check(name: str, data_home: Path | None) -> None:
    """Raise :class:`DataError` if a data set is unknown, missing or damaged."""
    if name == kddcup99.NAME:
        _kddcup99()
    elif name not in BUILT_IN:
        verified_path(name, data_home)


def verified_path(name: str, data_home: Path | None) -> Path:
    """Return the path of a pinned file after its checksum was found right."""
    file = pinned(name)
    if data_home is None:
        raise DataError(f"{name} is a file: name its folder with --data-home or {DATA_VARIABLE}.")
    path = data_home / file.file
    if not path.is_file():
        raise DataError(f"{path} is missing; --download fetches it.")
    if not file.matches(path):
        raise DataError(
            f"{path} is damaged or incomplete (wrong checksum); --download fetches it again."
        )
    return path


@lru_cache(maxsize=2)
def _read(path: Path, name: str) -> Dataset:
    """Read ``X`` and ``y`` from a NumPy or MATLAB file."""
    arrays: Any = loadmat(path) if path.suffix == ".mat" else np.load(path, allow_pickle=False)
    y = (np.ravel(arrays["y"]) != 0).astype(np.int64)
    return Dataset(name, np.asarray(arrays["X"], dtype=np.float64), y)
