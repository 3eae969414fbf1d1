"""Growth of time and memory: every measurement is kept, and what fails is said."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.studies import growth
from benchmarks.studies.growth import Size


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Size]]:
    """Names and sizes that were measured, without a process."""
    calls: list[tuple[str, Size]] = []

    def apart(name: str, size: Size) -> dict[str, object]:
        calls.append((name, size))
        if name == "slow" and size.rows > 1_000:
            return {"status": "more than 60 s"}
        return dict.fromkeys(growth.MEASURES, size.rows / 1000) | {"status": "ok"}

    monkeypatch.setattr(growth, "_apart", apart)
    return calls


def test_what_was_stopped_is_not_tried_on_larger_tables(
    measured: list[tuple[str, Size]], tmp_path: Path
) -> None:
    shapes = growth.sizes(100_000)
    growth.measure(["slow", "quick"], shapes, tmp_path / "growth.csv")
    table = pd.read_csv(tmp_path / "growth.csv")
    assert len(table) == 2 * len(shapes)
    slow = table[table.detector == "slow"].set_index(["rows", "columns"]).status
    assert slow[1_000, 20] == "ok"
    assert slow[10_000, 20] == "more than 60 s"
    assert slow[100_000, 20] == slow[10_000, 500] == "not tried"
    n_calls = len(measured)
    growth.measure(["slow", "quick"], shapes, tmp_path / "growth.csv")
    assert len(measured) == n_calls  # nothing is measured twice
    titles = [title for title, _ in growth.tables(table)]
    assert len(titles) == len(set(titles)) == 7
    growth.draw(table, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 1000


def test_a_process_measures_and_says_what_failed() -> None:
    found = growth._apart("ECOD", Size(300, 4))
    assert found["status"] == "ok"
    assert 0 < float(found["p50"]) <= float(found["p99"])
    assert 0.05 < float(found["peak"]) < 5
    assert growth._apart("no such detector", Size(300, 4))["status"].startswith("KeyError")


def test_a_detector_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "MOST_SECONDS", 0.1)
    assert growth._apart("ECOD", Size(300, 4))["status"] == "more than 0.1 s"
