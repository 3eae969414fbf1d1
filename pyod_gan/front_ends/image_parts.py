"""Parts of the default for images: what each sees of an image, as rows, and as a map of scores.

A part lays windows on an image's pixels or edges. Each window is a row for a detector, and the
scores of the windows are pooled to that of the image. Images are (m, C, h, w), not larger than
``ImageDetector`` was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from scipy.ndimage import correlate1d, gaussian_filter
from torch.nn.functional import adaptive_avg_pool2d, interpolate

ORIENTATIONS = 4  # of edges
GRID = 16  # cells on each side of the shape, at most
BLUR = 0.9  # pixels, standard deviation of the Gaussian that edges are blurred with
SURROUNDINGS = 2.0  # cells, of the Gaussian that the contrast is measured with
FLOOR = 0.1  # of the mean contrast, so that noise in a flat region is no edge
SECTION = 0.6  # of a side, so that sections overlap
POSITION = 0.5  # weight of the position of a patch, in deviations of all its other columns together
TOP = 8  # one of so many patches is among those that count, if the highest do
Pair = tuple[int, int]


class Windows(NamedTuple):
    """Windows of one size on a grid of cells."""

    tops: np.ndarray  # (a,)
    lefts: np.ndarray  # (b,)
    size: Pair

    @property
    def n_windows(self) -> int:
        """Number of windows P."""
        return len(self.tops) * len(self.lefts)


class ImagePart:
    """What one detector, or one for each window, sees of an image. By default: all of its pixels.

    Parameters
    ----------
    constant : float
        What the part has learnt in ``fit``.
    """

    name: ClassVar[str]
    has_position: ClassVar[bool] = False  # rows end with the position of their window
    one_each: ClassVar[bool] = False  # each window has a detector of its own

    def __init__(self, constant: float = 0.0) -> None:
        self.constant = constant

    def fit(self, images: np.ndarray) -> ImagePart:
        """Learn from images (m, C, h, w)."""
        return self

    def cells(self, images: np.ndarray) -> np.ndarray:
        """What windows lie on, (m, C, h, w) -> (m, K, a, b)."""
        return images

    def windows(self, cells: Pair) -> Windows:
        """Windows on a grid of cells. By default one on all of it."""
        return Windows(np.zeros(1, int), np.zeros(1, int), cells)

    def rows(self, images: np.ndarray) -> np.ndarray:
        """Rows of images, one for each window, (m, C, h, w) -> (m, P, D)."""
        cells = self.cells(images)
        windows = self.windows((cells.shape[2], cells.shape[3]))
        views = np.lib.stride_tricks.sliding_window_view(cells, windows.size, axis=(2, 3))
        chosen = np.moveaxis(views[:, :, windows.tops][:, :, :, windows.lefts], 1, 3)
        rows = chosen.reshape(len(images), windows.n_windows, -1)
        if not self.has_position:
            return rows
        places = np.stack(
            np.meshgrid(_spread(windows.tops), _spread(windows.lefts), indexing="ij"), axis=-1
        )
        weighed = POSITION * np.sqrt(rows.shape[2]) * self.spread * places.reshape(-1, 2)
        return np.concatenate([rows, np.broadcast_to(weighed, (*rows.shape[:2], 2))], axis=2)

    @property
    def spread(self) -> float:
        """About the deviation of the values of cells."""
        return self.constant

    def shape(self, images: np.ndarray) -> tuple[int, int, int]:
        """Channels, height and width of a row without position, of images (m, C, h, w)."""
        cells = self.cells(images[:1])
        return (cells.shape[1], *self.windows((cells.shape[2], cells.shape[3])).size)

    def pool(self, scores: np.ndarray) -> np.ndarray:
        """Scores of images, (m, P) -> (m,). By default the mean."""
        return np.asarray(scores.mean(axis=1))

    def maps(
        self, images: np.ndarray, scores: np.ndarray, misfits: np.ndarray | None
    ) -> np.ndarray:
        """Scores of cells, the means over windows that they lie in, (m, P) -> (m, a, b).

        With ``misfits`` (m, P, D), the distances of values from what was expected, a score above 0
        is shared among the cells of its window, so that its mean remains.
        """
        cells = self.cells(images)
        tops, lefts, (height, width) = self.windows((cells.shape[2], cells.shape[3]))
        shares = np.ones((*scores.shape, height, width))
        if misfits is not None:
            by_cell = misfits.reshape(*scores.shape, -1, height, width).sum(axis=2)
            mean = by_cell.mean(axis=(2, 3), keepdims=True)
            focused = (scores[:, :, None, None] > 0) & (mean > 0)
            shares = np.where(focused, by_cell / np.where(mean > 0, mean, 1), 1)
        of_windows = scores[:, :, None, None] * shares
        total, count = np.zeros((len(scores), *cells.shape[2:])), np.zeros(cells.shape[2:])
        places = [(top, left) for top in tops for left in lefts]
        for k, (top, left) in enumerate(places):
            inside = (slice(top, top + height), slice(left, left + width))
            total[(slice(None), *inside)] += of_windows[:, k]
            count[inside] += 1
        return total / count

    def to_dict(self) -> dict[str, Any]:
        """Return everything as types that JSON can hold; see :func:`part_from`."""
        return {"name": self.name, "constant": self.constant}


class Pixels(ImagePart):
    """The values of all pixels and channels."""

    name = "pixels"


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

    def cells(self, images: np.ndarray) -> np.ndarray:
        edges = oriented_edges(images, self.constant)
        return pooled(edges, _cells((images.shape[2], images.shape[3]), GRID))


class Sections(Shape):
    """The same edges in four overlapping sections, each of which has a detector of its own.

    An image whose sections are all known, each from another image, is normal here.
    """

    name = "sections"
    one_each = True

    def windows(self, cells: Pair) -> Windows:
        height, width = (max(1, round(SECTION * n)) for n in cells)
        tops, lefts = (np.unique([0, n - k]) for n, k in zip(cells, (height, width), strict=True))
        return Windows(tops, lefts, (height, width))


class Texture(ImagePart):
    """Patches of edges, about a quarter of the image wide."""

    name = "texture"
    has_position = True

    def fit(self, images: np.ndarray) -> Texture:
        self.constant = mean_contrast(images)
        return self

    def cells(self, images: np.ndarray) -> np.ndarray:
        return oriented_edges(images, self.constant)

    def windows(self, cells: Pair) -> Windows:
        return _patches(cells, least=3, most=4)

    @property
    def spread(self) -> float:
        return 1 / ORIENTATIONS  # edges are divided by their contrast


class Detail(ImagePart):
    """Patches of pixels, at most 8 pixels wide. The mean of the highest eighth counts."""

    name = "detail"
    has_position = True

    def fit(self, images: np.ndarray) -> Detail:
        self.constant = float(np.sqrt(images.var(axis=0, dtype=np.float64).mean()))
        return self

    def windows(self, cells: Pair) -> Windows:
        return _patches(cells, least=4, most=8)

    def pool(self, scores: np.ndarray) -> np.ndarray:
        n_top = -(-scores.shape[1] // TOP)
        return np.asarray(np.sort(scores, axis=1)[:, -n_top:].mean(axis=1))


class Embedding(ImagePart):
    """What an embedding makes of an image: a vector, or a map of vectors, whose largest counts.

    The largest score of a map of features is that of the image in PatchCore (Roth et al., "Towards
    Total Recall in Industrial Anomaly Detection", CVPR 2022).
    """

    name = "embedding"

    def windows(self, cells: Pair) -> Windows:
        return Windows(np.arange(cells[0]), np.arange(cells[1]), (1, 1))

    def pool(self, scores: np.ndarray) -> np.ndarray:
        return np.asarray(scores.max(axis=1))


PARTS = {part.name: part for part in (Shape, Sections, Texture, Detail, Pixels)}


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
    down, right = (_sobel(x, axis) for axis in (2, 3))
    strongest = (down**2 + right**2).argmax(axis=1)[:, None]
    down, right = (np.take_along_axis(d, strongest, axis=1)[:, 0] for d in (down, right))
    directions = np.stack([right, down, -right, -down], axis=1)
    edges = gaussian_filter(np.maximum(directions, 0), (0, 0, BLUR, BLUR))
    return pooled(edges, edge_cells((x.shape[2], x.shape[3])))


def _sobel(images: np.ndarray, axis: int) -> np.ndarray:
    """Sobel's derivative along the axis of height or width, (m, C, h, w)."""
    along = correlate1d(images, [-0.5, 0, 0.5], axis=axis)
    return np.asarray(correlate1d(along, [0.25, 0.5, 0.25], axis=5 - axis))


def _contrast(edges: np.ndarray) -> np.ndarray:
    """Contrast around each cell, (m, 4, a, b) -> (m, a, b)."""
    power = gaussian_filter((edges**2).sum(axis=1), (0, SURROUNDINGS, SURROUNDINGS))
    return np.asarray(np.sqrt(power))


def _patches(cells: Pair, least: int, most: int) -> Windows:
    """Half-overlapping patches, a quarter of a grid of cells wide, that cover it."""
    size = min(most, max(least, round(max(cells) / 4)))
    height, width = (min(size, length) for length in cells)
    step = max(1, size // 2)
    tops, lefts = (_starts(n, k, step) for n, k in zip(cells, (height, width), strict=True))
    return Windows(tops, lefts, (height, width))


def _starts(length: int, size: int, step: int) -> np.ndarray:
    """First cells of patches, the last of which ends at the end."""
    starts = np.arange(0, length - size + 1, step)
    return np.unique(np.append(starts, length - size))


def _spread(starts: np.ndarray) -> np.ndarray:
    """Positions from -1 to 1, or 0 if there is one."""
    return np.asarray(starts / max(starts[-1], 1) * 2 - 1) if len(starts) > 1 else np.zeros(1)


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
