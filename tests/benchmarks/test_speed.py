"""Timing: what fails is named, what is missing is said."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from benchmarks.harness import detectors
from benchmarks.studies import speed


def test_timing_names_failures() -> None:
    calls: list[str] = []

    def fail() -> None:
        raise ValueError("no")

    table = speed.timed({"quick": lambda: calls.append("x"), "broken": fail}, 3)
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
    table = speed.serving(rows, rows, 1)
    ours, theirs = table["status"][:2].tolist(), table["status"][2:].tolist()
    assert ours == ["ok", "ok"]
    if missing:
        assert all("Error" in said and missing in said for said in theirs)
    else:
        assert theirs == ["ok", "ok"]
    assert (table["CPU µs per row"] != "nan").tolist() == 2 * [True] + 2 * [missing is None]


def test_the_matrix_products_of_a_step_are_a_part_of_it() -> None:
    noted = speed.Operations()
    X = np.random.default_rng(0).normal(size=(200, 6))
    detector = detectors.make("GANDetector:alad+max_iter=60+n_estimators=2", 0)
    fitted = detector.set_params(callbacks=[noted]).fit(X)
    assert noted.n_operations > 100 * noted.n_steps
    a_step = 1000 * fitted.history_[-1]["seconds"] / fitted.n_iter_
    assert 0 < noted.milliseconds_of_products() < a_step
    short = speed.Operations()
    detector.set_params(callbacks=[short], max_iter=12).fit(X)
    before = short.n_operations
    np.testing.assert_array_equal(fitted.decision_function(X), fitted.decision_function(X))
    assert short.n_operations == before  # it has ended, and notes nothing else
