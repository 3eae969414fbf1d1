"""Detectors of sound that AudioDetector is compared with, each at its defaults.

``AudioAE`` of PyOD hears log-mel frames, five at a time. Detectors of tables get the windows that
the part "events" hears, or with names that end in ``on texture`` those of that part; the mean
score of its windows is that of a clip. Names that end in ``on features`` get the 74 acoustic
features of PyOD's audio encoder.
"""

from __future__ import annotations

from typing import Any

from ..peers.audio import OnClips, OnFrames
from . import detectors

OURS = "AudioDetector"
ROWS = ("KNN", "IForest", "GANDetector")
ENDS = (" on texture", " on features")
DEFAULT = (OURS, "AudioAE", *ROWS, "KNN on texture", "KNN on features", "IForest on features")


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector of sound."""
    return name.partition(":")[0] == OURS


def on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    if name == "AudioAE":
        return "AutoEncoder"
    if is_ours(name):
        return ":".join([detectors.OURS, *name.split(":")[1:2]])
    return name.partition(" on ")[0]


def make(name: str, seed: int) -> Any:
    """Build a detector. ``AudioDetector:alad:conv1d`` has another GAN and kind of network."""
    if is_ours(name):
        from pyod_gan import AudioDetector

        gan, network = [*name.split(":")[1:], None, None][:2]
        return OnClips(AudioDetector(gan or "auto", network=network or None, random_state=seed))
    if name == "AudioAE":
        from pyod.models.audio_ae import AudioAE

        return OnClips(AudioAE(random_state=seed, device="cpu"))
    detector = detectors.make(on_tables(name), seed)
    if name.endswith(" on features"):
        from pyod.models.embedding import EmbeddingOD
        from pyod.utils.encoders.audio import AudioFeatureEncoder

        return OnClips(EmbeddingOD(AudioFeatureEncoder(), detector))
    return OnFrames(detector, "texture" if name.endswith(" on texture") else "events")


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names. None is ours and all peers.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    known = {"AudioAE", *ROWS, *(row + end for row in ROWS for end in ENDS)}
    return detectors.chosen(
        names, DEFAULT, lambda n: is_ours(n) or n in known, f"{OURS}:<gan>:<network>"
    )
