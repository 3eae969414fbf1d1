"""Public names of the augmentations, see :mod:`pyod_gan.front_ends.augmentations`."""

from __future__ import annotations

from .front_ends.augmentations import (
    AUGMENTATIONS,
    cut_paste,
    reversed_order,
    shuffled_patches,
    warped,
)

__all__ = ["AUGMENTATIONS", "cut_paste", "reversed_order", "shuffled_patches", "warped"]
