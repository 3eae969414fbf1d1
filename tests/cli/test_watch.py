"""The command watch: rows at once, lines that are no rows, learning, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from pyod_gan import GANDetector, SeriesDetector
from pyod_gan.cli import main, watch
from tests.helpers import cars

WINE = load_wine(as_frame=True).data.round(3)
MODEL = "m.safetensors"


@pytest.fixture(scope="module")
def fitted() -> GANDetector:
    return GANDetector(max_iter=10, n_estimators=2, random_state=0).fit(WINE)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitted: GANDetector) -> None:
    monkeypatch.chdir(tmp_path)
    fitted.save(MODEL)
    WINE.to_csv("new.csv", index=False)


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def started(*arguments: str) -> subprocess.Popen[str]:
    """The command in a process of its own, with pipes."""
    command = [sys.executable, "-m", "pyod_gan", "watch", "--model", MODEL, *arguments]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, text=True, bufsize=1, env=environment, **pipes)


def test_the_scores_are_those_of_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "new.csv", "--model", MODEL, "--out", "scored.csv"]) == 0
    assert main(["watch", "new.csv", "--model", MODEL, "--quiet"]) == 0
    watched = capsys.readouterr()
    assert watched.out == Path("scored.csv").read_text()
    assert "rows" in watched.err and watched.err.count("\n") == 1  # of score alone


def test_reasons_stand_beside_outliers(
    capsys: pytest.CaptureFixture[str], fitted: GANDetector
) -> None:
    assert main(["watch", "new.csv", "--model", MODEL, "--explain", "2", "--prefix", "gan_"]) == 0
    captured = capsys.readouterr()
    Path("out.csv").write_text(captured.out)
    table = pd.read_csv("out.csv")
    flagged = table["gan_label"] == 1
    assert (flagged == (fitted.decision_scores_ > fitted.threshold_)).all()
    assert table.loc[flagged, "gan_reason_1"].str.contains("expected|unusual").all()
    assert table.loc[~flagged, "gan_reason_1"].isna().all()
    assert f"{len(WINE)} rows, {flagged.sum()} labelled 1" in captured.err


def test_json_lines(capsys: pytest.CaptureFixture[str], fitted: GANDetector) -> None:
    records = WINE.assign(note="é").to_dict(orient="records")
    Path("new.jsonl").write_text("\n".join(map(json.dumps, records)))  # without an end
    assert main(["watch", "new.jsonl", "--model", MODEL, "--explain", "1"]) == 0
    rows = [json.loads(line) for line in lines_of(capsys)]
    assert [row["score"] for row in rows] == fitted.decision_scores_.tolist()
    assert all(
        row["note"] == "é" and row["alcohol"] == x
        for row, x in zip(rows, WINE["alcohol"], strict=True)
    )
    assert all(len(row["reasons"]) == row["label"] for row in rows)


def test_a_threshold_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "new.csv", "--model", MODEL, "--threshold=-1e9"]) == 0
    assert all(line.endswith(",1") for line in lines_of(capsys)[1:])


def test_lines_that_are_no_rows_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    header, *rows = Path("new.csv").read_text().splitlines()
    mixed = [header, rows[0], "1,2,3", "", '"open', rows[1]]
    Path("mixed.csv").write_bytes("\r\n".join(mixed).encode("utf-8-sig") + b"\r\n\xff,1\r\n")
    assert main(["watch", "mixed.csv", "--model", MODEL]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 3
    for said in ("line 3: 3 value(s) for 13 columns", "line 5: ", "line 7: Byte 1 is not UTF-8"):
        assert f"warning: mixed.csv, {said}" in captured.err
    assert "2 rows, 0 labelled 1, 3 left out" in captured.err
    assert main(["watch", "mixed.csv", "--model", MODEL, "--on-error", "raise"]) == 2
    captured = capsys.readouterr()
    assert "error: mixed.csv, line 3" in captured.err
    for bad in ('{"alcohol": 1}', "[1]", "{oops", json.dumps({name: [1] for name in WINE})):
        Path("bad.jsonl").write_text("{}\n" + bad + "\n")
        assert main(["watch", "bad.jsonl", "--model", MODEL]) == 0
        assert "0 rows, 0 labelled 1, 2 left out" in capsys.readouterr().err


def test_a_cell_that_cannot_be_read_is_flagged_or_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = WINE.astype({"alcohol": object})
    table.loc[3, "alcohol"] = "oops"
    table.to_csv("wrong.csv", index=False)
    assert main(["watch", "wrong.csv", "--model", MODEL, "--explain", "1"]) == 0
    assert "alcohol = 'oops' cannot be read as a number" in lines_of(capsys)[4]
    assert main(["watch", "wrong.csv", "--model", MODEL, "--on-error", "raise"]) == 2
    assert "line 5: 'oops'" in capsys.readouterr().err


def test_other_columns(capsys: pytest.CaptureFixture[str]) -> None:
    WINE.assign(score=1).to_csv("doubled.csv", index=False)
    assert main(["watch", "doubled.csv", "--model", MODEL]) == 2
    assert "--prefix renames" in capsys.readouterr().err
    WINE.drop(columns="hue").to_csv("fewer.csv", index=False)
    assert main(["watch", "fewer.csv", "--model", MODEL]) == 2
    assert "no column 'hue'" in capsys.readouterr().err
    shuffled = WINE[[*WINE.columns[::-1]]].assign(id=range(len(WINE)))
    shuffled.to_csv("shuffled.csv", index=False, sep=";")
    assert main(["watch", "new.csv", "--model", MODEL]) == 0
    expected = [line.split(",")[-2:] for line in lines_of(capsys)]
    assert main(["watch", "shuffled.csv", "--model", MODEL]) == 0
    assert [line.split(";")[-2:] for line in lines_of(capsys)] == expected
    WINE.to_csv("bare.csv", index=False, header=False)
    assert main(["watch", "bare.csv", "--model", MODEL, "--no-header"]) == 0
    assert [line.split(",")[-2:] for line in lines_of(capsys)] == expected


def test_other_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "new.csv", "--model", "none"]) == 2
    SeriesDetector(max_iter=2, window_size=8, random_state=0).fit(np.arange(60.0)).save("series")
    assert main(["watch", "new.csv", "--model", "series"]) == 2
    assert "watch takes one of tables" in capsys.readouterr().err
    GANDetector(max_iter=2, random_state=0).fit(WINE.to_numpy()).save("nameless")
    assert main(["watch", "new.csv", "--model", "nameless"]) == 2
    assert "no column names" in capsys.readouterr().err
    assert main(["watch", "nowhere.csv", "--model", MODEL]) == 2
    with pytest.raises(SystemExit):
        main(["watch", "new.csv"])


def test_json_that_is_hard_to_read_or_write(capsys: pytest.CaptureFixture[str]) -> None:
    row = WINE.iloc[0].to_dict()
    lines = [
        json.dumps(row | {"alcohol": float("inf")}),
        json.dumps(row | {"note": "\ud800"}),
        json.dumps(row)[:-1] + ', "note": ' + "[" * 100_000 + "]" * 100_000 + "}",
        json.dumps(row | {"score": 7}),
        json.dumps(row),
    ]
    Path("hard.jsonl").write_text("\n".join(lines) + "\n")
    assert main(["watch", "hard.jsonl", "--model", MODEL, "--explain", "1"]) == 0
    captured = capsys.readouterr()
    first, second, third = map(json.loads, captured.out.splitlines())
    assert "cannot be read" in first["reasons"][0]
    assert second["note"] == "\ud800" and third["score"] == second["score"]
    assert "line 3: It is nested too deeply" in captured.err
    assert "line 4: It has ['score'], which are added" in captured.err


def test_the_delimiter_is_that_of_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"alcohol": "a;b;c"}
    GANDetector(max_iter=2, random_state=0).fit(WINE.rename(columns=names)).save(MODEL)
    WINE.rename(columns=names).to_csv("odd.csv", index=False)
    assert main(["watch", "odd.csv", "--model", MODEL]) == 0
    assert len(lines_of(capsys)) == len(WINE) + 1


def test_what_cannot_be_watched_or_learnt(capsys: pytest.CaptureFixture[str]) -> None:
    watched = ["watch", "new.csv", "--model", MODEL]
    Path("x.parquet").touch()
    GANDetector(max_iter=2, reservoir_size=0, random_state=0).fit(WINE).save("forgets")
    for arguments, said in (
        (["watch", ".", "--model", MODEL], "does not hold lines"),
        (["watch", "x.parquet", "--model", MODEL], "does not hold lines"),
        ([*watched, "--save-every=-1"], "--save-every must be"),
        (["watch", "new.csv", "--model", "forgets", "--learn"], "cannot learn"),
    ):
        assert main(arguments) == 2
        assert said in capsys.readouterr().err
    Path(MODEL).chmod(0o444)
    assert main([*watched, "--learn"]) == 2
    assert "read-only" in capsys.readouterr().err


def test_a_model_that_learns_reads_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    table = WINE.astype({"alcohol": object})
    table.loc[3, "alcohol"] = "oops"
    table.to_csv("wrong.csv", index=False)
    assert main(["watch", "wrong.csv", "--model", MODEL, "--learn"]) == 0
    assert GANDetector.load(MODEL).model_.front_end.reader_.on_error == "raise"
    assert main(["score", "wrong.csv", "--model", MODEL, "--out", "out.csv"]) == 2
    assert "'oops'" in capsys.readouterr().err


def test_rows_are_learnt_and_saved(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "NEW", 50)
    monkeypatch.setattr(watch, "AT_ONCE", 2000)
    moved = WINE + 5 * WINE.std()
    pd.concat([moved] * 4).to_csv("moved.csv", index=False)
    assert main(["watch", "moved.csv", "--model", MODEL, "--learn"]) == 0
    labels = [line.endswith(",1") for line in lines_of(capsys)[1:]]
    assert np.mean(labels[:20]) == 1
    after = GANDetector.load(MODEL)
    assert after.n_samples_seen_ == 5 * len(WINE)
    assert after.predict(moved).mean() < 0.5


def test_a_table_of_several_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    detector = GANDetector(max_iter=5, random_state=0).fit(cars())
    detector.save(MODEL)
    cars().to_csv("cars.csv", index=False)
    assert main(["watch", "cars.csv", "--model", MODEL]) == 0
    scores = [float(line.split(",")[-2]) for line in lines_of(capsys)[1:]]
    np.testing.assert_allclose(scores, detector.decision_scores_, atol=1e-6)


def test_a_row_is_scored_before_the_next_comes() -> None:
    header, *rows = Path("new.csv").read_text().splitlines()
    with started("--quiet") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{header}\n")
        for row in rows[:3]:
            process.stdin.write(f"{row}\n")
            process.stdin.flush()
            if row == rows[0]:
                assert process.stdout.readline() == f"{header},score,label\n"
            assert process.stdout.readline().startswith(row)
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_ends_it_and_what_came_is_saved(fitted: GANDetector) -> None:
    text = Path("new.csv").read_text()
    with started("--learn") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(text)
        process.stdin.flush()
        for _ in range(len(WINE) + 1):
            process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert GANDetector.load(MODEL).n_samples_seen_ == 2 * len(WINE)
