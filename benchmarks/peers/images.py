"""Detectors of images that ImageDetector is compared with, each at its defaults.

PyOD's detectors get the pixels of an image as a row. So does ``GANDetector``, the default for
tables. Names that end in ``on edges`` get the rows of the part "shape" instead, so that one sees
what the detector adds to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..harness import detectors as on_tables

OURS = "ImageDetector"
EDGES = " on edges"
ROWS = ("GANDetector", "PCA", "KNN", "IForest", "LOF", "OCSVM", "AutoEncoder")
DEFAULT = (OURS, *ROWS, f"KNN{EDGES}", f"IForest{EDGES}", f"OCSVM{EDGES}")


class OnRows:
    """A detector of tables, on rows of pixels or of edges."""

    def __init__(self, detector: Any, edges: bool) -> None:
        self.detector, self.edges = detector, edges

    def fit(self, X: np.ndarray) -> OnRows:
        """Fit the detector, and keep the scores of the images."""
        from pyod_gan.front_ends.image_parts import Shape

        self.part = Shape().fit(X[:, None]) if self.edges else None
        self.detector.fit(self._rows(X))
        self.decision_scores_ = self.detector.decision_scores_
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of images, (n, H, W) -> (n,)."""
        return np.asarray(self.detector.decision_function(self._rows(X)))

    def _rows(self, X: np.ndarray) -> np.ndarray:
        """Rows of images, (n, H, W) -> (n, D)."""
        if self.part is None:
            return X.reshape(len(X), -1)
        return self.part.rows(X[:, None])[:, 0]


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector of images."""
    return name.partition(":")[0] == OURS


def make(name: str, seed: int) -> Any:
    """Build a detector. ``ImageDetector:alad:conv2d`` has another GAN and kind of network."""
    if is_ours(name):
        from pyod_gan import ImageDetector

        gan, network = [*name.split(":")[1:], None, None][:2]
        return ImageDetector(gan or "auto", network=network or None, random_state=seed)
    rows = name.removesuffix(EDGES)
    if rows == "PCA":
        from pyod.models.pca import PCA

        return OnRows(PCA(random_state=seed), name.endswith(EDGES))
    return OnRows(on_tables.make(rows, seed), name.endswith(EDGES))


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names. None is ours and all peers.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    chosen = names.split(",") if names else list(DEFAULT)
    unknown = [n for n in chosen if n.removesuffix(EDGES) not in ROWS and not is_ours(n)]
    if unknown:
        known = ", ".join([*DEFAULT, f"{OURS}:<gan>:<network>"])
        raise ValueError(f"Unknown detector: {', '.join(unknown)}. Known: {known}.")
    return chosen
