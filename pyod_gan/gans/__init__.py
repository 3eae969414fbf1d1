"""The GAN family, one GAN per module, and the parts that a GAN of your own needs."""

from __future__ import annotations

from ..engine.functional import bounded, cat, l1, l2, sign_ascent, uniform_codes
from ..engine.networks import Network, NetworkMaker, Networks
from ..engine.prototype_bank import PrototypeBank
from ..engine.spec import BaseGAN, Batch, Pair, Phase, Play, Settings
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
from .registry import GANS, get_gan
from .sogaal import SOGAAL
from .tadgan import TadGAN
from .usad import USAD
from .views import ViewGAN
from .wgan import WGAN

__all__ = [
    "AAE",
    "ALAD",
    "ALOCC",
    "GAN",
    "GANS",
    "GSAAL",
    "MADGAN",
    "MOGAAL",
    "OCGAN",
    "RCGAN",
    "SOGAAL",
    "USAD",
    "WGAN",
    "AnoGAN",
    "BaseGAN",
    "Batch",
    "BiGAN",
    "FAnoGAN",
    "FenceGAN",
    "GANomaly",
    "Network",
    "NetworkMaker",
    "Networks",
    "Pair",
    "Phase",
    "Play",
    "PrototypeBank",
    "PrototypeGAN",
    "Settings",
    "TadGAN",
    "ViewGAN",
    "bounded",
    "cat",
    "get_gan",
    "l1",
    "l2",
    "sign_ascent",
    "uniform_codes",
]
