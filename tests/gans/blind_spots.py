"""What GANs do not see, by the kinds of anomalies that the contract plants.

"dependence" are rows whose columns come from different rows; "gaps" are rows between two clusters.
docs/gans.md says why. A GAN that is not here must see both.
"""

from __future__ import annotations

from pyod_gan.gans import (
    AAE,
    ALAD,
    ALOCC,
    RCGAN,
    USAD,
    WGAN,
    AnoGAN,
    BaseGAN,
    BiGAN,
    GANomaly,
)

BLIND_TO: dict[type[BaseGAN], set[str]] = {
    AAE: {"gaps"},
    ALAD: {"dependence", "gaps"},
    ALOCC: {"dependence"},
    AnoGAN: {"gaps"},
    BiGAN: {"dependence", "gaps"},
    GANomaly: {"dependence"},
    RCGAN: {"dependence", "gaps"},
    USAD: {"dependence", "gaps"},
    WGAN: {"gaps"},
}
