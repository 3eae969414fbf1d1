"""The report: what is on the page is what the detector says, and the page needs nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pyod_gan import GANDetector, GANOutlierDetector, ImageDetector, report
from pyod_gan._support import optional_imports
from pyod_gan.display import report_findings
from pyod_gan.display.report_findings import Findings, find
from pyod_gan.tables import Batches
from tests.helpers import QUICK, amounts_of_kinds, table

NUMBERS = pd.DataFrame(table(), columns=list("abcde"))
MIXED = amounts_of_kinds(n=300)


@pytest.fixture(scope="module")
def of_numbers() -> GANDetector:
    return GANDetector(**QUICK).fit(NUMBERS)


@pytest.fixture(scope="module")
def of_mixed() -> GANDetector:
    return GANDetector(**QUICK).fit(MIXED)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(path: Path) -> str:
    """The page without the scripts of Bokeh."""
    return re.sub(
        r"/\* BEGIN bokeh.*?/\* END bokeh\S* \*/", "", path.read_text("utf-8"), flags=re.S
    )


def cells(page: str) -> list[list[str]]:
    """Texts of the cells of the rows that score highest."""
    body = re.search(r'<table id="rows">.*?<tbody>(.*?)</tbody>', page, re.S)
    assert body
    rows = re.findall(r"<tr.*?>(.*?)</tr>", body[1], re.S)
    plain = [[re.sub("<.*?>", "\n", cell) for cell in re.findall("<td.*?</td>", r)] for r in rows]
    return [[unescape(" ".join(cell.split())) for cell in row] for row in plain]


def test_the_rows_are_those_that_score_highest_with_their_reasons(of_mixed: GANDetector) -> None:
    rows = MIXED.set_axis(range(1000, 1300)).rename_axis("payment")
    rows.loc[1007, "amount"] = 90_000.0
    rows.loc[1011, "kind"] = "yacht"
    page = read(report(of_mixed, rows, top=5))
    scores = pd.Series(of_mixed.decision_function(rows), rows.index)
    highest = scores.sort_values(ascending=False, kind="stable").head(5)
    found = cells(page)
    assert [row[0] for row in found] == [str(label) for label in highest.index]
    assert [row[1] for row in found] == [f"{score:.3f}" for score in highest]
    reasons = of_mixed.explain_frame(rows.loc[highest.index]).groupby("row", sort=False)["reason"]
    assert [row[-1] for row in found] == [" ".join(group) for _, group in reasons]
    assert "<button>payment</button>" in page
    n_flagged = int(of_mixed.predict(rows).sum())
    assert f"<h1>{n_flagged} of 300 rows are flagged</h1>" in page
    labels = [
        "outlier" if label else "inlier" for label in of_mixed.predict(rows.loc[highest.index])
    ]
    assert [row[2] for row in found] == labels


def test_p_values_are_there_after_calibration() -> None:
    detector = GANDetector(**QUICK).fit(NUMBERS[:150]).calibrate(NUMBERS[150:])
    found = find(detector, NUMBERS, 4)
    highest = NUMBERS.loc[[int(row.label) for row in found.top]]
    np.testing.assert_array_equal([row.p_value for row in found.top], detector.p_values(highest))
    page = read(report(detector, NUMBERS, top=4))
    assert [row[2] for row in cells(page)] == [f"{row.p_value:.2g}" for row in found.top]
    assert "the held-out rows" in page
    assert find(GANDetector(**QUICK).fit(NUMBERS), NUMBERS, 1).top[0].p_value is None


@pytest.mark.parametrize("kind", ["array", "pandas", "polars"])
def test_tables_of_all_kinds(kind: str) -> None:
    rows = {"array": NUMBERS.to_numpy(), "pandas": NUMBERS, "polars": pl.from_pandas(NUMBERS)}[kind]
    detector = GANDetector(**QUICK).fit(rows)
    for found in (find(detector, rows, 3), find(detector, None, 3)):
        order = np.argsort(-detector.decision_scores_)[:3]
        assert [row.label for row in found.top] == [str(i) for i in order]
        name = "x" if kind == "array" else "[a-e]"
        assert all(re.match(rf"{name}\d? = ", row.reasons[0]) for row in found.top)
        assert all(len(row.reasons) == 3 for row in found.top)
    mixed = pl.from_pandas(MIXED) if kind == "polars" else MIXED
    assert find(GANDetector(**QUICK).fit(mixed), mixed, 3).top[0].reasons


def test_wrappers_and_pipelines_are_seen_through(of_numbers: GANDetector) -> None:
    rows = NUMBERS.set_axis([f"r{i}" for i in range(200)])
    turned = GANOutlierDetector(**QUICK).fit(rows)
    scaler = StandardScaler().set_output(transform="pandas")
    piped = make_pipeline(scaler, GANDetector(**QUICK)).fit(rows)
    plain = find(of_numbers, rows, 3)
    assert find(turned, rows, 3).top == plain.top
    found = find(piped, rows, 3)
    order = np.argsort(-piped[-1].decision_scores_)[:3]
    assert [row.label for row in found.top] == [f"r{i}" for i in order]
    np.testing.assert_array_equal(found.scores, piped[-1].decision_scores_)
    report(piped, None)


def test_without_rows_the_report_is_about_the_training_rows(
    of_numbers: GANDetector, of_mixed: GANDetector
) -> None:
    page = read(report(of_numbers))
    assert "20 of 200 training rows are flagged" in page
    assert 'id="drift"' not in page and "these rows" not in page
    assert all(row[3] for row in cells(page))
    page = read(report(of_mixed))
    assert "30 of 300 training rows are flagged" in page
    assert all(row[3] for row in cells(page))


def test_reasons_of_kept_rows_are_those_of_the_rows_themselves() -> None:
    rng = np.random.default_rng(0)
    minutes = pd.to_timedelta(5 * rng.integers(0, 400 * 24 * 12, 200), unit="min")
    rows = (
        MIXED[:200]
        .drop(columns="paid")
        .assign(
            at=pd.Timestamp("2024-01-01", tz="Europe/Berlin") + minutes,
            lasts=pd.to_timedelta(rng.integers(0, 5000, 200), unit="s"),
            note=[f"parcel {i} to {rng.integers(1000)}" for i in range(200)],
        )
    )
    rows.loc[3, "kind"] = None
    rows.loc[5, "amount"] = np.nan
    rows.loc[7, "lasts"] = pd.Timedelta("20 days")
    rows.loc[9, "at"] = pd.Timestamp("2011-05-05 12:00", tz="Europe/Berlin")
    detector = GANDetector(**QUICK).fit(rows)
    kept, given = find(detector, None, 60), find(detector, rows, 60)
    for one, other in zip(kept.top, given.top, strict=True):
        assert (one.label, one.score) == (other.label, other.score)
        said = [re.sub(r"'parcel.*?'", "'…'", reason) for reason in other.reasons]
        assert one.reasons == said
    said = " ".join(reason for row in kept.top for reason in row.reasons)
    assert "kind is missing; expected" in said and "amount is missing; expected" in said
    assert "lasts = 20 days, 0:00:00; expected" in said
    assert "at = 2011-05-05 12:00+02:00; expected" in said and "note = '…'" in said
    assert "… stands for a text" in kept.about_rows[0]
    assert given.about_rows == []


def test_a_category_of_the_name_of_a_part_of_dates_is_no_date() -> None:
    rows = pd.DataFrame({"per": ["hour", "day"] * 60, "amount": np.arange(120.0)})
    assert find(GANDetector(**QUICK).fit(rows), None, 5).about_rows == []


def test_a_model_that_keeps_a_sample_or_no_rows_says_so() -> None:
    sample = GANDetector(**QUICK, reservoir_size=50).fit(NUMBERS)
    found = find(sample, None, 5)
    assert found.row_header == "Kept row" and len(found.training_scores) == 200
    assert found.about_rows == [
        "Of the 200 training rows the model keeps 50. Only these are in the table and on the map."
    ]
    kept = sample.decision_function(pd.DataFrame(sample.reservoir_, columns=list("abcde")))
    assert [row.score for row in found.top] == sorted(kept, reverse=True)[:5]
    nothing = GANDetector(**QUICK, reservoir_size=0).fit(NUMBERS)
    found = find(nothing, NUMBERS, 5)
    assert found.map is not None and len(found.map.training) == 0
    assert found.drift is not None and found.drift.columns == []
    assert "columns are not compared" in found.about_rows[0]
    found = find(nothing, None, 5)
    assert found.map is None and found.about_rows[0].endswith("only their scores are known.")
    highest = np.argsort(-nothing.decision_scores_)[:5]
    assert [row.label for row in found.top] == [str(i) for i in highest]
    report(nothing)


def test_of_many_rows_a_sample_is_drawn_and_the_top_ones_always(
    of_numbers: GANDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_findings, "MOST_POINTS", 60)
    found = find(of_numbers, NUMBERS, 20)
    assert found.map is not None and len(found.map.training) == 60
    labels = found.map.rows.labels
    assert len(labels) == len(set(labels)) and 60 <= len(labels) <= 80
    assert labels[-20:] == [row.label for row in found.top]
    expected = of_numbers.decision_scores_[list(map(int, labels))]
    np.testing.assert_array_equal(found.map.rows.scores, expected)
    assert found.about_rows == [
        "Of the 200 rows 60, drawn at random, are on the map and in the comparison of columns; the "
        "20 of the table are always on the map."
    ]
    assert found.about_rows[0] in read(report(of_numbers, NUMBERS, top=20))


def test_the_map_has_the_components_of_rows_that_are_not_flagged(of_numbers: GANDetector) -> None:
    rows = NUMBERS.copy()
    rows.loc[0] = 1e9
    found = find(of_numbers, rows, 1)
    assert found.map is not None and found.top[0].label == "0"
    of_usual = find(of_numbers, NUMBERS, 1).map
    assert of_usual is not None
    np.testing.assert_array_equal(found.map.shares, of_usual.shares)
    places = found.map.rows.places
    assert len(places) == 200
    assert np.linalg.norm(places[-1]) > 2 * np.linalg.norm(places[:-1], axis=1).max()


def test_drift_is_said(of_numbers: GANDetector) -> None:
    assert "No column has moved by more than chance" in read(report(of_numbers, NUMBERS))
    later = NUMBERS.assign(b=NUMBERS["b"] + 3 * NUMBERS["b"].std())
    found = find(of_numbers, later, 1)
    assert found.drift is not None
    assert (
        found.drift.columns[0].column == "b" and found.drift.scores.now < found.drift.scores.before
    )
    page = unescape(read(report(of_numbers, later)))
    assert "1 of 5 columns has moved" in page
    assert "These rows score higher than the training rows" in page
    assert f"<td>{found.drift.columns[0].said}</td>" in page


def test_one_column_and_equal_scores() -> None:
    rows = np.repeat([[1.0], [2.0]], [60, 1], axis=0)
    detector = GANDetector(**QUICK).fit(rows)
    assert find(detector, rows, 3).map is None
    assert 'id="map"' not in read(report(detector, rows))
    same = GANDetector(**QUICK).fit(np.ones((50, 2)))
    assert "of 50 rows are flagged" in read(report(same, np.ones((50, 2))))


class FlagsAll:
    """A thresholder that calls every row an outlier."""

    def fit(self, scores: np.ndarray) -> None:
        self.labels_ = np.ones(len(scores), dtype=int)

    def get_params(self, deep: bool = True) -> dict[str, object]:
        return {}


def test_a_threshold_below_all_scores() -> None:
    detector = GANDetector(**(QUICK | {"contamination": FlagsAll()})).fit(NUMBERS)
    assert detector.threshold_ == -np.inf
    assert "200 of 200 rows are flagged" in read(report(detector, NUMBERS))


def test_users_texts_are_escaped(of_numbers: GANDetector) -> None:
    evil = "</script><script>alert(1)</script>"
    rows = MIXED.rename(columns={"amount": f"amount{evil}"}).rename_axis(evil)
    rows["kind"] = rows["kind"].replace("food", f"food{evil}")
    rows.index = rows.index.map(lambda i: f"{i}{evil}").rename(evil)
    detector = GANDetector(**QUICK).fit(rows)
    page = read(report(detector, rows))
    assert "<script>alert" not in page
    assert page.count("</script>") == page.count("<script>")
    assert page.count("&lt;script&gt;alert(1)") > 50  # in the table
    assert "\\u003c/script\\u003e\\u003cscript\\u003ealert(1)" in page  # in the figures


def test_nothing_is_loaded_and_the_page_is_small(of_mixed: GANDetector) -> None:
    path = report(of_mixed, MIXED)
    page = path.read_text("utf-8")
    assert path.stat().st_size < 2_000_000
    assert "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'" in page
    ours = read(path)
    assert not re.search(r"https?:|//\w|@import|url\(|\bsrc=|\bhref=", ours)


def test_the_same_detector_and_rows_give_the_same_file(of_mixed: GANDetector) -> None:
    first, again = report(of_mixed, MIXED, "first.html"), report(of_mixed, MIXED, "again.html")
    assert first.read_bytes() == again.read_bytes()
    assert report(of_mixed, path="first.html").read_bytes() != again.read_bytes()


def test_what_cannot_be_reported_is_an_error_and_leaves_the_file(
    of_numbers: GANDetector, tmp_path: Path
) -> None:
    report(of_numbers, NUMBERS)
    before = Path("report.html").read_bytes()
    with pytest.raises(ValueError, match=r"`top` must be a whole number of at least 1\. Got 0"):
        report(of_numbers, NUMBERS, top=0)
    with pytest.raises(ValueError, match=r"`X` must be a table in memory\. Got Batches"):
        report(of_numbers, Batches([NUMBERS]))
    with pytest.raises(ValueError, match="feature names"):
        report(of_numbers, NUMBERS[list("edcba")])
    with pytest.raises(NotFittedError):
        report(GANDetector(), NUMBERS)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        report(of_numbers, NUMBERS, "no/folder.html")
    with pytest.raises(TypeError, match=r"last step of a Pipeline\. Got StandardScaler"):
        report(StandardScaler().fit(NUMBERS))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert Path("report.html").read_bytes() == before


def test_detectors_of_other_data_name_their_displays() -> None:
    digits = load_digits().images[:60]
    detector = ImageDetector(max_iter=5, n_estimators=1, random_state=0).fit(digits)
    with pytest.raises(TypeError, match=r"of tables\. Got ImageDetector.*AnomalyMapDisplay"):
        report(detector, digits)


def test_without_bokeh_the_error_names_the_extra(
    of_numbers: GANDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(optional_imports, "import_module", missing)
    with pytest.raises(ImportError, match=re.escape("pip install 'pyod-gan[report]'")):
        report(of_numbers, NUMBERS)


def test_bokeh_is_imported_when_a_report_is_made() -> None:
    code = "import sys, pyod_gan; pyod_gan.report; print({'bokeh', 'jinja2'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_a_report_changes_nothing(of_mixed: GANDetector) -> None:
    from bokeh.io import curdoc

    state = np.random.get_state()[1].copy()
    scores = of_mixed.decision_function(MIXED)
    report(of_mixed, MIXED)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    np.testing.assert_array_equal(of_mixed.decision_function(MIXED), scores)
    assert curdoc().roots == []
    assert isinstance(find(of_mixed, MIXED, 1), Findings)
