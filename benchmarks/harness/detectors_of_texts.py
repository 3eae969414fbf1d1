"""Detectors of texts that TextDetector is compared with, each at its defaults.

PyOD's detectors get the same measures of a text that the parts of ``TextDetector`` see. Those whose
names end in ``on topics`` get 32 directions of TF-IDF (with a truncated SVD) instead.
"""

from __future__ import annotations

from typing import Any

from ..peers.texts import OnRows
from . import detectors

OURS = "TextDetector"
TOPICS = " on topics"
ROWS = ("IForest", "KNN", "LOF", "ECOD", "GANDetector")
DEFAULT = (OURS, *ROWS, *(f"{name}{TOPICS}" for name in ROWS))


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector of texts."""
    return name.partition(":")[0] == OURS


def on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    return name.replace(OURS, detectors.OURS).removesuffix(TOPICS)


def make(name: str, seed: int) -> Any:
    """Build a detector. ``TextDetector:alad`` has another GAN."""
    if is_ours(name):
        from pyod_gan import TextDetector

        return TextDetector(name.partition(":")[2] or "auto", random_state=seed)
    parts = ("topics",) if name.endswith(TOPICS) else ("style", "words", "characters")
    return OnRows(detectors.make(name.removesuffix(TOPICS), seed), parts)


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names. None is ours and all peers.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    return detectors.chosen(
        names, DEFAULT, lambda n: is_ours(n) or n.removesuffix(TOPICS) in ROWS, f"{OURS}:<gan>"
    )
