"""The commands for folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pyod_gan import ImageDetector
from pyod_gan.cli import main

from ..modalities.test_image import as_bytes, rings, spotted, write


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good images, one that has three with spots too, and a model."""
    home = tmp_path_factory.mktemp("images")
    for name in ("good", "new"):
        (home / name).mkdir()
    write(home / "good", as_bytes(rings(40)))
    write(home / "new", as_bytes(np.concatenate([rings(10, seed=3), spotted(3)[0]])))
    assert run("fit", home / "good", "--model", home / "model", "--quiet") == 0
    return home


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_fit_says_what_it_read(
    folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit = ["fit", folders / "good", "--model", tmp_path / "model", "--contamination", "0.05"]
    assert run(*fit) == 0
    said = capsys.readouterr().err
    assert "40 images of 20 × 20 pixels, grey" in said
    assert "2 images above it (5.0%)" in said
    detector = ImageDetector.load(tmp_path / "model")
    scores = detector.decision_function(folders / "good")
    np.testing.assert_array_equal(detector.decision_scores_, scores)
    assert detector.random_state == 0
    assert run(*fit, "--resize", "16", "16", "--n-estimators", "1") == 0
    assert "16 × 16" in capsys.readouterr().err


def test_known_anomalies(folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd").mkdir()
    write(tmp_path / "odd", as_bytes(spotted(3, seed=8)[0]))
    fit = ["fit", folders / "good", "--model", tmp_path / "model", "--quiet"]
    assert run(*fit, "--known-anomalies", tmp_path / "odd") == 0
    detector = ImageDetector.load(tmp_path / "model")
    plain = ImageDetector.load(folders / "model")
    assert (detector.decision_scores_ != plain.decision_scores_).any()
    by_hand = ImageDetector(random_state=0)
    by_hand.fit(folders / "good", known_anomalies=tmp_path / "odd")
    np.testing.assert_array_equal(detector.decision_scores_, by_hand.decision_scores_)
    (tmp_path / "odd" / "words.png").write_text("no image")
    assert run(*fit, "--known-anomalies", tmp_path / "odd") == 2
    assert f"{tmp_path / 'odd'}: 1 of 4 images cannot be used. words" in capsys.readouterr().err


def test_score_has_a_row_for_each_image(
    folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.csv"
    score = ["score", folders / "new", "--model", folders / "model", "--out", out]
    assert run(*score, "--explain", 2) == 0
    table = pd.read_csv(out)
    assert list(table) == ["file", "score", "label", "reason_1", "reason_2"]
    assert table["file"].tolist() == [f"{i:03}.png" for i in range(13)]
    detector = ImageDetector.load(folders / "model")
    np.testing.assert_allclose(table["score"], detector.decision_function(folders / "new"))
    assert table["label"].tolist()[10:] == [1, 1, 1]
    assert table["reason_1"].notna().tolist() == (table["label"] == 1).tolist()
    assert "interquartile ranges above typical images" in table["reason_1"].iloc[-1]
    assert f"13 images, {table['label'].sum()} labelled 1" in capsys.readouterr().err
    assert run(*score, "--explain", 1, "--threshold", -100, "--prefix", "gan_") == 0
    assert pd.read_csv(out)["gan_reason_1"].notna().all()


def test_images_that_cannot_be_read(
    folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i, image in enumerate(as_bytes(rings(12))):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    (tmp_path / "bad.png").touch()
    score = ["score", tmp_path, "--model", folders / "model", "--out", tmp_path / "out.csv"]
    assert run(*score) == 2
    said = capsys.readouterr().err
    assert "bad.png: the file is empty" in said
    assert "--on-error skip leaves them out" in said
    assert not (tmp_path / "out.csv").exists()
    assert run(*score, "--on-error", "skip") == 0
    said = capsys.readouterr().err
    assert "1 skipped" in said
    table = pd.read_csv(tmp_path / "out.csv").set_index("file")
    assert table.loc["bad.png"].isna().all()
    assert table.drop(index="bad.png").notna().all(axis=None)
    fit = ["fit", tmp_path, "--model", tmp_path / "m", "--on-error", "skip"]
    assert run(*fit) == 0
    assert "12 images" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "good", "--model", "m", "--drop", "a"], "--drop cannot be used with a folder"),
        (["fit", "good", "--model", "m", "--on-error", "flag"], "--on-error flag cannot be used"),
        (["score", "new", "--model", "table", "--out", "o.csv"], "is a model of tables"),
        (["score", "table.csv", "--model", "model", "--out", "o.csv"], "is a model of images"),
        (["fit", "table.csv", "--model", "m", "--resize", "8", "8"], "are for folders"),
        (["score", "table.csv", "--model", "table", "--out", "o.csv", "--on-error", "skip"], "for"),
        (["fit", "empty", "--model", "m"], "no images and no clips in the folder"),
        (["score", "new", "--model", "none", "--out", "o.csv"], "none"),
        (["score", "new", "--model", "model", "--out", "model"], "would replace model"),
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
    (folders / "empty").mkdir(exist_ok=True)
    pd.DataFrame({"a": range(30), "b": range(30)}).to_csv("table.csv", index=False)
    assert run("fit", "table.csv", "--model", "table", "--quiet") == 0
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err
