"""Numbers, dates and durations as people write them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pyod_gan._support.exceptions import UnreadableTableError
from pyod_gan.front_ends.date_format import find_date_formats, to_seconds
from pyod_gan.front_ends.number_format import NumberFormat, find_number_formats
from pyod_gan.front_ends.table_reader import TableReader


def read(values: object, **params: object) -> tuple[object, np.ndarray]:
    """Format and values of one column."""
    reader = TableReader(**params)
    (column,) = reader.fit_read(pd.DataFrame({"c": values}))
    return reader.formats_["c"], column.values


AMOUNTS = {
    "plain": ["12.5", "-3", "1e3", ".5"],
    "decimal comma": ["12,5", "-3", "1000", "0,5"],
    "thousands": ["12.50", "-3", "1,000.00", "0.50"],
    "continental": ["12,50", "-3", "1.000,00", "0,50"],
    "spaces": ["12,5", "-3", "1 000", "0,5"],
    "non-breaking": ["12,5", "-3", "1\u00a0000,0", "0,5"],
    "narrow": ["12,5", "−3", "1\u202f000,0", "0,5"],
    "Swiss": ["12.5", "-3", "1'000.0", "0.5"],
    "dollars": ["$12.50", "-$3", "$1,000", "$.50"],
    "euros": ["12,50 €", "-3 €", "1.000 €", "0,50€"],
    "code": ["EUR 12.50", "EUR -3", "EUR 1,000.00", "EUR 0.5"],
    "unit left out": ["$12.50", "-3", "$1,000.0", "$0.50"],
    "trailing minus": ["12.5", "3-", "1000", "0.5"],
    "brackets": ["12.5", "(3)", "1,000.0", "0.50"],
    "percent": ["12.5%", "-3 %", "1000%", "0.5%"],
}


@pytest.mark.parametrize("case", AMOUNTS)
def test_numbers_in_local_and_money_notation(case: str) -> None:
    form, values = read(AMOUNTS[case])
    assert form.kind == "numbers"
    np.testing.assert_array_equal(values, [12.5, -3, 1000, 0.5])


@pytest.mark.parametrize(
    "texts",
    [
        ["12 kg", "13 kg"],
        ["A12", "A13"],
        ["$1", "€2", "£3", "¥4"],
        ["1.2.3", "1.2.4"],
        ["12a", "13b"],
        ["1_000", "2_000"],
        ["10-20", "20-30"],
    ],
)
def test_what_is_no_number(texts: list[str]) -> None:
    assert read(texts * 5)[0].kind == "text"


def test_a_notation_counts_for_the_whole_column() -> None:
    """A point before three digits is a thousands mark where other numbers have a decimal comma."""
    _, values = read(["1.234", "2,5", "3.000", "4,25"])
    np.testing.assert_array_equal(values, [1234, 2.5, 3000, 4.25])
    _, values = read(["1.234", "2.5"])
    np.testing.assert_array_equal(values, [1.234, 2.5])
    assert read(["1.234,5", "1,234.5"] * 5)[0].kind == "text"


def test_a_notation_that_the_column_does_not_show() -> None:
    frame = pd.DataFrame({"a": ["1,234", "2,500"], "b": ["1.5", "2.5"]})
    with pytest.raises(
        UnreadableTableError, match=r"'a' can be read in two ways: '1,234' is 1.234 or 1234"
    ):
        TableReader().fit(frame[["a"]])
    for params, first in (({"decimal": ","}, 1.234), ({"thousands": ","}, 1234.0)):
        assert TableReader(**params).fit_read(frame[["a"]])[0].values[0] == first
    assert TableReader().fit_read(frame)[0].values[0] == 1234  # as column b shows
    other = frame.assign(b=["1,5", "2,5"])
    assert TableReader().fit_read(other)[0].values[0] == 1.234


def test_a_value_1000_times_too_large_in_money_notation() -> None:
    _, values = read(["1.234,50 €", "1.234.500,00 €"])
    assert values[1] == 1000 * values[0]


WHEN = dt.datetime(2024, 12, 31, 17, 5)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y",
        "%d.%m.%y", "%d %b %Y", "%d-%b-%y", "%B %d, %Y", "%m/%d/%Y %I:%M %p", "%Y/%m/%d",
        "%d/%b/%Y:%H:%M:%S +0000", "%a, %d %b %Y", "%Y-%m-%dT%H:%M:%S+00:00",
        "%Y-%m-%d %H:%M:%S.%f",
    ],
)  # fmt: skip
def test_formats_of_dates(form: str) -> None:
    moments = [WHEN + dt.timedelta(days=40 * i) for i in range(12)]
    found, values = read([moment.strftime(form) for moment in moments])
    assert found.kind == "dates"
    kept = [dt.datetime.strptime(m.strftime(form), form) for m in moments]
    assert list(values) == kept


def test_dates_that_can_be_read_in_two_ways() -> None:
    texts = [f"0{i}/0{i + 1}/2024" for i in range(1, 9)]
    with pytest.raises(UnreadableTableError, match=r"'c' can be read in two ways: '01/02/2024'"):
        read(texts)
    assert read(texts, date_format="%d/%m/%Y")[1][0] == dt.datetime(2024, 2, 1)
    frame = pd.DataFrame({"c": texts, "d": ["31/01/2024"] * len(texts)})
    assert TableReader().fit_read(frame)[0].values[0] == dt.datetime(2024, 2, 1)


def test_years_beyond_those_of_nanoseconds() -> None:
    for texts in (["9999-12-31", "2024-01-01", "1066-10-14"], ["31.12.9999", "14.10.1066"]):
        form, values = read(texts)
        assert form.kind == "dates" and values.notna().all()
        assert values[0].year == 9999


def test_digits_are_a_date_only_if_the_user_says_so() -> None:
    texts = ["20240131", "20240229"]
    assert read(texts)[0].kind == "numbers"
    assert read(texts, date_format="%Y%m%d")[1][1] == dt.datetime(2024, 2, 29)


def test_durations_and_times_of_day() -> None:
    texts = ["8:15", "08:15:30", "1 day 02:03:04.5", "-36:00:00"]
    np.testing.assert_array_equal(to_seconds(texts), [29700, 29730, 93784.5, -129600])
    assert np.isnan(to_seconds(["", "8", "soon", "+"])).all()
    times = [dt.time(8, 15), dt.time(8, 15, 30), "08:16"]
    np.testing.assert_array_equal(read(times)[1], [29700, 29730, 29760])


VALUES = {
    "numbers": ([1, 2, None, 4], [1, 2, np.nan, 4]),
    "floats": ([1.5, 2.0, np.nan, 4.0], [1.5, 2, np.nan, 4]),
    "flags": ([True, False, None, True], [1, 0, np.nan, 1]),
    "words": (["True", "False", "", "TRUE"], [1, 0, np.nan, 1]),
    "decimals": ([Decimal("1.5"), Decimal(2), None, Fraction(1, 4)], [1.5, 2, np.nan, 0.25]),
    "texts": (["1", "2", "n/a", "4"], [1, 2, np.nan, 4]),
    "both": ([1, "2", "-", 4.5], [1, 2, np.nan, 4.5]),
}


@pytest.mark.parametrize("case", VALUES)
def test_values_say_what_a_column_holds_and_not_its_type(case: str) -> None:
    values, expected = VALUES[case]
    columns = [pd.Series(values), pd.Series(values, dtype=object)]
    columns.append(pd.DataFrame({"c": columns[1], "d": ["x"] * 4}).T.T["c"])
    if case not in ("decimals", "both"):
        columns.append(pl.Series("c", values).to_pandas())
    for column in columns:
        form, read_values = read(column)
        assert form.kind == "numbers"
        np.testing.assert_array_equal(read_values, expected)
        whole = TableReader()
        whole.fit(pd.DataFrame({"c": column}))
        (later,) = whole.read(pd.DataFrame({"c": column[~column.isna()]}))
        np.testing.assert_array_equal(later.values, np.array(expected)[~column.isna()])


DATES = [
    [dt.datetime(1920, 1, 1), dt.datetime(2120, 6, 1)],
    [dt.date(1920, 1, 1), dt.date(2120, 6, 1)],
    [np.datetime64("1920-01-01"), np.datetime64("2120-06-01")],
    [pd.Timestamp("1920-01-01"), dt.date(2120, 6, 1)],
    [pd.Period("1920-01", "M"), pd.Period("2120-06", "M")],
    [pd.Timestamp("1920-01-01"), "2120-06-01"],
    pd.PeriodIndex(["1920-01", "2120-06"], freq="M"),
    pd.Series([dt.date(1920, 1, 1), dt.date(2120, 6, 1)]).astype("date32[pyarrow]"),
    pl.Series([dt.date(1920, 1, 1), dt.date(2120, 6, 1)]).to_pandas(),
]


@pytest.mark.parametrize("values", DATES, ids=lambda v: type(v[0]).__name__)
def test_dates_of_any_type(values: object) -> None:
    for kind in (pd.Series(values), pd.Series(values, dtype=object)):
        form, read_values = read(kind)
        assert form.kind == "dates"
        assert list(read_values) == [dt.datetime(1920, 1, 1), dt.datetime(2120, 6, 1)]


NO_SCALARS = [
    [[1, 2], [3]],
    [(1, 2), (3,)],
    [{"a": 1}, {"a": 2}],
    [np.arange(2), np.arange(3)],
    [1j, 2j],
    [b"x", b"y"],
    np.array([1j, 2j]),
    pl.Series([[1, 2], [3]]).to_pandas(),
    pl.Series([{"a": 1}, {"a": 2}]).to_pandas(),
    pl.Series([b"x", b"y"]).to_pandas(),
    pd.Series([[1], [2]]).astype(pd.ArrowDtype(pa.list_(pa.int64()))),
]


@pytest.mark.parametrize("values", NO_SCALARS, ids=range(len(NO_SCALARS)))
def test_cells_that_are_no_scalars(values: object) -> None:
    frame = pd.DataFrame({"good": ["x", "y"], "c": pd.Series(values)})
    with pytest.raises(UnreadableTableError, match=r"Column 'c' holds values of type \w+"):
        TableReader().fit(frame)


def test_sparse_and_interval_columns() -> None:
    frame = pd.DataFrame(
        {
            "sparse": pd.arrays.SparseArray([0.0, 0, 1, 0]),
            "bins": pd.cut([1, 2, 3, 4], 2),
            "text": list("abcd"),
        }
    )
    sparse, bins, _ = TableReader().fit_read(frame)
    np.testing.assert_array_equal(sparse.values, [0, 0, 1, 0])
    assert bins.kind == "text" and len(set(bins.values)) == 2


def test_a_category_of_numbers_is_text() -> None:
    frame = pd.DataFrame({"c": pd.Categorical([10, 90, 10])})
    reader = TableReader()
    (column,) = reader.fit_read(frame)
    assert list(column.values) == ["10", "90", "10"]
    for same in ([10, 90], [10.0, 90.0], ["10", "90"], [10.0, None]):
        assert reader.read(pd.DataFrame({"c": same}))[0].values[0] == "10"


def test_all_problems_are_named_at_once() -> None:
    frame = pd.DataFrame(
        {
            "one": [1.0, np.inf, *[2.0] * 18],
            "two": [*map(str, range(19)), "many"],
            "three": [[1]] * 20,
            "four": ["2024-01-01", "soon", *["2024-01-02"] * 18],
            "five": ["1,234"] * 20,
            "fine": ["x"] * 20,
        }
    )
    with pytest.raises(UnreadableTableError) as caught:
        TableReader().fit(frame)
    problems = {p.column: p for p in caught.value.problems}
    assert list(problems) == ["one", "two", "three", "four", "five"]
    assert (problems["one"].row, problems["two"].row, problems["four"].row) == (1, 19, 1)
    assert ("na", "many") in problems["two"].remedies
    assert ("text", "four") in problems["four"].remedies
    assert ("decimal", ",") in problems["five"].remedies
    assert "a date like 2024-12-31" in problems["four"].said


def test_words_for_missing_values() -> None:
    numbers = [str(i) for i in range(20)]
    for word in ("", " ", "-", "?", "n/a", "N/A", "NaN", "NULL", ".", "#VALUE!", "(null)"):
        form, values = read([*numbers, word])
        assert form.kind == "numbers" and np.isnan(values[-1])
    with pytest.raises(UnreadableTableError, match=r"na=\['not measured'\]"):
        read([*numbers, "not measured"])
    assert np.isnan(read([*numbers, "not measured"], na=["not measured"])[1][-1])
    assert read([*numbers, "not measured"], text=["c"])[0].kind == "text"


def test_texts_that_are_numbers_now_and_then_are_texts() -> None:
    """Such as tickets, of which most are numbers and the others differ."""
    tickets = [*map(str, range(1000, 1070)), *(f"PC {i}" for i in range(30))]
    assert read(tickets)[0].kind == "text"
    assert read(["now", "today", "May", "12"] * 5)[0].kind == "text"


def test_values_that_cannot_be_read_can_be_flagged() -> None:
    reader = TableReader(on_error="flag")
    frame = pd.DataFrame(
        {"n": [*map(str, range(20)), "12a"], "d": ["2024-01-01"] * 20 + ["2024-02-31"]}
    )
    for column in (*reader.fit_read(frame), *reader.read(frame)):
        assert np.flatnonzero(column.unreadable).tolist() == [20]
        assert np.flatnonzero(column.missing).tolist() == [20]


def test_a_reader_is_the_same_after_json() -> None:
    frame = pd.DataFrame(
        {"a": ["1.234,5 €", "2,5"], "b": ["31.12.2024", "1.2.2024"], "c": ["x", "y"]}
    )
    reader = TableReader(na=["x"], on_error="flag").fit(frame)
    again = TableReader.from_dict(json.loads(json.dumps(reader.to_dict())))
    assert again.formats_ == reader.formats_
    assert again.get_params() == {**reader.get_params(), "na": ["x"], "date_format": [], "text": []}


def test_bad_parameters() -> None:
    frame = pd.DataFrame({"a": ["1", "2"]})
    for params, said in (
        ({"decimal": ";"}, "decimal"),
        ({"decimal": ",", "thousands": ","}, "must differ"),
        ({"on_error": "ignore"}, "on_error"),
        ({"text": ["b"]}, r"Unknown: \['b'\]"),
        ({"na": "x"}, "na"),
    ):
        with pytest.raises(ValueError, match=said):
            TableReader(**params).fit(frame)


def test_formats_are_found_in_many_texts_at_once() -> None:
    texts = [f"{i}.{i % 1000:03d},{i % 100:02d}" for i in range(1, 3000)]
    read_texts, formats = find_number_formats(texts)
    assert read_texts[:999].all() and formats == [NumberFormat(",", ".")]
    assert find_date_formats([f"text {i}" for i in range(3000)])[1] == []
