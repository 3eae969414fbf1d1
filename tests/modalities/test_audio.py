"""Clips of sound: the contract of AudioDetector, its parts, its reader and its files."""

from __future__ import annotations

import pickle
import re
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from scipy.io import wavfile
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold
from torch import nn

from pyod_gan import AudioDetector, FrameScoreDisplay
from pyod_gan.explain.clips import around_peak
from pyod_gan.front_ends.audio_parts import (
    PARTS,
    Events,
    Heard,
    band_edges,
    frame_samples,
    heard,
    powers,
)
from pyod_gan.modalities import audio_model

RATE = 8000
QUICK: dict[str, Any] = {"sample_rate": RATE, "max_iter": 10, "random_state": 0}
Clips = list[np.ndarray]


def tones(
    n: int = 40, seed: int = 0, tune: tuple[int, ...] = (440, 660), level: float = 1
) -> Clips:
    """Clips of about half a second: two tones, one after the other, in noise."""
    rng = np.random.default_rng(seed)
    clips = []
    for _ in range(n):
        parts = []
        for pitch in tune:
            time = np.arange(rng.integers(1800, 2200)) / RATE
            parts.append(np.sin(2 * np.pi * rng.normal(pitch, 5) * time) * np.exp(-4 * time))
        whole = np.concatenate(parts)
        clips.append(level * (0.3 * whole + 0.01 * rng.normal(size=len(whole))).astype(np.float32))
    return clips


def knocked(n: int = 20, seed: int = 1) -> tuple[Clips, list[int]]:
    """Tones with a short knock, and the samples at which it begins."""
    rng, clips, starts = np.random.default_rng(seed), tones(n, seed), []
    for clip in clips:
        starts.append(int(rng.integers(0, len(clip) - 300)))
        clip[starts[-1] : starts[-1] + 200] += 0.2 * rng.normal(size=200).astype(np.float32)
    return clips, starts


@cache
def fitted() -> AudioDetector:
    """Quick and only to be read."""
    return AudioDetector(**QUICK).fit(tones())


def write(folder: Path, clips: Clips, rate: int = RATE) -> list[Path]:
    """Write clips of 16 bits as files."""
    paths = [folder / f"{i:03}.wav" for i in range(len(clips))]
    for path, clip in zip(paths, clips, strict=True):
        soundfile.write(path, clip, rate, subtype="PCM_16")
    return paths


def auroc(detector: AudioDetector, odd: Clips, seed: int = 7) -> float:
    """How well odd clips are told from new good ones."""
    good = tones(20, seed)
    scores = detector.decision_function(good + odd)
    return float(roc_auc_score(np.repeat([0, 1], [20, len(odd)]), scores))


def test_clips_of_which_no_window_is_drawn_may_be_among_those_of_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audio_model, "MOST_WINDOWS", 8)
    detector = AudioDetector(**QUICK, parts=("events",)).fit(tones(20))
    (fitted_to,) = detector.detectors_.values()
    assert len(fitted_to.decision_scores_) == 8
    assert np.isfinite(detector.decision_scores_).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_knocks_other_tunes_and_other_instruments_are_found(seed: int) -> None:
    detector = AudioDetector(sample_rate=RATE, max_iter=50, random_state=seed).fit(tones(60, seed))
    hum = [clip + 0.03 * np.sin(np.arange(len(clip)) * 2.2) for clip in tones(20, seed + 10)]
    for odd in (
        knocked(20, seed + 10)[0],
        tones(20, seed + 10, (660, 440)),
        tones(20, seed + 10, (440, 590)),
        [clip[::-1] for clip in tones(20, seed + 10)],
        hum,
        [clip.clip(-0.1, 0.1) for clip in tones(20, seed + 10)],
    ):
        assert auroc(detector, odd, seed + 20) > 0.95


@pytest.mark.parametrize("part", list(PARTS))
def test_what_each_part_hears(part: str) -> None:
    """Only the spectrum knows how loud a clip is."""
    detector = AudioDetector(parts=(part,), **QUICK).fit(tones())
    assert auroc(detector, tones(20, 3, (500, 800))) > 0.99
    quieter = auroc(detector, tones(20, 3, level=0.3))
    assert quieter > 0.99 if part == "spectrum" else 0.1 < quieter < 0.9


def test_one_odd_event_in_a_long_clip() -> None:
    rng = np.random.default_rng(0)
    long = [0.1 * rng.normal(size=40_000) for _ in range(30)]
    odd = [0.1 * rng.normal(size=40_000) for _ in range(10)]
    for clip in odd:
        clip[20_000:20_400] += 0.3 * np.sin(np.arange(400))
    detector = AudioDetector(**QUICK).fit(long[:20])
    scores = detector.decision_function(long[20:] + odd)
    assert roc_auc_score(np.repeat([0, 1], 10), scores) > 0.95
    for frames in detector.frame_scores(odd):
        assert abs(frames.times[frames.scores.argmax()] - 2.52) < 0.15


def test_pyods_interface() -> None:
    X, detector = tones(), fitted()
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    np.testing.assert_array_equal(detector.predict(X), detector.labels_)
    assert detector.labels_.sum() == 4
    assert list(detector.detectors_) == ["events", "texture", "spectrum"]
    assert detector.sample_rate_ == RATE
    assert detector.n_features_in_ == 1
    assert detector.names_ == detector.clip_names(X) == list(range(40))
    assert detector.skipped_ == []
    assert detector.predict_proba(X).shape == (40, 2)
    again = clone(detector).fit(X)
    np.testing.assert_array_equal(again.decision_scores_, detector.decision_scores_)
    other = clone(detector).set_params(random_state=1).fit(X)
    assert not np.array_equal(other.decision_scores_, detector.decision_scores_)
    p = clone(detector).fit(X).calibrate(tones(30, 1)).p_values(X)
    assert ((p > 0) & (p <= 1)).all()
    with pytest.raises(NotFittedError):
        AudioDetector().frame_scores(X)


def test_a_score_does_not_depend_on_the_other_clips() -> None:
    X = tones(30, seed=5)
    whole, frames = fitted().decision_function(X), fitted().frame_scores(X)
    for i in (0, 17):
        np.testing.assert_array_equal(fitted().decision_function([X[i]]), whole[i : i + 1])
        np.testing.assert_array_equal(fitted().frame_scores([X[i]])[0].scores, frames[i].scores)
    with config_context(working_memory=0.05):
        np.testing.assert_array_equal(fitted().decision_function(X), whole)


def test_frames_show_where_a_knock_is() -> None:
    odd, starts = knocked(20)
    for clip, start, frames in zip(odd, starts, fitted().frame_scores(odd), strict=True):
        n_frames = 1 + (len(clip) - 256) // 80
        assert frames.scores.shape == frames.times.shape == (n_frames,)
        assert frames.levels.shape == (32, n_frames)
        assert frames.levels.max() == 0
        assert (np.diff(frames.frequencies) > 0).all()
        assert abs(frames.times[frames.scores.argmax()] - (start + 100) / RATE) < 0.15
    tone = np.sin(2 * np.pi * 1000 * np.arange(4000) / RATE)
    (frames,) = fitted().frame_scores([tone])
    loudest = frames.frequencies[frames.levels[:, 20].argmax()]
    assert abs(loudest - 1000) < 100


def test_scores_of_frames_are_means_of_windows() -> None:
    part = Events()
    clip = Heard(np.zeros((32, 31), np.float32), np.zeros(64))
    scores = np.arange(float(len(part.windows(clip))))
    by_frame = part.by_frame(scores, 31)
    assert part.step == 4
    expected = [
        sum(s for k, s in enumerate(scores) if 4 * k <= frame < 4 * k + 10) / 3
        for frame in range(30)
    ]
    np.testing.assert_allclose(by_frame[:30], expected)
    np.testing.assert_allclose(by_frame[30], scores[-1] / 3)


def test_powers_are_those_of_bands() -> None:
    """Twice as loud is 6 decibels more, and the bands share out the power of noise."""
    clip = tones(1)[0]
    once, twice = powers(clip, RATE), powers(2 * clip, RATE)
    np.testing.assert_allclose(twice.frames, 4 * once.frames, rtol=1e-5)
    np.testing.assert_allclose(
        heard(twice, 1.0).spectrum - heard(once, 1.0).spectrum, 20 * np.log10(2), atol=1e-3
    )
    np.testing.assert_allclose(heard(twice, 1.0).frames, heard(once, 1.0).frames, atol=1e-3)
    assert frame_samples(8000) == (256, 80)
    assert frame_samples(500) == (256, 80)
    assert frame_samples(44100) == (1412, 441)
    edges = band_edges(RATE, 32)
    assert edges[0, 0] == 0
    assert edges[-1, 2] == RATE / 2
    np.testing.assert_allclose(edges[1:, 0], edges[:-1, 1])


def test_long_clips_are_heard_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tones(1)[0]
    whole = powers(clip, RATE)
    monkeypatch.setattr("pyod_gan.front_ends.audio_parts.BLOCK", 7)
    blocks = powers(clip, RATE)
    np.testing.assert_array_equal(blocks.frames, whole.frames)
    np.testing.assert_allclose(blocks.spectrum, whole.spectrum)
    scores = fitted().decision_function([clip])
    monkeypatch.setattr("pyod_gan.modalities.audio_model.AT_ONCE", 5)
    np.testing.assert_array_equal(fitted().decision_function([clip]), scores)


@pytest.mark.parametrize("n_samples", [256, 300, 900, 1700])
def test_short_clips(n_samples: int) -> None:
    rng = np.random.default_rng(0)
    detector = AudioDetector(**QUICK).fit([rng.normal(size=n_samples) for _ in range(20)])
    odd = [np.sin(np.arange(n_samples)), np.zeros(n_samples)]
    assert (detector.decision_function(odd) > np.median(detector.decision_scores_)).all()
    assert len(detector.frame_scores(odd)[0].times) == 1 + (n_samples - 256) // 80
    assert len(detector.explain_frame(odd, flagged_only=False)) == 6


@pytest.mark.parametrize("rate", [500, 48_000])
def test_other_rates(rate: int) -> None:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=3 * rate // 2) for _ in range(12)]
    detector = AudioDetector(**QUICK | {"sample_rate": rate}).fit(X)
    odd = [np.sin(np.arange(3 * rate // 2))]
    assert detector.decision_function(odd) > detector.decision_scores_.max()


def test_silence_is_no_error() -> None:
    silent = AudioDetector(**QUICK).fit([np.zeros(3000)] * 5)
    np.testing.assert_array_equal(silent.decision_scores_, np.zeros(5))
    assert fitted().decision_function([np.zeros(4000)]) > fitted().threshold_


def test_grid_search_and_copies() -> None:
    X = np.array([clip[:3600] for clip in tones(36) + tones(6, 1, (500, 800))])
    y = np.repeat([0, 1], [36, 6])
    folds = KFold(2, shuffle=True, random_state=0)
    grid = {"parts": [("events",), ("texture", "spectrum")]}
    search = GridSearchCV(AudioDetector(**QUICK), grid, scoring="roc_auc", cv=folds).fit(X, y)
    assert search.cv_results_["mean_test_score"].min() > 0.7
    twin = pickle.loads(pickle.dumps(fitted()))
    np.testing.assert_array_equal(twin.decision_function(X), fitted().decision_function(X))


@pytest.mark.parametrize("network", ["conv1d", "conv2d"])
def test_convolutions_hear_windows(network: str) -> None:
    detector = AudioDetector("aae", network=network, **QUICK).fit(tones(20))
    shapes = {"conv1d": [(32, 10), (64, 10)], "conv2d": [(1, 32, 10), (4, 16, 10)]}[network]
    found = [d.settings_.network for d in detector.detectors_.values()]
    assert [kind.shape for kind in found[:2]] == shapes
    assert type(found[2]).__name__ == "MLP"
    assert auroc(detector, tones(20, 3, (500, 800))) > 0.9


@pytest.mark.parametrize("gan", ["aae", "wgan", "tadgan", "usad"])
def test_other_gans(gan: str) -> None:
    params = QUICK | {"max_iter": 100, "parts": ("events",)}
    detector = AudioDetector(gan, **params).fit(tones(20))
    assert auroc(detector, tones(20, 3, (500, 800))) > 0.8


def test_folders_lists_of_paths_pairs_and_arrays_are_one(tmp_path: Path) -> None:
    clips = tones(16)
    paths = write(tmp_path, clips)
    (tmp_path / "notes.txt").write_text("no sound")
    (tmp_path / "more").mkdir()
    moved = tmp_path / "more" / paths[-1].name
    paths[-1].rename(moved)
    own = QUICK | {"sample_rate": None, "parts": ("spectrum",)}
    from_folder = AudioDetector(**own).fit(tmp_path)
    assert from_folder.names_[:2] == ["000.wav", "001.wav"]
    assert from_folder.names_[-1] == "more/015.wav"
    assert from_folder.sample_rate_ == RATE
    expected = from_folder.decision_scores_
    read = [wavfile.read(path)[1] for path in [*paths[:-1], moved]]  # whole numbers of 16 bits
    for X in ([*paths[:-1], moved], [(clip, RATE) for clip in read]):
        np.testing.assert_array_equal(AudioDetector(**own).fit(X).decision_scores_, expected)
    own["sample_rate"] = RATE
    np.testing.assert_array_equal(AudioDetector(**own).fit(read).decision_scores_, expected)
    stereo = [np.stack([clip, clip], axis=1) for clip in read]
    turned = [torch.tensor(clip.T.copy()) for clip in stereo]
    for X in (read, stereo, turned):
        np.testing.assert_array_equal(from_folder.decision_function(X), expected)
    np.testing.assert_array_equal(from_folder.predict(str(tmp_path)), from_folder.labels_)


def test_values_of_all_kinds_of_numbers_are_shares() -> None:
    clip = 0.5 * tones(1, 5)[0]
    scores = fitted().decision_function(
        [
            clip,
            clip.astype(np.float64),
            (clip * 32768).round().astype(np.int16),
            (clip * 2**31).round().astype(np.int32),
        ]
    )
    np.testing.assert_allclose(scores, scores[0], rtol=0.02)
    coarse = (clip * 128 + 128).round().astype(np.uint8)
    noisy = clip + 0.005 * np.random.default_rng(0).uniform(-1, 1, len(clip))
    pair = fitted().decision_function([coarse, noisy])
    assert abs(pair[0] - pair[1]) < 0.5 * abs(pair).max()


def test_other_rates_are_an_error_or_resampled(tmp_path: Path) -> None:
    time = np.arange(32_000) / 16_000
    tone = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.01 * np.random.default_rng(0).normal(
        size=32_000
    )
    paths = write(tmp_path, tones(10))
    fast = tmp_path / "fast.wav"
    soundfile.write(fast, tone, 16_000)
    own = QUICK | {"sample_rate": None, "parts": ("spectrum",)}
    with pytest.raises(
        ValueError,
        match=r"1 of 11 clips cannot be used. fast.wav: it has 16000 samples per second instead of "
        r"8000; a detector with sample_rate=8000 brings",
    ):
        AudioDetector(**own).fit(tmp_path)
    resampled = AudioDetector(**own | {"sample_rate": RATE}).fit(tmp_path)
    slow = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000) / RATE)
    fresh = resampled.frame_scores([(tone, 16_000), slow])
    assert [len(frames.times) for frames in fresh] == [197, 197]
    loudest = [frames.levels[:, 50].argmax() for frames in fresh]
    assert loudest[0] == loudest[1]
    strict = AudioDetector(**own).fit(paths)
    with pytest.raises(ValueError, match=r"sample_rate=8000 of fit brings"):
        strict.decision_function([fast])


def test_clips_that_cannot_be_used_are_all_named(tmp_path: Path) -> None:
    paths = write(tmp_path, tones(12))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "words.wav").write_text("no sound")
    (tmp_path / "cut.wav").write_bytes(paths[0].read_bytes()[:30])
    (tmp_path / "half.wav").write_bytes(paths[0].read_bytes()[:4000])
    (tmp_path / "phone.m4a").write_bytes(b"not read by libsndfile")
    soundfile.write(tmp_path / "short.wav", np.zeros(100), RATE)
    with pytest.raises(ValueError, match="6 of 18 clips cannot be used") as error:
        AudioDetector(**QUICK).fit(tmp_path)
    for name in (
        *("empty.wav: the file is empty", "words.wav: ", "cut.wav: ", "phone.m4a: "),
        "half.wav: the file is cut off",
    ):
        assert name in str(error.value)
    assert (
        "short.wav: a clip must have at least 256 samples, at 8000 per second. It has 100"
        in str(error.value)
    )
    assert "on_error='skip'" in str(error.value)
    with pytest.warns(UserWarning, match=r"6 clip\(s\) could not be used, and have no score: cut"):
        detector = AudioDetector(on_error="skip", parts=("events",), **QUICK).fit(tmp_path)
    assert detector.skipped_ == [
        "cut.wav",
        "empty.wav",
        "half.wav",
        "phone.m4a",
        "short.wav",
        "words.wav",
    ]
    assert len(detector.decision_scores_) == len(detector.names_) == 12
    with pytest.warns(UserWarning, match="6 clip"):
        scores = detector.decision_function(tmp_path)
    np.testing.assert_array_equal(np.isnan(scores), [0] * 12 + [1] * 6)
    np.testing.assert_array_equal(scores[:12], detector.decision_scores_)
    with pytest.warns(UserWarning, match="6 clip"):
        frames = detector.frame_scores(tmp_path)
    assert [len(f.scores) > 0 for f in frames] == [True] * 12 + [False] * 6
    with pytest.raises(ValueError, match="6 of 18 clips cannot be used"):
        detector.set_params(on_error="raise").decision_function(tmp_path)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([(tones(1)[0], np.inf), (tones(1)[0], RATE)], r"X\[0\]: inf is no sample rate"),
        ([(tones(1)[0], np.nan), (tones(1)[0], RATE)], r"X\[0\]: nan is no sample rate"),
        ([[tones(1)[0], RATE], tones(1)[0]], "a tuple of the array and then the rate"),
        ([(RATE, tones(1)[0]), tones(1)[0]], "a tuple of the array and then the rate"),
        (tones(1), "at least 2 clips. Got 1"),
        ([], "no clips in X"),
        (tones(1)[0], "Wrap a single clip in a list"),
        ((tones(1)[0], RATE), "Wrap a single clip in a list"),
        ([0.1, 0.2], "Wrap a single clip in a list"),
        ([tones(1)[0], [[1.0, 2.0], [3.0]]], r"X\[1\]: its channels have different lengths"),
        ([tones(1)[0], np.full(4000, np.nan)], r"X\[1\]: it has missing, infinite or huge"),
        ([tones(1)[0], np.zeros((400, 400))], re.escape("Got (400, 400)")),
        ([tones(1)[0], np.zeros(0)], "at least 256 samples"),
        (np.full((3, 400), "a"), "are no numbers"),
        ([tones(1)[0], "a.wav"], "paths or clips, not both"),
        ([(tones(1)[0], 0.5), (tones(1)[0], RATE)], r"X\[0\]: 0.5 is no sample rate"),
        ("nowhere", "nowhere is none"),
    ],
)
def test_bad_input(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AudioDetector(**QUICK).fit(X)


def test_arrays_need_a_sample_rate() -> None:
    with pytest.raises(ValueError, match="Arrays have no sample rate"):
        AudioDetector().fit(tones(3))


def test_another_unit_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"values up to .*, and clips of fit had at most 0.3"):
        fitted().decision_function([32768 * tones(1)[0]])
    loud = fitted().decision_function([5 * tones(1)[0]])
    assert np.isfinite(loud).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"parts": ("pixels",)}, "some of events, texture, spectrum, embedding"),
        ({"parts": ("events", "events")}, "each once"),
        ({"parts": ("embedding",)}, "need each other"),
        ({"parts": ("events",), "embedding": len}, "need each other"),
        ({"sample_rate": 0}, "'sample_rate' parameter"),
        ({"sample_rate": 8000.0}, "'sample_rate' parameter"),
        ({"on_error": "ignore"}, "'on_error' parameter"),
    ],
)
def test_bad_parameters(params: dict[str, Any], message: str) -> None:
    detector = pickle.loads(pickle.dumps(fitted()))
    before = detector.decision_function(tones(3))
    with pytest.raises(ValueError, match=message):
        detector.set_params(**params).fit(tones(12))
    detector.set_params(**fitted().get_params(deep=False))
    np.testing.assert_array_equal(detector.decision_function(tones(3)), before)


def test_reasons_say_which_part_when_and_at_which_tones() -> None:
    squeaking = tones(6, 9)
    for clip in squeaking:
        clip[1600:2400] += 0.05 * np.sin(2 * np.pi * 2500 * np.arange(800) / RATE)
    reasons = fitted().explain_frame(squeaking)
    assert list(reasons.columns[:4]) == ["clip", "score", "part", "part_score"]
    assert set(reasons["clip"]) == set(range(6))
    assert reasons.groupby("clip")["part_score"].is_monotonic_decreasing.all()
    for part in ("events", "texture"):
        of_part = reasons[reasons["part"] == part]
        assert ((of_part["start"] < 0.3) & (of_part["end"] > 0.2)).all()
        assert ((of_part["low"] < 2500) & (of_part["high"] > 2400)).all()
    assert reasons["reason"].str.contains(r"Hz.*interquartile ranges above").all()
    assert "Hz, 0." in reasons["reason"][reasons["part"] == "events"].iloc[0]
    none = fitted().explain_frame(tones(1))
    assert len(none) == 0
    assert len(fitted().explain_frame(tones(2), flagged_only=False)) == 6
    assert around_peak(np.array([0.0, 0, 3, 4, 3, 0, 0, 4])) == (2, 4)
    assert around_peak(np.zeros(3)) == (0, 2)


def _moments(clips: Clips) -> np.ndarray:
    """An embedding: how loud the quarters of a clip are."""
    return np.array([[quarter.std() for quarter in np.array_split(c, 4)] for c in clips])


class _Encoder:
    """What encoders of PyOD get and return."""

    def encode(self, X: list[tuple[np.ndarray, int]]) -> np.ndarray:
        assert {rate for _, rate in X} == {RATE}
        return _moments([clip for clip, _ in X])


class _Module(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        assert not self.training
        return torch.stack([q.std(dim=1) for q in clips.chunk(4, dim=1)], dim=1) * self.scale


@pytest.mark.parametrize("embedding", [_moments, _Encoder(), _Module()])
def test_embeddings(embedding: Any, tmp_path: Path) -> None:
    X = tones(30)
    detector = AudioDetector(embedding=embedding, **QUICK).fit(X)
    assert list(detector.detectors_) == ["embedding"]
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    assert auroc(detector, [clip[::-1] for clip in tones(20, 3)]) > 0.95
    frames = detector.frame_scores(X[:1])[0]
    assert np.ptp(frames.scores) == 0
    reasons = detector.explain_frame(X[:1], flagged_only=False)
    assert reasons["low"].isna().all()
    path = tmp_path / "model"
    detector.save(path)
    with pytest.raises(ValueError, match="Pass the `embedding`"):
        AudioDetector.load(path)
    again = AudioDetector.load(path, embedding=embedding)
    np.testing.assert_array_equal(again.decision_function(X), detector.decision_scores_)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (np.zeros((2, 3)), r"\(2, 3\) for 5 clips"),
        (np.zeros((5, 3, 2)), r"must return an array \(n_clips, n_features\)"),
        (np.full((5, 2), np.nan), "finite"),
    ],
)
def test_bad_embeddings(found: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AudioDetector(embedding=lambda clips: found, **QUICK).fit(tones(5))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "model"
    detector = clone(fitted()).fit(tones()).calibrate(tones(20, 1))
    detector.save(path)
    again = AudioDetector.load(path)
    X = tones(5, 2)
    np.testing.assert_array_equal(again.decision_function(X), detector.decision_function(X))
    np.testing.assert_array_equal(again.p_values(X), detector.p_values(X))
    assert again.names_ == detector.names_
    assert again.sample_rate_ == RATE
    np.testing.assert_array_equal(
        again.frame_scores(X)[0].scores, detector.frame_scores(X)[0].scores
    )
    assert again.get_params(deep=False) == detector.get_params(deep=False)


@pytest.mark.parametrize(
    "change",
    [
        {"mean_power": -1.0},
        {"clips": {"sample_rate": None, "rate": 0, "largest": 1.0}},
        {"clips": {"sample_rate": 44_100, "rate": 8000, "largest": 1.0}},
        {"clips": {"sample_rate": None, "rate": 8000, "largest": float("nan")}},
        {"parts": []},
        {"parts": [{"name": "pixels", "constant": 0.0, "unit": [0.0, 1.0]}] * 3},
        {"parts": [{"name": "events", "constant": 0.0, "unit": [0.0, 0.0]}] * 3},
        {"names": [0]},
    ],
)
def test_files_that_were_changed(change: dict[str, Any], tmp_path: Path) -> None:
    content = fitted()._content()
    changed = content._replace(about=content.about | change)
    twin = pickle.loads(pickle.dumps(fitted()))
    twin._content = lambda: changed
    twin.save(tmp_path / "model")
    with pytest.raises(ValueError, match="model"):
        AudioDetector.load(tmp_path / "model")


def test_a_wav_file_that_does_not_know_its_size_is_read(tmp_path: Path) -> None:
    """Programs that write to a pipe leave the largest number in the header."""
    (path,) = write(tmp_path, tones(1))
    content = bytearray(path.read_bytes())
    others = []
    for said in (2**32 - 1, 0x7FFFF000, 0x7FFFF024, len(content), 0):
        content[4:8] = struct.pack("<I", said)
        others.append(tmp_path / f"{said}.wav")
        others[-1].write_bytes(content)
    scores = fitted().decision_function([path, *others])
    assert (scores == scores[0]).all()


def test_display(tmp_path: Path) -> None:
    (odd,), _ = knocked(1)
    display = FrameScoreDisplay.from_estimator(fitted(), odd)
    frames = fitted().frame_scores([odd])[0]
    drawn = display.figure_.axes[-1].lines[0]
    np.testing.assert_array_equal(drawn.get_xdata(), frames.times)
    np.testing.assert_array_equal(drawn.get_ydata(), frames.scores)
    assert display.ax_.get_xlabel() == "seconds"
    assert f"score {display.score:.3g}" in display.ax_.get_title()
    (path,) = write(tmp_path, [odd])
    other = FrameScoreDisplay.from_estimator(fitted(), path, ax=display.ax_)
    assert other.ax_ is display.ax_
    skips = pickle.loads(pickle.dumps(fitted())).set_params(on_error="skip")
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="has no score"):
        FrameScoreDisplay.from_estimator(skips, odd[:9])
