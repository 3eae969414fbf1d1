"""Drift in a report: distances, p-values, and the words for what has moved."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from pyod_gan.display.report_drift import Distance, Moved, moved_columns
from pyod_gan.front_ends.front_end import Output
from pyod_gan.front_ends.table import TableFrontEnd


def moved(before: pd.DataFrame, now: pd.DataFrame) -> dict[str, Moved]:
    """What has moved in each column, the farthest first."""
    front_end = TableFrontEnd()
    values = front_end.fit_read(before).values
    found = moved_columns(front_end.names, front_end.outputs, values, front_end.read(now).values)
    return {column.column: column for column in found}


def test_a_distance_is_that_of_scipy_and_says_where_it_is() -> None:
    before, now = np.arange(10.0), np.full(50, 5.0)
    distance = Distance.between(before, now)
    assert distance[:1] + distance[2:] == (0.5, 4.0, 0.5, 0.0)
    assert distance.p == ks_2samp(before, now, method="asymp").pvalue
    assert distance.is_chance == (distance.p > 0.05)
    assert Distance.between(before, before)[:2] == (0, 1)


def test_columns_of_all_kinds_are_named_by_what_has_moved_most() -> None:
    rng = np.random.default_rng(0)
    n = 400
    before = pd.DataFrame(
        {
            "amount": rng.integers(0, 100, n),
            "kind": rng.choice(["food", "rent"], n, p=[0.9, 0.1]),
            "gap": np.where(rng.random(n) < 0.1, np.nan, rng.random(n)),
            "paid": rng.random(n) < 0.5,
            "when": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 100, n), "D"),
            "note": [f"note number {i} of {n}" for i in range(n)],
            "same": rng.normal(size=n).round(2),
        }
    )
    now = before.copy()
    now["amount"] = now["amount"] // 2
    now.loc[:199, "kind"] = "rent"
    now.loc[200:250, "kind"] = "fuel"
    now.loc[:299, "gap"] = np.nan
    now["paid"] = True
    now["when"] += pd.Timedelta(365, "D")
    now["note"] = "quite another text"
    found = moved(before, now)
    said = {name: column.said for name, column in found.items()}
    assert said["amount"] == "amount ≤ 49"
    assert found["amount"].before == pytest.approx((before["amount"] <= 49).mean())
    assert found["amount"].now == 1
    assert said["kind"] == "kind = 'rent'" or said["kind"] == "kind = 'food'"
    assert found["kind"].now == pytest.approx((now["kind"] == said["kind"][8:-1]).mean())
    assert said["gap"] == "gap missing"
    assert found["gap"].now == pytest.approx(now["gap"].isna().mean())
    assert said["paid"] == "paid = 0" and found["paid"].now == 0
    assert re.fullmatch(r"when ≤ 2026-04-\d\d", said["when"]) and found["when"].size == 1
    assert said["note"] == "wording of note" and found["note"].before is None
    assert found["same"].size == 0 and found["same"].p == 1 and found["same"].is_chance
    sizes = [column.size for column in found.values()]
    assert sizes == sorted(sizes, reverse=True)
    assert not any(found[name].is_chance for name in ("amount", "kind", "gap", "paid", "when"))


def test_a_category_that_training_never_saw_is_named() -> None:
    before = pd.DataFrame({"kind": ["a", "b"] * 100, "x": np.arange(200.0)})
    found = moved(before, before.assign(kind="c"))
    assert found["kind"].said == "kind never seen in training"
    assert (found["kind"].before, found["kind"].now) == (0, 1)


def test_the_same_numbers_in_single_precision_have_not_moved() -> None:
    rows = np.random.default_rng(0).choice([0.1, 0.2, 0.7], (200, 1))
    outputs = [Output(0, "value")]
    for before, now in ((rows, rows.astype(np.float32)), (rows.astype(np.float32), rows)):
        assert moved_columns(["x"], outputs, before, now)[0].size == 0


def test_p_values_are_adjusted_for_the_number_of_columns() -> None:
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=(100, 20)), rng.normal(size=(100, 20))
    now[:, 3] += 1
    outputs = [Output(j, "value") for j in range(20)]
    found = moved_columns([f"x{j}" for j in range(20)], outputs, before, now)
    assert [column.column for column in found if not column.is_chance] == ["x3"]
    alone = ks_2samp(before[:, 3], now[:, 3], method="asymp").pvalue
    assert found[0].p == pytest.approx(20 * alone)
    one = moved_columns(["x"], [Output(0, "value")] * 20, before, now)  # which encode one column
    assert one[0].p == pytest.approx(20 * alone)


def test_a_missing_number_lies_above_all_others() -> None:
    before = np.arange(10.0)[:, None]
    now = before.copy()
    now[:5] = np.nan
    (found,) = moved_columns(["x"], [Output(0, "value")], before, now)
    assert (found.said, found.before, found.now) == ("x ≤ 4", 0.5, 0)
