"""Parts of the default for images: what each sees of an image, as rows, and as a map of scores.

A part turns an image into one row or, with patches, into several, and pools their scores to the
score of the image. Images are (m, C, h, w), not larger than ``ImageDetector`` was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, sobel
from torch.nn.functional import adaptive_avg_pool2d, interpolate

ORIENTATIONS = 4  # of edges
GRID = 16  # cells on each side of the shape, at most
BLUR = 0.9  # pixels, standard deviation of the Gaussian that edges are blurred with
SURROUNDINGS = 2.0  # cells, of the Gaussian that the contrast is measured with
FLOOR = 0.1  # of the mean contrast, so that noise in a flat region is no edge
POSITION = 0.5  # weight of the position of a patch, in deviations of all its other columns together
Pair = tuple[int, int]


class ImagePart:
    """What one detector sees of an image."""

    name: ClassVar[str]
    has_position: ClassVar[bool] = False  # whether rows end with the position of a patch

    def __init__(self, constant: float = 0.0) -> None:
        self.constant = constant  # what the part has learnt

    def fit(self, images: np.ndarray) -> ImagePart:
        """Learn from images (m, C, h, w)."""
        return self

    def rows(self, images: np.ndarray) -> np.ndarray:
        """Rows of images, (m, C, h, w) -> (m, P, D)."""
        raise NotImplementedError

    def shape(self, image: Pair, n_channels: int) -> tuple[int, int, int] | None:
        """Channels, height and width of a row, if it is an image, for images of a size."""
        return None

    def pool(self, scores: np.ndarray) -> np.ndarray:
        """Scores of images, (m, P) -> (m,). The largest of several counts."""
        return np.asarray(scores.max(axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as types that JSON can hold; see :func:`part_from`."""
        return {"name": self.name, "constant": self.constant}

    def map(self, scores: np.ndarray, misfits: np.ndarray | None, image: Pair) -> np.ndarray:
        """Scores of places in images of a size (h, w), (m, P) -> (m, a, b).

        ``misfits`` (m, D) are distances of an image's values from what was expected, for parts with
        one row an image.
        """
        raise NotImplementedError


class Shape(ImagePart):
    """Edges of the whole image: how bright it becomes in each of four directions, cell by cell.

    These are histograms of oriented gradients (Dalal and Triggs, "Histograms of Oriented Gradients
    for Human Detection", CVPR 2005), with soft bins, a Gaussian in place of blocks, and the
    strongest channel of a colour image. A cell's edges are divided by the contrast around it.
    """

    name = "shape"

    def fit(self, images: np.ndarray) -> Shape:
        self.constant = mean_contrast(images)
        return self

    def rows(self, images: np.ndarray) -> np.ndarray:
        edges = oriented_edges(images, self.constant)
        return pooled(edges, _cells(images.shape[2:], GRID)).reshape(len(images), 1, -1)

    def shape(self, image: Pair, n_channels: int) -> tuple[int, int, int]:
        return (ORIENTATIONS, *_cells(image, GRID))

    def map(self, scores: np.ndarray, misfits: np.ndarray | None, image: Pair) -> np.ndarray:
        return _focused(scores, misfits, self.shape(image, 1))


class Pixels(ImagePart):
    """The values of all pixels and channels."""

    name = "pixels"

    def rows(self, images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), 1, -1)

    def shape(self, image: Pair, n_channels: int) -> tuple[int, int, int]:
        return (n_channels, *image)

    def map(self, scores: np.ndarray, misfits: np.ndarray | None, image: Pair) -> np.ndarray:
        channels = 0 if misfits is None else misfits.shape[1] // (image[0] * image[1])
        return _focused(scores, misfits, (channels, *image))


class _Patches(ImagePart):
    """Base of the parts that cut patches, which know where in the image they lie."""

    has_position = True

    def rows(self, images: np.ndarray) -> np.ndarray:
        cells = self._cells_of(images)
        tops, lefts, size = self._places(images.shape[2:])
        windows = np.lib.stride_tricks.sliding_window_view(cells, size, axis=(2, 3))
        patches = np.moveaxis(windows[:, :, tops][:, :, :, lefts], 1, 3)  # (m, a, b, C, k, l)
        values = patches.reshape(len(images), len(tops) * len(lefts), -1)
        places = np.stack(np.meshgrid(_spread(tops), _spread(lefts), indexing="ij"), axis=-1)
        weight = POSITION * np.sqrt(values.shape[2]) * self.spread
        return np.concatenate(
            [values, np.broadcast_to(weight * places.reshape(-1, 2), (*values.shape[:2], 2))],
            axis=2,
        )

    @property
    def spread(self) -> float:
        """Deviation of the values of cells."""
        return self.constant

    def _cells_of(self, images: np.ndarray) -> np.ndarray:
        """What patches are cut from, (m, C, h, w) -> (m, K, a, b)."""
        return images

    def _places(self, image: Pair) -> tuple[np.ndarray, np.ndarray, Pair]:
        """Tops, lefts and sizes of the patches of an image, in cells."""
        raise NotImplementedError

    def map(self, scores: np.ndarray, misfits: np.ndarray | None, image: Pair) -> np.ndarray:
        tops, lefts, (height, width) = self._places(image)
        by_place = scores.reshape(len(scores), len(tops), len(lefts))
        total = np.zeros((len(scores), tops[-1] + height, lefts[-1] + width))
        count = np.zeros(total.shape[1:])
        for i, top in enumerate(tops):
            for j, left in enumerate(lefts):
                inside = (slice(top, top + height), slice(left, left + width))
                total[(slice(None), *inside)] += by_place[:, i, j, None, None]
                count[inside] += 1
        return total / count


class Texture(_Patches):
    """Patches of edges, about a quarter of the image wide. Their mean score counts."""

    name = "texture"

    def fit(self, images: np.ndarray) -> Texture:
        self.constant = mean_contrast(images)
        return self

    @property
    def spread(self) -> float:
        return 1 / ORIENTATIONS  # edges are divided by their contrast

    def _cells_of(self, images: np.ndarray) -> np.ndarray:
        return oriented_edges(images, self.constant)

    def _places(self, image: Pair) -> tuple[np.ndarray, np.ndarray, Pair]:
        return _grid(edge_cells(image), least=3, most=4)

    def pool(self, scores: np.ndarray) -> np.ndarray:
        return np.asarray(scores.mean(axis=1))


class Detail(_Patches):
    """Patches of pixels, at most 8 pixels wide. The largest score counts."""

    name = "detail"

    def fit(self, images: np.ndarray) -> Detail:
        self.constant = float(np.sqrt(images.var(axis=0, dtype=np.float64).mean()))
        return self

    def _places(self, image: Pair) -> tuple[np.ndarray, np.ndarray, Pair]:
        return _grid(image, least=4, most=8)


class Embedding(ImagePart):
    """What an embedding makes of an image: a vector, or a map of vectors, whose largest counts.

    The largest score of a map of features is that of the image in PatchCore (Roth et al., "Towards
    Total Recall in Industrial Anomaly Detection", CVPR 2022).
    """

    name = "embedding"

    def rows(self, images: np.ndarray) -> np.ndarray:
        return np.moveaxis(images, 1, -1).reshape(len(images), -1, images.shape[1])

    def map(self, scores: np.ndarray, misfits: np.ndarray | None, image: Pair) -> np.ndarray:
        return np.asarray(scores.reshape(len(scores), *image))


PARTS = {part.name: part for part in (Shape, Texture, Detail, Pixels)}


def oriented_edges(images: np.ndarray, contrast: float) -> np.ndarray:
    """Edges in each direction, divided by the contrast around, (m, C, h, w) -> (m, 4, a, b)."""
    edges = _raw_edges(images)
    around = _contrast(edges)
    return edges / (around + FLOOR * contrast + np.finfo(np.float32).tiny)[:, None]


def mean_contrast(images: np.ndarray) -> float:
    """Mean contrast of images, (m, C, h, w)."""
    return float(_contrast(_raw_edges(images)).mean())


def shrunk(images: np.ndarray, size: int) -> np.ndarray:
    """Images of at most so many pixels on a side, (m, H, W, C) -> (m, C, h, w)."""
    first = np.moveaxis(images, -1, 1)
    height, width = images.shape[1:3]
    if max(height, width) <= size:
        return np.ascontiguousarray(first)
    share = size / max(height, width)
    return pooled(first, (max(1, round(height * share)), max(1, round(width * share))))


def enlarged(maps: np.ndarray, size: Pair) -> np.ndarray:
    """Maps of another height and width, (m, a, b) -> (m, h, w)."""
    pixels = torch.from_numpy(np.ascontiguousarray(maps, dtype=np.float64))[:, None]
    return np.asarray(interpolate(pixels, size=size, mode="bilinear")[:, 0].numpy())


def pooled(images: np.ndarray, size: Pair) -> np.ndarray:
    """Means of the cells of a grid, (m, C, h, w) -> (m, C, a, b)."""
    cells = adaptive_avg_pool2d(torch.from_numpy(np.ascontiguousarray(images)), size)
    return np.asarray(cells.numpy())


def edge_cells(image: Pair) -> Pair:
    """Cells of edges: of two pixels, if there are more than 16 of these on a side."""
    return _cells(image, max(GRID, (max(image) + 1) // 2))


def _cells(image: Pair, most: int) -> Pair:
    """Number of cells of whole pixels, at most so many on a side."""
    side = -(-max(image) // most)
    height, width = (max(1, round(length / side)) for length in image)
    return height, width


def _raw_edges(images: np.ndarray) -> np.ndarray:
    """How bright an image becomes in each direction, blurred, in cells, (m, 4, a, b)."""
    x = images.astype(np.float64)
    down, right = sobel(x, axis=2) / 4, sobel(x, axis=3) / 4
    strongest = (down**2 + right**2).argmax(axis=1)[:, None]
    down, right = (np.take_along_axis(d, strongest, axis=1)[:, 0] for d in (down, right))
    directions = np.stack([right, down, -right, -down], axis=1)
    edges = gaussian_filter(np.maximum(directions, 0), (0, 0, BLUR, BLUR))
    return pooled(edges, edge_cells((x.shape[2], x.shape[3])))


def _contrast(edges: np.ndarray) -> np.ndarray:
    """Contrast around each cell, (m, 4, a, b) -> (m, a, b)."""
    power = gaussian_filter((edges**2).sum(axis=1), (0, SURROUNDINGS, SURROUNDINGS))
    return np.asarray(np.sqrt(power))


def _grid(cells: Pair, least: int, most: int) -> tuple[np.ndarray, np.ndarray, Pair]:
    """Tops, lefts and sizes of half-overlapping patches that cover a grid of cells."""
    size = min(most, max(least, round(max(cells) / 4)))
    height, width = (min(size, length) for length in cells)
    step = max(1, size // 2)
    tops, lefts = (_starts(n, k, step) for n, k in zip(cells, (height, width), strict=True))
    return tops, lefts, (height, width)


def _starts(length: int, size: int, step: int) -> np.ndarray:
    """First cells of patches, the last of which ends at the end."""
    starts = np.arange(0, length - size + 1, step)
    return np.unique(np.append(starts, length - size))


def _spread(starts: np.ndarray) -> np.ndarray:
    """Positions from -1 to 1, or 0 if there is one."""
    return np.asarray(starts / max(starts[-1], 1) * 2 - 1) if len(starts) > 1 else np.zeros(1)


def _focused(
    scores: np.ndarray, misfits: np.ndarray | None, shape: tuple[int, int, int]
) -> np.ndarray:
    """Maps whose mean is the score of the image, by misfits (m, D), which share a score above 0."""
    by_cell = np.zeros((len(scores), *shape[1:]))
    if misfits is not None:
        by_cell = misfits.reshape(len(scores), *shape).sum(axis=1)
    mean = by_cell.mean(axis=(1, 2), keepdims=True)
    shares = np.where(mean > 0, by_cell / np.where(mean > 0, mean, 1), 1)
    score = scores[:, :1, None]
    return np.asarray(np.where(score > 0, score * shares, score))


def part_from(saved: Mapping[str, Any]) -> ImagePart:
    """Make a part from what a file holds of it.

    Raises
    ------
    ValueError
        If there is no such part.
    """
    kinds = {**PARTS, Embedding.name: Embedding}
    if saved["name"] not in kinds or type(saved["constant"]) is not float:
        raise ValueError(f"its parts must be of {', '.join(kinds)}, each with a number")
    return kinds[saved["name"]](saved["constant"])
