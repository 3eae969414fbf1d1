"""The GAN family, one member per module."""

from __future__ import annotations

from difflib import get_close_matches

from sklearn.base import clone

from .alad import ALAD
from .anogan import AnoGAN
from .base import BaseGAN, Batch, Pair, Phase, Play, Settings
from .gan import GAN
from .prototype import PrototypeGAN

GANS: dict[str, type[BaseGAN]] = {
    "auto": PrototypeGAN,
    "prototype": PrototypeGAN,
    "gan": GAN,
    "anogan": AnoGAN,
    "alad": ALAD,
}


def get_gan(gan: str | BaseGAN) -> BaseGAN:
    """A validated copy of a spec object, or the GAN of that name with its own parameters."""
    if not isinstance(gan, str):
        copy: BaseGAN = clone(gan)
        copy._validate_params()
        return copy
    if gan not in GANS:
        near = get_close_matches(gan, GANS, n=1)
        raise ValueError(
            f"The 'gan' parameter of GANDetector must be a GAN object or one of {sorted(GANS)}. "
            f"Got {gan!r} instead." + (f" Did you mean {near[0]!r}?" if near else "")
        )
    return GANS[gan]()


__all__ = [
    "ALAD",
    "GAN",
    "GANS",
    "AnoGAN",
    "BaseGAN",
    "Batch",
    "Pair",
    "Phase",
    "Play",
    "PrototypeGAN",
    "Settings",
    "get_gan",
]
