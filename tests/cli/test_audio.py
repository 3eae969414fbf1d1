"""The commands for folders of audio files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from pyod_gan import AudioDetector
from pyod_gan.cli import main

from ..modalities.test_audio import RATE, knocked, tones, write


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good clips, one that has three with knocks too, and a model."""
    home = tmp_path_factory.mktemp("audio")
    for name in ("good", "new"):
        (home / name).mkdir()
    write(home / "good", tones(40))
    write(home / "new", tones(6, seed=3) + knocked(3)[0])
    assert run("fit", home / "good", "--model", home / "model", "--quiet") == 0
    return home


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_fit_and_score(folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit = ["fit", folders / "good", "--model", tmp_path / "model", "--contamination", "0.05"]
    assert run(*fit, "--sample-rate", 4000, "--n-estimators", 1) == 0
    said = capsys.readouterr().err
    assert "40 clips of 4000 samples per second" in said
    assert "2 clips above it (5.0%)" in said
    assert AudioDetector.load(tmp_path / "model").sample_rate == 4000
    out = tmp_path / "scores.csv"
    score = ["score", folders / "new", "--model", folders / "model", "--out", out]
    assert run(*score, "--explain", 2) == 0
    table = pd.read_csv(out)
    assert list(table) == ["file", "score", "label", "reason_1", "reason_2"]
    assert table["file"].tolist() == [f"{i:03}.wav" for i in range(9)]
    detector = AudioDetector.load(folders / "model")
    np.testing.assert_allclose(table["score"], detector.decision_function(folders / "new"))
    assert table["label"].tolist()[6:] == [1, 1, 1]
    assert table["reason_1"].notna().tolist() == (table["label"] == 1).tolist()
    assert "interquartile ranges above typical clips" in table["reason_1"].iloc[-1]
    assert f"9 clips, {table['label'].sum()} labelled 1" in capsys.readouterr().err


def test_clips_that_cannot_be_used(
    folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, tones(5))
    (tmp_path / "bad.wav").touch()
    soundfile.write(tmp_path / "fast.wav", np.zeros(9000), 2 * RATE)
    score = ["score", tmp_path, "--model", folders / "model", "--out", tmp_path / "out.csv"]
    assert run(*score) == 2
    said = capsys.readouterr().err
    assert "bad.wav: the file is empty" in said
    assert "--sample-rate 8000 in fit brings all to one rate" in said
    assert run(*score, "--on-error", "skip") == 0
    assert "2 skipped" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "out.csv").set_index("file")
    assert table.index[table["score"].isna()].tolist() == ["bad.wav", "fast.wav"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "good", "--model", "m", "--resize", "8", "8"], "--resize cannot be used"),
        (["fit", "both", "--model", "m"], "has images and clips"),
        (["score", "both", "--model", "table", "--out", "o.csv"], "is a model of tables"),
        (["score", "table.csv", "--model", "model", "--out", "o.csv"], "is a model of clips"),
        (["fit", "table.csv", "--model", "m", "--sample-rate", "8"], "are for folders"),
    ],
)
def test_bad_commands(
    folders: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folders)
    (folders / "both").mkdir(exist_ok=True)
    write(folders / "both", tones(2))
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folders / "both" / "a.png")
    pd.DataFrame({"a": range(30), "b": range(30)}).to_csv("table.csv", index=False)
    assert run("fit", "table.csv", "--model", "table", "--quiet") == 0
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err
