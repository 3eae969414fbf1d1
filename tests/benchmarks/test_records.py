"""The benchmark of records: its data and its command."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.harness import detectors_of_records as peers
from benchmarks.harness.record_data import N_NORMAL, N_ODD, PARTS, SETS, generated


def test_records_are_odd_where_they_should_be() -> None:
    for name, data in zip(SETS, generated(), strict=True):
        assert data.name == name
        assert (len(data.samples), data.y.sum()) == (N_NORMAL + N_ODD, N_ODD)
        rows, _, images = (
            set(map(repr, part)) for part in zip(*data.samples[data.y == 0], strict=True)
        )
        assert len(rows) == len(images) == N_NORMAL  # none is there twice
        odd = data.samples[-1]
        known = [repr(odd[0]) in rows, repr(odd[2]) in images]
        expected = {"odd table": [0, 1], "odd text": [1, 1], "odd image": [1, 0]}
        assert known == expected.get(name, [0, 0])


def test_detectors() -> None:
    X = generated()[0].samples[:30]
    alone = peers.make("table alone", 0).fit(X)
    assert alone.detector.n_features_in_ == 30
    assert alone.decision_function(X[:3]).shape == (3,)
    ours = peers.make("RecordDetector", 0).detector
    assert [name for name, _ in ours.detectors] == list(PARTS)
    assert peers.make("MultiModalOD:maximization", 0).detector.combination == "maximization"
    with pytest.raises(ValueError, match="KNN"):
        peers.expand("KNN")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["records", "--out", str(tmp_path), "--jobs", "1", "--seeds", "1"]
    command += ["--datasets", "odd table", "--detectors", "RecordDetector"]
    assert main(command) == 0
    assert "## odd table, one-class" in capsys.readouterr().out
    lines = pd.read_csv(tmp_path / "records.csv")
    assert (lines["status"] == "ok").all()
    assert lines["auroc"].min() > 0.8
