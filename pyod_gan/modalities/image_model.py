"""What ImageDetector has fitted: the parts of an image, their detectors, and maps of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..detector import GANDetector
from ..engine.combination import DECIMALS
from ..engine.network_kinds import get_network
from ..engine.training import random_numbers
from ..front_ends.embeddings import embedded
from ..front_ends.image_parts import PARTS, Embedding, ImagePart, enlarged, shrunk
from ..front_ends.images import ImageReader, Images
from .parts import fit_part, unit_of

AT_ONCE = 1024  # images whose rows are in memory
MOST_ROWS = 4096  # to train on, where an image has several rows
OCCLUDED = 8  # places on each side that are covered one after the other
Seen = dict[str, np.ndarray]  # "image" (m, C, h, w) for most parts, and "embedding" (m, K, a, b)


@dataclass
class FittedPart:
    """A part of an image, the detector of its rows, and the unit of its scores of images."""

    part: ImagePart
    detector: GANDetector
    unit: tuple[float, float] = (0.0, 1.0)

    def of(self, seen: Seen) -> np.ndarray:
        """What the part sees."""
        return seen[_kind(self.part.name)]

    def row_scores(self, images: np.ndarray) -> np.ndarray:
        """Scores of rows, in units of images, (m, C, h, w) -> (m, P)."""
        found = []
        for first in range(0, len(images), AT_ONCE):
            rows = self.part.rows(images[first : first + AT_ONCE])
            scores = self.detector.decision_function(rows.reshape(-1, rows.shape[2]))
            found.append(scores.reshape(rows.shape[:2]))
        return (np.concatenate(found) - self.unit[0]) / self.unit[1]

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Scores of images, (m, C, h, w) -> (m,)."""
        return self.part.pool(self.row_scores(images))

    def maps(self, images: np.ndarray) -> np.ndarray:
        """Scores of places, (m, C, h, w) -> (m, a, b)."""
        size = (images.shape[2], images.shape[3])
        scores = self.row_scores(images)
        misfits = None
        if self.part.shape(size, images.shape[1]) is not None:
            model = self.detector.model_
            rows = self.part.rows(images)
            misfits = model.misfits(model.rows(rows.reshape(-1, rows.shape[2])))
        return self.part.map(scores, misfits, size)


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
        return self.combined(self.part_scores(seen))

    def combined(self, by_part: np.ndarray) -> np.ndarray:
        """Mean over parts, without rounding, (K, m) -> (m,)."""
        mean: np.ndarray = by_part.mean(axis=0)
        return mean.round(DECIMALS) + 0.0

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
    estimator: BaseEstimator, own: Sequence[str], names: Sequence[str], reader: ImageReader, X: Any
) -> tuple[ImageModel, list[Any], np.ndarray]:
    """Fit a model to images, with the parameters of an estimator.

    Returns
    -------
    model : ImageModel
        The model.
    used : list of str or int
        Names of the images that could be used.
    scores : ndarray of shape (n_used,)
        Their scores.

    Raises
    ------
    ValueError
        If fewer than 2 images can be used, or as in :meth:`ImageReader.fit_chunks`.
    """
    params = estimator.get_params(deep=False)
    size, embedding = int(params["size"]), params["embedding"]
    used, chunks = [], []
    for images in reader.fit_chunks(X):
        used += images.names
        chunks.append(see(images.values, names, size, embedding))
    if len(used) < 2:
        raise ValueError(f"There must be at least 2 images. Got {len(used)}.")
    seen = {kind: np.concatenate([chunk[kind] for chunk in chunks]) for kind in chunks[0]}
    draws = random_numbers(params["random_state"])
    model = ImageModel(reader, size, embedding, [])
    for name in names:
        images_seen = seen[_kind(name)]
        part = PARTS.get(name, Embedding)().fit(images_seen)
        shape = part.shape((images_seen.shape[2], images_seen.shape[3]), images_seen.shape[1])
        more: dict[str, Any] = {"preprocessing": "joint"}
        if params["network"] is not None and shape is not None:
            more["network"] = get_network(params["network"]).for_rows(shape)
        rows = _some_rows(part, images_seen, draws)
        fitted = FittedPart(part, fit_part(estimator, own, rows, draws, **more))
        fitted.unit = unit_of(fitted.scores(images_seen))
        model.parts.append(fitted)
    return model, used, model.scores(seen)


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


def _some_rows(part: ImagePart, images: np.ndarray, draws: np.random.RandomState) -> np.ndarray:
    """Draw rows to train on, in their order: all, or 4,096 where an image has several."""
    per_image = part.rows(images[:1]).shape[1]
    n_rows = len(images) * per_image
    chosen = np.arange(n_rows)
    if per_image > 1 and n_rows > MOST_ROWS:
        chosen = np.sort(draws.choice(n_rows, MOST_ROWS, replace=False))
    found = []
    for first in range(0, len(images), AT_ONCE):
        rows = part.rows(images[first : first + AT_ONCE])
        here = chosen[(chosen >= first * per_image) & (chosen < (first + AT_ONCE) * per_image)]
        found.append(rows.reshape(-1, rows.shape[2])[here - first * per_image])
    return np.concatenate(found)
