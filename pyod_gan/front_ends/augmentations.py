"""Changed windows and images, which a critic learns to reject: negatives made of the data itself.

A critic that tells windows from changed ones must know their order and form. This is
self-supervised training, as in the works that the functions name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._support.suggestions import unknown_name

N_ROWS = 2048  # negatives of all augmentations together
SAME = 1e-6  # largest change of a row that counts as none, in its largest value
CUT = (1 / 8, 1 / 2)  # sides of what is cut out, in those of the window
N_PATCHES = 4  # of a window
KNOTS = (0.1, 0.9)  # between which the two knots of a warp lie
Array = np.ndarray
Augmentation = Callable[[Array, np.random.RandomState], Array]


def cut_paste(windows: Array, draws: np.random.RandomState) -> Array:
    """Paste a piece of another window at another place.

    The source is Li et al., "CutPaste: Self-Supervised Learning for Anomaly Detection and
    Localization", CVPR 2021, arXiv 2104.04015.
    """
    changed, sides = windows.copy(), windows.shape[2:]
    for window, other in zip(changed, draws.permutation(len(windows)), strict=True):
        here: list[slice] = []
        there: list[slice] = []
        for side in sides:
            size = draws.randint(max(1, int(CUT[0] * side)), max(1, int(CUT[1] * side)) + 1)
            for place in (here, there):
                first = draws.randint(side - size + 1)
                place.append(slice(first, first + size))
        window[(slice(None), *here)] = windows[(other, slice(None), *there)]
    return changed


def shuffled_patches(windows: Array, draws: np.random.RandomState) -> Array:
    """Cut windows into four patches, in a row or in a square, and put them in another order.

    The source is Noroozi and Favaro, "Unsupervised Learning of Visual Representations by Solving
    Jigsaw Puzzles", ECCV 2016, arXiv 1603.09246. Points that make no whole patch stay.
    """
    changed, sides = windows.copy(), windows.shape[2:]
    per_side = N_PATCHES if len(sides) == 1 else round(N_PATCHES ** (1 / len(sides)))
    sizes = [side // per_side for side in sides]
    corners = np.stack(np.meshgrid(*[np.arange(per_side)] * len(sides)), -1)
    places = [
        (slice(None), *(slice(k * size, (k + 1) * size) for k, size in zip(at, sizes, strict=True)))
        for at in corners.reshape(-1, len(sides))
    ]
    for window, old in zip(changed, windows, strict=True):
        for place, source in zip(places, draws.permutation(len(places)), strict=True):
            window[place] = old[places[source]]
    return changed


def reversed_order(windows: Array, draws: np.random.RandomState) -> Array:
    """Turn windows round: the last point becomes the first; an image stands on its head.

    The source is Golan and El-Yaniv, "Deep Anomaly Detection Using Geometric Transformations",
    NeurIPS 2018, arXiv 1805.10917, who turn images, and predict how.
    """
    return np.flip(windows, tuple(range(2, windows.ndim)))


def warped(windows: Array, draws: np.random.RandomState) -> Array:
    """Stretch one part of windows and squeeze another, along each side.

    It is the time warping of Um et al., "Data Augmentation of Wearable Sensor Data for Parkinson's
    Disease Monitoring using Convolutional Neural Networks", ICMI 2017, arXiv 1706.00527, with two
    knots and lines in place of a spline.
    """
    changed = windows
    for axis, side in enumerate(windows.shape[2:], start=2):
        t = np.linspace(0, 1, side)
        knots = np.sort(draws.uniform(*KNOTS, size=(2, len(windows), 2)), axis=2)
        at = np.array([np.interp(t, [0, *a, 1], [0, *b, 1]) for a, b in zip(*knots, strict=True)])
        at *= side - 1
        low = np.minimum(at.astype(int), max(side - 2, 0))
        shape = [len(windows), *(side if k == axis else 1 for k in range(1, windows.ndim))]
        share, low = (at - low).reshape(shape), low.reshape(shape)
        first = np.take_along_axis(changed, low, axis)
        second = np.take_along_axis(changed, np.minimum(low + 1, side - 1), axis)
        changed = first + share * (second - first)
    return changed


AUGMENTATIONS: dict[str, Augmentation] = {
    "cut-paste": cut_paste,
    "shuffled-patches": shuffled_patches,
    "reversed": reversed_order,
    "warped": warped,
}


@dataclass(frozen=True)
class OnWindows:
    """An augmentation of rows that are windows, (n, D) -> (n, D). Further columns stay.

    Parameters
    ----------
    augmentation : callable
        Changes windows (n, *shape).
    shape : tuple of int
        Channels and sides of a window.
    """

    augmentation: Augmentation
    shape: tuple[int, ...]

    def __call__(self, rows: Array, draws: np.random.RandomState) -> Array:
        """Change rows."""
        size = math.prod(self.shape)
        if size > rows.shape[1]:
            raise ValueError(
                f"Windows of shape {self.shape} have {size} values. Got rows of {rows.shape[1]}."
            )
        windows = rows[:, :size].reshape(len(rows), *self.shape)
        changed = np.asarray(self.augmentation(windows, draws))
        if changed.shape != windows.shape:
            raise ValueError(
                f"An augmentation must return windows of the shape {windows.shape}, which it got. "
                f"Got {changed.shape} from {self.augmentation!r}."
            )
        return np.hstack([changed.reshape(len(rows), size), rows[:, size:]])


def on_windows(
    given: Sequence[str | Augmentation] | None, shape: tuple[int, ...] | None
) -> list[Augmentation]:
    """Augmentations of rows that are windows of a shape, or of rows of a table with None.

    Raises
    ------
    ValueError
        If there is no augmentation of a name, or if it needs windows and rows have no shape.
    """
    found: list[Augmentation] = []
    for item in () if given is None else given:
        if isinstance(item, str) and item not in AUGMENTATIONS:
            raise unknown_name("'augmentations' must be callables, or of", item, AUGMENTATIONS)
        if not isinstance(item, str) and not callable(item):
            raise ValueError(
                f"'augmentations' must be callables, or of {', '.join(AUGMENTATIONS)}. Got "
                f"{item!r}."
            )
        if isinstance(item, OnWindows):
            found.append(item)
        elif shape is not None:
            found.append(OnWindows(AUGMENTATIONS[item] if isinstance(item, str) else item, shape))
        elif isinstance(item, str):
            raise ValueError(
                f"The augmentation {item!r} changes windows or images, and rows of a table are "
                "none. Say their shape by the network, such as network=Conv1d(shape=(1, 32)), use "
                "SeriesDetector or ImageDetector, or pass a callable that changes rows."
            )
        else:
            found.append(item)
    return found


def augmented(
    rows: Array, augmentations: Sequence[Augmentation], draws: np.random.RandomState
) -> Array:
    """Make negatives of rows that are drawn at random, (n, D) -> (at most 2,048, D).

    Rows that an augmentation leaves as they are, are left out.

    Raises
    ------
    ValueError
        If an augmentation returns rows of another shape, or values that are not finite.
    """
    found = [rows[:0]]
    for augmentation in augmentations:
        drawn = rows[draws.randint(len(rows), size=N_ROWS // len(augmentations))]
        changed = np.asarray(augmentation(drawn.copy(), draws), dtype=np.float64)
        if changed.shape != drawn.shape:
            raise ValueError(
                "An augmentation must return an array of the shape that it got. Got "
                f"{changed.shape} for {drawn.shape} from {augmentation!r}."
            )
        may_lack = np.isnan(drawn).any()  # as tables may, whose missing values may be moved
        wrong = ~np.isfinite(changed) & ~(np.isnan(changed) & may_lack)
        if wrong.any():
            raise ValueError(
                f"An augmentation must return finite numbers. {wrong.sum()} of {wrong.size} are "
                f"not, from {augmentation!r}."
            )
        least = SAME * np.nanmax(np.abs(drawn), initial=0.0)
        apart = np.nan_to_num(np.abs(changed - drawn)).max(axis=1)
        found.append(changed[apart > least])
    return np.concatenate(found)
