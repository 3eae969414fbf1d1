"""PyOD's engine with our detectors: what it plans, builds, runs, explains and changes."""

from __future__ import annotations

import json
import warnings
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pyod.models.embedding import MultiModalOD
from pyod.utils.ad_engine import ADEngine
from sklearn.datasets import load_digits

import pyod_gan
from pyod_gan import GANDetector, SeriesDetector, TextDetector, pyod_engine
from pyod_gan.gans import GANS
from pyod_gan.planning.knowledge import UNUSABLE, Knowledge
from tests.helpers import QUICK, amounts_of_kinds, with_far_rows

PYODS = ADEngine().kb  # read before anything of ours is
OURS = {name: v for name, v in Knowledge().algorithms.items() if name not in PYODS.algorithms}


@pytest.fixture(scope="module")
def engine() -> ADEngine:
    return pyod_engine(random_state=0)


@pytest.fixture(scope="module")
def messages() -> list[str]:
    texts = [f"Your parcel {i} arrives on day {i % 28 + 1}." for i in range(200)]
    texts[7] = "WIN a FREE prize!!! Call 0900 123456 now"
    return texts


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    values = np.sin(np.arange(300) / 5) + 0.1 * np.random.default_rng(0).normal(size=300)
    values[200] += 3
    return values


def names(plan: dict[str, Any]) -> list[str]:
    return [one["detector_name"] for one in (plan, *plan["alternatives"])]


def planned(engine: ADEngine, X: Any, data_type: str | None = None, **how: Any) -> list[str]:
    return names(engine.plan_detection(engine.profile_data(X, data_type), **how))


def ours_of(engine: ADEngine, name: str, X: Any, profile: dict[str, Any]) -> dict[str, Any]:
    """A quick run of one of our detectors."""
    plan = engine.plan_detection(profile)
    assert plan["detector_name"] == name
    plan["params"] |= {"n_estimators": 2, "max_iter": 20}
    return engine.run_detection(X, plan)


def test_a_table_from_profile_to_report(engine: ADEngine) -> None:
    X, y = with_far_rows()
    state = engine.run(engine.plan(engine.start(X)))
    assert [result["detector_name"] for result in state.results] == [
        "GANDetector",
        "IForest",
        "MCD",
    ]
    assert {result["status"] for result in state.results} == {"success"}
    first = state.results[0]
    assert type(first["detector"]) is GANDetector
    far = np.flatnonzero(y)
    assert set(np.argsort(first["scores_train"])[-len(far) :]) == set(far)
    state = engine.analyze(state)
    top = [one["index"] for one in state.analysis["consensus_analysis"]["top_anomalies"]]
    assert set(top) <= set(far)
    assert "GANDetector" in engine.generate_report(
        first, state.analysis["per_detector_analysis"][0]
    )
    checked = engine.validate(state, y)
    assert checked["per_detector"]["GANDetector"]["roc_auc"] == 1
    assert engine.report(state, format="json")["session"]["consensus"]["n_detectors"] == 3


def test_findings_have_reasons_of_our_detectors(engine: ADEngine) -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=["a", "b", "c"])
    X.index = [f"row {i}" for i in range(200)]
    X.loc["row 7", "b"] = 9
    result = ours_of(engine, "GANDetector", X, engine.profile_data(X))
    found = engine.explain_findings(result, top_k=1, X=X, feature_names=list(X.columns))
    assert [one["index"] for one in found] == [7]
    assert found[0]["label"] == "anomaly"
    assert found[0]["contributing_features"][0]["name"] == "b"
    assert found[0]["reasons"][0].startswith("b = 9; expected ")
    assert engine.explain_findings(result, indices=[9, 7], X=X)[1]["reasons"] == found[0]["reasons"]
    theirs = engine.run_detection(X, engine.make_plan(["ECOD"]))
    for silent in (
        engine.explain_findings(result),
        engine.explain_findings(theirs, X=X),
        engine.explain_findings({**result, "detector": None}, X=X),
    ):
        assert all("reasons" not in one for one in silent)


def test_new_data_is_scored_and_labelled(engine: ADEngine) -> None:
    X, y = with_far_rows()
    fresh, far = with_far_rows(seed=100)
    result = engine.detect(X[y == 0], fresh)
    assert result["plan"]["detector_name"] == "GANDetector"
    assert result["scores_test"][far == 1].min() > result["scores_test"][far == 0].max()
    assert result["labels_test"][far == 1].all()


@pytest.mark.parametrize(("clean", "setting"), [(False, "contaminated"), (True, "one_class")])
def test_tables_are_planned_by_what_was_measured(
    engine: ADEngine, clean: bool, setting: str
) -> None:
    profile = engine.profile_data(with_far_rows()[0])
    assert profile["clean"] is False
    profile["clean"] = clean
    plan = engine.plan_detection(profile)
    assert plan["evidence"] == [f"pyod_gan_odds_{setting}"]
    measured = engine.get_benchmarks(plan["evidence"][0])[plan["evidence"][0]]["figures"]
    built = {*PYODS.algorithms, "GANDetector"} & set(measured)
    best = sorted(built, key=lambda name: -measured[name]["AUROC"])
    assert names(plan) == best[:3] and "GANDetector" in best[:3]
    assert f"GANDetector {measured['GANDetector']['AUROC']:.3f}" in plan["reason"]
    without = engine.plan_detection(profile, constraints={"exclude_detectors": best[:1]})
    assert names(without)[:2] == best[1:3]


def test_where_we_have_nothing_to_say_pyods_rules_hold(engine: ADEngine) -> None:
    X, _ = with_far_rows()
    pyods = ADEngine(random_state=0)
    for rows, priority in ((X, "speed"), (X[:49], "balanced"), (X[:49], "accuracy")):
        assert engine.plan_detection(engine.profile_data(rows), priority) == pyods.plan_detection(
            pyods.profile_data(rows), priority
        )
    assert planned(engine, X, top_k=8) != planned(pyods, X, top_k=8)
    assert set(planned(pyods, X, top_k=99)) <= set(planned(engine, X, top_k=99))


def test_every_kind_of_data_has_its_detector(
    engine: ADEngine, messages: list[str], series: np.ndarray
) -> None:
    pixels = load_digits().images[:60]
    clips = [(np.zeros(8000), 8000)] * 9
    for X, kind, name in (
        (series, "time_series", "SeriesDetector"),
        (np.where(series > 3, np.nan, series), "time_series", "SeriesDetector"),
        (pixels, None, "ImageDetector"),
        (np.stack([pixels] * 3, axis=-1), None, "ImageDetector"),
        (["a.png", "b.png"], None, "ImageDetector"),
        (messages, None, "TextDetector"),
        (clips, "audio", "AudioDetector"),
        ({"note": messages, "row": np.zeros((200, 2))}, None, "RecordDetector"),
        (amounts_of_kinds(), None, "GANDetector"),
        (np.where(np.eye(60, 3) == 1, np.nan, 0), None, "GANDetector"),
    ):
        assert planned(engine, X, kind)[0] == name
    assert planned(engine, series, "time_series")[1] == "TimeSeriesOD"
    assert planned(engine, series[:63], "time_series") == planned(
        ADEngine(), series[:63], "time_series"
    )


def test_a_mixed_table_is_planned_for_what_can_read_it(engine: ADEngine) -> None:
    table = amounts_of_kinds()
    table.loc[7, "amount"] = 90000.0
    profile = engine.profile_data(table)
    assert profile == {
        "data_type": "mixed_table",
        "n_samples": 600,
        "n_features": 4,
        "clean": False,
    }
    assert planned(engine, table) == ["GANDetector"]
    result = ours_of(engine, "GANDetector", table, profile)
    found = engine.explain_findings(result, top_k=1, X=table)
    assert found[0]["index"] == 7 and found[0]["reasons"][0].startswith("amount = 90000")
    assert "feature_importance" not in engine.analyze_results(result, X=table)
    with pytest.raises(ValueError, match="could not convert"):
        ADEngine().profile_data(table.drop(columns="date"))


def test_missing_values_make_a_mixed_table(engine: ADEngine) -> None:
    X, _ = with_far_rows()
    frames = [pd.DataFrame(X), pl.DataFrame(X), pd.DataFrame(X).astype("Float64")]
    kinds = [*frames, X, X[:, 0], X.tolist()]
    assert {engine.profile_data(one)["data_type"] for one in kinds} == {"tabular"}
    X[3, 2] = np.nan
    for one in (pd.DataFrame(X), X, pd.DataFrame(X).convert_dtypes(), pl.DataFrame(X)):
        assert engine.profile_data(one)["data_type"] == "mixed_table"
    result = ours_of(engine, "GANDetector", X, engine.profile_data(X))
    assert np.isfinite(result["scores_train"]).all()


def test_a_series(engine: ADEngine, series: np.ndarray) -> None:
    result = ours_of(engine, "SeriesDetector", series, engine.profile_data(series, "time_series"))
    assert type(result["detector"]) is SeriesDetector
    assert result["scores_train"].argmax() == 200
    at_times = pd.Series(series, index=pd.date_range("2026-01-01", periods=300, freq="h"))
    for data in (series, at_times, list(series)):
        found = engine.explain_findings(result, indices=[200, 0], X=data)
        assert found[0]["reasons"][0].startswith(f"x0 at 200 = {series[200]:.5g}")
        assert found[1]["reasons"] == []
    edges = np.flatnonzero(np.diff(result["labels_train"], prepend=0, append=0)).reshape(-1, 2)
    ((start, stop),) = edges[(edges[:, 0] <= 200) & (edges[:, 1] > 200)]
    ends = [int(start), int(stop) - 1, int(start) - 1, int(stop)]
    said = [one["reasons"] for one in engine.explain_findings(result, indices=ends, X=series)]
    assert said == [found[0]["reasons"], found[0]["reasons"], [], []]


def test_a_series_with_gaps_is_interpolated(engine: ADEngine, series: np.ndarray) -> None:
    with_gap = series.copy()
    with_gap[9] = np.nan
    profile = engine.profile_data(with_gap, "time_series")
    assert profile["data_type"] == "series_with_gaps"
    assert names(engine.plan_detection(profile)) == ["SeriesDetector"]
    result = ours_of(engine, "SeriesDetector", with_gap, profile)
    assert result["detector"].missing == "interpolate"
    assert result["scores_train"].argmax() == 200


def test_texts(engine: ADEngine, messages: list[str]) -> None:
    result = ours_of(engine, "TextDetector", messages, engine.profile_data(messages))
    assert type(result["detector"]) is TextDetector
    assert result["scores_train"].argmax() == 7
    found = engine.explain_findings(result, indices=[7, 100], X=messages)
    assert any("'free'" in reason for reason in found[0]["reasons"])
    assert found[1]["label"] == "normal" and found[1]["reasons"] == []


def test_images(engine: ADEngine) -> None:
    images, digit = load_digits(return_X_y=True)
    images = np.r_[images[digit == 0][:60], images[digit == 6][:1]].reshape(-1, 8, 8)
    result = ours_of(engine, "ImageDetector", images, engine.profile_data(images))
    assert result["scores_train"].argmax() == 60
    assert "in rows" in engine.explain_findings(result, top_k=1, X=images)[0]["reasons"][0]


def test_records(engine: ADEngine, messages: list[str]) -> None:
    rows = np.random.default_rng(0).normal(size=(200, 3))
    X = {"row": rows, "note": messages}
    result = engine.run_detection(X, engine.plan_detection(engine.profile_data(X)))
    assert result["scores_train"].argmax() == 7
    (found,) = engine.explain_findings(result, top_k=1, X=X)
    assert found["reasons"][0].startswith("note: ")


def test_pyods_rule_for_records_is_left_out_because_it_cannot_work(engine: ADEngine) -> None:
    X = {"row": with_far_rows()[0]}
    assert planned(engine, X) == ["RecordDetector"]
    pyods = ADEngine()
    plan = pyods.plan_detection(pyods.profile_data(X))
    assert plan["detector_name"] == "MultiModalOD"
    with pytest.raises(TypeError, match="modalities"):
        pyods.build_detector(plan)
    ruled_out = [rule for rule in PYODS.routing_rules["rules"] if rule["id"] == UNUSABLE]
    assert [one["detector"] for one in ruled_out[0]["recommendations"]] == [MultiModalOD.__name__]


@pytest.mark.parametrize("name", OURS)
def test_every_detector_of_ours_is_built_by_its_name(engine: ADEngine, name: str) -> None:
    cls, _, gan = name.partition(":")
    detector = engine.build_detector(engine.make_plan([name]))
    assert type(detector) is getattr(pyod_gan, cls)
    assert (detector.random_state, detector.contamination) == (0, 0.1)
    assert not gan or detector.gan == gan
    chosen = engine.make_plan([name], params=[{"contamination": 0.2, "random_state": 3}])
    detector = engine.build_detector(chosen)
    assert (detector.random_state, detector.contamination) == (3, 0.2)


def test_the_family_is_there_beside_pyods_gans(engine: ADEngine) -> None:
    family = {f"GANDetector:{name}" for name in GANS if name not in ("auto", "views")}
    assert family < set(OURS)
    assert type(engine.build_detector(engine.make_plan(["ALAD"]))).__module__ == "pyod.models.alad"
    listed = {one["name"] for one in engine.list_detectors("tabular")}
    assert {"ALAD", "GANDetector", *family} <= listed
    ranked = engine.get_benchmarks("pyod_gan_family_one_class")["pyod_gan_family_one_class"]
    places = [
        engine.explain_detector(name)["benchmark_rank"]["pyod_gan_family_one_class"]
        for name in ranked["figures"]
        if name in family
    ]
    assert sorted(places) == sorted(set(places))
    kb = engine.get_kb_for_routing(engine.profile_data(with_far_rows()[0]))
    told = next(one for one in kb["available_detectors"] if one["name"] == "GANDetector:alad")
    measured = ranked["figures"]["GANDetector:alad"]["AUROC"]
    assert any(said.startswith(f"AUROC {measured:.3f}") for said in told["strengths"])


def test_feedback_changes_the_plan(engine: ADEngine) -> None:
    X, _ = with_far_rows()
    only_ours = [engine.make_plan(["GANDetector"], params=[QUICK])]
    state = engine.start(X)
    state = engine.plan(state)
    state.plans = only_ours
    state = engine.iterate(
        engine.analyze(engine.run(state)), {"action": "adjust_contamination", "value": 0.05}
    )
    state = engine.analyze(engine.run(state))
    assert state.results[0]["labels_train"].mean() == pytest.approx(0.05, abs=0.005)
    wanted = {"action": "include", "detectors": ["GANDetector:alad"]}
    state = engine.iterate(state, wanted)
    assert engine.build_detector(state.plans[1]).gan == "alad"
    state.plans[1]["params"] |= {"n_estimators": 1, "max_iter": 5}
    state = engine.iterate(engine.analyze(engine.run(state)), "without GANDetector")
    assert "GANDetector" not in [plan["detector_name"] for plan in state.plans]


def test_a_language_model_may_choose(engine: ADEngine) -> None:
    asked = []

    def model(prompt: str) -> str:
        asked.append(prompt)
        return json.dumps([{"detector": "GANDetector:prototype", "justification": "letters"}])

    profile = engine.profile_data(with_far_rows()[0])
    plan = engine.plan_detection(profile, llm_client=model, llm_strict=True)
    assert engine.build_detector(plan).gan == "prototype"
    said = engine.explain_detector("GANDetector")["strengths"][0]
    assert said.startswith("AUROC ") and said in asked[0]


def test_the_same_seed_gives_the_same_scores() -> None:
    X, _ = with_far_rows()
    runs = []
    for seed in (0, 0, 1):
        engine = pyod_engine(random_state=seed)
        runs.append(ours_of(engine, "GANDetector", X, engine.profile_data(X))["scores_train"])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_pyods_engine_is_as_it_was() -> None:
    before = deepcopy([PYODS.algorithms, PYODS.routing_rules, PYODS.benchmarks, PYODS.papers])
    X, _ = with_far_rows()
    plans = planned(ADEngine(), X)
    filters, state = list(warnings.filters), np.random.get_state()[1].tolist()
    engine = pyod_engine(random_state=0)
    engine.kb.algorithms["GANDetector"]["status"] = "planned"
    engine.kb.routing_rules["rules"].clear()
    ours_of(pyod_engine(), "GANDetector", X, pyod_engine().profile_data(X))
    assert warnings.filters == filters
    assert np.random.get_state()[1].tolist() == state
    fresh = ADEngine().kb
    assert [fresh.algorithms, fresh.routing_rules, fresh.benchmarks, fresh.papers] == before
    assert planned(ADEngine(), X) == plans
    assert "GANDetector" not in fresh.algorithms
    assert planned(pyod_engine(), X)[0] == "GANDetector"


def test_our_knowledge_has_pyods_form_and_adds_to_it() -> None:
    kb = Knowledge()
    form = set(PYODS.algorithms["IForest"])
    for name, told in OURS.items():
        assert set(told) == form, name
        assert set(told["benchmark_rank"]) == set(told["benchmark_refs"]) <= set(kb.benchmarks)
        assert told["paper"]["id"] in kb.papers
    for theirs, both in (
        (PYODS.algorithms, kb.algorithms),
        (PYODS.benchmarks, kb.benchmarks),
        (PYODS.papers, kb.papers),
    ):
        assert theirs.items() <= both.items()
        assert len(both) > len(theirs)
    ours, pyods = kb.routing_rules["rules"], PYODS.routing_rules["rules"]
    assert [rule for rule in pyods if rule["id"] != UNUSABLE] == ours[len(ours) - len(pyods) + 1 :]
    ours = ours[: len(ours) - len(pyods) + 1]
    lowest = min(one["confidence"] for rule in ours for one in rule["recommendations"])
    assert lowest > max(one["confidence"] for rule in pyods for one in rule["recommendations"])
    for rule in ours:
        assert set(rule["evidence"]) <= set(kb.benchmarks)
        assert {one["detector"] for one in rule["recommendations"]} <= set(kb.algorithms)
