"""Reads clips of sound: arrays, and audio files in folders, mixed to one channel at one rate."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from .._support.optional_imports import import_optional
from .items import Array, Files, Name, Source, find_files, listed, read_chunks

EXTRA = "audio"
KIND = "clips"
SUFFIXES = frozenset(
    {".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".w64"}
    | {".wav"}
    | {".aac", ".amr", ".m4a", ".wma"}  # which libsndfile cannot read, and names then
)
# value of silence, and largest distance from it
RANGES = {
    np.dtype(np.uint8): (128.0, 128.0),
    np.dtype(np.int8): (0.0, 128.0),
    np.dtype(np.int16): (0.0, 32768.0),
    np.dtype(np.int32): (0.0, 2147483648.0),
}
FULL = 2.0  # values that do not exceed it are shares of a largest value, give or take noise
FAR = 1000.0  # times the largest value of fit, beyond which a clip has another unit
MOST_CHANNELS = 32
UNKNOWN = 0x7FFFF000  # size from which on a header does not know that of its file
SLACK = 8  # bytes that headers count and files may lack
LEAST = 256  # samples of a clip
CHUNK = 2**22  # samples of the clips that are read at once


class Clips(NamedTuple):
    """Some clips that were read."""

    places: list[int]  # among all that were passed
    names: list[Name]  # paths, or positions
    values: list[Array]  # (n_samples,) float32 each


class AudioReader:
    """Reads clips, mixes their channels, and knows the sample rate of those of ``fit``.

    Values of 8, 16 and 32 bits become shares of the largest value, so that they lie between -1 and
    1. Other numbers stay as they are.

    Parameters
    ----------
    sample_rate : int or None
        Samples per second that all clips are brought to, and that arrays without a rate have. With
        None all must have the same.

    Attributes
    ----------
    rate : int
        Samples per second of the clips.
    largest : float
        Largest absolute value of the clips of ``fit``.
    """

    def __init__(self, sample_rate: int | None) -> None:
        self.sample_rate = sample_rate
        self.largest: float | None = None

    def fit_chunks(self, X: Any, *, skips: bool) -> Iterator[Clips]:
        """Read clips in chunks, and learn their rate and range.

        With ``skips`` clips that cannot be used are left out.

        Raises
        ------
        ValueError
            If there are no clips, if none has a sample rate, or if one cannot be used. All of them
            are looked at, and named.
        ImportError
            If there are files, or rates to change, and the extra ``audio`` is not installed.
        """
        source = _source(X)
        self.rate = self._rate_of(source)
        largest = 0.0
        for chunk in self._chunks(source, skips):
            largest = max(largest, *(float(np.abs(clip).max()) for clip in chunk.values))
            yield chunk
        self.largest = largest

    def chunks(self, X: Any, *, skips: bool) -> Iterator[Clips]:
        """Read clips in chunks. With ``skips`` those that cannot be used are left out.

        Raises
        ------
        ValueError, ImportError
            As in :meth:`fit_chunks`, or if clips have another rate or another range than in
            ``fit``.
        """
        return self._chunks(_source(X), skips)

    def names(self, X: Any) -> list[Name]:
        """Names of all clips, with those that cannot be read: paths, or positions."""
        return _source(X).names

    def to_dict(self) -> dict[str, Any]:
        """Return everything as types that JSON can hold; see :meth:`from_dict`."""
        return {"sample_rate": self.sample_rate, "rate": self.rate, "largest": self.largest}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> AudioReader:
        """Make a reader from :meth:`to_dict`.

        Raises
        ------
        ValueError
            If an entry cannot be one of a reader.
        """
        given, rate, largest = saved["sample_rate"], saved["rate"], saved["largest"]
        if type(rate) is not int or rate < 1 or given not in (None, rate):
            raise ValueError("its clips must have a sample rate")
        if type(largest) is not float or not 0 <= largest < np.inf:
            raise ValueError("its clips must have a largest value")
        reader = cls(given)
        reader.rate, reader.largest = rate, largest
        return reader

    def _rate_of(self, source: _Source) -> int:
        """Sample rate to bring all clips to: the user's, or that of most."""
        if self.sample_rate is not None:
            return int(self.sample_rate)
        rates = Counter(filter(None, map(source.rate, range(len(source.names)))))
        if not rates and not source.are_files and source.names:
            raise ValueError(
                "Arrays have no sample rate. Pass `sample_rate`, in samples per second, or pairs "
                "of an array and its rate."
            )
        return rates.most_common(1)[0][0] if rates else 1  # then no file can be read

    def _chunks(self, source: _Source, skips: bool) -> Iterator[Clips]:
        """Read clips in chunks, and raise an error if any clip cannot be used."""
        chunks = read_chunks(
            source,
            lambda place: self._read(source, place),
            KIND,
            CHUNK,
            skips=skips,
            may_lack=self.largest is not None,
        )
        for places, clips in chunks:
            yield Clips(places, [source.names[place] for place in places], clips)

    def _read(self, source: _Source, place: int) -> Array:
        """Read one clip, (n_samples,) float32.

        Raises
        ------
        ValueError
            If it cannot be used.
        """
        samples, rate = source.read(place)
        clip = _mono(samples)
        if not np.isfinite(clip).all():
            raise ValueError("it has missing, infinite or huge values")
        if rate not in (None, self.rate):
            if self.sample_rate is None:
                fit_again = "" if self.largest is None else " of fit"
                raise ValueError(
                    f"it has {rate} samples per second instead of {self.rate}; a detector with "
                    f"sample_rate={self.rate}{fit_again} brings all to one rate"
                )
            resample = import_optional("librosa", EXTRA).resample
            clip = resample(clip, orig_sr=rate, target_sr=self.rate).astype(np.float32)
        if len(clip) < LEAST:
            raise ValueError(
                f"a clip must have at least {LEAST} samples, at {self.rate} per second. It has "
                f"{len(clip)}"
            )
        most = float(np.abs(clip).max())
        if self.largest is not None and most > max(FULL, FAR * self.largest) and self.largest > 0:
            raise ValueError(
                f"it has values up to {most:g}, and clips of fit had at most {self.largest:g}"
            )
        return clip


class _Source(Source, Protocol):
    """Clips that were passed, one by one."""

    are_files: bool

    def rate(self, place: int) -> int | None:
        """Sample rate of a clip, if it has one and can be read."""

    def read(self, place: int) -> tuple[Array, int | None]:
        """Samples of a clip, (n_samples,) or with channels, and its rate, if it has one."""


class _Arrays:
    """Clips in memory, or pairs of a clip and its rate."""

    are_files = False
    where = "X"

    def __init__(self, clips: Sequence[Any]) -> None:
        self.clips = clips
        self.names: list[Name] = list(range(len(clips)))

    def said(self, place: int) -> str:
        return f"X[{place}]"

    def rate(self, place: int) -> int | None:
        clip = self.clips[place]
        if not _has_rate(clip):
            return None
        rate = float(clip[1])
        return int(rate) if rate.is_integer() and rate >= 1 else None

    def read(self, place: int) -> tuple[Array, int | None]:
        clip = self.clips[place]
        rate = self.rate(place)
        if _has_rate(clip):
            if rate is None:
                raise ValueError(f"{clip[1]!r} is no sample rate")
            clip = clip[0]
        elif isinstance(clip, list | tuple) and len({np.ndim(part) for part in clip[:2]}) == 2:
            raise ValueError("a clip with its rate is a tuple of the array and then the rate")
        try:
            samples = np.asarray(clip.detach().cpu() if isinstance(clip, torch.Tensor) else clip)
        except ValueError as error:
            raise ValueError("its channels have different lengths") from error
        return samples, rate


class _Files:
    """Clips in files."""

    are_files = True

    def __init__(self, files: Files) -> None:
        self.paths, self.names, self.where = files
        self.soundfile = import_optional("soundfile", EXTRA)

    def said(self, place: int) -> str:
        return str(self.names[place])

    def rate(self, place: int) -> int | None:
        try:
            return int(self.soundfile.info(self.paths[place]).samplerate)
        except Exception:  # reading it says what is wrong
            return None

    def read(self, place: int) -> tuple[Array, int | None]:
        try:
            if not self.paths[place].stat().st_size:
                raise ValueError("the file is empty")
            samples, rate = self.soundfile.read(self.paths[place], dtype="float32")
            _check_whole(self.paths[place])
        except Exception as error:  # decoders raise anything on damaged files
            raise ValueError(str(error) or type(error).__name__) from error
        return samples, int(rate)


def _check_whole(path: Path) -> None:
    """Raise a ValueError if a WAV file says that it is longer than it is.

    Decoders read what is there. Programs that write to a pipe say 0, or the largest number.
    """
    with path.open("rb") as file:
        kind, said, form = struct.unpack("<4sI4s", file.read(12).ljust(12))
    if (kind, form) == (b"RIFF", b"WAVE") and path.stat().st_size + SLACK < 8 + said < UNKNOWN:
        raise ValueError("the file is cut off: its header says that it is longer")


def _mono(samples: Array) -> Array:
    """Mean of the channels of a clip, as shares of the largest value, (n_samples,) float32."""
    if samples.dtype.kind not in "biuf":
        raise ValueError(f"values of type {samples.dtype} are no numbers")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and min(samples.shape) > MOST_CHANNELS):
        raise ValueError(f"a clip is (n_samples,) or (n_samples, n_channels). Got {samples.shape}")
    silence, full = RANGES.get(samples.dtype, (0.0, 1.0))
    with np.errstate(all="ignore"):
        shares = ((samples.astype(np.float64) - silence) / full).astype(np.float32)
        if shares.ndim == 2:
            shares = shares.mean(axis=int(shares.shape[0] > shares.shape[1]))
    return shares


def _has_rate(clip: Any) -> bool:
    """Whether a clip is a pair of an array and its rate."""
    is_pair = isinstance(clip, tuple) and len(clip) == 2 and isinstance(clip[1], Real)
    return is_pair and not isinstance(clip[0], Real)


def _source(X: Any) -> _Source:
    """Find out what was passed.

    Raises
    ------
    ValueError
        If it cannot be clips.
    """
    X = listed(X)
    files = find_files(X, SUFFIXES, KIND)
    if files is not None:
        return _Files(files)
    clips = X if isinstance(X, list | tuple) else np.asarray(X)
    flat = len(clips) > 0 and isinstance(clips[0], Real | Integral)
    if _has_rate(X) or flat or (isinstance(clips, np.ndarray) and clips.ndim not in (1, 2, 3)):
        raise ValueError(
            "X must be clips of shape (n_clips, n_samples), a list of clips or paths, or a folder. "
            "Wrap a single clip in a list."
        )
    return _Arrays(list(clips))
