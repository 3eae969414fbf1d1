"""Properties that hold for any table: of any shape, types, scale and container."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyod_gan import GANDetector
from pyod_gan._support.exceptions import TrainingCollapsedError, UnreadableTableError
from pyod_gan.front_ends.number_format import NumberFormat
from pyod_gan.tables import TableEncoder, TableReader

QUICK = {"n_estimators": 1, "max_iter": 2, "hidden_layer_sizes": (4,), "random_state": 0}
finite = st.floats(allow_nan=False, allow_infinity=False)
moderate = st.floats(-1e9, 1e9).map(lambda x: round(x, 2))
moments = st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
cells = {
    "floats": finite,
    "whole": st.integers(-(10**18), 10**18),
    "flags": st.booleans(),
    "words": words,
    "few words": st.sampled_from(["red", "green", "blue", ""]),
    "moments": moments,
    "days": moments.map(datetime.date),
    "durations": st.timedeltas(timedelta(-9999), timedelta(9999)),
    "anything": st.one_of(finite, st.integers(), words, moments, st.none(), st.booleans()),
}


def written(value: float, form: NumberFormat) -> str:
    """A number with two decimals, in a format."""
    return f"{value:,.2f}".translate({ord(","): form.thousands, ord("."): form.decimal}) + form.unit


@st.composite
def columns(draw: st.DrawFn, n: int) -> list[object]:
    kind = cells[draw(st.sampled_from(sorted(cells)))]
    gaps = draw(st.sampled_from([kind, st.one_of(kind, st.none())]))
    return draw(st.lists(gaps, min_size=n, max_size=n))


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(2, 12))
    names = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    return pd.DataFrame({name: pd.Series(draw(columns(n)), dtype=object) for name in names})


@st.composite
def notations(draw: st.DrawFn) -> NumberFormat:
    decimal = draw(st.sampled_from([".", ","]))
    thousands = draw(
        st.sampled_from([mark for mark in ("", ",", ".", " ", "'") if mark != decimal])
    )
    return NumberFormat(decimal, thousands, draw(st.sampled_from(["", "€", "$", "%"])))


@given(st.lists(moderate, min_size=2, max_size=20), notations())
def test_numbers_are_what_was_written(values: list[float], form: NumberFormat) -> None:
    frame = pd.DataFrame({"c": [written(value, form) for value in values]})
    (column,) = TableReader(decimal=form.decimal).fit_read(frame)
    assert column.kind == "numbers"
    np.testing.assert_allclose(column.values, values, rtol=1e-12)


@given(st.lists(moments, min_size=2, max_size=20))
def test_dates_are_what_was_written(values: list[datetime]) -> None:
    formats = ["%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S"]
    for form in formats:
        texts = [f"{v:{form}}" for v in values]
        reader = TableReader(date_format=form if "%d.%m" in form else ())
        (column,) = reader.fit_read(pd.DataFrame({"c": texts}))
        assert column.kind == "dates"
        assert list(column.values) == [datetime.strptime(text, form) for text in texts]


@given(frames())
@example(pd.DataFrame({"a": [None, 2.0**1023]}))  # twice this is no float
def test_any_frame_is_read_or_refused(frame: pd.DataFrame) -> None:
    """What is read is finite, each row by itself, and the same from any container."""
    reader = TableReader()
    try:
        read = reader.fit_read(frame)
    except UnreadableTableError as error:
        assert {problem.column for problem in error.problems} <= set(frame.columns)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # skrub's, of few texts
        encoder = TableEncoder()
        whole = encoder.fit_transform(read)
    assert np.isfinite(whole).all()
    again = encoder.transform(reader.read(frame))
    np.testing.assert_array_equal(again, whole)
    backwards = encoder.transform(reader.read(frame[::-1]))
    np.testing.assert_array_equal(backwards[::-1], whole)
    inferred = frame.infer_objects()
    np.testing.assert_array_equal(encoder.transform(reader.read(inferred)), whole)


@settings(max_examples=150)  # each has three fits
@given(arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=finite))
def test_any_table_of_numbers_has_finite_scores(X: np.ndarray) -> None:
    try:
        detector = GANDetector(**QUICK).fit(X)
    except TrainingCollapsedError:  # one member and two steps may be too few
        return
    scores = detector.decision_scores_
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(detector.decision_function(X), scores)
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])
    for same in (frame, pl.from_pandas(frame)):
        np.testing.assert_array_equal(GANDetector(**QUICK).fit(same).decision_scores_, scores)
