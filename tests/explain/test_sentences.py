"""Reasons in words: values as the user writes them, and no reason that contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyod_gan import GANDetector
from tests.helpers import QUICK, table

NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]\d+)?)"
AGAINST = re.compile(rf" = {NUMBER}; expected {NUMBER}(?: to {NUMBER})?$")


def tables() -> Iterator[pd.DataFrame]:
    """Tables of numbers and mixed tables, with many kinds of columns."""
    for seed in range(2):
        rng = np.random.default_rng(seed)
        n = 200
        numbers = pd.DataFrame(table(n, 4, seed), columns=list("abcd"))
        yield numbers
        yield (numbers * 1000).round(seed)
        yield numbers.assign(
            few=rng.integers(0, 4, n),
            mostly_0=(rng.random(n) < 0.03) * 7,
            some=np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            kind=rng.choice(["x", "y", "z"], n),
            flag=rng.random(n) < 0.9,
            day=pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n), unit="D"),
        )


def test_no_reason_contradicts_itself() -> None:
    n_ranges = n_combinations = 0
    for frame in tables():
        reasons = GANDetector(**QUICK).fit(frame).explain_frame(frame[:50], top=2)
        for reason in reasons["reason"]:
            found = AGAINST.search(reason)
            if found:
                value, low, high = (float(x) for x in found.groups(default=found[2]))
                assert not low <= value <= high, reason
                n_ranges += 1
        numbers = reasons.dropna(subset="low")
        inside = numbers[
            (numbers["low"] <= numbers["observed"]) & (numbers["observed"] <= numbers["high"])
        ]
        alike = reasons[reasons["observed"] == reasons["expected"]]
        for said in (inside["reason"], alike["reason"]):
            assert said.str.contains("; unusual with ", regex=False).all()
            n_combinations += len(said)
    assert n_ranges > 50
    assert n_combinations > 50


def test_an_expected_number_next_to_0_is_said_as_0() -> None:
    """A sensor that says 0 but for noise while the machine is off."""
    rng = np.random.default_rng(0)
    off = rng.random(200) < 0.5
    frame = pd.DataFrame({"a": np.where(off, 1e-4, 1) * rng.normal(size=200)})
    frame = frame.assign(**{name: off + 0.01 * rng.normal(size=200) for name in "bcd"})
    wrong = frame[off].assign(a=2.0)
    reasons = GANDetector(**QUICK).fit(frame).explain_frame(wrong, top=4)
    said = reasons["reason"][reasons["column"] == "a"]
    assert (said == "a = 2; expected 0").mean() > 0.9, said.to_list()


@pytest.mark.parametrize("seed", range(2))
def test_a_combination_names_the_columns_that_form_it(seed: int) -> None:
    """Each value is usual by itself; a and b have one sign in the table, and not in the rows."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(300, 6)), columns=list("cdaefb"))
    frame["b"] = frame["a"] + 0.1 * rng.normal(size=300)
    usual = frame[(frame[list("cdef")].abs() < 1).all(axis=1)][:20]
    detector = GANDetector(n_estimators=4, max_iter=50, random_state=seed).fit(frame)
    reasons = detector.explain_frame(usual.assign(a=1.0, b=-1.0), top=1)["reason"]
    said = reasons.isin(["a = 1; unusual with b = -1", "b = -1; unusual with a = 1"])
    assert reasons.str.match("[ab] = ").all()
    assert said.mean() > 0.5, reasons.to_list()  # in others a value is just outside of the range


def test_a_combination_of_a_number_and_a_category() -> None:
    """The sign of a is that of b for one kind, and the opposite for the other kind."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"kind": rng.choice(["x", "y"], 300), "a": rng.normal(size=300)})
    frame["b"] = np.where(frame["kind"] == "x", 1, -1) * frame["a"] + 0.1 * rng.normal(size=300)
    row = pd.DataFrame({"kind": ["x"], "a": [1.0], "b": [-1.0]})
    detector = GANDetector(n_estimators=4, max_iter=50, random_state=0).fit(frame)
    reason = detector.explain_frame(row, top=1)["reason"][0]
    assert "; unusual with " in reason
    assert set(re.findall(r"\w+ = \S+", reason)) <= {
        "a = 1;",
        "a = 1",
        "b = -1;",
        "b = -1",
        "kind = 'x'",
    }


def test_a_single_column_has_no_partner() -> None:
    X = np.r_[np.random.default_rng(0).normal([[-5], [5]], 0.5, (2, 100)).reshape(-1, 1)]
    reasons = GANDetector(**QUICK).fit(X).explain_frame([[0.0]])
    assert list(reasons["reason"]) == ["x0 = 0; rare"]


def mixed() -> pd.DataFrame:
    """300 rows with a column of every kind, each as simple as it can be."""
    rng, n = np.random.default_rng(0), 300
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    return pd.DataFrame(
        {
            "day": days,
            "time": days.tz_localize("Europe/Berlin")
            + pd.to_timedelta(rng.integers(8 * 60, 17 * 60, n), unit="min"),
            "month": pd.period_range("2000-01", periods=n, freq="M"),
            "lasts": pd.to_timedelta(rng.integers(1, 5, n), unit="h"),
            "amount": rng.integers(1000, 9999, n) / 100,
            "mass": rng.integers(27, 63, n) * 100.0,
            "mostly_0": (rng.random(n) < 0.03) * 7.0,
            "flag": rng.random(n) < 0.97,
            "kind": rng.choice(["x", "y"], n, p=[0.98, 0.02]),
            "code": rng.choice([1, 2], n, p=[0.98, 0.02]).astype(object),
        }
    )


@pytest.fixture(scope="module")
def fitted() -> GANDetector:
    return GANDetector(n_estimators=4, max_iter=50, random_state=0).fit(mixed())


DAY = r"20\d\d-\d\d-\d\d"
WRONG: dict[str, tuple[str, Any, str]] = {
    "a date": ("day", pd.Timestamp("1924-05-01"), rf"day = 1924-05-01; expected {DAY} to {DAY}"),
    "a date and a time": (
        "time",
        pd.Timestamp("2034-05-01 10:30", tz="Europe/Berlin"),
        rf"time = 2034-05-01 10:30\+02:00; expected {DAY} \d\d:\d\d to {DAY} \d\d:\d\d",
    ),
    "an hour": (
        "time",
        pd.Timestamp("2024-05-15 03:30:05", tz="Europe/Berlin"),
        r"time = 2024-05-15 03:30:05\+02:00; expected hour (8|9) to 1[56]",
    ),
    "no date": ("day", pd.NaT, rf"day is missing; expected {DAY} to {DAY}"),
    "a period": (
        "month",
        pd.Period("1950-03", freq="M"),
        r"month = 1950-03; expected 20\d\d-\d\d to 20\d\d-\d\d",
    ),
    "a duration": (
        "lasts",
        pd.Timedelta("2 days 01:30:00"),
        r"lasts = 2 days, 1:30:00; expected 1:00:00 to 4:00:00",
    ),
    "an amount": (
        "amount",
        12345.5,
        r"amount = 12345\.5; expected \d\d(\.\d\d?)? to \d\d(\.\d\d?)?",
    ),
    "an integer": ("mass", 33000.0, r"mass = 33000; expected \d{4} to \d{4}"),
    "more decimals than usual": ("mass", -0.125, r"mass = -0\.125; expected \d{4} to \d{4}"),
    "nearly always 0": ("mostly_0", 70.0, r"mostly_0 = 70; expected 0"),
    "a boolean": ("flag", False, r"flag = False; expected True"),
    "a category": ("kind", "y", r"kind = 'y'; expected 'x'"),
    "a number as a category": ("code", 2, r"code = 2; expected 1"),
    "an unseen category": ("kind", "z" * 80, rf"kind = '{'z' * 59}…'; never seen; expected 'x'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_values_are_said_as_the_user_writes_them(fitted: GANDetector, name: str) -> None:
    column, value, said = WRONG[name]
    frame = mixed()
    usual = {"mostly_0": 0.0, "flag": True, "kind": "x", "code": 1}
    row = frame.iloc[[50]].assign(**usual)
    row[column] = pd.Series([value], index=row.index)
    row["code"] = row["code"].astype(object)
    reason = fitted.explain_frame(row, top=1)["reason"].iloc[0]
    assert re.fullmatch(said, reason), reason


def test_dates_in_texts_are_said_as_they_are_written() -> None:
    days = pd.date_range("2024-01-01", periods=200)
    frame = pd.DataFrame({"x": table(200)[:, 0], "day": days.strftime("%d/%m/%Y")})
    row = frame[:1].assign(day="31/12/1924")
    reason = GANDetector(**QUICK).fit(frame).explain_frame(row, top=1)["reason"][0]
    assert re.fullmatch(rf"day = 31/12/1924; expected {DAY} to {DAY}", reason)


@pytest.mark.parametrize("written", ["durations", "texts", "times"])
def test_durations_are_said_however_they_are_written(written: str) -> None:
    seconds = np.random.default_rng(0).integers(9 * 3600, 17 * 3600, 200)
    lasts = pd.Series(pd.to_timedelta([*seconds, 3 * 3600], unit="s"))
    if written != "durations":
        lasts = lasts.map(lambda value: str(pd.Timestamp(0) + value)[11:]).astype(object)
    if written == "times":
        lasts = lasts.map(time.fromisoformat)
    frame = pd.DataFrame({"x": table(201)[:, 0], "lasts": lasts})
    rows = pd.concat([frame[200:], frame[:1].assign(lasts=pd.Series([None], dtype=lasts.dtype))])
    reasons = GANDetector(**QUICK).fit(frame[:200]).explain_frame(rows, top=2)
    clock = r"\d\d?:\d\d:\d\d"
    said = reasons.loc[reasons["column"] == "lasts", "reason"].to_list()
    assert re.fullmatch(f"lasts = 3:00:00; expected {clock} to {clock}", said[0])
    assert re.fullmatch(f"lasts is missing; expected {clock} to {clock}", said[1])


@pytest.mark.parametrize("reservoir_size", [2048, 0])
def test_an_expected_0_is_said_as_0(reservoir_size: int) -> None:
    rng = np.random.default_rng(0)
    share = rng.binomial(2, 0.3, 300) / rng.integers(5, 30, 300)  # half are 0, all others fractions
    frame = pd.DataFrame({"share": share, "x": rng.normal(size=300)})
    rows = pd.DataFrame({"share": [0.9, 0.0], "x": [0.0, 9.0]})
    detector = GANDetector(reservoir_size=reservoir_size, random_state=0).fit(frame)
    reasons = detector.explain_frame(rows, top=2)
    reasons = reasons[reasons["column"] == "share"]
    assert list(reasons["low"]) == [0, 0]
    assert re.fullmatch(r"share = 0\.9; expected 0 to 0\.\d+", reasons["reason"].iloc[0])
    assert reasons["reason"].iloc[1] == "share = 0; unusual with x = 9"


def test_a_missing_value_may_be_expected() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    frame = pd.DataFrame({"x": x, "y": np.where(x < 1, np.nan, 5 + rng.normal(size=200))})
    row = pd.DataFrame({"x": [-1.0], "y": [5.0]})
    reasons = GANDetector(**QUICK).fit(frame).explain_frame(row, top=1)["reason"]
    assert list(reasons) == ["y = 5; expected missing"]


def test_a_missing_value_is_named_as_a_partner() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 2)), columns=["x", "y"])
    frame.loc[:4, "y"] = np.nan
    row = pd.DataFrame({"x": [0.25], "y": [np.nan]})
    reasons = GANDetector(**QUICK).fit(frame).explain_frame(row, top=2)["reason"]
    assert reasons[0].startswith("y is missing; expected ")
    assert list(reasons[1:]) == ["x = 0.25; unusual with y missing"]


def test_reasons_of_arrays_of_other_libraries() -> None:
    pl = pytest.importorskip("polars")
    frame = pd.DataFrame({"x": table(100)[:, 0], "flag": [True] * 99 + [False]})
    said = [
        GANDetector(**QUICK).fit(data).explain_frame(data[-1:])["reason"].to_list()
        for data in (frame, pl.from_pandas(frame))
    ]
    assert said[0] == said[1]
    assert said[0][0] == "flag = False; expected True"


def test_without_a_reservoir_the_explained_rows_show_the_decimals() -> None:
    X = table(200).round(1)
    far = X[:5] + np.array([0, 9, 0, 0, 0])
    reasons = GANDetector(**QUICK, reservoir_size=0).fit(X).explain_frame(far, top=1)
    assert (
        reasons["reason"]
        .str.fullmatch(r"x1 = \d+(\.\d)?; expected -?\d(\.\d)? to -?\d(\.\d)?")
        .all()
    )
