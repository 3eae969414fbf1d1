"""Labelled images: digits of scikit-learn, generated ones with planted defects, and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from .datasets import DataError
from .labelled import Array, Labelled

N_IMAGES = 300  # of a generated set
SIDE = 32  # pixels of a generated image


def digits() -> list[Labelled]:
    """Ten sets: images of one digit are normal, and those of the others are anomalies."""
    data = load_digits()
    return [
        Labelled(f"digit {digit}", data.images / 16.0, (data.target != digit).astype(int))
        for digit in range(10)
    ]


def generated() -> list[Labelled]:
    """Make images of a ring, a tenth of which have a small planted defect."""
    return [Labelled(name, *_planted(i, defect)) for i, (name, defect) in enumerate(PLANTED)]


def from_file(path: Path) -> Labelled:
    """Read images ``X`` (n, H, W) and labels ``y`` from a file of NumPy.

    Raises
    ------
    DataError
        If the file has no such arrays.
    """
    with np.load(path) as arrays:
        if not {"X", "y"} <= set(arrays) or arrays["X"].ndim < 3:
            raise DataError(f"{path} must hold images X (n, height, width) and labels y.")
        return Labelled(path.stem, arrays["X"], arrays["y"].astype(int))


def _planted(
    seed: int, defect: Callable[[Array, np.random.Generator], Array]
) -> tuple[Array, Array, Array]:
    """Noisy rings of slightly different places and sizes, the last of which have a defect."""
    draws = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    images = np.empty((N_IMAGES, SIDE, SIDE))
    for image in images:
        top, left = 15.5 + draws.normal(0, 0.7, 2)
        radius = 9 + draws.normal(0, 0.4)
        apart = np.hypot(rows - top, columns - left) - radius
        image[:] = 0.3 + 0.4 * np.exp(-((apart / 2.5) ** 2)) + 0.01 * (rows - columns)
    y = np.zeros(N_IMAGES, dtype=int)
    y[-N_IMAGES // 10 :] = 1
    changed = images.copy()
    for i in np.flatnonzero(y):
        changed[i] = defect(images[i].copy(), draws)
    masks = (np.abs(changed - images) > 0.02).astype(int)
    return changed + 0.03 * draws.normal(size=images.shape), y, masks


def _spot(image: Array, draws: np.random.Generator) -> Array:
    top, left = draws.integers(6, 24, 2)
    image[top : top + 3, left : left + 3] += draws.choice([-0.25, 0.25])
    return image


def _scratch(image: Array, draws: np.random.Generator) -> Array:
    top, left = draws.integers(4, 18, 2)
    for k in range(9):
        image[top + k, left + k // 2] += 0.3
    return image


def _gap(image: Array, draws: np.random.Generator) -> Array:
    angle = draws.uniform(0, 2 * np.pi)
    top, left = (int(15.5 + 9 * f(angle)) for f in (np.sin, np.cos))
    image[top - 2 : top + 3, left - 2 : left + 3] = 0.35
    return image


def _blurred(image: Array, draws: np.random.Generator) -> Array:
    angle = draws.uniform(0, 2 * np.pi)
    top, left = (int(15.5 + 9 * f(angle)) for f in (np.sin, np.cos))
    part = (slice(top - 4, top + 5), slice(left - 4, left + 5))
    image[part] = gaussian_filter(image, 3.0)[part]
    return image


PLANTED = (("spot", _spot), ("scratch", _scratch), ("gap", _gap), ("blurred", _blurred))
