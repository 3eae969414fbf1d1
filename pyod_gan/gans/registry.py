"""The GANs by name."""

from __future__ import annotations

from sklearn.base import clone

from .._support.suggestions import unknown_name
from ..engine.spec import BaseGAN
from .aae import AAE
from .alad import ALAD
from .alocc import ALOCC
from .anogan import AnoGAN
from .bigan import BiGAN
from .fanogan import FAnoGAN
from .fencegan import FenceGAN
from .gan import GAN
from .ganomaly import GANomaly
from .gsaal import GSAAL
from .madgan import MADGAN
from .mogaal import MOGAAL
from .ocgan import OCGAN
from .prototype import PrototypeGAN
from .rcgan import RCGAN
from .sogaal import SOGAAL
from .tadgan import TadGAN
from .usad import USAD
from .views import ViewGAN
from .wgan import WGAN

GANS: dict[str, type[BaseGAN]] = {
    "auto": ViewGAN,
    "views": ViewGAN,
    "prototype": PrototypeGAN,
    "gan": GAN,
    "wgan": WGAN,
    "sogaal": SOGAAL,
    "mogaal": MOGAAL,
    "gsaal": GSAAL,
    "anogan": AnoGAN,
    "fanogan": FAnoGAN,
    "bigan": BiGAN,
    "alad": ALAD,
    "rcgan": RCGAN,
    "ganomaly": GANomaly,
    "aae": AAE,
    "alocc": ALOCC,
    "fencegan": FenceGAN,
    "usad": USAD,
    "ocgan": OCGAN,
    "madgan": MADGAN,
    "tadgan": TadGAN,
}

# other names of GANs, and what to suggest for them
KNOWN_AS = {"egbad": "'bigan'", "lsgan": "GAN(game='least-squares')"}


def get_gan(gan: str | BaseGAN) -> BaseGAN:
    """Return a validated copy of a GAN spec, or the named GAN with its default parameters.

    Parameters
    ----------
    gan : str or BaseGAN
        A name of :data:`GANS`, or a GAN spec.

    Returns
    -------
    gan : BaseGAN
        A GAN spec of its own.

    Raises
    ------
    ValueError
        If the name is unknown, or a parameter of the spec cannot be used.
    """
    if not isinstance(gan, str):
        copy: BaseGAN = clone(gan)
        copy._validate_params()
        return copy
    if gan not in GANS:
        raise unknown_name(
            "'gan' parameter of GANDetector must be a GAN object or", gan, GANS, KNOWN_AS
        )
    return GANS[gan]()
