"""The benchmark of texts: its data and its command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.harness import detectors_of_texts as peers
from benchmarks.harness.comparison import measure
from benchmarks.harness.datasets import DataError
from benchmarks.harness.labelled import split
from benchmarks.harness.text_data import from_file, generated


def test_generated_texts() -> None:
    for data in generated():
        assert len(data.samples) == 400
        assert data.y.sum() == 40
        assert all(isinstance(text, str) and text for text in data.samples)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_text("ham\tSee you\tthere\nspam\tWIN\nham\tOk\n", encoding="utf-8")
    data = from_file(path)
    assert data.samples.tolist() == ["See you\tthere", "WIN", "Ok"]
    assert data.y.tolist() == [0, 1, 0]
    fitted, scored = split(data.y, "one-class", 0)
    assert data.y[fitted].sum() == 0
    assert sorted([*fitted, *scored]) == [0, 1, 2]
    for wrong, message in (("ham\ta\nspam\n", "a tab and a text"), ("ham\ta\n", "two labels")):
        path.write_text(wrong)
        with pytest.raises(DataError, match=message):
            from_file(path)


def test_peers_see_measures_or_topics() -> None:
    texts = generated()[0].samples
    for name, width in (("KNN", 15), ("KNN on topics", 20)):
        detector = peers.make(name, 0).fit(texts)
        assert detector.detector.neigh_.n_features_in_ == width
        assert np.isfinite(detector.decision_function(texts[:5])).all()
    assert peers.make("TextDetector:alad", 3).gan == "alad"


def test_a_failure_is_a_result() -> None:
    data = generated()[0]
    line = measure(data._replace(samples=np.full(400, None)), "texts", "KNN", "same", 0)
    assert line["status"] != "ok"
    assert line["auroc"] == 0.5


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["texts", "--out", str(tmp_path), "--datasets", "advertised,garbled"]
    command += ["--seeds", "1", "--jobs", "1"]
    assert main([*command, "--detectors", "TextDetector,KNN on topics"]) == 0
    said = capsys.readouterr().out
    assert "## generated, same, means over 2 sets" in said
    lines = pd.read_csv(tmp_path / "texts.csv")
    assert len(lines) == 8
    assert lines[lines["detector"] == "TextDetector"]["auroc"].min() > 0.8
    known = ["--known", "0,3", "--detectors", "TextDetector,KNN"]
    assert main([*command[:3], "--datasets", "other words", *command[5:], *known]) == 0
    lines = pd.read_csv(tmp_path / "texts.csv").set_index(["texts", "detector", "setting"])
    assert (lines["status"] == "ok").all()
    ours = lines.loc[("other words", "TextDetector"), "auroc"]
    assert ours["known-3"] > ours["known-0"]
    assert ("other words", "KNN", "known-3") in lines.index  # which is not told
    before = (tmp_path / "texts.csv").read_bytes()
    assert main([*command, "--detectors", "TextDetector,KNN on topics"]) == 0
    assert (tmp_path / "texts.csv").read_bytes() == before
    assert main([*command, "--detectors", "NoSuchDetector"]) == 2
    assert main([*command[:3], "--datasets", "nothing"]) == 2
