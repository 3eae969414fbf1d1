"""Labelled clips of sound: a generated machine with planted faults, and recordings of words.

A file of recordings is called ``<word>_<speaker>_<take>.wav``, as in the Free Spoken Digit Dataset
(Jackson et al., https://github.com/Jakobovski/free-spoken-digit-dataset).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from .datasets import DataError
from .labelled import Array, Labelled

RATE = 8000  # samples per second of a generated clip
SECONDS = 3
N_CLIPS = 120  # of a generated set
SHARE = 0.1  # of them that have a fault


def generated() -> list[Labelled]:
    """Make clips of a pump, a tenth of which have one kind of fault."""
    sets = []
    for seed, (name, fault) in enumerate(FAULTS.items()):
        draws = np.random.default_rng(seed)
        y = np.zeros(N_CLIPS, dtype=int)
        y[-round(SHARE * N_CLIPS) :] = 1
        clips = [_recorded(fault(draws) if label else _pump(draws), draws) for label in y]
        sets.append(Labelled(name, _of_pairs([(clip, RATE) for clip in clips]), y))
    return sets


def from_folder(folder: Path) -> list[Labelled]:
    """Read recordings of words: in each set one word is normal, and the others are anomalies.

    The groups are the speakers.

    Raises
    ------
    DataError
        If a file has another name, or if there are less than two words or speakers.
    ImportError
        If soundfile is not installed.
    """
    import soundfile

    paths = sorted(folder.glob("*.wav"))
    parts = [path.stem.split("_") for path in paths]
    words, speakers = ({part[i] for part in parts if len(part) == 3} for i in (0, 1))
    if any(len(part) != 3 for part in parts) or min(len(words), len(speakers)) < 2:
        raise DataError(
            f"{folder} must have files <word>_<speaker>_<take>.wav, of at least two words and two "
            "speakers."
        )
    clips = _of_pairs([soundfile.read(path, dtype="float32") for path in paths])
    said, by = (np.array([part[i] for part in parts]) for i in (0, 1))
    return [
        Labelled(f"{folder.name} {word}", clips, (said != word).astype(int), groups=by)
        for word in sorted(words)
    ]


def _of_pairs(pairs: list[tuple[Array, int]]) -> Array:
    """Pairs of a clip and its rate, (n,)."""
    clips = np.empty(len(pairs), dtype=object)
    clips[:] = pairs
    return clips


def _pump(draws: np.random.Generator, late: int = -1, worn: float = 0.0) -> Array:
    """A hum and four strokes a second. One may be late, and the strokes may be dull."""
    time = np.arange(SECONDS * RATE) / RATE
    hum = draws.normal(95, 1)
    sound = sum(
        0.3 / k * np.sin(2 * np.pi * k * hum * time + draws.uniform(0, 6)) for k in (1, 2, 4)
    )
    sound += 0.05 * draws.normal(size=len(time))
    low, high = 500 * (1 - worn), 1500 * (1 - worn)
    band = butter(2, [low, high], "band", fs=RATE, output="sos")
    start = draws.uniform(0.02, 0.27)
    for k, at in enumerate(np.arange(start, SECONDS - 0.3, 0.25)):
        first = int((at + 0.08 * (k == late) + draws.normal(0, 0.003)) * RATE)
        fades = np.exp(-np.arange(1200) / 300)
        sound[first : first + 1200] += sosfilt(band, draws.normal(size=1200)) * fades
    return np.asarray(sound)


def _squeak(draws: np.random.Generator) -> Array:
    sound, first = _pump(draws), draws.integers(0, 2 * RATE)
    time = np.arange(2400) / RATE
    rises = 2 * np.pi * (draws.uniform(1500, 2500) * time + 600 * time**2)
    sound[first : first + 2400] += 0.08 * np.hanning(2400) * np.sin(rises)
    return sound


def _silence(draws: np.random.Generator) -> Array:
    sound, first = _pump(draws), draws.integers(0, 2 * RATE)
    sound[first : first + 500] *= 0.2
    return sound


def _recorded(sound: Array, draws: np.random.Generator) -> Array:
    """A clip as a microphone has it, which is not always as near."""
    return np.asarray(0.1 * draws.uniform(0.8, 1.25) * sound, dtype=np.float32)


FAULTS: dict[str, Callable[[np.random.Generator], Array]] = {
    "late stroke": lambda draws: _pump(draws, late=int(draws.integers(2, 9))),
    "worn": lambda draws: _pump(draws, worn=0.12),
    "squeak": _squeak,
    "dropout": _silence,
}
