"""Series on the command line: files with a column of times, and errors by line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector, SeriesDetector
from pyod_gan.cli import main, readers
from tests.helpers import QUICK, table

FIT = "fit load.csv --model m --series time,load --quiet"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readers, "CHUNK", 128)  # several chunks of every table


@pytest.fixture
def frame() -> pd.DataFrame:
    """A wave with a spike, in load.csv."""
    load = np.sin(np.arange(400) * 2 * np.pi / 25) + 0.1 * np.random.default_rng(0).normal(size=400)
    load[300] += 3
    times = pd.date_range("2026-01-01", periods=400, freq="h")
    frame = pd.DataFrame({"time": times, "load": load, "spike": 0, "note": "-"})
    frame.loc[300, "spike"] = 1
    frame.to_csv("load.csv", index=False)
    return frame


def run(command: str) -> int:
    return main(command.split())


def refused(capsys: pytest.CaptureFixture[str], command: str) -> str:
    capsys.readouterr()
    before = sorted(Path().iterdir())
    assert run(command) == 2
    assert sorted(Path().iterdir()) == before
    return capsys.readouterr().err.removeprefix("error: ").strip()


def test_fit_and_score(frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    fit = FIT.replace(" --quiet", " --label-column spike --random-state 3")
    assert run(fit) == 0
    said = capsys.readouterr().err
    assert "400 points 0 days 01:00:00 apart, channels load, windows of 32, 96 points" in said
    assert "known labels 'spike': 1 is the anomaly, 1 of 400 rows; AUROC 1.000" in said
    assert run("score load.csv --model m --out out.csv --label-column spike") == 0
    said = capsys.readouterr().err
    assert "load.csv: 400 points, 40 labelled 1 (10.0%)" in said
    assert "AUROC 1.000" in said
    out = pd.read_csv("out.csv")
    assert list(out.columns) == ["time", "load", "spike", "note", "score", "label"]
    expected = SeriesDetector(time="time", random_state=3).fit(frame[["time", "load"]])
    np.testing.assert_allclose(out["score"], expected.decision_scores_, atol=1e-5)
    assert out["label"].tolist() == expected.labels_.tolist()
    assert roc_auc_score(frame["spike"], out["score"]) > 0.99


def test_parquet_standard_input_and_options(frame: pd.DataFrame) -> None:
    frame.to_parquet("load.parquet")
    assert run(FIT.replace("csv", "parquet") + " --gan gan --n-estimators 2") == 0
    assert run("score load.parquet --model m --out a.parquet --prefix gan_ --quiet") == 0
    assert run("score load.csv --model m --out b.csv --threshold 1e9 --quiet") == 0
    one, other = pd.read_parquet("a.parquet"), pd.read_csv("b.csv")
    np.testing.assert_allclose(one["gan_score"], other["score"], atol=1e-5)
    assert other["label"].sum() == 0
    loaded = SeriesDetector.load("m")
    assert loaded.gan == "gan"
    assert loaded.verbose == 0


def test_numbers_and_times_as_people_write_them(frame: pd.DataFrame) -> None:
    written = frame.assign(
        time=frame["time"].dt.strftime("%d.%m.%Y %H:%M"),
        load=[f"{1000 * x:.2f} €".replace(".", ",") for x in frame["load"]],
    )
    written.to_csv("load.csv", index=False, sep=";")
    assert run(FIT) == 0
    assert run("score load.csv --model m --out out.csv --quiet") == 0
    assert pd.read_csv("out.csv", sep=";")["score"].idxmax() == 300


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda f: f.drop(7), r"others lie before line 9. Resample it"),
        (lambda f: f.iloc[[0, 0, *range(1, 400)]], r"doubled at line 3. .*--irregular ignore"),
        (lambda f: f.assign(time=f["time"].mask(f.index == 9)), r"Times are missing at line 11"),
        (
            lambda f: f.assign(load=f["load"].mask(f.index > 397)),
            r"missing at lines 400, 401. Fill",
        ),
        (lambda f: f.assign(load=f["load"].mask(f.index == 5, "much")), r"'much'.*--na much"),
        (lambda f: f.assign(load="much"), r"The channels of a series must be numbers"),
        (lambda f: f.head(3), r"at least 4 points. Got 3"),
    ],
)
def test_errors_name_lines(
    frame: pd.DataFrame, capsys: pytest.CaptureFixture[str], change: object, error: str
) -> None:
    change(frame.astype({"load": object})).to_csv("load.csv", index=False)
    assert re.search(error, refused(capsys, FIT))


def test_missing_values_and_irregular_times_by_option(frame: pd.DataFrame) -> None:
    frame.loc[5, "load"] = np.nan
    frame.drop(7).to_csv("load.csv", index=False)
    assert run(FIT + " --missing interpolate --irregular ignore") == 0
    assert run("score load.csv --model m --out out.csv --quiet") == 0
    assert pd.read_csv("out.csv")["score"].notna().all()


def test_gaps_of_new_series_by_option(
    frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(FIT) == 0
    frame.loc[5, "load"] = np.nan
    frame.drop(7).to_csv("load.csv", index=False)
    score = "score load.csv --model m --out out.csv --quiet"
    assert "--irregular ignore" in refused(capsys, score)
    assert "--missing interpolate" in refused(capsys, score + " --irregular ignore")
    assert run(score + " --irregular ignore --missing interpolate") == 0
    assert pd.read_csv("out.csv")["score"].notna().all()


def test_reasons_where_times_are_doubled(frame: pd.DataFrame) -> None:
    """Two stretches that begin and end at one time are two."""
    assert run(FIT + " --window-size 4") == 0
    frame["time"] = pd.Timestamp("2026-01-01")
    frame.loc[[150, 250], "load"] += 3
    frame.to_csv("load.csv", index=False)
    score = "score load.csv --model m --out out.csv --quiet --irregular ignore --explain 2"
    assert run(score) == 0
    out = pd.read_csv("out.csv")
    assert (out["reason_1"].notna() == (out["label"] == 1)).all() and out["label"].sum() > 3


def test_windows_reasons_and_types(frame: pd.DataFrame) -> None:
    assert run(FIT + " --window-size 24") == 0
    assert SeriesDetector.load("m").window_sizes_ == (24,)
    assert run("score load.csv --model m --out out.parquet --explain 2 --quiet") == 0
    out = pd.read_parquet("out.parquet")
    assert list(out.columns)[-4:] == ["score", "label", "reason_1", "reason_2"]
    assert pd.api.types.is_float_dtype(out["load"])
    assert pd.api.types.is_datetime64_dtype(out["time"])
    assert (out["reason_1"].notna() == (out["label"] == 1)).all()
    assert out["reason_1"][300].startswith("load at 2026-01-13 12:00:00 = ")
    assert out.loc[out["label"] == 1, "reason_2"].notna().all()
    assert run("score load.csv --model m --out out.csv --explain 1 --threshold 1e9 --quiet") == 0
    assert pd.read_csv("out.csv")["reason_1"].isna().all()


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("fit load.csv --model m --series time", "at least one channel, as in --series time,value"),
        ("fit load.csv --model m --series when,load", "no column 'when'"),
        ("fit load.csv --model m --series time,laod", r"'laod' (is it 'load'?)"),
        (FIT + " --drop note", "--drop cannot be used with --series"),
        (FIT + " --max-rows 90 --text note", "--text, --max-rows cannot be used"),
        (FIT + " --label-column load", "fitted to the column 'load'"),
        ("fit load.csv --model m --missing interpolate", "--missing is for series"),
    ],
)
def test_options_that_do_not_fit(
    frame: pd.DataFrame, capsys: pytest.CaptureFixture[str], command: str, error: str
) -> None:
    assert error in refused(capsys, command)


def test_models_of_tables_and_of_series(
    frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(FIT) == 0
    frame.drop(columns="load").to_csv("other.csv", index=False)
    assert "no column 'load'" in refused(capsys, "score other.csv --model m --out o")
    frame.assign(score=1).to_csv("other.csv", index=False)
    assert "--prefix" in refused(capsys, "score other.csv --model m --out o")
    GANDetector(**QUICK).fit(pd.DataFrame(table(), columns=list("abcde"))).save("t")
    assert "no column" in refused(capsys, "score load.csv --model t --out o")
    score = "score load.csv --model t --out o --missing interpolate"
    assert "--missing is for series: the model is one of tables" in refused(capsys, score)
    Path("broken").write_bytes(Path("m").read_bytes()[:-10])
    assert "is no whole safetensors file" in refused(
        capsys, "score load.csv --model broken --out o"
    )


def test_labels_are_checked_before_the_output_is_written(
    frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(FIT) == 0
    for label, error in (("load", "fitted to the column"), ("time", "fitted to the column")):
        command = f"score load.csv --model m --out out.csv --quiet --label-column {label}"
        assert error in refused(capsys, command)
    frame.assign(kind=np.arange(400)).to_csv("load.csv", index=False)
    command = "score load.csv --model m --out out.csv --quiet --label-column kind"
    assert "is a third value" in refused(capsys, command)


def test_values_that_cannot_be_read_can_be_flagged(
    frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(FIT + " --missing interpolate") == 0
    frame.astype({"load": object}).assign(
        load=frame["load"].astype(object).mask(frame.index == 5, "much")
    ).to_csv("load.csv", index=False)
    assert "--on-error flag" in refused(capsys, "score load.csv --model m --out out.csv")
    assert run("score load.csv --model m --out out.csv --on-error flag --quiet") == 0
    assert pd.read_csv("out.csv")["score"].notna().all()


def test_a_model_made_in_python_without_a_column_of_times(frame: pd.DataFrame) -> None:
    SeriesDetector(**QUICK).fit(frame[["load"]]).save("m")
    assert run("score load.csv --model m --out out.csv --quiet") == 0
    assert len(pd.read_csv("out.csv")) == 400
