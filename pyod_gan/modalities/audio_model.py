"""What AudioDetector has fitted: the parts of a clip, their detectors, and scores of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..detector import GANDetector
from ..engine.mlp import MLP
from ..engine.network_kinds import get_network
from ..engine.training import random_numbers
from ..front_ends.audio import AudioReader, Clips
from ..front_ends.audio_parts import PARTS, AudioPart, Heard, Powers, heard, powers
from ..front_ends.embeddings import embedded_clips
from .items import read_to_fit
from .parts import fit_part, mean_of_parts, new_seed, rows_at, some_of, unit_of

EMBEDDING = "embedding"
MOST_WINDOWS = 4096  # to train on
AT_ONCE = 4096  # windows that are scored at once
Array = np.ndarray[Any, Any]


@dataclass
class Sounds:
    """What parts hear of some clips, and what an embedding makes of them."""

    heard: list[Heard]
    features: Array  # (n, K)

    def take(self, places: Array) -> Sounds:
        """Those at some places."""
        return Sounds([self.heard[place] for place in places], self.features[places])


@dataclass
class _Read:
    """Clips that were read."""

    places: list[int]
    digests: list[bytes]  # which tell them apart
    powers: list[Powers]
    features: list[Array]  # (m, K) of each chunk

    def sounds(self, mean_power: float) -> Sounds:
        """What parts hear of them."""
        known = [heard(power, mean_power) for power in self.powers]
        return Sounds(known, np.concatenate(self.features))


@dataclass
class FittedAudioPart:
    """A part of a clip, the detector of its windows, and the unit of its scores of clips."""

    name: str
    part: AudioPart | None  # None for an embedding
    detector: GANDetector
    unit: tuple[float, float] = (0.0, 1.0)

    def window_scores(self, sounds: Sounds) -> list[Array]:
        """Scores of the windows of each clip, in units of clips, (P,) each."""
        if self.part is None:
            scores = self.detector.decision_function(sounds.features)
            return [np.array([self._in_unit(score)]) for score in scores]
        views = [self.part.windows(clip) for clip in sounds.heard]
        found = [self.detector.decision_function(rows) for rows in _blocks(views)]
        ends = np.cumsum([len(view) for view in views])[:-1]
        return np.split(self._in_unit(np.concatenate(found)), ends)

    def scores(self, sounds: Sounds) -> Array:
        """Scores of clips, (n,)."""
        pool = np.mean if self.part is None else self.part.pool
        return np.array([pool(of_clip) for of_clip in self.window_scores(sounds)], dtype=float)

    def by_frame(self, sounds: Sounds) -> list[Array]:
        """Scores of the frames of each clip, (T,) each."""
        found = []
        for clip, scores in zip(sounds.heard, self.window_scores(sounds), strict=True):
            n_frames = clip.frames.shape[1]
            flat = np.full(n_frames, scores[0])
            found.append(flat if self.part is None else self.part.by_frame(scores, n_frames))
        return found

    def misfits(self, clip: Heard) -> Array:
        """How far each window of a clip is from what was expected, by band, (P, n_bands)."""
        if self.part is None:
            raise ValueError("An embedding has no bands.")
        view = self.part.windows(clip)
        model = self.detector.model_
        found = [model.misfits(model.rows(rows)) for rows in _blocks([view])]
        by_value = np.concatenate(found).reshape(view.shape)
        return np.asarray(by_value.sum(axis=(1, 3)))

    def _in_unit(self, scores: Any) -> Any:
        return (scores - self.unit[0]) / self.unit[1]


@dataclass
class AudioModel:
    """Everything that turns clips into scores.

    Parameters
    ----------
    reader : AudioReader
        Reads clips.
    mean_power : float
        Mean power of a band and frame in ``fit``.
    embedding : object
        The user's embedding, or None.
    parts : list of FittedAudioPart
        The parts.
    """

    reader: AudioReader
    mean_power: float
    embedding: Any
    parts: list[FittedAudioPart]

    @property
    def names(self) -> list[str]:
        """Names of the parts."""
        return [fitted.name for fitted in self.parts]

    def sounds(self, clips: Clips) -> Sounds:
        """What the parts hear of clips."""
        rate = self.reader.rate
        known = [heard(powers(clip, rate), self.mean_power) for clip in clips.values]
        return Sounds(known, _features(self.names, self.embedding, clips, rate))

    def part_scores(self, sounds: Sounds) -> Array:
        """Scores of clips by each of the K parts, (K, n)."""
        return np.array([fitted.scores(sounds) for fitted in self.parts])

    def scores(self, sounds: Sounds) -> Array:
        """Scores of clips, (n,)."""
        return mean_of_parts(self.part_scores(sounds))

    def by_frame(self, sounds: Sounds) -> list[Array]:
        """Scores of the frames of each clip by each of the K parts, (K, T) each."""
        by_part = [fitted.by_frame(sounds) for fitted in self.parts]
        return [np.array(of_clip) for of_clip in zip(*by_part, strict=True)]


def fit_clips(
    estimator: BaseEstimator,
    own: Sequence[str],
    names: Sequence[str],
    reader: AudioReader,
    X: Any,
    anomalies: Any = None,
) -> tuple[AudioModel, list[int], Array]:
    """Fit a model to clips and known anomalies, with the parameters of an estimator.

    Returns
    -------
    model : AudioModel
        The model.
    used : list of int
        Positions of the clips that could be used.
    scores : ndarray of shape (n_used,)
        Their scores.

    Raises
    ------
    ValueError
        If fewer than 2 clips can be used, or are no known anomalies, or as in
        :meth:`AudioReader.fit_chunks`.
    """
    params = estimator.get_params(deep=False)
    embedding, skips = params["embedding"], params["on_error"] == "skip"
    read = partial(_all_read, names, embedding, reader)
    found, odd, stays = read_to_fit(reader, X, anomalies, read, "clip", skips=skips)
    mean = float(np.mean([found.powers[i].frames.mean() for i in np.flatnonzero(stays)]))
    model = AudioModel(reader, mean, embedding, [])
    everything = found.sounds(mean)
    odd_sounds = None if odd is None else odd.sounds(mean)
    sounds = everything.take(np.flatnonzero(stays))
    draws = random_numbers(params["random_state"])
    for name in names:
        part = None if name == EMBEDDING else PARTS[name]().fit(sounds.heard)
        rows = sounds.features if part is None else _rows_to_fit(part, sounds.heard, draws)
        known = [] if odd_sounds is None else _rows_of_each(part, odd_sounds)
        more: dict[str, Any] = {"preprocessing": "joint" if part is None else part.preprocessing}
        if params["network"] is not None:
            more["network"] = _for_part(params["network"], part, sounds.heard[0])
        fitted = FittedAudioPart(
            name, part, fit_part(estimator, own, rows, new_seed(draws), name, known, **more)
        )
        fitted.unit = unit_of(fitted.scores(sounds))
        model.parts.append(fitted)
    return model, found.places, model.scores(everything)


def _all_read(
    names: Sequence[str], embedding: Any, reader: AudioReader, chunks: Iterator[Clips]
) -> _Read:
    """Read all clips that can be used.

    Raises
    ------
    ValueError
        If none can be used.
    """
    found = _Read([], [], [], [])
    for clips in chunks:
        found.places.extend(clips.places)
        found.digests.extend(sha256(clip.tobytes()).digest() for clip in clips.values)
        found.powers.extend(powers(clip, reader.rate) for clip in clips.values)
        found.features.append(_features(names, embedding, clips, reader.rate))
    if not found.places:
        raise ValueError("None of the clips can be used.")
    return found


def _rows_of_each(part: AudioPart | None, sounds: Sounds) -> list[Array]:
    """Rows of each clip, (P, D)."""
    if part is None:
        return list(sounds.features[:, None])
    views = [part.windows(clip) for clip in sounds.heard]
    return [view.reshape(len(view), -1) for view in views]


def _features(names: Sequence[str], embedding: Any, clips: Clips, rate: int) -> Array:
    """What an embedding makes of clips, (n, K), where K is 0 if no part sees it."""
    if EMBEDDING not in names:
        return np.empty((len(clips.values), 0))
    return embedded_clips(embedding, clips.values, rate)


def _blocks(views: Sequence[Array]) -> Iterator[Array]:
    """Rows of windows (P, C, n_bands, size), of one clip after the other, in blocks."""
    pieces: list[Array] = []
    n_rows = 0
    for view in views:
        for first in range(0, len(view), AT_ONCE):
            piece = view[first : first + AT_ONCE]
            pieces.append(piece.reshape(len(piece), -1))
            n_rows += len(piece)
            if n_rows >= AT_ONCE:
                yield np.concatenate(pieces)
                pieces, n_rows = [], 0
    if pieces:
        yield np.concatenate(pieces)


def _rows_to_fit(part: AudioPart, clips: Sequence[Heard], draws: np.random.RandomState) -> Array:
    """Rows to train on: those of all windows, or 4,096 of them."""
    views = [part.windows(clip) for clip in clips]
    n_windows = sum(len(view) for view in views)
    return rows_at(some_of(np.arange(n_windows), MOST_WINDOWS, draws), views)


def _for_part(network: Any, part: AudioPart | None, clip: Heard) -> Any:
    """A kind of network for the windows of a part, with time as the last axis.

    What has no windows is a vector, which is for perceptrons.
    """
    kind = get_network(network)
    if isinstance(kind, MLP) or part is None or not part.n_frames:
        return kind if isinstance(kind, MLP) else "mlp"
    _, n_channels, n_bands, length = part.windows(clip).shape
    flat = (n_channels * n_bands, length)
    return kind.for_rows(flat).for_rows((n_channels, n_bands, length))
