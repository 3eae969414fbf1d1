"""Detectors of texts that TextDetector is compared with, each at its defaults.

PyOD's detectors get the same measures of a text that the parts of ``TextDetector`` see. Those whose
names end in ``on topics`` get 32 directions of TF-IDF (with a truncated SVD) instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from ..harness import detectors as on_tables

OURS = "TextDetector"
TOPICS = " on topics"
ROWS = ("IForest", "KNN", "LOF", "ECOD", "GANDetector")
DEFAULT = (OURS, *ROWS, *(f"{name}{TOPICS}" for name in ROWS))


class OnRows:
    """A detector of tables, on measures of texts."""

    def __init__(self, detector: Any, parts: tuple[str, ...]) -> None:
        self.detector, self.names = detector, parts

    def fit(self, X: np.ndarray) -> OnRows:
        """Fit the detector, and keep the scores of the texts."""
        from pyod_gan.front_ends.text_parts import PARTS

        self.parts = [PARTS[name]().fit(X.tolist()) for name in self.names]
        self.scaler = StandardScaler()
        self.detector.fit(self.scaler.fit_transform(self._rows(X, known=True)))
        self.decision_scores_ = self.detector.decision_scores_
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Scores of new texts."""
        return np.asarray(
            self.detector.decision_function(self.scaler.transform(self._rows(X, known=False)))
        )

    def _rows(self, X: np.ndarray, known: bool) -> np.ndarray:
        """Measures of texts, (n, D)."""
        return np.hstack([part.rows(X.tolist(), np.full(len(X), known)) for part in self.parts])


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector of texts."""
    return name.partition(":")[0] == OURS


def make(name: str, seed: int) -> Any:
    """Build a detector. ``TextDetector:alad`` has another GAN."""
    if is_ours(name):
        from pyod_gan import TextDetector

        return TextDetector(name.partition(":")[2] or "auto", random_state=seed)
    parts = ("topics",) if name.endswith(TOPICS) else ("style", "words", "characters")
    return OnRows(on_tables.make(name.removesuffix(TOPICS), seed), parts)


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names. None is ours and all peers.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    chosen = names.split(",") if names else list(DEFAULT)
    unknown = [n for n in chosen if n.removesuffix(TOPICS) not in ROWS and not is_ours(n)]
    if unknown:
        known = ", ".join([*DEFAULT, f"{OURS}:<gan>"])
        raise ValueError(f"Unknown detector: {', '.join(unknown)}. Known: {known}.")
    return chosen
