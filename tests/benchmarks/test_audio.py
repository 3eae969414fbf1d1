"""The benchmark of audio: its data, its splits and its command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from benchmarks.__main__ import main
from benchmarks.harness import detectors_of_audio as peers
from benchmarks.harness.audio_data import RATE, SECONDS, from_folder, generated
from benchmarks.harness.datasets import DataError
from benchmarks.harness.labelled import split
from benchmarks.peers.audio import OnClips

from ..modalities.test_audio import tones


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two words by two speakers."""
    home = tmp_path_factory.mktemp("words")
    for word, tune in (("low", (440, 660)), ("high", (700, 900))):
        for seed, speaker in enumerate(("ann", "bob")):
            for take, clip in enumerate(tones(8, seed, tune)):
                soundfile.write(home / f"{word}_{speaker}_{take}.wav", clip, RATE)
    return home


class Told:
    """A detector that keeps what it is told."""

    def fit(self, X: list, known_anomalies: list | None = None) -> None:
        self.decision_scores_, self.known = np.zeros(len(X)), known_anomalies


def test_known_anomalies_are_handed_on() -> None:
    clips = generated()[0].samples
    assert OnClips(Told()).fit(clips[:5]).detector.known is None
    told = OnClips(Told()).fit(clips[:5], known_anomalies=clips[5:7]).detector.known
    assert len(told) == 2 and told[0] is clips[5]


def test_generated_clips() -> None:
    sets = generated()
    assert len({one.name for one in sets}) == len(sets) == 4
    for data in sets:
        assert data.y.sum() == 12
        assert len(data.samples) == len(data.y) == 120
        for clip, rate in data.samples:
            assert (len(clip), rate) == (SECONDS * RATE, RATE)
            assert 0.05 < np.abs(clip).max() < 1
    again = generated()[0]
    np.testing.assert_array_equal(again.samples[5][0], sets[0].samples[5][0])


def test_speakers_of_the_test_are_not_fitted(folder: Path) -> None:
    data = from_folder(folder)
    assert [one.name for one in data] == [f"{folder.name} high", f"{folder.name} low"]
    assert data[0].y.sum() == 16
    for seed, speaker in enumerate(("ann", "bob")):
        fitted, scored = split(data[0].y, "one-class", seed, data[0].groups)
        assert set(data[0].groups[scored]) == {speaker}
        assert set(data[0].groups[fitted]) == {"ann", "bob"} - {speaker}
        assert not data[0].y[fitted].any()
        assert (len(fitted), len(scored)) == (8, 16)
    fitted, scored = split(data[0].y, "same", 0, data[0].groups)
    np.testing.assert_array_equal(fitted, scored)
    assert len(fitted) == 18


def test_names_of_files_that_are_no_words(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(900), RATE)
    with pytest.raises(DataError, match="of at least two words and two speakers"):
        from_folder(tmp_path)


@pytest.mark.parametrize("name", ["KNN", "KNN on texture", "IForest on features"])
def test_peers_score_clips(name: str, folder: Path) -> None:
    data = from_folder(folder)[0]
    fitted, scored = split(data.y, "one-class", 0, data.groups)
    detector = peers.make(name, 0).fit(data.samples[fitted])
    assert detector.decision_scores_.shape == (8,)
    scores = detector.decision_function(data.samples[scored])
    assert scores[data.y[scored] == 1].mean() > scores[data.y[scored] == 0].mean()


def test_names() -> None:
    ours = peers.make("AudioDetector:aae:conv1d", 0).detector
    assert (ours.gan, ours.network) == ("aae", "conv1d")
    assert peers.on_tables("AudioDetector:aae:conv1d") == "GANDetector:aae"
    assert peers.on_tables("KNN on features") == "KNN"
    assert peers.make("AudioAE", 0).detector.random_state == 0
    with pytest.raises(ValueError, match="LOF"):
        peers.expand("LOF")


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["audio", "--out", str(tmp_path), "--audio", str(folder), "--jobs", "1"]
    command += ["--datasets", f"{folder.name} low", "--seeds", "1"]
    assert main([*command, "--detectors", "AudioDetector,KNN"]) == 0
    said = capsys.readouterr().out
    assert f"## {folder.name}, one-class" in said
    lines = pd.read_csv(tmp_path / "audio.csv")
    assert len(lines) == 4
    assert (lines["status"] == "ok").all()
    ours = lines[lines["detector"] == "AudioDetector"]
    assert ours["auroc"].min() > 0.9
