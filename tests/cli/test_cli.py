"""The command line: real tables in CSV and Parquet, errors by place, files whole or not at all."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from palmerpenguins import load_penguins
from sklearn.datasets import load_wine
from sklearn.metrics import average_precision_score, roc_auc_score
from tqdm import tqdm

from pyod_gan import GANDetector, __version__
from pyod_gan.cli import arguments, commands, main, readers, reading
from pyod_gan.cli.csv_records import CSVFormat
from pyod_gan.cli.readers import open_table
from pyod_gan.cli.reading import sample
from pyod_gan.gans import GANS
from pyod_gan.model import FittedModel
from tests.helpers import QUICK, cars, table, weather, with_far_rows, with_known_kind

WINE = load_wine(as_frame=True).data
TABLES = {"wine": WINE, "penguins": load_penguins(), "cars": cars(), "weather": weather()}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readers, "CHUNK", 128)  # several chunks of every table


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model of each table, by its data frame."""
    folder, files = tmp_path_factory.mktemp("models"), {}
    for name, frame in TABLES.items():
        files[name] = folder / f"{name}.safetensors"
        GANDetector(**QUICK).fit(frame).save(files[name])
    return files


def write(frame: pd.DataFrame, path: str) -> None:
    frame.to_parquet(path) if path.endswith("parquet") else frame.to_csv(path, index=False)


def read_csv(path: str, **options: object) -> pd.DataFrame:
    """Numbers as they were written, to the last bit."""
    if pd.__version__ < "3":  # whose default is an ulp off
        options["float_precision"] = "round_trip"
    return pd.read_csv(path, **options)


def read(path: str) -> pd.DataFrame:
    return pd.read_parquet(path) if path.endswith("parquet") else read_csv(path)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What an error says, after which the folder is as it was."""
    capsys.readouterr()
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    assert main([str(argument) for argument in arguments]) == 2
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ") and "Traceback" not in captured.err
    return captured.err[len("error: ") : -1]


@pytest.mark.parametrize(
    ("name", "of", "to"),
    [
        ("wine", "csv", "csv"),
        ("wine", "parquet", "csv"),
        ("penguins", "csv", "parquet"),
        ("penguins", "parquet", "parquet"),
        ("cars", "csv", "csv"),
        ("cars", "parquet", "parquet"),
        ("weather", "csv", "parquet"),
        ("weather", "parquet", "csv"),
    ],
)
def test_scores_are_those_of_the_detector(
    name: str, of: str, to: str, models: dict[str, Path]
) -> None:
    frame, detector = TABLES[name], GANDetector.load(models[name])
    write(frame, f"in.{of}")
    assert main(["score", f"in.{of}", "--model", str(models[name]), "--out", f"out.{to}"]) == 0
    scored = read(f"out.{to}")
    assert list(scored) == [*frame, "score", "label"]
    np.testing.assert_array_equal(scored["score"], detector.decision_function(frame))
    np.testing.assert_array_equal(scored["label"], detector.predict(frame))
    if of == to:
        pd.testing.assert_frame_equal(scored[list(frame)], read(f"in.{of}"))
    assert sorted(os.listdir()) == sorted([f"in.{of}", f"out.{to}"])


@pytest.mark.parametrize("of", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["wine", "penguins", "weather"])
def test_fit_and_score(name: str, of: str, capsys: pytest.CaptureFixture[str]) -> None:
    frame = TABLES[name][:200]
    write(frame, f"in.{of}")
    write(frame, "in.csv")
    fit = ["fit", f"in.{of}", "--model", "m", "--n-estimators", "1", "--contamination", "0.05"]
    assert main(fit) == 0
    summary = capsys.readouterr().err
    assert f"in.{of}: {len(frame)} rows, {frame.shape[1]} columns" in summary
    detector = GANDetector.load("m")
    assert list(detector.feature_names_in_) == list(frame)
    assert detector.get_params()["contamination"] == 0.05
    assert f"threshold {detector.threshold_:.4g}, {detector.labels_.sum()} rows above" in summary
    assert main(["score", "in.csv", "--model", "m", "--out", "out.csv"]) == 0
    np.testing.assert_array_equal(read("out.csv")["score"], detector.decision_scores_)


def test_reasons_of_outliers(models: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    frame = TABLES["penguins"]
    write(frame, "in.csv")
    for out in ("out.csv", "out.parquet"):
        arguments = ["score", "in.csv", "--model", str(models["penguins"]), "--out", out]
        assert main([*arguments, "--explain", "2", "--threshold", "2.5"]) == 0
        scored, detector = read(out), GANDetector.load(models["penguins"])
        flagged = np.flatnonzero(detector.decision_function(frame) > 2.5)
        assert 0 < len(flagged) < len(frame)
        np.testing.assert_array_equal(np.flatnonzero(scored["label"]), flagged)
        np.testing.assert_array_equal(np.flatnonzero(scored["reason_1"].notna()), flagged)
        reasons = detector.explain_frame(frame.iloc[flagged], top=2)
        assert list(scored["reason_1"].dropna()) == list(reasons.groupby("row")["reason"].first())
        assert scored["reason_2"].notna().sum() == (reasons.groupby("row").size() == 2).sum()
    n, total = len(flagged), len(frame)
    assert capsys.readouterr().err.endswith(
        f"in.csv: {total} rows, {n} labelled 1 ({n / total:.1%}), threshold 2.5\n"
    )


def test_columns_are_found_by_name_and_others_passed_on(models: dict[str, Path]) -> None:
    frame = TABLES["penguins"]
    mixed = frame[frame.columns[::-1]].assign(note='a "b"\nc, d', code="007")
    for suffix in ("csv", "parquet"):
        write(mixed, f"in.{suffix}")
        arguments = ["score", f"in.{suffix}", "--model", str(models["penguins"])]
        assert main([*arguments, "--out", f"in.{suffix}"]) == 0  # over the input
        scored = read_csv("in.csv", dtype={"code": str}) if suffix == "csv" else read("in.parquet")
        pd.testing.assert_frame_equal(scored[["note", "code"]], mixed[["note", "code"]])
        scores = GANDetector.load(models["penguins"]).decision_function(frame)
        np.testing.assert_array_equal(scored["score"], scores)


def test_chunks_are_not_guessed_by_themselves(models: dict[str, Path]) -> None:
    """All missing, digits among names, whole numbers: the types are those of the model."""
    frame = TABLES["cars"].copy()
    frame.loc[:127, "Horsepower"] = np.nan
    frame.loc[128:255, "Name"] = "2002"
    frame.loc[:127, "Origin"] = None
    frame["Acceleration"] = frame["Acceleration"].round()
    scores = GANDetector.load(models["cars"]).decision_function(frame)
    frame["Year"] = frame["Year"].dt.strftime("%Y-%m-%d")
    write(frame, "in.csv")
    assert main(["score", "in.csv", "--model", str(models["cars"]), "--out", "out.csv"]) == 0
    np.testing.assert_array_equal(read("out.csv")["score"], scores)


def test_texts_pass_through_letter_for_letter(models: dict[str, Path]) -> None:
    write(WINE.assign(id="007", note="NA", flag=" x"), "in.csv")
    assert main(["score", "in.csv", "--model", str(models["wine"]), "--out", "out.csv"]) == 0
    given, scored = (Path(name).read_text().splitlines() for name in ("in.csv", "out.csv"))
    assert all(b.startswith(f"{a},") for a, b in zip(given, scored, strict=True))


def test_flags_and_codes() -> None:
    frame = pd.DataFrame(table(60, 2), columns=["a", "b"])
    frame = frame.assign(flag=[True, None, False] * 20, code=[*range(5), "x", "7"] * 8 + [1] * 4)
    for suffix in ("csv", "parquet"):
        write(frame.astype({"flag": "boolean", "code": str}), f"in.{suffix}")
        fit = ["fit", f"in.{suffix}", "--model", f"{suffix}.m", "--n-estimators", "1"]
        assert main([*fit, "--text", "code"]) == 0
        encoder = GANDetector.load(f"{suffix}.m").encoder_
        kinds = {"a": "numbers", "b": "numbers", "flag": "numbers", "code": "text"}
        assert encoder.kinds_ == kinds
        assert {o.kind for o in encoder.outputs_ if o.column == 3} == {"category", "unseen"}
        assert main(["score", "in.csv", "--model", f"{suffix}.m", "--out", f"{suffix}.csv"]) == 0
    assert main(["score", "in.parquet", "--model", "csv.m", "--out", "crossed.csv"]) == 0
    np.testing.assert_array_equal(read("crossed.csv")["score"], read("csv.csv")["score"])
    write(frame.assign(code=1), "in.parquet")
    assert main([*fit, "--text", "code"]) == 0  # also in Parquet the user decides
    assert GANDetector.load("parquet.m").encoder_.kinds_["code"] == "text"


def test_dates_of_other_forms_and_zones() -> None:
    frame = weather()[:200]
    for form, name in [("%Y-%m-%d", "dates"), ("%d.%m.%Y", "other")]:
        write(frame.assign(date=frame["date"].dt.strftime(form)), "in.csv")
        assert main(["fit", "in.csv", "--model", f"{name}.m", "--n-estimators", "1"]) == 0
        encoder = GANDetector.load(f"{name}.m").encoder_
        assert encoder.kinds_["date"] == "dates"
        assert "month" in {o.label for o in encoder.outputs_ if o.column == 0}
        assert main(["score", "in.csv", "--model", f"{name}.m", "--out", f"{name}.csv"]) == 0
    np.testing.assert_array_equal(read("dates.csv")["score"], read("other.csv")["score"])
    utc = frame["date"].dt.tz_localize("UTC")
    zoned = utc.dt.tz_convert("Europe/Berlin")  # summer time begins among the rows
    assert {str(date)[-6:] for date in zoned} == {"+01:00", "+02:00"}
    for suffix in ("csv", "parquet"):
        write(frame.assign(date=zoned), f"in.{suffix}")
        for to in ("csv", "parquet"):
            assert main(["score", f"in.{suffix}", "--model", "dates.m", "--out", f"out.{to}"]) == 0
            np.testing.assert_array_equal(read(f"out.{to}")["score"], read("dates.csv")["score"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(delimiter: str, models: dict[str, Path]) -> None:
    scores = GANDetector.load(models["wine"]).decision_function(WINE)
    score = ["score", "in.csv", "--quiet", "--model", str(models["wine"]), "--out"]
    WINE.to_csv("in.csv", sep=delimiter, index=False)
    for out, options in (("o.csv", []), ("o.csv", ["--delimiter", delimiter]), ("o.tsv", [])):
        assert main([*score, out, *options]) == 0
        written = read_csv(out, sep="\t" if out == "o.tsv" else delimiter)
        np.testing.assert_array_equal(written["score"], scores)
    Path("in.csv").write_text(f"sep={delimiter}\n" + Path("in.csv").read_text())
    assert main([*score, "o.csv"]) == 0
    np.testing.assert_array_equal(read_csv("o.csv", sep=delimiter)["score"], scores)


@pytest.mark.parametrize("suffix", ["csv.gz", "csv.zst", "tsv.gz"])
def test_packed_files(suffix: str, models: dict[str, Path]) -> None:
    scores = GANDetector.load(models["wine"]).decision_function(WINE)
    WINE.to_csv("plain", sep="\t" if "tsv" in suffix else ",", index=False)
    with pa.output_stream(f"in.{suffix}", compression="gzip" if "gz" in suffix else "zstd") as file:
        file.write(Path("plain").read_bytes())
    assert main(["score", f"in.{suffix}", "--model", str(models["wine"]), "--out", "o.tsv"]) == 0
    np.testing.assert_array_equal(read_csv("o.tsv", sep="\t")["score"], scores)


@pytest.mark.parametrize(("suffix", "packing"), [("gz", "gzip"), ("zst", "zstd")])
def test_packed_files_that_are_damaged(
    suffix: str, packing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(f"in.csv.{suffix}")
    with pa.output_stream(path, compression=packing) as file:
        file.write(WINE.to_csv(index=False).encode())
    path.write_bytes(path.read_bytes()[:-20])  # as where a download was stopped
    assert f"{path} cannot be unpacked (Truncated" in refused(capsys, "inspect", str(path))
    path.write_text("a,b\n1,2\n")
    assert f"{path} cannot be unpacked" in refused(capsys, "inspect", str(path))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings(encoding: str, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"größe": np.arange(60.0), "art": ["ä", "ö"] * 30})
    frame.to_csv("in.csv", index=False, encoding=encoding)
    fit = ["fit", "in.csv", "--model", "m", "--n-estimators", "1"]
    if encoding in ("cp1252", "utf-16-le"):  # which no mark tells
        assert "--encoding" in refused(capsys, *fit)
        fit += ["--encoding", encoding]
    assert main(fit) == 0
    assert list(GANDetector.load("m").feature_names_in_) == ["größe", "art"]


def test_how_a_file_may_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    rows = "\n".join(f"{i},{i % 7},x{i % 3}" for i in range(60))
    Path("in.csv").write_text(f"Report\nof 2024\n# a comment\na,b,c\n{rows}\n# the end\n")
    fit = ["fit", "in.csv", "--model", "m", "--n-estimators", "1", "--quiet"]
    assert "3 value(s) for 1 columns" in refused(capsys, *fit)
    assert main([*fit, "--skip-rows", "2", "--comment", "#"]) == 0
    assert list(GANDetector.load("m").feature_names_in_) == ["a", "b", "c"]
    Path("in.csv").write_text(rows)
    assert main(["fit", "in.csv", "--model", "m", "--n-estimators", "1", "--no-header"]) == 0
    assert list(GANDetector.load("m").feature_names_in_) == ["column 1", "column 2", "column 3"]


def test_a_bank_export(capsys: pytest.CaptureFixture[str]) -> None:
    """Amounts in local notation, dates of days first, and one amount 1,000 times too large."""
    amounts = [f"{i % 9 + 1}.{i * 37 % 900 + 100},{i % 100:02d} €" for i in range(200)]
    amounts[77] = "4.321.000,00 €"
    frame = pd.DataFrame(
        {
            "Buchung": [f"{i % 28 + 1:02d}.{i % 12 + 1:02d}.2024" for i in range(200)],
            "Betrag": amounts,
            "Art": ["Lastschrift", "Gutschrift"] * 100,
        }
    )
    frame.to_csv("bank.csv", sep=";", index=False)
    assert main(["fit", "bank.csv", "--model", "m"]) == 0
    said = capsys.readouterr().err
    assert "Betrag: number, like 1.234,5 €" in said
    assert "date, like 31.12.2024, such as '01.01.2024', read as 2024-01-01\n" in said
    assert main(["score", "bank.csv", "--model", "m", "--out", "-", "--explain", "1"]) == 0
    scored = pd.read_csv(io.StringIO(capsys.readouterr().out), sep=";")
    assert scored["score"].argmax() == 77
    assert scored["reason_1"][77].startswith("Betrag = ")


def test_everything_that_is_wrong_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{i},01/{i % 12 + 1:02d}/2024,{i},1,x" for i in range(1, 61)]
    rows[4] = "5,01/02/2024,many,2"
    rows[5] = "6,01/02/2024,many,1,x"
    Path("bad.csv").write_text("id,day,n,same,kind\n" + "\n".join(rows))
    for command in (["fit", "bad.csv", "--model", "m"], ["inspect", "bad.csv"]):
        code = main(command)
        captured = capsys.readouterr()
        assert code == 2
        for said in (
            "bad.csv has 3 problems",
            "line 6: 4 value(s) for 5 columns",
            "'day' can be read in two ways: '01/02/2024'",
            "the first is line 7: 'many'",
            "--na many or --text n or --on-error flag",
            "--date-format %d/%m/%Y or --date-format %m/%d/%Y",
        ):
            assert said in captured.err, said
    assert "id: identifier, such as '1'" in captured.out
    assert "same: constant" in captured.out and "(--drop id)" in captured.out


def test_what_cannot_be_read_is_flagged(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"n": [f"{i % 7}.5" for i in range(80)], "kind": ["x", "y"] * 40})
    write(frame, "in.csv")
    assert main(["fit", "in.csv", "--model", "m"]) == 0
    frame.loc[3, "n"] = "2,5O"
    write(frame, "in.csv")
    score = ["score", "in.csv", "--model", "m", "--out", "o.csv"]
    assert "line 5: '2,5O'" in refused(capsys, *score)
    assert main([*score, "--on-error", "flag"]) == 0
    assert read("o.csv")["score"].argmax() == 3
    assert main(["fit", "in.csv", "--model", "m", "--on-error", "flag"]) == 0
    assert main(score) == 0
    assert read("o.csv")["score"].argmax() == 3


def test_notes_on_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame(table(30), columns=["a", "b", "", "c", ""])
    frame.to_csv("in.csv", index=False)
    assert main(["inspect", "in.csv"]) == 0
    said = capsys.readouterr().out
    assert "'column 3' has no name" in said and "'column 5' has no name" in said
    assert "30 rows are few" in said
    pd.DataFrame(table(60), columns=list("12345")).to_csv("in.csv", index=False)
    assert main(["inspect", "in.csv"]) == 0
    assert "header looks like data (--no-header" in capsys.readouterr().out


BROKEN = {
    "empty": (b"", "bad.csv is empty."),
    "blank": (b"\n\n", "bad.csv is empty."),
    "header": (b"a,b\n", "bad.csv has column names and no rows."),
    "twice": (b"a,b,a\n1,2,3\n", "bad.csv: column names must differ. Got ['a'] more than once."),
    "short": (b"a,b\n1,2\n3\n", "bad.csv: line 3: 1 value(s) for 2 columns."),
    "long": (b'a,b\n"1\n\n1",2\n\n3,4,5\n', "bad.csv: line 6: 3 value(s) for 2 columns."),
    "quote": (b'a,b\n1,2\n"3,4\n5,6\n', "bad.csv, line 3: unexpected end of data."),
    "in quotes": (b'a,b\n1,2\n"3"x,4\n', "bad.csv, line 3: ',' expected after '\"'."),
    "latin": ("a,b\n1,2\n3,\xe9\n".encode("latin1"), "bad.csv, line 3: byte 3 is not UTF-8."),
    "utf-16": ("a,b\n1,2\n".encode("utf-16-le"), "bad.csv, line 1: character 2 is NUL."),
    "nul": (b"a,b\n1,2\n3,\x004\n", "bad.csv, line 3: character 3 is NUL."),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_named_by_line(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    content, said = BROKEN[case]
    Path("bad.csv").write_bytes(content)
    GANDetector(**QUICK).fit(pd.DataFrame({"a": range(9), "b": range(9)})).save("m")
    assert refused(capsys, "fit", "bad.csv", "--model", "new").startswith(said)
    assert refused(capsys, "score", "bad.csv", "--model", "m", "--out", "o.csv").startswith(said)


MIXED = {
    "age": ("12,abc,3,4", "the first is line 3: 'abc'"),
    "day": ("2024-01-02,soon,2024-01-03,NA", "a date like 2024-12-31; the first is line 3: 'soon'"),
    "sum": ("1,2,inf,4", "the first is line 4: 'inf'"),
    "low": ("1,-inf,3,4", "the first is line 3: '-inf'"),
}


@pytest.mark.parametrize("name", MIXED)
def test_mixed_columns_are_named_when_fitting(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    values, said = MIXED[name]
    write(pd.DataFrame({"z": range(4), name: values.split(",")}), "bad.csv")
    error = refused(capsys, "fit", "bad.csv", "--model", "m")
    assert error.startswith(f"bad.csv: Column {name!r} has 1 value(s) that cannot be read as a ")
    assert said in error
    word = said.split("'")[1]
    assert error.endswith(f"or say --na {word} or --text {name} or --on-error flag.")


def test_words_that_pandas_takes_for_dates_are_text() -> None:
    write(pd.DataFrame({"a": range(20), "when": ["now", "today"] * 10}), "in.csv")
    assert main(["fit", "in.csv", "--model", "m", "--n-estimators", "1"]) == 0
    assert GANDetector.load("m").encoder_.kinds_["when"] == "text"


WRONG = [
    ("cars", "Horsepower", "many", "a number"),
    ("cars", "Horsepower", "inf", "a number"),
    ("cars", "Year", "soon", "a date like 2024-12-31"),
    ("wine", "alcohol", "12,5", "a number"),
]


@pytest.mark.parametrize(("name", "column", "value", "said"), WRONG)
def test_wrong_values_are_named_by_place_when_scoring(
    name: str,
    column: str,
    value: str,
    said: str,
    models: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the second chunk, and an output of before stays as it was."""
    frame = TABLES[name].astype({column: str})
    frame.loc[150, column] = value
    write(frame, "in.csv")
    Path("out.csv").write_text("before")
    error = refused(capsys, "score", "in.csv", "--model", models[name], "--out", "out.csv")
    assert error == (
        f"in.csv: Column {column!r} has 1 value(s) that cannot be read as {said}; the first is "
        f"line 152: {value!r}. Correct it, or say --on-error flag."
    )


def test_a_missing_number_has_a_score(models: dict[str, Path]) -> None:
    frame = WINE.copy()
    frame.loc[150, "hue"] = np.nan
    scores = GANDetector.load(models["wine"]).decision_function(frame)
    for suffix in ("csv", "parquet"):
        write(frame, f"in.{suffix}")
        score = ["score", f"in.{suffix}", "--model", str(models["wine"]), "--out", "out.csv"]
        assert main(score) == 0
        np.testing.assert_array_equal(read("out.csv")["score"], scores)


def test_wrong_parquet_values_and_types(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    score = ("--model", models["cars"], "--out", "out.parquet")
    frame = TABLES["cars"].copy()
    frame.loc[150, "Horsepower"] = np.inf
    write(frame, "in.parquet")
    assert "'Horsepower'" in (said := refused(capsys, "score", "in.parquet", *score))
    assert "the first is row 151: inf" in said
    write(frame.assign(Horsepower="many", Year=True), "in.parquet")
    said = refused(capsys, "score", "in.parquet", *score)
    assert "has 2 problems" in said and "row 1: 'many'" in said and "'Year'" in said
    write(frame.assign(lists=[[1]] * len(frame), raw=b"x"), "in.parquet")
    said = refused(capsys, "fit", "in.parquet", "--model", "m")
    assert "'lists' holds values of type" in said and "'raw' holds values of type bytes" in said
    whole = Path("in.parquet").read_bytes()
    for part in (whole[:-100], whole[:20], b"", b"a,b\n1,2\n"):
        Path("in.parquet").write_bytes(part)
        assert "in.parquet is no whole Parquet" in refused(capsys, "score", "in.parquet", *score)
    pq.write_table(pa.table({"a": [1, 2], "b": [3, 4]}).slice(0, 0), "in.parquet")
    assert "no rows" in refused(capsys, "fit", "in.parquet", "--model", "m")
    pq.write_table(pa.table([pa.array([1, 2])] * 2, names=["a", "a"]), "in.parquet")
    assert "more than once" in refused(capsys, "fit", "in.parquet", "--model", "m")


def test_decimals_of_parquet_are_numbers() -> None:
    X = table(60, 2).round(2)
    frame = pd.DataFrame(X, columns=["a", "b"])
    exact = pa.table({name: pa.array(frame[name]).cast(pa.decimal128(9, 2)) for name in frame})
    pq.write_table(exact, "exact.parquet")
    write(frame, "in.parquet")
    assert main(["fit", "exact.parquet", "--model", "m", "--n-estimators", "1"]) == 0
    for name in ("exact", "in"):
        assert main(["score", f"{name}.parquet", "--model", "m", "--out", f"{name}.csv"]) == 0
    np.testing.assert_array_equal(read("exact.csv")["score"], read("in.csv")["score"])


def test_damaged_pages_of_parquet(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(TABLES["wine"], "in.parquet")
    content = bytearray(Path("in.parquet").read_bytes())
    content[50:600] = bytes(550)
    Path("in.parquet").write_bytes(content)
    said = refused(capsys, "score", "in.parquet", "--model", models["wine"], "--out", "out.csv")
    assert said.startswith("in.parquet is no whole Parquet file (")


def test_missing_columns_are_all_listed(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    frame = TABLES["penguins"].rename(columns={"island": "Island"}).drop(columns="sex")
    for suffix in ("csv", "parquet"):
        write(frame, f"in.{suffix}")
        model = models["penguins"]
        error = refused(capsys, "score", f"in.{suffix}", "--model", model, "--out", "out.csv")
        said = f"in.{suffix} has no column 'island' (is it 'Island'?), 'sex'. It has the columns"
        assert error.startswith(said) and error.endswith("flipper_length_mm, body_mass_g, year.")
    for option in ("--drop", "--text"):
        error = refused(capsys, "fit", "in.csv", "--model", "m", option, "yeer")
        assert error.startswith("in.csv has no column 'yeer' (is it 'year'?).")


def test_files_that_cannot_be_used(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(WINE, "in.csv")
    Path("folder").mkdir()
    Path("no.model").write_text("x" * 100)
    GANDetector(**QUICK).fit(table()).save("array.model")
    wine = models["wine"]
    for model, out, said in [
        ("none", "out.csv", "none is no file."),
        ("folder", "out.csv", "folder is no file."),
        ("in.csv", "out.csv", "in.csv is no whole safetensors file"),
        ("array.model", "out.csv", "array.model has no column names"),
        (wine, "none/out.csv", "The folder"),
        (wine, "folder", f"{Path('folder').resolve()} is a folder, not a file."),
        (wine, "out.xlsx", "The output must end in one of .csv, .tsv, .txt, .parquet, or in none."),
        ("array.model", "array.model", "The output would replace array.model"),
    ]:
        assert refused(capsys, "score", "in.csv", "--model", model, "--out", out).startswith(said)
    for name in ("none.csv", "none.parquet", "folder"):
        assert name in refused(capsys, "fit", name, "--model", "m")
    for model, said in [("in.csv", "replace in.csv"), ("folder", "folder"), ("no/m", "not exist")]:
        assert said in refused(capsys, "fit", "in.csv", "--model", model)
    assert "no columns left" in refused(capsys, "fit", "in.csv", "--model", "m", "--drop", *WINE)
    write(WINE.assign(score=1, reason_2="x"), "in.csv")
    said = refused(capsys, "score", "in.csv", "--model", wine, "--out", "o.csv", "--explain", 2)
    assert said == (
        "in.csv has ['reason_2', 'score'], which the output adds. Give the added columns other "
        "names, such as by --prefix gan_."
    )


def test_an_interrupt_leaves_nothing(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(WINE, "in.csv")
    seen = []

    def interrupted(*arguments: object) -> object:
        seen.append(sorted(os.listdir()))
        if len(seen) == 2:
            raise KeyboardInterrupt
        return added(*arguments)

    added = commands._added
    monkeypatch.setattr(commands, "_added", interrupted)
    for out in ("out.csv", "out.parquet"):
        seen.clear()
        arguments = ["score", "in.csv", "--model", str(models["wine"]), "--out", out]
        assert main(arguments) == 130
        assert len(seen[1]) == 2 and out not in seen[1]  # a file beside it, under another name
        assert os.listdir() == ["in.csv"]
    assert capsys.readouterr().err == "interrupted\n" * 2


def test_standard_output_and_quiet(
    models: dict[str, Path], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    write(WINE, "in.csv")
    arguments = ["score", "in.csv", "--model", str(models["wine"]), "--quiet", "--out"]
    assert main([*arguments, "-"]) == 0
    captured = capsysbinary.readouterr()
    assert main([*arguments, "out.csv"]) == 0
    assert captured.out == Path("out.csv").read_bytes() and captured.err == b""


def test_a_pipe_can_be_read(models: dict[str, Path]) -> None:
    write(WINE, "in.csv")
    os.mkfifo("pipe")
    thread = threading.Thread(target=lambda: Path("pipe").write_bytes(Path("in.csv").read_bytes()))
    thread.start()
    arguments = ["--model", str(models["wine"]), "--quiet", "--out"]
    assert main(["score", "pipe", *arguments, "piped.csv"]) == 0
    thread.join()
    assert main(["score", "in.csv", *arguments, "out.csv"]) == 0
    assert Path("piped.csv").read_bytes() == Path("out.csv").read_bytes()


def test_marks_and_line_ends_of_other_systems(models: dict[str, Path]) -> None:
    text = WINE.to_csv(index=False, lineterminator="\r\n")
    Path("in.csv").write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")
    assert main(["score", "in.csv", "--model", str(models["wine"]), "--out", "out.csv"]) == 0
    scores = GANDetector.load(models["wine"]).decision_function(WINE)
    np.testing.assert_array_equal(read("out.csv")["score"], scores)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_progress_bar_gets_to_its_end(
    suffix: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = []

    class Bar(tqdm):
        def __init__(self, **options: object) -> None:
            assert options.pop("disable") is None  # tqdm's word for: unless no terminal
            super().__init__(**options, file=io.StringIO())
            bars.append(self)

    monkeypatch.setattr(reading, "tqdm", Bar)
    write(WINE, f"in.{suffix}")
    assert main(["score", f"in.{suffix}", "--model", str(models["wine"]), "--out", "out.csv"]) == 0
    assert [(bar.desc, bar.n) for bar in bars] == [("score", bars[0].total)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_no_more_than_a_chunk_is_read_ahead(suffix: str) -> None:
    write(pd.concat([WINE] * 20), f"in.{suffix}")
    source = open_table(f"in.{suffix}", CSVFormat())
    n_rows = 0
    for chunk in source.chunks():
        assert len(chunk) <= 128
        n_rows += len(chunk)
        assert source.position <= source.size * n_rows / (20 * len(WINE)) * 1.05 + 200
    assert n_rows == 20 * len(WINE) and source.position == source.size


def test_a_sample_is_uniform_and_holds_little() -> None:
    held = []

    def chunks() -> object:
        for start in range(0, 1000, 100):
            yield pd.DataFrame({"i": range(start, start + 100)}, index=range(start, start + 100))

    drawn = np.array([sample(chunks(), 50, seed)["i"].to_numpy() for seed in range(200)])
    assert (np.diff(drawn) > 0).all() and drawn.shape == (200, 50)
    counts = np.histogram(drawn, bins=10, range=(0, 1000))[0]
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(900), held
    np.testing.assert_array_equal(sample(chunks(), 50, 3)["i"], drawn[3])
    assert len(sample(chunks(), None, 0)) == len(sample(chunks(), 5000, 0)) == 1000


def test_fit_to_a_sample() -> None:
    write(pd.concat([WINE] * 3), "in.csv")
    assert main(["fit", "in.csv", "--model", "m", "--max-rows", "90", "--n-estimators", "1"]) == 0
    assert len(GANDetector.load("m").decision_scores_) == 90


def test_of_a_large_table_a_sample_is_fitted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "MOST_ROWS", 150)
    write(pd.concat([WINE] * 3), "in.csv")
    assert main(["fit", "in.csv", "--model", "m", "--n-estimators", "1"]) == 0
    drawn = "note: 150 of 534 rows were drawn to be fitted; a value of the others that cannot"
    assert f"{drawn} be read is found by inspect or score\n" in capsys.readouterr().err
    assert len(GANDetector.load("m").decision_scores_) == 150


def test_what_cannot_be_read_beside_the_sample_is_found_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = ["a,b", *(f"{i % 7}.5,{i % 5}" for i in range(200))]
    lines[150] = "1.5,oops"  # a row that the seed does not draw
    Path("in.csv").write_text("\n".join(lines))
    assert main(["fit", "in.csv", "--model", "m", "--max-rows", "60"]) == 0
    assert "is found by inspect or score" in capsys.readouterr().err
    for command in (["inspect", "in.csv"], ["score", "in.csv", "--model", "m", "--out", "o.csv"]):
        assert main(command) == 2
        assert "line 151: 'oops'" in capsys.readouterr().err


@pytest.mark.parametrize("name", [None, "id"])
def test_an_index_of_pandas_is_passed_on_and_not_fitted(name: str | None) -> None:
    frame = WINE.sample(frac=1, random_state=0).rename_axis(name)
    frame.to_parquet("in.parquet")
    frame.to_csv("in.csv")
    fit = ["fit", "in.parquet", "--model", "m", "--n-estimators", "1"]
    assert main(fit) == 0
    assert main(["score", "in.parquet", "--model", "m", "--out", "out.parquet"]) == 0
    scored, detector = read("out.parquet"), GANDetector.load("m")
    np.testing.assert_array_equal(scored["score"], detector.decision_scores_)
    assert list(detector.feature_names_in_) == list(WINE)
    np.testing.assert_array_equal(scored[name or "__index_level_0__"], frame.index)
    if name is None:
        assert main(["fit", "in.csv", *fit[2:]]) == 0
        assert list(GANDetector.load("m").feature_names_in_) == list(WINE)


def test_left_out_columns() -> None:
    write(WINE, "in.csv")
    fit = ["fit", "in.csv", "--model", "m", "--n-estimators", "1", "--contamination", "auto"]
    assert main([*fit, "--drop", "hue", "--drop", "ash", "alcohol"]) == 0
    detector = GANDetector.load("m")
    assert list(detector.feature_names_in_) == [
        c for c in WINE if c not in ("hue", "ash", "alcohol")
    ]
    assert detector.contamination == "auto"


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["fit"], ["score"], ["inspect"]):
        with pytest.raises(SystemExit, match="0"):
            main([*command, "--help"])
        said = capsys.readouterr().out
        assert "examples:\n  pyod-gan " in said
        if command == ["fit"]:
            listed = re.search(r"--gan GAN (.*); default: auto", " ".join(said.split()))
            assert sorted(listed[1].split(", ")) == sorted(GANS)
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"pyod-gan {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["fit", "a"], "--model"),
        (["fit", "a", "--model", "m", "--max-rows", "1"], "whole number of at least 2. Got '1'"),
        (["fit", "a", "--model", "m", "--n-estimators", "0"], "of at least 1. Got '0'"),
        (["fit", "a", "--model", "m", "--random-state", "-1"], "of at least 0. Got '-1'"),
        (["fit", "a", "--model", "m", "--contamination", "x"], "at most 0.5, or auto. Got 'x'"),
        (["fit", "a", "--model", "m", "--contamination", "0.6"], "above 0 and at most 0.5"),
        (["fit", "a", "--model", "m", "--gan", "bi_gan"], "Did you mean 'bigan'?"),
        (["fit", "a", "--model", "m", "--gan", "x"], "--gan: The name must be one of ['aae', "),
        (["fit"], "the following arguments are required: DATA, --model\n"),
        (["score", "--threshold", "1"], "required: DATA, --model, --out\n"),
        (["fit", "--model", "m", "--drop", "note"], "--drop took 'note'. Write DATA"),
        (
            ["fit", "--text", "id", "a.csv", "--model", "m"],
            "required: DATA; --text took 'id', 'a.csv'. Write DATA first: "
            "pyod-gan fit DATA --text id a.csv\n",
        ),
        (["score", "a", "--model", "m", "--out", "o", "--threshold", "nan"], "must be a number"),
        (["score", "a", "--model", "m"], "--out"),
        (["score", "a", "--model", "m", "--out", "o", "--delimiter", "ab"], "one character"),
    ],
)
def test_usage_errors(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert said in capsys.readouterr().err


def test_without_pandas_or_pyarrow_the_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(WINE, "in.csv")
    write(WINE, "in.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = refused(capsys, "fit", "in.parquet", "--model", "m")
    assert "needs pyarrow" in said and "pyod-gan[tabular]" in said
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert "needs pandas" in refused(capsys, "fit", "in.csv", "--model", "m")


def test_as_a_module(models: dict[str, Path]) -> None:
    write(WINE, "in.csv")
    run = [sys.executable, "-m", "pyod_gan", "score", "in.csv", "--model", models["wine"]]
    done = subprocess.run([*run, "--out", "out.csv"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("in.csv: 178 rows, ") and done.stderr.count("\n") == 1
    assert len(read("out.csv")) == len(WINE)


def test_a_reader_that_has_had_enough(models: dict[str, Path]) -> None:
    write(WINE.assign(note="x" * 50_000), "in.csv")  # more than a pipe holds
    code = (
        "from pyod_gan import cli; from pyod_gan.cli import readers; readers.CHUNK = 64\n"
        f"words = ['score', 'in.csv', '--model', {str(models['wine'])!r}, '--out', '-']\n"
        "raise SystemExit(cli.main(words))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=-1, stderr=-1) as process:
        assert process.stdout.readline().endswith(b",note,score,label\n")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("command", ["report DATA --model M --out O.html", "inspect DATA"])
def test_commands_that_take_no_folders_offer_nothing_for_them(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "or marks its row; default:" in said and "folder" not in said
    with pytest.raises(SystemExit):
        main([*command.split(), "--on-error", "skip"])
    assert "invalid choice: 'skip'" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, pyod_gan.cli\n"
        "for command in ('fit', 'score'):\n"
        "    try: pyod_gan.cli.main([command, '--help'])\n"
        "    except SystemExit: print({'torch', 'pandas', 'sklearn', 'numpy'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.count("\nset()\n") == 2


def test_models_of_polars_and_durations(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame(table(60, 2), columns=["a", "b"]).assign(kind=["x", "y"] * 30)
    frame["last"] = pd.to_timedelta(range(60), unit="h")
    GANDetector(**QUICK).fit(pl.from_pandas(frame)).save("polars.m")
    for suffix in ("csv", "parquet"):
        write(frame, f"in.{suffix}")
        assert main(["score", f"in.{suffix}", "--model", "polars.m", "--out", f"{suffix}.csv"]) == 0
    np.testing.assert_array_equal(read("csv.csv")["score"], read("parquet.csv")["score"])
    write(frame.assign(last="soon"), "in.csv")
    said = refused(capsys, "score", "in.csv", "--model", "polars.m", "--out", "o.csv")
    assert "a duration like 12:30:00; the first is line 2: 'soon'" in said


def test_odd_options_and_types(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame(table(60, 2), columns=["a", "b"]).assign(kind=["x", "y"] * 30)
    write(frame, "in.csv")
    fit = ["fit", "in.csv", "--model", "m", "--n-estimators", "1"]
    assert main([*fit, "--drop", "kind", "--text", "kind"]) == 0
    write(frame, "in.parquet")
    assert main(["fit", "in.parquet", *fit[2:], "--drop", "kind", "--text", "kind"]) == 0
    views = pa.table({"a": frame["a"], "kind": pa.array(frame["kind"].tolist(), pa.string_view())})
    pq.write_table(views, "in.parquet")
    assert main(["fit", "in.parquet", *fit[2:]]) == 0
    assert main(["score", "in.parquet", "--model", "m", "--out", "o.parquet"]) == 0


def test_what_a_command_does_not_need_is_not_loaded() -> None:
    frame = pd.DataFrame(table(60, 2), columns=["a", "b"])
    frame.to_csv("numbers.csv", index=False)
    frame.loc[0, "a"] = np.nan
    frame.to_csv("missing.csv", index=False)
    for name in ("numbers", "missing"):
        GANDetector(**QUICK).fit(pd.read_csv(f"{name}.csv")).save(f"{name}.m")
    code = (
        "import sys; from pyod_gan.cli import main\n"
        "heavy = ['torch', 'pyod', 'numba', 'sklearn.neighbors', 'skops', 'skrub', 'matplotlib']\n"
        "def run(*words): print(main(words), *(name for name in heavy if name in sys.modules))\n"
        "run('fit', 'numbers.csv', '--model', 'm', '--drop', 'x')\n"
        "for name in ('numbers', 'missing'):\n"
        "    run('score', f'{name}.csv', '--model', f'{name}.m', '--out', 'out.csv')\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "2\n0 torch numba\n0 torch numba sklearn.neighbors skops\n", out.stderr


@pytest.mark.parametrize("order", ["first", "last", "behind columns", "standard input"])
def test_data_may_stand_behind_columns(order: str) -> None:
    write(WINE, "in.csv")
    rest = ["--model", "m", "--n-estimators", "1"]
    words = {
        "first": ["in.csv", "--drop", "hue", "ash", *rest],
        "last": ["--drop", "hue", "ash", *rest, "in.csv"],
        "behind columns": ["--drop", "hue", *rest, "--drop", "ash", "in.csv"],
        "standard input": ["--drop", "hue", "ash", "-", *rest],
    }[order]
    if order == "standard input":
        options = arguments.make_parser().parse_args(["fit", *words])
        arguments.find_data(options)
        assert options.data == Path("-") and options.drop == ["hue", "ash"]
        return
    assert main(["fit", *words]) == 0
    left = [name for name in WINE if name not in ("hue", "ash")]
    assert list(GANDetector.load("m").feature_names_in_) == left


def test_all_that_is_wrong_is_said_at_once(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(WINE, "in.csv")
    options = ("--drop", "a", "--text", "hue", "b", "--label-column", "c")
    said = refused(capsys, "fit", "in.csv", "--model", "m", *options)
    assert said.startswith("in.csv has no column 'a', 'b', 'c'. It has")
    said = refused(capsys, "fit", "none.csv", "--model", "no/m")
    assert said.startswith("none.csv: No such file or directory. The folder ")
    said = refused(capsys, "score", "none.csv", "--model", "no.m", "--out", "out.xlsx")
    assert said.startswith(
        "none.csv: No such file or directory. no.m is no file. The output must end in one of "
    )
    write(WINE.rename(columns={"hue": "score"}), "in.csv")
    score = ("score", "in.csv", "--model", models["wine"], "--out", "out.csv")
    said = refused(capsys, *score, "--label-column", "alcohol")
    assert "no column 'hue'. It has" in said
    assert "was fitted to the column 'alcohol', so that it cannot hold the labels" in said
    assert "in.csv has ['score'], which the output adds." in said


def test_added_columns_with_a_prefix(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    own = WINE.assign(score=1, label="x", reason_1="y")
    write(own, "in.csv")
    score = ["score", "in.csv", "--model", str(models["wine"]), "--out"]
    assert main([*score, "out.csv", "--prefix", "gan_", "--explain", "2"]) == 0
    scored = read("out.csv")
    added = ["gan_score", "gan_label", "gan_reason_1", "gan_reason_2"]
    assert list(scored) == [*own, *added]
    np.testing.assert_array_equal(scored[list(own)], own)
    assert scored["gan_reason_1"].notna().sum() == scored["gan_label"].sum() > 0
    write(scored, "in.csv")
    assert "['gan_label', 'gan_score']" in refused(capsys, *score, "o.csv", "--prefix", "gan_")


def test_collisions_are_foretold_before_fitting(capsys: pytest.CaptureFixture[str]) -> None:
    frame = WINE.assign(reason_12="y", label=0, scores=1)
    write(frame, "in.csv")
    stopped = ["fit", "in.csv", "--model", "m", "--drop", *frame]
    assert main(stopped) == main([*stopped, "--quiet"]) == 2
    note, *errors = capsys.readouterr().err.splitlines()
    assert note == (
        "note: in.csv has ['reason_12', 'label'], which score adds too. To score it, give the "
        "added columns other names, such as by --prefix gan_."
    )
    assert errors == ["error: in.csv has no columns left to fit."] * 2


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_known_labels(suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    X, y = with_far_rows()
    frame = pd.DataFrame(X, columns=[*"abcdef"])
    known = pd.Series(np.where(y, "bad", "good"))
    known[::10] = None
    write(frame.assign(label=known), f"in.{suffix}")
    fit = ["fit", f"in.{suffix}", "--model", "m", "--n-estimators", "1"]
    assert main([*fit, "--label-column", "label"]) == 0
    summary = capsys.readouterr().err
    detector = GANDetector.load("m")
    assert list(detector.feature_names_in_) == list(frame)
    labels, scores = y[known.notna()], detector.decision_scores_[known.notna()]
    said = (
        f"known labels 'label': 'bad' is the anomaly as the rarer value, {labels.sum()} of "
        f"{len(labels)} rows; AUROC {roc_auc_score(labels, scores):.3f}, "
        f"AP {average_precision_score(labels, scores):.3f}\n"
    )
    assert summary.startswith("note: ") and summary.endswith(said)
    score = ["score", f"in.{suffix}", "--model", "m", "--out", f"out.{suffix}"]
    assert main([*score, "--prefix", "my ", "--label-column", "label"]) == 0
    assert capsys.readouterr().err.endswith(said)
    assert list(read(f"out.{suffix}")) == [*frame, "label", "my score", "my label"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_known_anomalies(suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows, known, fresh, y = with_known_kind()
    columns = [f"c{j}" for j in range(rows.shape[1])]
    write(pd.DataFrame(rows, columns=columns), f"in.{suffix}")
    write(pd.DataFrame(known, columns=columns).assign(note="odd"), f"odd.{suffix}")
    fit = ["fit", f"in.{suffix}", "--model", "m", "--known-anomalies", f"odd.{suffix}"]
    assert main(fit) == 0
    assert capsys.readouterr().err.endswith(f"odd.{suffix}: {len(known)} known anomalies\n")
    detector = GANDetector.load("m")
    frame = pd.DataFrame(fresh, columns=columns)
    assert roc_auc_score(y, detector.decision_function(frame)) > 0.95
    by_hand = GANDetector(random_state=0).fit(
        pd.DataFrame(rows, columns=columns), known_anomalies=pd.DataFrame(known, columns=columns)
    )
    np.testing.assert_allclose(detector.decision_scores_, by_hand.decision_scores_, atol=1e-6)


def test_known_anomalies_that_cannot_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    write(WINE, "in.csv")
    fit = ("fit", "in.csv", "--model", "m", "--known-anomalies")
    assert refused(capsys, *fit, "no.csv").startswith("no.csv: No such file")
    write(WINE.drop(columns="ash")[:3], "odd.csv")
    assert refused(capsys, *fit, "odd.csv").startswith("odd.csv has no column 'ash'.")
    write(WINE[:0], "odd.csv")
    assert refused(capsys, *fit, "odd.csv").startswith("odd.csv")
    write(WINE[:3].astype({"ash": object}).assign(ash=["1", "2", "many"]), "odd.csv")
    said = refused(capsys, *fit, "odd.csv")
    assert said.startswith("odd.csv: Column 'ash' has 1 value(s) that cannot be read")
    write(WINE[:3], "odd.csv")
    said = refused(capsys, *fit, "odd.csv", "--gan", "usad")
    assert "USAD cannot learn from known anomalies" in said
    fit = ("fit", "in.csv", "--model", "odd.csv", "--known-anomalies")
    assert "would replace odd.csv, which is read" in refused(capsys, *fit, "odd.csv")
    fit = ("fit", "in.csv", "--model", "m", "--known-anomalies")
    assert "for tables and folders" in refused(capsys, *fit, "odd.csv", "--series", "hue,ash")


def test_a_third_label_is_named_by_place(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(WINE.assign(kind=["a", "b"] * 80 + ["c"] * 18), "in.csv")
    said = "in.csv, line 162, column 'kind': 'c' is a third value beside 'a' and 'b'. Known labels"
    label = ("--label-column", "kind")
    assert refused(capsys, "fit", "in.csv", "--model", "m", *label).startswith(said)
    score = ("score", "in.csv", "--model", models["wine"], "--out", "out.csv")
    assert refused(capsys, *score, *label).startswith(said)


def test_an_output_without_a_suffix_is_csv(models: dict[str, Path]) -> None:
    write(WINE, "in.csv")
    for out in ("out.csv", "out"):
        assert main(["score", "in.csv", "--model", str(models["wine"]), "--out", out]) == 0
    assert Path("out").read_bytes() == Path("out.csv").read_bytes()


class Stops:
    """Scores some chunks, and then stops with an error."""

    def __init__(self, error: BaseException, after: int) -> None:
        self.error, self.left, self.n_rows = error, after, 0

    def __call__(self, model: FittedModel, X: pd.DataFrame) -> np.ndarray:
        if not self.left:
            raise self.error
        self.left -= 1
        self.n_rows += len(X)
        return SCORES(model, X)


SCORES = FittedModel.scores


def stopping(monkeypatch: pytest.MonkeyPatch, error: BaseException, after: int) -> Stops:
    stops = Stops(error, after)
    monkeypatch.setattr(FittedModel, "scores", lambda model, X: stops(model, X))
    return stops


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_run_that_was_stopped_goes_on(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    table = pd.concat([TABLES["penguins"]] * 3)
    write(table, "new.csv")
    out = f"scored.{suffix}"
    command = ["score", "new.csv", "--model", str(models["penguins"]), "--explain", "1", "--out"]
    assert main([*command, f"whole.{suffix}"]) == 0
    scored = 0
    errors = [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 2)]
    for error, code in errors:
        stops = stopping(monkeypatch, error, 3)
        assert main([*command, out, "--resume"]) == code
        scored += stops.n_rows
        assert not Path(out).exists()
        with open(f"{out}.part", "ab") as part:
            part.write(b"half a ro")  # of a run that was killed
    assert scored == 6 * 128
    rest = stopping(monkeypatch, ValueError(), 99)
    assert main([*command, out, "--resume"]) == 0
    assert rest.n_rows == len(table) - scored
    assert Path(out).read_bytes() == Path(f"whole.{suffix}").read_bytes()
    assert not list(Path().glob("*.part*"))


def test_a_run_that_goes_on_is_the_same(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = TABLES["penguins"].assign(odd=np.arange(344) % 2)
    write(table, "new.csv")
    command = ["score", "new.csv", "--model", str(models["penguins"]), "--out", "s.csv", "--resume"]
    with monkeypatch.context() as patches:
        stopping(patches, KeyboardInterrupt(), 1)
        assert main(command) == 130
    assert main([*command, "--threshold", "1"]) == 2
    assert "s.csv.part is of another run" in capsys.readouterr().err
    write(table[:-1], "new.csv")
    assert main(command) == 2
    Path("s.csv.part.json").unlink()
    assert main(command) == 2
    assert "Remove it" in capsys.readouterr().err
    Path("s.csv.part").unlink()
    assert main(command) == 0
    for wrong in (["--out", "-"], ["--out", "s.parquet"], ["--label-column", "odd"]):
        assert main([*command, *wrong]) == 2
        assert "--resume" in capsys.readouterr().err
