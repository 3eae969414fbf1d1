"""What PyOD's engine is told: the file of the package is what the measured results say."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.harness import report, results
from benchmarks.studies import knowledge
from pyod_gan.planning.knowledge import SHIPPED

pytestmark = pytest.mark.skipif(
    not knowledge.MEASURED.exists(), reason="a source archive, without measured results"
)


def test_the_package_ships_what_the_command_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["knowledge", "--out", str(tmp_path / "new")]) == 0
    made = tmp_path / "new" / SHIPPED.name
    assert capsys.readouterr().out == f"wrote {made}\n"
    assert json.loads(made.read_text("utf-8")) == json.loads(SHIPPED.read_text("utf-8")), (
        "run `python -m benchmarks knowledge --out pyod_gan/planning`"
    )


def test_figures_and_ranks_are_those_of_the_report() -> None:
    shipped = json.loads(SHIPPED.read_text("utf-8"))
    table = results.read(knowledge.MEASURED / "odds" / "results.csv")
    for title, rows in report.sections(table):
        setting = title.removesuffix("-1500-rows").replace("-", "_")
        measured = report.summary(rows).set_index("detector")
        told = shipped["benchmarks"][f"pyod_gan_odds_{setting}"]["figures"]
        assert {name: figures["AUROC"] for name, figures in told.items()} == dict(
            measured["AUROC"].round(3)
        )
        rank = measured["AUROC"].rank(ascending=False)["GANDetector"]
        ours = shipped["algorithms"]["GANDetector"]
        assert ours["benchmark_rank"][f"pyod_gan_odds_{setting}"] == rank


def test_detectors_that_miss_a_set_are_left_out() -> None:
    rows = pd.DataFrame(
        {
            "set": ["a", "b", "a", "b", "b"],
            "detector": ["KNN", "KNN", "ECOD", "LOF", "LOF"],
            "auroc": [0.5, 0.7, 1.0, 0.9, 1.0],
        }
    )
    table = knowledge.per_set(rows, ["auroc"])
    assert list(table["auroc"].columns) == ["KNN"]
    assert knowledge.in_words(table, "KNN") == "AUROC 0.600"


def test_only_what_is_half_as_good_and_can_be_built_is_recommended() -> None:
    means = {
        "NearestPrototype": 0.9,
        "TimeSeriesOD:KNN": 0.8,
        "TimeSeriesOD:PCA": 0.7,
        "LSTM": 0.46,
        "KShape": 0.44,
    }
    table = {"vus_pr": pd.DataFrame([means])}
    assert knowledge.recommended(table) == [
        {"detector": "TimeSeriesOD", "params": {"detector": "KNN"}},
        {"detector": "LSTMAD"},
    ]


def test_losses_are_named_with_the_largest_gap_first() -> None:
    scores = pd.DataFrame(
        {"ours": [0.5, 0.9, 0.6], "KNN": [0.6, 0.8, 0.9], "LOF": [0.8, 0.8, 0.7]},
        index=["a", "b", "c"],
    )
    said = knowledge.losses(("odds", "one-class"), {"auroc": scores}, "ours")
    expected = "Behind in AUROC, clean training data: LOF by 0.300 on a, KNN by 0.300 on c"
    assert said == expected
    assert knowledge.losses(("odds", "one-class"), {"auroc": scores.loc[["b"]]}, "ours") == ""
