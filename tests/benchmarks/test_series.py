"""The benchmark of series: its measures, its data and its command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.harness.datasets import DataError
from benchmarks.harness.series_data import PLANTED, generated, nab
from benchmarks.harness.series_metrics import find_period, volume_under_surface
from benchmarks.peers import series as peers
from benchmarks.studies.series import measure, on_tables


# computed once by the metric's authors' code, TSB-AD 1.5: generate_curve(y, scores, longest)
@pytest.mark.parametrize(
    ("seed", "longest", "pr", "roc"),
    [
        (0, 40, 0.268900279290028, 0.9086152842205802),
        (1, 51, 0.5374121133300455, 0.9167947224221407),
        (2, 24, 0.3154973633257942, 0.8182696787930998),
        (3, 5, 0.39960713999836095, 0.7780215094245776),
    ],
)
def test_volumes_are_those_of_the_authors(seed: int, longest: int, pr: float, roc: float) -> None:
    rng, y = np.random.default_rng(seed), np.zeros(500, dtype=int)
    for start in rng.integers(0, 480, 4):
        y[start : start + rng.integers(1, 30)] = 1
    scores = np.round(rng.normal(size=500) + y, 1)  # with ties
    assert int(rng.integers(0, 60)) == longest
    volume = volume_under_surface(y, scores, longest)
    assert volume.pr == pytest.approx(pr, abs=1e-12)
    assert volume.roc == pytest.approx(roc, abs=1e-12)


def test_right_scores_have_the_largest_volume() -> None:
    y = np.zeros(400, dtype=int)
    y[100:120] = 1
    right, wrong = volume_under_surface(y, y + 0.0, 30), volume_under_surface(y, 1.0 - y, 30)
    assert right.pr > 0.9
    assert right.roc > 0.9
    assert wrong.pr < 0.1
    assert wrong.roc < 0.3


def test_periods() -> None:
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(1000) * 2 * np.pi / 50) + 0.1 * rng.normal(size=1000)
    assert find_period(wave) % 50 in (0, 1, 49)
    assert find_period(np.ones(1000)) == 125
    assert find_period(wave[:4]) == 125


def test_generated_series_have_usual_values_but_for_spikes() -> None:
    assert [series.name for series in generated()] == [name for name, _ in PLANTED]
    for series in generated():
        assert set(series.y) == {0, 1}
        low, high = np.quantile(series.values[series.y == 0], [0.0, 1.0])
        beyond = (series.values < low - 0.5) | (series.values > high + 0.5)
        if series.name in ("flat", "faster", "upside_down"):
            assert not beyond.any()
        if series.name == "spike":
            assert series.y.sum() == 4


def folder_of_nab(folder: Path, labels: str) -> Path:
    times = pd.date_range("2014-04-01", periods=60, freq="5min")
    (folder / "data" / "real").mkdir(parents=True)
    path = folder / "data" / "real" / "one.csv"
    pd.DataFrame({"timestamp": times, "value": np.arange(60.0)}).to_csv(path, index=False)
    windows = {"real/one.csv": [["2014-04-01 00:50:00.000000", "2014-04-01 01:00:00.000000"]]}
    windows |= {"real/none.csv": [], "real/missing.csv": windows["real/one.csv"]}
    (folder / labels).parent.mkdir(exist_ok=True)
    (folder / labels).write_text(json.dumps(windows))
    return folder


def test_a_clone_of_nab_is_read(tmp_path: Path) -> None:
    folder = folder_of_nab(tmp_path, "labels/combined_windows.json")
    for path in (folder, folder / "data"):
        (series,) = nab(path)
        assert series.name == "one"
        assert np.flatnonzero(series.y).tolist() == [10, 11, 12]
        np.testing.assert_array_equal(series.values, np.arange(60))
    with pytest.raises(DataError, match=r"holds none of windows.json"):
        nab(tmp_path / "data" / "real")


@pytest.mark.parametrize("name", [name for name in peers.PEERS if name != "LSTM"])
def test_every_peer_scores_every_point(name: str) -> None:
    series = generated()[0]
    short = series._replace(values=series.values[500:1100], y=series.y[500:1100])
    line = measure(short, name, "same", seed=0)
    assert line["status"] == "ok"
    assert 0 <= line["vus_pr"] <= 1


def test_a_failure_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(peers.MovingAverage):
        def fit(self, X: np.ndarray) -> Failing:
            raise RuntimeError("no\nway")

    monkeypatch.setitem(peers.PEERS, "Failing", lambda seed: Failing())
    line = measure(generated()[0], "Failing", "first-15%", seed=0)
    assert line["status"] == "RuntimeError: no way"
    assert line["auroc"] == 0.5


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["series", "--out", str(tmp_path), "--datasets", "spike,flat", "--seeds", "1"]
    command += ["--jobs", "1", "--detectors", "SeriesDetector,TimeSeriesOD:PCA"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "## same: means over 2 series" in said
    assert (tmp_path / "series.md").read_text() == said[: said.rindex("\n")]
    lines = pd.read_csv(tmp_path / "series.csv")
    assert len(lines) == 8
    ours = lines[lines["detector"] == "SeriesDetector"]
    assert ours["auroc"].min() > 0.85
    before = (tmp_path / "series.csv").read_bytes()
    assert main(command) == 0  # all is finished
    assert (tmp_path / "series.csv").read_bytes() == before
    assert main([*command[:-1], "NoSuchDetector"]) == 2


def test_names_say_gan_and_augmentations() -> None:
    name = "SeriesDetector:gan:warped+reversed"
    made, plain = peers.make(name, 3), peers.make("SeriesDetector", 3)
    assert (made.gan, made.augmentations, made.random_state) == ("gan", ["warped", "reversed"], 3)
    assert (plain.gan, plain.augmentations) == ("auto", None)
    assert on_tables(name) == "GANDetector:gan"
    assert on_tables("KShape") == "KShape"
