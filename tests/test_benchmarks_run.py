"""The grid: resume, failures, isolation; the detectors that live in the benchmarks; the gate."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("scikit_posthocs")

from benchmarks import datasets, detectors, gate, results, speed
from benchmarks.__main__ import main
from benchmarks.isolation import isolated
from benchmarks.nearest_prototype import NearestPrototype
from benchmarks.results import Cell, ResultsFile
from benchmarks.run import Grid, evaluate, run
from pyod_gan.gans import GAN, GANS

GRID = Grid(["iris", "wine"], ["KNN", "ECOD"], ["contaminated", "one-class"], seeds=2)


def _blob(seed: int = 0) -> np.ndarray:
    X = np.random.RandomState(seed).normal(size=(200, 5))
    X[-1] = 8
    return X


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
    monkeypatch.setattr(results, "fingerprint", lambda detector: "other")
    assert run(grid, tmp_path, any_version=True, progress=False) == 0
    assert run(grid, tmp_path, progress=False) == 1
    table = results.read(tmp_path / "results.csv")
    assert table["max_rows"].tolist() == ["60", "all"]  # the latest row of a run counts
    assert table["versions"].tolist()[-1] == "other"


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
    file = ResultsFile(tmp_path)
    cell = Cell("iris", "KNN", 0, "contaminated")
    file.append(cell, evaluate(cell).measures)
    again = ResultsFile(tmp_path)  # a new process would see the row
    assert again.finished() == {tuple(cell.key().values())}


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


# --- detectors -----------------------------------------------------------------------------------


def test_nearest_prototype_scores_the_far_row_highest_on_one_path() -> None:
    X = _blob()
    detector = NearestPrototype(random_state=0).fit(X)
    assert detector.decision_scores_.argmax() == len(X) - 1
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(X))
    again = NearestPrototype(random_state=0).fit(X)
    np.testing.assert_array_equal(detector.decision_scores_, again.decision_scores_)
    assert np.isfinite(NearestPrototype().fit(np.ones((20, 2))).decision_scores_).all()


@pytest.mark.parametrize("gan", ["SO_GAAL", "MO_GAAL"])
def test_repaired_gaal_turns_the_sign_around(gan: str) -> None:
    X = _blob()
    with isolated(0):
        shipped = detectors.make(f"PyOD-{gan}", 0).fit(X)
    with isolated(0):
        repaired = detectors.make(f"PyOD-{gan}-repaired", 0).fit(X)
    assert shipped.decision_scores_.min() >= 0
    assert repaired.decision_scores_.max() <= 0
    np.testing.assert_allclose(repaired.decision_scores_, repaired.decision_function(X), rtol=1e-5)


def test_repaired_alad_is_deterministic() -> None:
    with isolated(0):
        shipped = detectors.make("PyOD-ALAD", 0).set_params(epochs=5).fit(_blob())
        assert not np.array_equal(shipped.decision_function(_blob()), shipped.decision_scores_)
        repaired = detectors.make("PyOD-ALAD-repaired", 0).set_params(epochs=5).fit(_blob())
        np.testing.assert_array_equal(
            repaired.decision_function(_blob()), repaired.decision_scores_
        )


def test_repaired_anogan_searches_without_training_the_networks() -> None:
    X = _blob()
    with isolated(0):
        detector = detectors.make("PyOD-AnoGAN-repaired", 0).set_params(epochs=5).fit(X)
        before = [p.clone() for p in detector.generator.parameters()]
        scores = detector.decision_function(X)
    after = list(detector.generator.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert scores.argmax() == len(X) - 1
    np.testing.assert_array_equal(scores, detector.decision_scores_)


def test_detector_names() -> None:
    assert detectors.expand(None)[0] == "GANDetector"
    assert detectors.expand("KNN,GANDetector:alad,KNN") == ["KNN", "GANDetector:alad"]
    assert set(detectors.expand("all")) > set(detectors.DEFAULT)
    with pytest.raises(ValueError, match="Unknown detector: KNNN"):
        detectors.expand("KNNN")


def test_parameters_in_detector_names() -> None:
    name = "GANDetector:gan+game=hinge+broad_negatives=False+n_estimators=2+ema_decay=0.5"
    widths = "GANDetector+hidden_layer_sizes=(8,4)"
    assert detectors.expand(f"{name},{widths},KNN") == [name, widths, "KNN"]
    made = detectors.make(name, 7)
    assert (made.gan.game, made.gan.broad_negatives, made.n_estimators) == ("hinge", False, 2)
    assert (made.gan.settings.ema_decay, GAN.settings.ema_decay) == (0.5, 0.99)
    assert made.random_state == 7
    assert detectors.make(widths, 0).hidden_layer_sizes == (8, 4)
    assert detectors.is_ours(widths) and not detectors.is_ours("KNN")
    assert len(detectors.expand("family")) == len(set(GANS.values()))
    assert "GANDetector:gan+n_estimators=3+broad_negatives=False" in detectors.expand("ablation")
    assert "GANDetector:prototype+hidden_layer_sizes=(32,16)" in detectors.expand("robustness")
    with pytest.raises(ValueError, match="Did you mean 'alad'"):
        detectors.expand("GANDetector:alda")
    with pytest.raises(ValueError, match="Neither GAN nor GANDetector has 'chess'"):
        detectors.expand("GANDetector:gan+chess=1")


@pytest.mark.parametrize("name", detectors.expand("parts")[1:])
def test_parts_of_the_default_change_its_scores(name: str) -> None:
    rng = np.random.RandomState(0)
    X = rng.randn(300, 4) * [1, 2, 1, 3]
    X[:40] += 8  # beyond the fence
    full, part = (
        detectors.make(n, 0).set_params(n_estimators=2, max_iter=1 if "max_iter" in n else 20)
        for n in ("GANDetector", name)
    )
    if name.endswith("n_estimators=1"):
        part.set_params(n_estimators=1)
    assert not np.allclose(full.fit(X).decision_scores_, part.fit(X).decision_scores_)


def test_timing_names_failures() -> None:
    calls: list[str] = []

    def fail() -> None:
        raise ValueError("no")

    table = speed._timed({"quick": lambda: calls.append("x"), "broken": fail}, 3)
    assert calls == ["x"] * 3
    assert table["status"].tolist() == ["ok", "ValueError: no"]
    assert table["CPU seconds"].notna().tolist() == [True, False]


@pytest.mark.parametrize("missing", [None, "onnxscript", "onnxruntime"])
def test_serving_is_timed_or_says_what_is_missing(
    missing: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing:
        monkeypatch.setitem(sys.modules, missing, None)
    rows = np.random.default_rng(0).normal(size=(60, 3))
    quick = detectors.make("GANDetector", 0).set_params(n_estimators=2, max_iter=5)
    monkeypatch.setattr(detectors, "make", lambda name, seed: quick)
    table = speed._serving(rows, rows, 1)
    ours, theirs = table["status"][:2].tolist(), table["status"][2:].tolist()
    assert ours == ["ok", "ok"]
    if missing:
        assert all(f"needs {missing}" in said and "pyod-gan[onnx]" in said for said in theirs)
    else:
        assert theirs == ["ok", "ok"]
    assert (table["CPU µs per row"] != "nan").tolist() == 2 * [True] + 2 * [missing is None]


# --- command line and gate -----------------------------------------------------------------------


def test_command_line_runs_reports_and_explains_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    common = ["--out", str(tmp_path), "--jobs", "1", "--seeds", "1"]
    chosen = ["--datasets", "iris,wine", "--detectors", "KNN,IForest,ECOD"]
    assert main([*common, *chosen]) == 0
    assert "| KNN |" in capsys.readouterr().out
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


def test_harness_reproduces_published_knn_figures() -> None:
    shared = Path(__file__).parents[1].parent / "shared" / "data" / "odds"
    home = datasets.find_data_home() or (shared if shared.is_dir() else None)
    if home is None:
        pytest.skip(f"no data files: set {datasets.DATA_VARIABLE} to a folder of ADBench files")
    small = [n for n in datasets.available(home) if 1000 <= datasets.registry()[n].n <= 4000]
    lines = list(gate.check(home, small))
    if not lines:
        pytest.skip(f"no ADBench file with 1,000 to 4,000 rows in {home}")
    assert [line["data set"] for line in lines if line["agrees"] != "yes"] == []
