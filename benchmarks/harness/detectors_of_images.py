"""Detectors of images that ImageDetector is compared with, each at its defaults.

PyOD's detectors get the pixels of an image as a row. So does ``GANDetector``, the default for
tables. Names that end in ``on edges`` get the rows of the part "shape" instead, so that one sees
what the detector adds to them.
"""

from __future__ import annotations

from typing import Any

from ..peers.images import OnRows
from . import detectors

OURS = "ImageDetector"
EDGES = " on edges"
ROWS = ("GANDetector", "PCA", "KNN", "IForest", "LOF", "OCSVM", "AutoEncoder")
DEFAULT = (OURS, *ROWS, f"KNN{EDGES}", f"IForest{EDGES}", f"OCSVM{EDGES}")


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector of images."""
    return name.partition(":")[0] == OURS


def on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    if is_ours(name):
        return ":".join([detectors.OURS, *name.split(":")[1:2]])
    return name.removesuffix(EDGES)


def make(name: str, seed: int) -> Any:
    """Build a detector.

    ``ImageDetector:alad:conv2d`` has another GAN and kind of network, and
    ``ImageDetector:alad:conv2d:cut-paste+warped`` augmentations, too.
    """
    if is_ours(name):
        from pyod_gan import ImageDetector

        gan, network, changes = [*name.split(":")[1:], "", "", ""][:3]
        return ImageDetector(
            gan or "auto",
            network=network or None,
            augmentations=changes.split("+") if changes else None,
            random_state=seed,
        )
    rows = name.removesuffix(EDGES)
    if rows == "PCA":
        from pyod.models.pca import PCA

        return OnRows(PCA(random_state=seed), name.endswith(EDGES))
    return OnRows(detectors.make(rows, seed), name.endswith(EDGES))


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names. None is ours and all peers.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    return detectors.chosen(
        names,
        DEFAULT,
        lambda n: is_ours(n) or n.removesuffix(EDGES) in ROWS,
        f"{OURS}:<gan>:<network>",
    )
