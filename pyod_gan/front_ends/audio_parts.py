"""Parts of the default for clips of sound: what each hears, as rows, and at which times.

A clip is heard as a log-mel spectrogram: the power of bands of frequencies, frame by frame. A part
lays windows on it. Each window is a row for a detector, and their scores are pooled to that of the
clip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from .._support.optional_imports import import_optional
from .audio import EXTRA, LEAST
from .image_parts import mean_contrast, oriented_edges

SECONDS = 0.032  # of a frame
HOPS = 3.2  # frames begin so often in the length of one
BANDS = 32  # of a frame
FINE = 2  # frames of a spectrum are so many times as long, and have so many times the bands
QUIET = 60.0  # decibels below the loudest band of a clip, under which all is silence
FLOOR = 1e-9  # of the mean power, that silence has
WINDOW = 10  # cells
BLOCK = 2**14  # frames at a time
Array = np.ndarray[Any, Any]


class Powers(NamedTuple):
    """Powers of bands of frequencies in one clip."""

    frames: Array  # (32, T) in each frame
    spectrum: Array  # (64,) mean over the clip


class Heard(NamedTuple):
    """What parts hear of one clip, in decibels."""

    frames: Array  # (32, T) at most 0, the loudest of the clip
    spectrum: Array  # (64,)


def powers(clip: Array, rate: int) -> Powers:
    """Powers of bands of a clip (n_samples,).

    The frames are those of the short-time Fourier transform, with a Hann window, and the bands are
    triangles on the mel scale (Stevens, Volkmann and Newman, 1937).
    """
    size, hop = frame_samples(rate)
    frames = np.concatenate(list(_band_powers(clip, rate, size, hop, BANDS)), axis=1)
    total, n_frames = np.zeros(FINE * BANDS), 0
    for block in _band_powers(clip, rate, FINE * size, FINE * size // 2, FINE * BANDS):
        total, n_frames = total + block.sum(axis=1), n_frames + block.shape[1]
    return Powers(frames, total / n_frames)


def heard(power: Powers, mean: float) -> Heard:
    """What parts hear of a clip, where clips of ``fit`` had a mean power."""
    silence = FLOOR * mean + np.finfo(np.float32).tiny
    frames = 10 * np.log10(power.frames + silence)
    frames = np.maximum(frames - frames.max(), -QUIET)
    return Heard(frames.astype(np.float32), 10 * np.log10(power.spectrum + silence))


def frame_samples(rate: int) -> tuple[int, int]:
    """Samples of a frame, which are even, and from one frame to the next."""
    size = max(LEAST, 2 * round(SECONDS * rate / 2))
    return size, round(size / HOPS)


def band_edges(rate: int, n_bands: int) -> Array:
    """Lowest frequency, centre and highest frequency of each band in Hz, (n_bands, 3)."""
    filters = import_optional("librosa", EXTRA)
    points = filters.mel_frequencies(n_bands + 2, fmin=0.0, fmax=rate / 2)
    return np.stack([points[:-2], points[1:-1], points[2:]], axis=1)


class AudioPart:
    """What one detector hears of a clip.

    Parameters
    ----------
    constant : float
        What the part has learnt in ``fit``.
    """

    name: ClassVar[str]
    preprocessing: ClassVar[str] = "joint"  # of its rows
    n_bands: ClassVar[int] = BANDS
    n_frames: ClassVar[int] = 1  # of a cell. 0 stands for the whole clip
    step: ClassVar[int] = 1  # cells from a window to the next

    def __init__(self, constant: float = 0.0) -> None:
        self.constant = constant

    def fit(self, clips: Sequence[Heard]) -> AudioPart:
        """Learn from clips."""
        return self

    def cells(self, clip: Heard) -> Array:
        """What windows lie on, (C, n_bands, n_cells)."""
        return clip.frames[None]

    def windows(self, clip: Heard) -> Array:
        """Windows of a clip, (P, C, n_bands, size)."""
        cells = self.cells(clip)
        missing = max(0, WINDOW - cells.shape[2])
        cells = np.pad(cells, ((0, 0), (0, 0), (0, missing)), mode="edge")
        views = np.lib.stride_tricks.sliding_window_view(cells, WINDOW, axis=2)
        return np.asarray(np.moveaxis(views[:, :, :: self.step], 2, 0))

    def pool(self, scores: Array) -> float:
        """Score of a clip by those of its windows, (P,)."""
        return float(scores.mean())

    def by_frame(self, scores: Array, n_frames: int) -> Array:
        """Scores of frames, the means over windows that they lie in, (P,) -> (T,).

        At the ends of a clip there are fewer windows. Those that are missing count as typical, so
        that no single window stands out there.
        """
        first = np.arange(len(scores)) * self.step * self.n_frames
        last = np.minimum(first + WINDOW * self.n_frames, n_frames)
        last[-1] = n_frames
        changes = np.zeros((2, n_frames + 1))
        for change, value in zip(changes, (scores, np.ones(len(scores))), strict=True):
            np.add.at(change, first, value)
            np.add.at(change, last, -value)
        total, count = changes.cumsum(axis=1)[:, :-1]
        return np.asarray(total / count.max())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as types that JSON can hold; see :func:`part_from`."""
        return {"name": self.name, "constant": self.constant}


class Events(AudioPart):
    """A tenth of a second, band by band, below the loudest of the clip. The oddest one counts."""

    name = "events"
    step = 4

    def pool(self, scores: Array) -> float:
        return float(scores.max())


class Texture(AudioPart):
    """A fifth of a second: how the power rises and falls with time and frequency.

    These are edges of the spectrogram, divided by the contrast around, as the part of the same name
    has them of images. They know no loudness, and little of which microphone or voice it is.
    """

    name = "texture"
    n_bands = BANDS // 2
    n_frames = 2
    step = 2

    def fit(self, clips: Sequence[Heard]) -> Texture:
        contrasts = [mean_contrast(_even(clip.frames)[None, None]) for clip in clips]
        self.constant = float(np.mean(contrasts))
        return self

    def cells(self, clip: Heard) -> Array:
        edges = oriented_edges(_even(clip.frames)[None, None], self.constant)
        return np.asarray(edges[0], dtype=np.float32)


class Spectrum(AudioPart):
    """The mean power of fine bands over the whole clip: how loud it is, and at which tones."""

    name = "spectrum"
    preprocessing = "auto"
    n_bands = FINE * BANDS
    n_frames = 0

    def windows(self, clip: Heard) -> Array:
        return clip.spectrum[None, None, :, None]

    def by_frame(self, scores: Array, n_frames: int) -> Array:
        return np.full(n_frames, scores[0])


PARTS = {part.name: part for part in (Events, Texture, Spectrum)}


def part_from(saved: Mapping[str, Any]) -> AudioPart:
    """Make a part from what a file holds of it.

    Raises
    ------
    ValueError
        If there is no such part.
    """
    if saved["name"] not in PARTS or type(saved["constant"]) is not float:
        raise ValueError(f"its parts must be of {', '.join(PARTS)}, each with a number")
    return PARTS[saved["name"]](saved["constant"])


def _even(frames: Array) -> Array:
    """Frames of an even number, the last of which may be there twice, (n_bands, T)."""
    return np.pad(frames, ((0, 0), (0, frames.shape[1] % 2)), mode="edge")


def _band_powers(clip: Array, rate: int, size: int, hop: int, n_bands: int) -> Any:
    """Powers of bands, in blocks of frames, (n_bands, at most BLOCK) each.

    Frames lie in the clip. A shorter clip is followed by silence, up to one frame. A sparse product
    adds in the same order on any number of threads.
    """
    librosa = import_optional("librosa", EXTRA)
    filters = csr_matrix(librosa.filters.mel(sr=rate, n_fft=size, n_mels=n_bands))
    clip = np.pad(clip, (0, max(0, size - len(clip))))
    n_frames = 1 + (len(clip) - size) // hop
    for first in range(0, n_frames, BLOCK):
        last = min(first + BLOCK, n_frames) - 1
        samples = clip[first * hop : last * hop + size]
        waves = librosa.stft(samples, n_fft=size, hop_length=hop, center=False)
        yield filters @ (waves.real.astype(np.float64) ** 2 + waves.imag.astype(np.float64) ** 2)
