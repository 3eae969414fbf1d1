"""The grid: resume, failures, isolation."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.harness import datasets, detectors, results, versions
from benchmarks.harness.isolation import isolated
from benchmarks.harness.results import Cell, ResultsFile
from benchmarks.harness.run import Grid, evaluate, run
from benchmarks.peers.nearest_prototype import NearestPrototype

GRID = Grid(["iris", "wine"], ["KNN", "ECOD"], ["contaminated", "one-class"], seeds=2)


def test_run_writes_one_row_per_cell_and_skips_what_is_finished(tmp_path: Path) -> None:
    assert run(GRID, tmp_path, progress=False) == 16
    table = results.read(tmp_path / "results.csv")
    assert len(table) == 16
    assert (table["status"] == "ok").all()
    assert table[["auroc", "ap", "fit_seconds", "score_seconds"]].notna().all(axis=None)
    assert run(GRID, tmp_path, progress=False) == 0


def test_truncated_last_line_costs_one_run(tmp_path: Path) -> None:
    run(GRID, tmp_path, progress=False)
    path = tmp_path / "results.csv"
    whole = results.read(path)
    path.write_bytes(path.read_bytes()[:-25])
    assert len(results.read(path)) == 15
    assert run(GRID, tmp_path, progress=False) == 1
    same = ["dataset", "detector", "seed", "protocol", "auroc", "ap"]
    healed = results.read(path)[same].sort_values(same, ignore_index=True)
    assert healed.equals(whole[same].sort_values(same, ignore_index=True))


def test_what_changes_the_result_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid(["iris"], ["KNN"], ["contaminated"], seeds=1)
    assert run(grid, tmp_path, progress=False) == 1
    cut = Grid(["iris"], ["KNN"], ["contaminated"], seeds=1, max_rows=60)
    assert run(cut, tmp_path, progress=False) == 1
    monkeypatch.setattr(versions, "software", lambda detector: {"pyod": "another"})
    assert run(grid, tmp_path, any_version=True, progress=False) == 0
    assert run(grid, tmp_path, progress=False) == 1
    assert run(grid, tmp_path, progress=False) == 0
    table = results.read(tmp_path / "results.csv")
    assert table["max_rows"].tolist() == ["60", "all"]  # the latest row of a run counts
    made_with = json.loads((tmp_path / "versions.json").read_text())
    assert made_with[table["versions"].tolist()[-1]] == {"pyod": "another"}
    assert len(made_with) == 2


class _Raises(NearestPrototype):
    def fit(self, X: Any, y: Any = None) -> NearestPrototype:
        raise RuntimeError("no\nluck, today")


class _NotFinite(NearestPrototype):
    def decision_function(self, X: Any) -> Any:
        return np.full(len(X), np.nan)


def test_a_failing_detector_is_recorded_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = {"LOF": _Raises, "MCD": _NotFinite}
    make = detectors.make
    monkeypatch.setattr(detectors, "make", lambda n, s: fakes[n]() if n in fakes else make(n, s))
    grid = Grid(["iris"], ["LOF", "MCD", "KNN"], ["one-class"], seeds=1)
    assert run(grid, tmp_path, progress=False) == 3
    table = results.read(tmp_path / "results.csv").set_index("detector")
    assert table.loc["LOF", "status"] == "RuntimeError: no luck, today"
    assert "scores are not finite" in table.loc["MCD", "status"]
    assert table.loc["LOF", ["auroc", "ap"]].tolist() == [0.5, pytest.approx(10 / 60, abs=1e-6)]
    assert table.loc["KNN", "status"] == "ok"
    assert run(grid, tmp_path, progress=False) == 0
    monkeypatch.undo()
    assert run(grid, tmp_path, retry_failed=True, progress=False) == 2
    assert (results.read(tmp_path / "results.csv")["status"] == "ok").all()


def test_rows_survive_a_crash_between_runs(tmp_path: Path) -> None:
    cell, other = Cell("iris", "KNN", 0, "contaminated"), Cell("iris", "KNN", 1, "contaminated")
    ResultsFile(tmp_path).append(cell, evaluate(cell).measures)
    again = ResultsFile(tmp_path)  # a new process sees the row
    assert again.unfinished([cell, other]) == [other]


def test_a_damaged_file_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    (tmp_path / "6_cardio.npz").write_bytes(b"half")
    grid = Grid(["6_cardio", "20_letter"], ["KNN"], data_home=tmp_path)
    with pytest.raises(datasets.DataError, match=r"(?s)6_cardio.*damaged.*20_letter.*missing"):
        run(grid, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_isolation_leaves_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), np.random.rand(), torch.rand(1).item()

    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = draw()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    threads = torch.get_num_threads()
    with isolated(7):
        first = draw()
        print("noise")  # noqa: T201
        os.environ["PYTHONHASHSEED"] = "3"
        assert torch.get_num_threads() == 1
    assert draw() == expected
    assert torch.get_num_threads() == threads
    assert os.environ.get("PYTHONHASHSEED") != "3"
    assert capsys.readouterr().out == ""
    with isolated(7):
        assert draw() == first


def test_unseeded_peers_repeat_under_isolation() -> None:
    cell = Cell("iris", "PyOD-SO_GAAL", 0, "one-class")
    first, second = evaluate(cell), evaluate(cell)
    np.testing.assert_array_equal(first.arrays["scores"], second.arrays["scores"])
