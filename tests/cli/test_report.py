"""``pyod-gan report``: a page about a model and the rows of a file."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from palmerpenguins import load_penguins
from sklearn.datasets import load_digits

from pyod_gan import GANDetector, ImageDetector, report
from pyod_gan.cli import commands, main
from tests.helpers import QUICK

PENGUINS = load_penguins()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "penguins.safetensors"
    GANDetector(**QUICK).fit(PENGUINS).save(path)
    return path


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PENGUINS.to_csv("new.csv", index=False)


def run(*arguments: object) -> int:
    return main(["report", *map(str, arguments)])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What an error says, after which there is no page."""
    before = sorted(Path().iterdir())
    assert run(*arguments) == 2
    assert sorted(Path().iterdir()) == before
    return capsys.readouterr().err


def first_cells(path: str) -> list[str]:
    """Labels of the rows of the table."""
    body = Path(path).read_text("utf-8").partition('<table id="rows">')[2].partition("</table>")[0]
    return [unescape(cell) for cell in re.findall(r"<tr tabindex.*?<td>(.*?)</td>", body, re.S)]


def test_the_page_is_that_of_the_detector(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new.csv", "--model", model, "--out", "page.html", "--top", 7) == 0
    assert capsys.readouterr().err == "new.csv: 344 rows; see page.html\n"
    lines = PENGUINS.set_axis(range(2, 346)).rename_axis("Line")
    expected = report(GANDetector.load(model), lines, "expected.html", top=7)
    assert Path("page.html").read_bytes() == expected.read_bytes()
    assert len(first_cells("page.html")) == 7
    again = PENGUINS.assign(note="passed over")[["note", *reversed(PENGUINS.columns)]]
    again.to_parquet("new.parquet")
    assert run("new.parquet", "--model", model, "--out", "rows.html", "--top", 7, "--quiet") == 0
    assert capsys.readouterr().err == ""
    numbers = [str(int(line) - 1) for line in first_cells("page.html")]  # below the header
    assert first_cells("rows.html") == numbers


def test_of_a_very_large_table_a_sample_is_taken(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MOST_ROWS", 100)
    assert run("new.csv", "--model", model, "--out", "page.html") == 0
    assert capsys.readouterr().err == "new.csv: 100 rows, drawn of 344; see page.html\n"


def test_what_is_wrong_is_said_and_leaves_no_page(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ("--model", model, "--out", "page.html")
    PENGUINS.rename(columns={"sex": "gender"}).to_csv("renamed.csv", index=False)
    assert "renamed.csv has no column 'sex'" in refused(capsys, "renamed.csv", *to)
    Path("typo.csv").write_text(Path("new.csv").read_text().replace("39.1", "39.1mm", 1))
    said = refused(capsys, "typo.csv", *to)
    assert "typo.csv: Column 'bill_length_mm'" in said and "line 2: '39.1mm'" in said
    assert run("typo.csv", *to, "--on-error", "flag") == 0
    Path("page.html").unlink()
    said = refused(capsys, "new.csv", "--model", model, "--out", "new.csv")
    assert "must end in .html. Got 'new.csv'" in said and "would replace new.csv" in said
    assert "does not exist" in refused(capsys, "new.csv", "--model", model, "--out", "no/p.html")
    Path("cut.csv").write_text(Path("new.csv").read_text() + "only,two\n")
    assert "line 346: 2 value(s) for 8 columns" in refused(capsys, "cut.csv", *to)
    with pytest.raises(SystemExit):
        run("new.csv", "--model", model)
    assert "required: --out" in capsys.readouterr().err


def test_models_of_other_data_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    detector = ImageDetector(max_iter=5, n_estimators=1, random_state=0)
    detector.fit(load_digits().images[:60]).save("images.safetensors")
    said = refused(capsys, "new.csv", "--model", "images.safetensors", "--out", "page.html")
    assert "is a model of ImageDetector. report takes one of tables." in said
