"""The command line, and the gate."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.harness import datasets
from benchmarks.studies import gate


def test_command_line_runs_reports_and_explains_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    common = ["--out", str(tmp_path), "--jobs", "1", "--seeds", "1"]
    chosen = ["--datasets", "iris,wine", "--detectors", "KNN,IForest,ECOD"]
    assert main([*common, *chosen]) == 0
    assert " KNN " in capsys.readouterr().out
    assert (tmp_path / "report.md").exists()
    assert (tmp_path / "ranks-one-class-auroc.png").exists()
    assert (tmp_path / "scores-contaminated.png").exists()
    assert main(["report", *common]) == 0
    for command, column in (("explain", "| flagged |"), ("drift", "| before |")):
        assert main([command, *common, "--datasets", "iris"]) == 0
        table = capsys.readouterr().out
        assert column in table
        assert "| mean |" in table
    assert main(["drift", *common, "--datasets", "iris", "--detectors", "KNN"]) == 2
    assert "Only GANDetector has a partial_fit. Got KNN" in capsys.readouterr().err
    assert main([*common, "--datasets", "iriss"]) == 2
    assert "Unknown data set 'iriss'" in capsys.readouterr().err
    assert main(["gate", *common]) == 2


def test_a_study_that_needs_more_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "benchmarks.studies.large", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    assert main(["large", "--out", str(tmp_path)]) == 2
    assert "pip install -e '.[test]'" in capsys.readouterr().err


def test_harness_reproduces_published_knn_figures(odds_folder: Path) -> None:
    small = [n for n in datasets.available(odds_folder) if 1000 <= datasets.registry()[n].n <= 4000]
    lines = list(gate.check(odds_folder, small))
    if not lines:
        pytest.skip(f"no ADBench file with 1,000 to 4,000 rows in {odds_folder}")
    assert [line["data set"] for line in lines if line["agrees"] != "yes"] == []
