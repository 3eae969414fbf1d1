"""File of an estimator that is made of several others, such as one detector per window size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from .content_check import check_scores
from .detector_file import in_json, params_entry, params_from, refused
from .safetensors_file import FORMAT, Arrays, read, write

OWN = "own."  # begins the names of arrays of the estimator itself
LEARNT = "learnt."  # begins those of what else it has learnt
FileContent = tuple[Arrays, dict[str, Any]]  # arrays, and the rest in types that JSON can hold


@dataclass
class SavedComposed:
    """What a file holds of an estimator and of those that it is made of."""

    kind: str  # name of the estimator's class
    params: dict[str, Any]  # its parameters
    parts: list[FileContent]  # what a file would hold of each estimator that it is made of
    scores: np.ndarray  # (n,) scores of the training samples
    labels: np.ndarray  # (n,) their labels
    threshold: float
    share: float  # share of outliers that the threshold stands for
    about: dict[str, Any]  # what else it has learnt, in types that JSON can hold
    conformal_scores: np.ndarray | None = None
    written_by: str = ""  # version of this package
    arrays: Arrays = field(default_factory=dict)  # what else it has learnt, which it checks itself

    @property
    def origin(self) -> dict[str, str]:
        """Estimator and version of this package that wrote the file."""
        return {"kind": self.kind, "written_by": self.written_by}


def write_composed(path: Path, saved: SavedComposed) -> None:
    """Write an estimator to a file, whole or not at all.

    Raises
    ------
    ValueError
        If a GAN has a parameter that is no number, word or flag, such as a ``Game``.
    OSError
        If the file cannot be written.
    """
    write(path, *content_of_composed(saved))


def content_of_composed(saved: SavedComposed) -> FileContent:
    """Everything of an estimator: its arrays, and the rest in types that JSON can hold."""
    arrays: Arrays = {
        f"{OWN}scores": saved.scores,
        f"{OWN}labels": saved.labels,
        f"{OWN}threshold": np.array([saved.threshold], dtype=np.float64),
    }
    if saved.conformal_scores is not None:
        arrays[f"{OWN}conformal_scores"] = saved.conformal_scores
    arrays |= {f"{LEARNT}{name}": np.ascontiguousarray(a) for name, a in saved.arrays.items()}
    for number, (of_part, _) in enumerate(saved.parts):
        arrays |= {f"{number}.{name}": array for name, array in of_part.items()}
    about = {
        "format": FORMAT,
        "written_by": version("pyod-gan"),
        "kind": saved.kind,
        "params": params_entry(saved.params, saved.share),
        "share": saved.share,
        "own": saved.about,
        "parts": [about for _, about in saved.parts],
    }
    return arrays, in_json(about)


def read_composed(
    path: Path,
    kind: str,
    gans: Sequence[type[BaseGAN]] = (),
    networks: Sequence[type[NetworkSpec]] = (),
) -> SavedComposed:
    """Read an estimator of a ``kind`` from a file. It may name the user's ``gans``, ``networks``.

    Raises
    ------
    ValueError
        If the file is no such estimator, is damaged, was changed, has an unknown format, names an
        unknown GAN or kind of network, or holds what no estimator can be made of.
    OSError
        If the file cannot be read.
    """
    arrays, about = read(path)
    with refused(path, about, kind):
        return composed_from(arrays, about, gans, networks)


def composed_from(
    arrays: Arrays,
    about: dict[str, Any],
    gans: Sequence[type[BaseGAN]],
    networks: Sequence[type[NetworkSpec]],
) -> SavedComposed:
    """Check the arrays and metadata of an estimator, but for those of its parts.

    Raises
    ------
    ValueError, KeyError, TypeError
        If no estimator can be made of them.
    """
    parts = about["parts"]
    names = {name.partition(".")[0] for name in arrays} - {"learnt"}
    if type(parts) is not list or not parts or names != {*map(str, range(len(parts))), "own"}:
        raise ValueError("its arrays must be those of its parts")
    if any(type(part) is not dict for part in parts):
        raise ValueError("its parts must be entries with names")
    own = _of(arrays, OWN)
    check_scores(own)
    if type(about["own"]) is not dict or not 0 <= about["share"] <= 1:
        raise ValueError("its entries 'own' and 'share' must be what is known of the estimator")
    return SavedComposed(
        kind=about["kind"],
        params=params_from(about["params"], gans, networks),
        parts=[(_of(arrays, f"{number}."), part) for number, part in enumerate(parts)],
        scores=own["scores"],
        labels=own["labels"],
        threshold=float(own["threshold"][0]),
        share=about["share"],
        about=about["own"],
        conformal_scores=own.get("conformal_scores"),
        written_by=str(about.get("written_by")),
        arrays=_of(arrays, LEARNT),
    )


def _of(arrays: Arrays, prefix: str) -> Arrays:
    """Arrays whose names begin with a prefix, by the rest of their names."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
