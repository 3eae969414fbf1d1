"""Reads images: arrays, lists of images, and files in folders, chunk by chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch.nn.functional import interpolate

from .._support.optional_imports import import_optional
from .items import Files, Name, Source, find_files, listed, read_chunks

EXTRA = "images"
SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif"}
    | {".tiff", ".webp"}
    | {".avif", ".heic", ".heif", ".jxl"}  # which Pillow may not read, and names then
)
LARGEST = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}  # values that stand for 1
UNIT = 2.0  # values that do not exceed it are shares of a largest value, give or take noise
FAR = 8.0  # times the largest value of fit, beyond which an image has another unit
LEAST = 4  # pixels on each side
MOST_CHANNELS = 4  # of an axis that is taken for channels
CHUNK = 2**20  # values of the images that are read at once
KIND = "images"


class Images(NamedTuple):
    """Some images that were read."""

    places: list[int]  # among all that were passed
    names: list[Name]  # paths, or positions
    values: np.ndarray  # (m, H, W, C) float32


class ImageReader:
    """Reads images of one size, and knows the size and the channels of those of ``fit``.

    Values of 8 and 16 bits become shares of the largest value, so that they lie between 0 and 1.
    Other numbers stay as they are. If those of ``fit`` exceed 2, whole numbers stay so, too.

    Parameters
    ----------
    resize : tuple of int or None
        Height and width to bring all images to. With None all must have the same.

    Attributes
    ----------
    shape : tuple of int
        Height, width and channels of the images, after resizing.
    largest : float
        Largest absolute value of the images of ``fit``.
    """

    def __init__(self, resize: tuple[int, int] | None) -> None:
        self.resize = resize
        self.largest: float | None = None
        self._has_shares = False  # of the largest value

    def fit_chunks(self, X: Any, *, skips: bool) -> Iterator[Images]:
        """Read images in chunks, and learn their size, channels and range.

        With ``skips`` images that cannot be used are left out.

        Raises
        ------
        ValueError
            If there are no images, or one cannot be used. All of them are looked at, and named.
        ImportError
            If there are files and the extra ``images`` is not installed.
        """
        source = _source(X)
        self.shape = self._shape_of(source)
        largest = 0.0
        for chunk in self._chunks(source, skips):
            largest = max(largest, float(np.abs(chunk.values).max()))
            yield chunk
        if self._has_shares and largest > UNIT:
            raise ValueError(
                f"Images of 8 or 16 bits lie beside others with values up to {largest:g}. Divide "
                "the others, so that they do not exceed 1."
            )
        self.largest = largest

    def chunks(self, X: Any, *, skips: bool) -> Iterator[Images]:
        """Read images in chunks. With ``skips`` those that cannot be used are left out.

        Raises
        ------
        ValueError, ImportError
            As in :meth:`fit_chunks`, or if images have another size, other channels or another
            range than in ``fit``.
        """
        return self._chunks(_source(X), skips)

    def names(self, X: Any) -> list[Name]:
        """Names of all images, with those that cannot be read: paths, or positions."""
        return _source(X).names

    def to_dict(self) -> dict[str, Any]:
        """Return everything as types that JSON can hold; see :meth:`from_dict`."""
        resize = None if self.resize is None else list(self.resize)
        learnt = {"shape": list(self.shape), "largest": self.largest}
        return {"resize": resize, **learnt}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> ImageReader:
        """Make a reader from :meth:`to_dict`.

        Raises
        ------
        ValueError
            If an entry cannot be one of a reader.
        """
        resize, shape = saved["resize"], saved["shape"]
        sizes = [shape] if resize is None else [shape, [*resize, shape[2]]]
        for size in sizes:
            if len(size) != 3 or not all(type(n) is int and n >= 1 for n in size):
                raise ValueError(f"its images must have a height, a width and channels: {size}")
        if type(saved["largest"]) is not float or not 0 <= saved["largest"] < np.inf:
            raise ValueError("its images must have a largest value")
        reader = cls(None if resize is None else (resize[0], resize[1]))
        reader.shape, reader.largest = (shape[0], shape[1], shape[2]), saved["largest"]
        return reader

    def _shape_of(self, source: _Source) -> tuple[int, int, int]:
        """Height, width and channels of most images; colour if any file has colour."""
        shapes = [shape for shape in map(source.shape, range(len(source.names))) if shape]
        if not shapes:
            return (0, 0, 0)  # no image can be read, which the chunks will say
        sizes = Counter(shape[:2] for shape in shapes)
        channels = Counter(shape[2] for shape in shapes)
        n_channels = max(channels) if source.are_files else channels.most_common(1)[0][0]
        height, width = self.resize or sizes.most_common(1)[0][0]
        return height, width, n_channels

    def _chunks(self, source: _Source, skips: bool) -> Iterator[Images]:
        """Read images in chunks, and raise an error if any image cannot be used."""
        chunks = read_chunks(
            source,
            lambda place: self._read(source, place),
            KIND,
            CHUNK,
            skips=skips,
            may_lack=self.largest is not None,
        )
        for places, images in chunks:
            yield Images(places, [source.names[place] for place in places], np.stack(images))

    def _read(self, source: _Source, place: int) -> np.ndarray:
        """Read one image, (H, W, C) float32.

        Raises
        ------
        ValueError
            If it cannot be used.
        """
        pixels = source.read(place, self.shape[2])
        if pixels.dtype.kind not in "biuf":
            raise ValueError(f"values of type {pixels.dtype} are no numbers")
        full = LARGEST.get(pixels.dtype) if (self.largest or 0) <= UNIT else None
        self._has_shares |= full is not None
        with np.errstate(all="ignore"):
            image = pixels.astype(np.float32) / np.float32(full or 1)
        if not np.isfinite(image).all():
            raise ValueError("it has missing, infinite or huge values")
        if image.shape[2] != self.shape[2]:
            raise ValueError(f"it has {image.shape[2]} channels instead of {self.shape[2]}")
        if self.resize is not None:
            image = _resized(image, self.resize)
        most = float(np.abs(image).max())
        if self.largest and most > max(UNIT, FAR * self.largest):
            raise ValueError(
                f"it has values up to {most:g}, and images of fit had at most {self.largest:g}"
            )
        if image.shape != self.shape:
            ways = (
                ""
                if self.largest is not None
                else (f"; resize=({self.shape[0]}, {self.shape[1]}) brings all to one size")
            )
            raise ValueError(
                f"it has {image.shape[0]} × {image.shape[1]} pixels instead of {self.shape[0]} × "
                f"{self.shape[1]}{ways}"
            )
        if min(image.shape[:2]) < LEAST:
            raise ValueError(f"an image must have at least {LEAST} × {LEAST} pixels")
        return image


class _Source(Source, Protocol):
    """Images that were passed, one by one."""

    are_files: bool

    def shape(self, place: int) -> tuple[int, int, int] | None:
        """Height, width and channels of an image, without reading its pixels, if it can be read."""

    def read(self, place: int, n_channels: int) -> np.ndarray:
        """Pixels of an image, (H, W, C). A file gets ``n_channels``, if it has 1 or 3."""


class _Arrays:
    """Images in memory."""

    are_files = False

    def __init__(self, images: Sequence[Any]) -> None:
        self.images = images
        self.names: list[Name] = list(range(len(images)))
        self.where = "X"

    def said(self, place: int) -> str:
        return f"X[{place}]"

    def shape(self, place: int) -> tuple[int, int, int] | None:
        try:
            height, width, n_channels = self.read(place, 0).shape
        except ValueError:
            return None
        return height, width, n_channels

    def read(self, place: int, n_channels: int) -> np.ndarray:
        image = self.images[place]
        try:
            if hasattr(image, "getbands"):
                pixels = _of_pillow(image, n_channels or None)
            else:
                detached = image.detach().cpu() if isinstance(image, torch.Tensor) else image
                pixels = np.asarray(detached)
        except ValueError as error:
            raise ValueError("its rows have different lengths") from error
        except Exception as error:  # a damaged file, opened by Pillow, may raise anything
            raise ValueError(str(error)) from error
        if pixels.ndim == 2:
            pixels = pixels[..., None]
        if pixels.ndim != 3 or 0 in pixels.shape:
            raise ValueError(f"an image is (height, width[, channels]). Got {pixels.shape}")
        if pixels.shape[0] <= MOST_CHANNELS < min(pixels.shape[1:]):
            raise ValueError(
                f"channels come last. Got {pixels.shape}; use np.moveaxis(image, 0, -1)"
            )
        return pixels


class _Files:
    """Images in files."""

    are_files = True

    def __init__(self, files: Files) -> None:
        self.paths, self.names, self.where = files
        self.pillow = import_optional("PIL.Image", EXTRA)
        self.turned = import_optional("PIL.ImageOps", EXTRA).exif_transpose

    def said(self, place: int) -> str:
        return str(self.names[place])

    def shape(self, place: int) -> tuple[int, int, int] | None:
        try:
            with self.pillow.open(self.paths[place]) as image:
                width, height = image.size
                turned = image.getexif().get(0x0112, 1) >= 5  # orientations on their side
                grey = image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;")
        except Exception:  # reading it says what is wrong
            return None
        return (width, height, 1 if grey else 3) if turned else (height, width, 1 if grey else 3)

    def read(self, place: int, n_channels: int) -> np.ndarray:
        try:
            if not self.paths[place].stat().st_size:
                raise ValueError("the file is empty")
            with self.pillow.open(self.paths[place]) as image:
                return _of_pillow(self.turned(image), n_channels)
        except Exception as error:  # decoders raise anything on damaged files
            raise ValueError(str(error) or type(error).__name__) from error


def _of_pillow(image: Any, n_channels: int | None) -> np.ndarray:
    """Pixels of an image of Pillow, (H, W, C), grey or in colour, as ``n_channels`` says."""
    if image.mode.startswith("I;"):
        pixels = np.asarray(image, dtype=np.uint16)
    elif image.mode in ("I", "F"):
        pixels = np.asarray(image)
    else:
        is_grey = image.mode in ("1", "L", "LA") if n_channels is None else n_channels == 1
        pixels = np.asarray(image.convert("L" if is_grey else "RGB"))
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 and n_channels == 3 else pixels


def _source(X: Any) -> _Source:
    """Find out what was passed.

    Raises
    ------
    ValueError
        If it cannot be images.
    """
    X = listed(X)
    files = find_files(X, SUFFIXES, KIND)
    if files is not None:
        return _Files(files)
    images = X if isinstance(X, list | tuple) else np.asarray(X)
    if isinstance(images, np.ndarray) and images.ndim not in (1, 3, 4):
        raise ValueError(
            "X must be images of shape (n, height, width[, channels]), a list of images or paths, "
            f"or a folder. Got an array of shape {images.shape}; reshape flat rows, as in "
            "X.reshape(-1, 28, 28), and wrap a single image in a list."
        )
    return _Arrays(list(images))


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring an image (H, W, C) to a height and width, without aliasing."""
    pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0)[None]))
    resized = interpolate(pixels, size=size, mode="bilinear", align_corners=False, antialias=True)
    return np.moveaxis(resized[0].numpy(), 0, -1)
