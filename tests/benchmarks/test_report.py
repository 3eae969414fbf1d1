"""Tables and pictures, from a results file small enough to check by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmarks.harness import page, pictures, protocols, report, results, significance
from benchmarks.studies import dte
from benchmarks.studies.published import beside_published

# AUROC per data set; ranks: a: 1 2 3, b: 2 1 3, c: 1 2.5 2.5 (a tie), d: 1 3 2
AUROC = {
    "a": {"GANDetector": 0.9, "KNN": 0.8, "LOF": 0.7},
    "b": {"GANDetector": 0.6, "KNN": 0.95, "LOF": 0.5},
    "c": {"GANDetector": 0.9, "KNN": 0.7, "LOF": 0.7},
    "d": {"GANDetector": 0.8, "KNN": 0.5, "LOF": 0.6},
}


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """Two seeds, 0.01 apart around the values above; KNN failed on d."""
    lines = [",".join(results.COLUMNS)]
    for dataset, scores in AUROC.items():
        for detector, auroc in scores.items():
            for seed in (0, 1):
                failed = (dataset, detector) == ("d", "KNN")
                shift = 0 if failed else 0.005 * (2 * seed - 1)
                status = "ValueError: x" if failed else "ok"
                ap, seconds = ("0.1", ",") if failed else ("0.4", "1.0,0.5")
                lines.append(
                    f"{dataset},{detector},{seed},one-class,all,100,3,10,"
                    f"{auroc + shift:.6f},{ap},0,0,0,{seconds},{status},x"
                )
    path = tmp_path / "results.csv"
    path.write_text("\n".join(lines) + "\n")
    return results.read(path)


def test_mean_ranks_by_hand(table: pd.DataFrame) -> None:
    ranks = report.mean_ranks(report.per_dataset(table, "auroc"))
    assert ranks.to_dict() == {"GANDetector": 1.25, "KNN": 2.125, "LOF": 2.625}


def test_summary_by_hand(table: pd.DataFrame) -> None:
    summary = report.summary(table).set_index("detector")
    assert summary.index.tolist() == ["GANDetector", "KNN", "LOF"]
    assert summary.loc["GANDetector", "AUROC"] == pytest.approx(0.8)
    assert summary.loc["GANDetector", "AUROC sd"] == pytest.approx(0.01 / np.sqrt(2))
    assert summary.loc["GANDetector", report.SPREAD] == pytest.approx(0.01 / np.sqrt(2))
    assert summary.loc["KNN", "AUROC"] == pytest.approx((0.8 + 0.95 + 0.7 + 0.5) / 4)
    assert summary.loc["KNN", "average precision"] == pytest.approx(0.325)
    assert summary.loc["LOF", "seconds"] == pytest.approx(1.5)
    assert summary["failed"].tolist() == [0, 2, 0]


def test_protocols_side_by_side(table: pd.DataFrame) -> None:
    other = table[table["detector"] != "LOF"].assign(protocol="contaminated")
    lines = report.side_by_side(pd.concat([table, other])).splitlines()
    assert lines[0].count("contaminated: ") == lines[0].count("one-class: ") == 2
    assert lines[2].startswith("| GANDetector | 0.800 ± 0.007 |")
    assert lines[2].count("0.800 ± 0.007") == 2
    assert lines[4].startswith("| LOF | – | – | 0.625 ± 0.007 |")


def test_where_we_lose(table: pd.DataFrame) -> None:
    scores = report.per_dataset(table, "auroc")
    lost = report.losses(scores, "GANDetector")
    assert lost["data set"].tolist() == ["b"]
    assert lost["gap"].tolist() == [pytest.approx(0.35)]
    duels = significance.duels(scores, "GANDetector").set_index("against")
    assert duels.loc["KNN", ["won", "tied", "lost"]].tolist() == [3, 0, 1]
    assert (duels["p (Holm)"] <= 1).all()


def test_tests_are_of_ours_against_each_other_detector_alone() -> None:
    rng = np.random.RandomState(0)
    scores = pd.DataFrame(rng.rand(12, 3), columns=["KNN", "LOF", "MCD"])
    scores["ours"] = scores["KNN"] + np.linspace(0.01, 0.02, 12)  # 12 wins: the smallest p-value
    duels = significance.duels(scores, "ours").set_index("against")
    alone = 2 / 2**12
    assert duels.loc["KNN", "p (Holm)"] == pytest.approx(3 * alone)  # of 3 comparisons, not 6 pairs
    assert f"{3 * alone:.2g}." in significance.power(scores)


def test_halves_by_hand(table: pd.DataFrame) -> None:
    text = report.halves(table)
    first = text.partition(": ")[2].partition(".")[0].split(", ")
    assert len(first) == 2 and set(first) < set(AUROC)
    ours = np.mean([AUROC[name]["GANDetector"] for name in first])
    others = np.mean([AUROC[name]["GANDetector"] for name in set(AUROC) - set(first)])
    line = next(line for line in text.splitlines() if line.startswith("| GANDetector"))
    assert line == f"| GANDetector | {ours:.3f} | 0.400 | {others:.3f} | 0.400 |"


def test_tests_stand_degenerate_input(table: pd.DataFrame) -> None:
    scores = report.per_dataset(table, "auroc")
    scores["twin"] = scores["KNN"]
    p_values = significance.pairwise(scores)
    assert p_values.loc["KNN", "twin"] == 1
    assert p_values.notna().all(axis=None)
    assert np.isnan(significance.friedman(scores[["KNN", "LOF"]]))


def test_incomplete_data_sets_are_left_out_and_counted(table: pd.DataFrame) -> None:
    partial = table[~((table["dataset"] == "a") & (table["detector"] == "LOF"))]
    assert sorted(report.complete(partial)["dataset"].unique()) == ["b", "c", "d"]
    said = report.overview("x", partial)
    assert "Means over 3 data sets and 2 seeds." in said
    assert "has not run on them: 1." in said


def test_report_names_failures_and_losses(table: pd.DataFrame, tmp_path: Path) -> None:
    report.write(table, tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "2 of 24 runs failed" in text
    assert "* KNN on d: 2 × ValueError: x" in text
    assert "counts as AUROC 0.5" in text
    assert "Where another detector beats it" in text
    assert "| b | 0.600 | KNN | 0.950 | 0.350 |" in text


def test_at_a_glance_marks_ours_and_says_what_the_protocol_means(table: pd.DataFrame) -> None:
    lines = report.at_a_glance("one-class", table).splitlines()
    assert "half of the normal rows" in lines[0]
    assert "4 data sets and 2 seeds" in lines[1]
    assert lines[4].split()[:5] == [">", "1", "GANDetector", "0.800", "±"]
    assert lines[5].split()[:2] == ["2", "KNN"]
    assert len({len(line.rstrip()) for line in lines[3:7]}) == 1  # columns line up
    assert lines[7].startswith("2 runs failed")
    assert max(map(len, lines)) <= 100


def test_the_page_holds_everything_and_names_no_address(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    drawn = {"one-class": [tmp_path / "ranks.png"]}
    Figure(figsize=(2, 1)).savefig(drawn["one-class"][0], dpi=100)
    renamed = table.replace({"detector": {"LOF": "<b>LOF</b>"}})
    page.write(renamed, drawn, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r'<tr class="ours"><td class="number">1</td><td>GANDetector</td>', text)
    assert "0.800 ± 0.007" in text and "half of the normal rows" in text
    assert "&lt;b&gt;LOF" in text and "<b>LOF" not in text
    assert "data:image/png;base64," in text and 'width="100" height="50"' in text
    assert re.findall(r"https?:", text) == []
    lost = text.partition("better AUROC")[2].partition("better average precision")[0]
    assert re.findall(r"<td>(\w)</td>", lost) == ["b"]  # data sets where another is better


def test_protocols_have_a_meaning_each() -> None:
    assert protocols.MEANINGS.keys() == protocols.PROTOCOLS.keys()


def test_protocols_are_never_averaged_together(table: pd.DataFrame) -> None:
    both = pd.concat([table, table.assign(protocol="contaminated"), table.assign(max_rows="50")])
    titles = [title for title, _ in report.sections(both)]
    assert titles == ["contaminated", "one-class-50-rows", "one-class"]


def test_figures_of_the_dte_paper_stand_beside_ours(table: pd.DataFrame) -> None:
    names = {"a": "14_glass", "b": "45_wine", "c": "arrhythmia", "d": "30_satellite"}
    rows = table.assign(dataset=table["dataset"].map(names), protocol="dte-one-class")
    lines = dte.beside_published("dte-one-class", rows).set_index(["source", "method"])
    assert (lines["sets"] == 3).all()  # arrhythmia is not in the paper
    assert lines.loc[("here", "GANDetector"), "AUROC"] == pytest.approx((0.9 + 0.6 + 0.8) / 3)
    theirs = dte.published("dte-one-class")[("auroc", "kNN")]
    assert theirs["14_glass"] == pytest.approx(0.920, abs=0.001)  # figures of the reference table
    mean = theirs[["14_glass", "45_wine", "30_satellite"]].mean()
    assert lines.loc[("published", "kNN"), "AUROC"] == pytest.approx(mean)
    assert dte.NOTE in report.overview("dte-one-class", rows, beside_published)


def test_pictures_are_drawn(table: pd.DataFrame, tmp_path: Path) -> None:
    folder = tmp_path / "scores" / "one-class"
    folder.mkdir(parents=True)
    rng, y = np.random.RandomState(0), np.arange(40) % 10 == 0
    for dataset in AUROC:
        for detector in ("GANDetector", "KNN"):
            curves: dict[str, Any] = {
                "history_step": np.arange(5),
                "history_critic_loss": rng.rand(5),
            }
            scores = rng.rand(40) + y
            np.savez(folder / f"{dataset}--{detector}.npz", y=y, scores=scores, **curves)
    drawn = pictures.draw_all(table, tmp_path)
    assert list(drawn) == ["one-class"]
    written = {path.name for path in drawn["one-class"]}
    assert written == {
        "ranks-one-class-auroc.png",
        "ranks-one-class-ap.png",
        "scores-one-class.png",
        "training-one-class.png",
    }
    assert all((tmp_path / name).stat().st_size > 5_000 for name in written)
