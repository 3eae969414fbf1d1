"""The benchmark of images: its data and its command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.harness import detectors_of_images as peers
from benchmarks.harness.comparison import measure
from benchmarks.harness.datasets import DataError
from benchmarks.harness.image_data import digits, from_file, generated
from benchmarks.harness.labelled import split


def test_generated_images() -> None:
    for data in generated():
        assert data.samples.shape == data.masks.shape == (300, 32, 32)
        assert data.y.sum() == 30
        assert data.masks[data.y == 0].sum() == 0
        assert (data.masks[data.y == 1].mean(axis=(1, 2)) < 0.15).all()
        assert (data.masks[data.y == 1].sum(axis=(1, 2)) > 0).all()


def test_splits() -> None:
    data = digits()[3]
    fitted, scored = split(data.y, "one-class", 0)
    assert not data.y[fitted].any()
    assert not set(fitted) & set(scored)
    assert len(fitted) + len(scored) == len(data.y)
    fitted, scored = split(data.y, "same", 0)
    np.testing.assert_array_equal(fitted, scored)
    assert data.y[fitted].mean() == pytest.approx(0.1, abs=0.005)
    assert set(split(data.y, "same", 1)[0]) != set(fitted)


def test_peers_see_pixels_or_edges() -> None:
    images = generated()[0].samples[:60]
    for name, width in (("KNN", 1024), ("KNN on edges", 4 * 16 * 16)):
        detector = peers.make(name, 0).fit(images)
        assert detector.detector.neigh_.n_features_in_ == width
        assert detector.decision_function(images[:3]).shape == (3,)
    ours = peers.make("ImageDetector:aae:conv2d", 0)
    assert (ours.gan, ours.network, ours.augmentations) == ("aae", "conv2d", None)
    changed = peers.make("ImageDetector:gan::cut-paste+warped", 0)
    assert (changed.network, changed.augmentations) == (None, ["cut-paste", "warped"])


def test_maps_are_measured_by_pixels() -> None:
    data = generated()[2]
    few = data._replace(samples=data.samples[-90:], y=data.y[-90:], masks=data.masks[-90:])
    line = measure(few, "images", "ImageDetector", "one-class", 0)
    assert line["status"] == "ok"
    assert line["pixel_auroc"] > 0.9


def test_a_failure_is_a_result() -> None:
    data = generated()[0]
    line = measure(data._replace(samples=data.samples * np.nan), "images", "KNN", "same", 0)
    assert line["status"].startswith("ValueError")
    assert line["auroc"] == 0.5


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.random((40, 9, 9)), np.repeat([0, 1], [36, 4])
    X[y == 1, 3:6] += 1
    np.savez(tmp_path / "bars.npz", X=X, y=y)
    command = ["images", "--out", str(tmp_path), "--images", str(tmp_path / "bars.npz")]
    command += ["--datasets", "bars", "--seeds", "1", "--jobs", "1"]
    assert main([*command, "--detectors", "ImageDetector,KNN"]) == 0
    said = capsys.readouterr().out
    assert "## bars, same" in said
    lines = pd.read_csv(tmp_path / "images.csv")
    assert len(lines) == 4
    ours = lines[lines["detector"] == "ImageDetector"]
    assert ours["auroc"].min() > 0.85
    before = (tmp_path / "images.csv").read_bytes()
    assert main([*command, "--detectors", "ImageDetector,KNN"]) == 0  # all is finished
    assert (tmp_path / "images.csv").read_bytes() == before
    assert main([*command, "--detectors", "NoSuchDetector"]) == 2
    assert main([*command[:3], "--datasets", "nothing"]) == 2


def test_files_without_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.zeros((3, 2)), y=np.zeros(3))
    with pytest.raises(DataError, match=r"must hold images X \(n, height, width\) and labels y"):
        from_file(tmp_path / "a.npz")
