"""What ImageDetector has fitted: the parts of an image, their detectors, and maps of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from ..detector import GANDetector
from ..engine.network_kinds import get_network
from ..engine.training import random_numbers
from ..front_ends.augmentations import on_windows
from ..front_ends.embeddings import embedded
from ..front_ends.image_parts import PARTS, Embedding, ImagePart, enlarged, shrunk
from ..front_ends.images import ImageReader, Images
from .items import read_to_fit
from .parts import fit_part, mean_of_parts, new_seed, rows_at, some_of, unit_of

AT_ONCE = 1024  # images whose rows are in memory
MOST_ROWS = 4096  # to train on, where an image has several rows
OCCLUDED = 8  # places on each side that are covered one after the other
Seen = dict[str, np.ndarray]  # "image" (m, C, h, w) for most parts, and "embedding" (m, K, a, b)


class _Read(NamedTuple):
    """Images that were read."""

    places: list[int]
    digests: list[bytes]  # which tell them apart
    seen: Seen


@dataclass
class FittedPart:
    """A part of an image, the detectors of its rows, and the unit of its scores of images."""

    part: ImagePart
    detectors: list[GANDetector]  # one, or one for each window
    unit: tuple[float, float] = (0.0, 1.0)

    def of(self, seen: Seen) -> np.ndarray:
        """What the part sees."""
        return seen[_kind(self.part.name)]

    def row_scores(self, images: np.ndarray) -> np.ndarray:
        """Scores of windows, in units of images, (m, C, h, w) -> (m, P)."""
        found = []
        for first in range(0, len(images), AT_ONCE):
            rows = self.part.rows(images[first : first + AT_ONCE])
            found.append(_by_window(rows, self.detectors, lambda d, x: d.decision_function(x)))
        return (np.concatenate(found) - self.unit[0]) / self.unit[1]

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Scores of images, (m, C, h, w) -> (m,)."""
        return self.part.pool(self.row_scores(images))

    def maps(self, images: np.ndarray) -> np.ndarray:
        """Scores of places, (m, C, h, w) -> (m, a, b)."""
        misfits = None
        if not self.part.has_position:
            misfits = _by_window(
                self.part.rows(images),
                self.detectors,
                lambda d, x: d.model_.misfits(d.model_.rows(x)),
            )
        return self.part.maps(images, self.row_scores(images), misfits)


@dataclass
class ImageModel:
    """Everything that turns images into scores and maps.

    Parameters
    ----------
    reader : ImageReader
        Reads images.
    size : int
        Longer side of the images that parts see.
    embedding : object
        The user's embedding, or None.
    parts : list of FittedPart
        The parts.
    """

    reader: ImageReader
    size: int
    embedding: Any
    parts: list[FittedPart]

    @property
    def names(self) -> list[str]:
        """Names of the parts."""
        return [fitted.part.name for fitted in self.parts]

    def seen(self, images: Images) -> Seen:
        """What the parts see of images."""
        return see(images.values, self.names, self.size, self.embedding)

    def part_scores(self, seen: Seen) -> np.ndarray:
        """Scores of images by each of the K parts, (K, m)."""
        return np.array([fitted.scores(fitted.of(seen)) for fitted in self.parts])

    def scores(self, seen: Seen) -> np.ndarray:
        """Scores of images, (m,)."""
        return mean_of_parts(self.part_scores(seen))

    def part_maps(self, images: Images) -> np.ndarray:
        """Maps by each of the K parts, (K, m, H, W)."""
        seen = self.seen(images)
        size = (images.values.shape[1], images.values.shape[2])
        return np.array([enlarged(self._map(fitted, seen, images), size) for fitted in self.parts])

    def maps(self, images: Images) -> np.ndarray:
        """Mean of the maps of the parts, (m, H, W)."""
        mean: np.ndarray = self.part_maps(images).mean(axis=0)
        return mean

    def _map(self, fitted: FittedPart, seen: Seen, images: Images) -> np.ndarray:
        """Maps of a part, (m, a, b)."""
        features = fitted.of(seen)
        if fitted.part.name == Embedding.name and features.shape[2:] == (1, 1):
            return self._by_occlusion(fitted, features, images)
        return fitted.maps(features)

    def _by_occlusion(self, fitted: FittedPart, features: np.ndarray, images: Images) -> np.ndarray:
        """How much the score falls if a place is covered by the image's mean, (m, a, b)."""
        values = images.values
        heights, widths = (np.array_split(np.arange(n), OCCLUDED) for n in values.shape[1:3])
        whole = fitted.scores(features)
        falls = np.zeros((len(values), OCCLUDED, OCCLUDED))
        for i, rows in enumerate(heights):
            for j, columns in enumerate(widths):
                covered = values.copy()
                covered[:, rows[:, None], columns] = values.mean(axis=(1, 2))[:, None, None]
                falls[:, i, j] = whole - fitted.scores(embedded(self.embedding, covered))
        return falls


def fit_images(
    estimator: BaseEstimator,
    own: Sequence[str],
    names: Sequence[str],
    reader: ImageReader,
    X: Any,
    anomalies: Any = None,
) -> tuple[ImageModel, list[int], np.ndarray]:
    """Fit a model to images and known anomalies, with the parameters of an estimator.

    Returns
    -------
    model : ImageModel
        The model.
    used : list of int
        Positions of the images that could be used.
    scores : ndarray of shape (n_used,)
        Their scores.

    Raises
    ------
    ValueError
        If fewer than 2 images can be used, or are no known anomalies, or as in
        :meth:`ImageReader.fit_chunks`.
    """
    params = estimator.get_params(deep=False)
    model = ImageModel(reader, int(params["size"]), params["embedding"], [])
    skips = params["on_error"] == "skip"
    read = partial(_all_seen, model, names)
    every, odd, stays = read_to_fit(reader, X, anomalies, read, "image", skips=skips)
    draws = random_numbers(params["random_state"])
    for name in names:
        images_seen = every.seen[_kind(name)][stays]
        part = PARTS.get(name, Embedding)().fit(images_seen)
        shape = part.shape(images_seen)
        more: dict[str, Any] = {"preprocessing": "joint", "augmentations": None}
        if name != Embedding.name:
            more["augmentations"] = on_windows(params["augmentations"], shape)
        if params["network"] is not None:
            more["network"] = get_network(params["network"]).for_rows(shape)
        rows = _rows_to_fit(part, images_seen, draws)
        known = [np.empty((0, 1, 0)) for _ in rows]  # (k, P, D) for each detector
        if odd is not None:
            odd_rows = part.rows(odd.seen[_kind(name)])
            known = np.split(odd_rows, len(rows), axis=1)
        shown = [
            name if len(rows) == 1 else f"{name}, {i + 1} of {len(rows)}" for i in range(len(rows))
        ]
        detectors = [
            fit_part(estimator, own, r, new_seed(draws), its_name, odd_ones, **more)
            for r, its_name, odd_ones in zip(rows, shown, known, strict=True)
        ]
        fitted = FittedPart(part, detectors)
        fitted.unit = unit_of(fitted.scores(images_seen))
        model.parts.append(fitted)
    return model, every.places, model.scores(every.seen)


def _all_seen(model: ImageModel, names: Sequence[str], chunks: Iterator[Images]) -> _Read:
    """See all images that can be used.

    Raises
    ------
    ValueError
        If none can be used.
    """
    places: list[int] = []
    digests: list[bytes] = []
    found = []
    for images in chunks:
        places += images.places
        digests += [sha256(image.tobytes()).digest() for image in images.values]
        found.append(see(images.values, names, model.size, model.embedding))
    if not found:
        raise ValueError("None of the images can be used.")
    seen = {kind: np.concatenate([chunk[kind] for chunk in found]) for kind in found[0]}
    return _Read(places, digests, seen)


def see(values: np.ndarray, names: Sequence[str], size: int, embedding: Any) -> Seen:
    """What parts see of images, (m, H, W, C)."""
    seen = {}
    if any(name in PARTS for name in names):
        seen["image"] = shrunk(values, size)
    if Embedding.name in names:
        seen["embedding"] = embedded(embedding, values)
    return seen


def _kind(name: str) -> str:
    """What a part sees, a key of ``Seen``."""
    return "embedding" if name == Embedding.name else "image"


def _by_window(
    rows: np.ndarray,
    detectors: list[GANDetector],
    compute: Callable[[GANDetector, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Compute something for rows (m, P, D), by one detector, or by one for each window."""
    if len(detectors) == 1:
        found = compute(detectors[0], rows.reshape(-1, rows.shape[2]))
        return np.asarray(found.reshape(*rows.shape[:2], *found.shape[1:]))
    windows = np.moveaxis(rows, 1, 0)
    return np.stack([compute(d, x) for d, x in zip(detectors, windows, strict=True)], axis=1)


def _rows_to_fit(
    part: ImagePart, images: np.ndarray, draws: np.random.RandomState
) -> list[np.ndarray]:
    """Rows for each detector of a part: all rows, or 4,096 where it sees several of an image."""
    n_windows = part.rows(images[:1]).shape[1]
    chosen = np.arange(len(images) * n_windows)
    if not part.one_each and n_windows > 1:
        chosen = some_of(chosen, MOST_ROWS, draws)
    chunks = (images[first : first + AT_ONCE] for first in range(0, len(images), AT_ONCE))
    rows = rows_at(chosen, (np.concatenate(part.rows(chunk)) for chunk in chunks))
    return [rows[k::n_windows] for k in range(n_windows)] if part.one_each else [rows]
