"""Tables as they come: categories, texts, dates, missing values."""

from __future__ import annotations

import pickle
import sys
import warnings
from datetime import date
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from palmerpenguins import load_penguins
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from pyod_gan import GANDetector, GANOutlierDetector, MapDisplay
from pyod_gan.tables import TableEncoder, TableReader
from tests.helpers import QUICK, cars, table, weather

Planted = tuple[pd.DataFrame, np.ndarray]


def zoned() -> pd.DataFrame:
    """Dates in time zones."""
    frame = weather()[:100]
    return frame.assign(**{zone: frame["date"].dt.tz_localize(zone) for zone in ("UTC", "+01:00")})


def penguins_with_errors(seed: int) -> Planted:
    """Each wrong row has one slip: of the decimal point, another species, an unknown island."""
    frame, rng = load_penguins(), np.random.default_rng(seed)
    wrong = rng.choice(len(frame), 15, replace=False)
    species = frame["species"].to_numpy(object)
    for row, slip in zip(wrong, range(15), strict=True):
        if slip % 3 == 0:
            frame.loc[row, "body_mass_g"] = 10 * frame["body_mass_g"].median()
        elif slip % 3 == 1:
            others = [s for s in ("Adelie", "Chinstrap", "Gentoo") if s != species[row]]
            frame.loc[row, "species"] = rng.choice(others)
        else:
            frame.loc[row, "island"] = f"island {slip}"
    return frame, np.isin(np.arange(len(frame)), wrong).astype(int)


def weather_with_errors(seed: int) -> Planted:
    """A hot day in January, snow at 25 °C, a year that is wrong."""
    frame, rng = weather(), np.random.default_rng(seed)
    wrong = rng.choice(len(frame), 15, replace=False)
    for slip, row in enumerate(wrong):
        if slip % 3 == 0:
            frame.loc[row, "date"] = pd.Timestamp("2013-01-15")
            frame.loc[row, ["temp_max", "temp_min"]] = [33.0, 17.0]
        elif slip % 3 == 1:
            frame.loc[row, "weather"] = "snow"
            frame.loc[row, ["temp_max", "temp_min"]] = [25.0, 15.0]
        else:
            frame.loc[row, "date"] = pd.Timestamp("1912-07-01")
    return frame, np.isin(np.arange(len(frame)), wrong).astype(int)


@pytest.mark.parametrize(
    ("planted", "least"), [(penguins_with_errors, 0.97), (weather_with_errors, 0.93)]
)
def test_planted_errors_in_real_tables_score_high(planted: object, least: float) -> None:
    aucs = []
    for seed in range(3):
        frame, y = planted(seed)
        aucs.append(roc_auc_score(y, GANDetector(random_state=seed).fit(frame).decision_scores_))
    assert np.mean(aucs) > least, aucs


@pytest.mark.parametrize("load", [cars, weather, load_penguins], ids=lambda f: f.__name__)
def test_real_tables_fit_and_score(load: object) -> None:
    frame = load()
    before = frame.copy()
    detector = GANDetector(**QUICK).fit(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert detector.n_features_in_ == frame.shape[1]
    assert list(detector.feature_names_in_) == list(frame.columns)
    assert np.isfinite(detector.decision_scores_).all()
    np.testing.assert_array_equal(detector.decision_function(frame), detector.decision_scores_)
    np.testing.assert_array_equal(
        clone(detector).fit(frame).decision_scores_, detector.decision_scores_
    )
    np.testing.assert_allclose(
        detector.decision_function(frame[5:9]), detector.decision_scores_[5:9], rtol=1e-6
    )


@pytest.mark.parametrize("load", [cars, weather, load_penguins], ids=lambda f: f.__name__)
def test_polars_scores_as_pandas(load: object) -> None:
    frame = load()
    scores = GANDetector(**QUICK).fit(frame).decision_scores_
    other = GANDetector(**QUICK).fit(pl.from_pandas(frame))
    np.testing.assert_allclose(other.decision_scores_, scores, rtol=1e-5)
    assert other.explain_frame(pl.from_pandas(frame)[:3])["row"].isin(range(3)).all()


def test_numbers_keep_their_fast_path() -> None:
    X = table()
    frame = pd.DataFrame(X, columns=list("abcde")).assign(flag=X[:, 0] > 0)
    from_frame = GANDetector(**QUICK).fit(frame)
    assert from_frame.encoder_ is None
    from_array = GANDetector(**QUICK).fit(np.c_[X, X[:, 0] > 0])
    np.testing.assert_array_equal(from_frame.decision_scores_, from_array.decision_scores_)


def test_arrays_may_have_missing_values_only_when_asked() -> None:
    X = table()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        GANDetector(**QUICK).fit(X)
    detector = GANDetector(preprocessing="table", **QUICK).fit(X)
    assert np.isfinite(detector.decision_function(X)).all()
    mixed = np.empty((60, 2), dtype=object)
    mixed[:, 0], mixed[:, 1] = X[:60, 0], ["x", "y", "y"] * 20
    assert GANDetector(preprocessing="table", **QUICK).fit(mixed).encoder_.names_ == ["x0", "x1"]


@pytest.mark.parametrize("masked", [np.float32, int, object], ids=lambda t: t.__name__)
def test_masked_cells_are_missing_values(masked: type) -> None:
    X = np.ma.masked_array((10 * table()).astype(masked))
    whole = GANDetector(**QUICK).fit(X)
    np.testing.assert_array_equal(
        whole.decision_scores_, GANDetector(**QUICK).fit(X.data).decision_scores_
    )
    X[3, 1] = np.ma.masked
    refusing = (
        GANDetector(**QUICK).fit,
        whole.decision_function,
        whole.predict,
        whole.partial_fit,
        whole.calibrate,
        whole.explain,
        whole.explain_frame,
    )
    for method in refusing:
        for rows in (X, list(X)):
            with pytest.raises(ValueError, match=r"NaN, first in X\[3, 1\].*preprocessing='table'"):
                method(rows)
    missing = X.astype(float).filled(np.nan)
    detector = GANDetector(preprocessing="table", **QUICK).fit(missing)
    np.testing.assert_allclose(detector.decision_function(X), detector.decision_scores_, rtol=1e-5)


def test_masked_texts_are_missing_in_reasons() -> None:
    X = np.array([["x", "y"] * 30, ["p", "q"] * 30], dtype=object).T
    detector = GANDetector(preprocessing="table", **QUICK).fit(X)
    rows = np.ma.masked_array(X[:1], mask=[[True, False]])
    assert detector.explain_frame(rows, top=1)["reason"][0].startswith("x0 is missing")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (1j, "Complex data"),
        (pd.NA, "is missing"),
        (10**400, "too large for a float"),
        (np.complex64(2), "Complex data"),
        (date(2020, 1, 1), "data frame"),
        (pd.Timestamp("2020-01-01"), "data frame"),
        (pd.Timedelta("1h"), "data frame"),
        (np.datetime64("2020-01-01"), "data frame"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_cells_that_are_no_numbers_are_named(cell: object, message: str) -> None:
    X = table().astype(object)
    X[3, 1] = cell
    detector = GANDetector(**QUICK).fit(table())
    for method in (GANDetector(**QUICK).fit, detector.decision_function, detector.partial_fit):
        for rows in (X, X.tolist()):
            with pytest.raises(ValueError, match=rf"X\[3, 1\] is .*{message}"):
                method(rows)
    assert detector.n_samples_seen_ == 200
    for dtype in ("datetime64[D]", "timedelta64[s]", complex):
        with pytest.raises(ValueError, match=r"X\[0, 0\] is"):
            detector.decision_function(np.zeros((2, 5), dtype))


def test_the_table_path_agrees_with_the_fast_one_on_numbers() -> None:
    """Columns of marks that are all 0 change the random numbers drawn, not the judgement."""
    X = np.r_[table(300), table(10) * 6]
    fast, slow = (GANDetector(random_state=0, preprocessing=p).fit(X) for p in ("auto", "table"))
    ranks = [d.decision_scores_.argsort().argsort() for d in (fast, slow)]
    assert np.corrcoef(*ranks)[0, 1] > 0.9


def test_unseen_and_missing_values_when_scoring() -> None:
    frame = cars()
    detector = GANDetector(random_state=0).fit(frame)
    typical = frame.loc[[int(np.argmin(detector.decision_scores_))]]
    usual = detector.decision_function(typical)[0]
    changes = [{"Origin": "Mars"}, {"Weight_in_lbs": np.nan}, {"Year": pd.NaT}, {"Origin": None}]
    for change in changes:  # none of these columns ever lacks a value in fit
        changed = detector.decision_function(typical.assign(**change))[0]
        assert changed > max(usual, detector.threshold_), change


def test_each_column_counts_alike() -> None:
    encoder = TableEncoder()
    Z = encoder.fit_transform(TableReader().fit_read(cars()))
    weights = encoder.weights(Z)
    Z = (Z - Z.mean(0)) / np.where(Z.std(0) > 0, Z.std(0), 1)
    variances = (Z * weights).var(0)
    columns = np.array([output.column for output in encoder.outputs_])
    np.testing.assert_allclose(np.bincount(columns, variances), 1, rtol=1e-6)


def test_texts_that_are_dates_are_read_as_dates() -> None:
    frame = weather().assign(date=lambda t: t["date"].astype(str))
    reader = TableReader()
    encoder = TableEncoder().fit(reader.fit_read(frame))
    assert {o.label for o in encoder.outputs_ if o.column == 0} >= {"year", "month", "day"}
    with pytest.raises(ValueError, match=r"'date' has 1 value.*date like.*row 2: 'soon'"):
        reader.read(frame.assign(date=[*frame["date"][:2], "soon", *frame["date"][3:]]))


def test_columns_of_another_type_are_all_listed() -> None:
    frame = cars()
    detector = GANDetector(**QUICK).fit(frame)
    many = pd.Series("many", frame.index, "string")
    wrong = frame.assign(Horsepower=many, Year=3, Origin=3)  # a category may have any value
    with pytest.raises(ValueError, match=r"(?s)'Horsepower' has 406 value.*'Year' has 406 value"):
        detector.decision_function(wrong)
    with pytest.raises(ValueError, match=r"missing[\s\S]*Year"):
        detector.decision_function(frame.drop(columns="Year"))
    with pytest.raises(ValueError, match=r"unseen at fit time[\s\S]*Power"):
        detector.decision_function(frame.rename(columns={"Horsepower": "Power"}))
    with pytest.raises(ValueError, match="same order"):
        detector.decision_function(frame[frame.columns[::-1]])
    all_missing = frame.assign(Horsepower=None)
    assert np.isfinite(detector.decision_function(all_missing)).all()


def test_bad_tables_leave_a_fitted_detector_as_it_was() -> None:
    frame = cars()
    detector = GANDetector(**QUICK).fit(frame)
    scores = detector.decision_function(frame)
    for bad in (frame[:1], frame[:0], frame.assign(Horsepower=np.inf), frame[["Name", "Name"]]):
        with pytest.raises(ValueError):
            detector.fit(bad)
        np.testing.assert_array_equal(detector.decision_function(frame), scores)


def test_odd_columns() -> None:
    frame = weather()[:60].assign(
        nothing=None,
        constant="same",
        one_float=np.r_[1.0, np.full(59, np.nan)],
        flag=[True, None] * 30,
        small=pd.array([1, None] * 30, dtype="Int8"),
        colour=pd.Categorical(["red", "blue", None] * 20),
        lasts=pd.to_timedelta(range(60), unit="h"),
    )
    detector = GANDetector(**QUICK).fit(frame)
    assert np.isfinite(detector.decision_scores_).all()
    np.testing.assert_allclose(detector.explain(frame[:5]).shape, (5, frame.shape[1]))
    numbered = pd.DataFrame({0: ["a", "b"] * 20, 1: range(40)})
    assert len(GANDetector(**QUICK).fit(numbered).decision_scores_) == 40


def test_explanations_are_in_the_columns_of_the_table() -> None:
    frame = weather()
    detector = GANDetector(random_state=0).fit(frame)
    rows = frame[700:704].copy()
    rows.iloc[0, rows.columns.get_loc("weather")] = "ash"
    rows.iloc[1, rows.columns.get_loc("wind")] = 60.0
    rows.iloc[2, rows.columns.get_loc("date")] = pd.Timestamp("1802-01-01")
    rows.iloc[3, rows.columns.get_loc("temp_max")] = np.nan
    shares = detector.explain(rows)
    excess = detector.decision_function(rows) - np.median(detector.decision_scores_)
    np.testing.assert_allclose(shares.sum(1), excess.clip(0))
    gone = detector.explain_frame(rows[:1].assign(weather=None), top=1)["reason"]
    assert gone[0].startswith("weather is missing; never seen; expected '")
    reasons = detector.explain_frame(rows, top=1)
    assert list(reasons["column"]) == ["weather", "wind", "date", "temp_max"]
    said = list(reasons["reason"])
    assert said[0].startswith("weather = 'ash'; never seen; expected '")
    assert said[1].startswith("wind = 60; expected ")
    assert said[2].startswith("date = 1802-01-01; expected 201")
    assert said[3].startswith("temp_max is missing; expected ")
    assert reasons["observed"][1] == 60


@pytest.mark.parametrize("load", [cars, load_penguins, zoned], ids=lambda f: f.__name__)
def test_saved_and_pickled_detectors_score_the_same(load: object, tmp_path: object) -> None:
    frame = load()
    detector = GANDetector(**QUICK).fit(frame)
    detector.save(tmp_path / "m.safetensors")
    joblib.dump(detector, tmp_path / "m.joblib")
    copies = [
        GANDetector.load(tmp_path / "m.safetensors"),
        joblib.load(tmp_path / "m.joblib"),
        pickle.loads(pickle.dumps(detector)),
    ]
    for copy in copies:
        np.testing.assert_array_equal(copy.decision_function(frame), detector.decision_scores_)
        np.testing.assert_array_equal(copy.explain(frame[:3]), detector.explain(frame[:3]))


def test_a_category_may_be_called_anything(tmp_path: Path) -> None:
    names = ["input", "file", "__class__", "__loader__", "__id__", "content", "shape"]
    frame = pd.DataFrame({name: [*names, "key_types"] * 8 for name in names})
    detector = GANDetector(**QUICK).fit(frame)
    detector.save(tmp_path / "m")
    scores = GANDetector.load(tmp_path / "m").decision_function(frame)
    np.testing.assert_array_equal(scores, detector.decision_scores_)


def test_in_a_pipeline_a_search_and_the_other_convention() -> None:
    frame, y = penguins_with_errors(0)
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), GANDetector(**QUICK)),
        {"gandetector__n_estimators": [1, 2]},
        scoring="roc_auc",
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
        error_score="raise",
    )
    assert search.fit(frame, y).best_score_ > 0.7
    labels = GANOutlierDetector(**QUICK).fit(frame).predict(frame)
    assert set(labels) == {1, -1}


def test_without_skrub_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skrub", None)
    monkeypatch.setitem(sys.modules, "skrub.selectors", None)
    with pytest.raises(ImportError, match=r"needs skrub.*pyod-gan\[tabular\]"):
        GANDetector(**QUICK).fit(weather())


def test_a_map_of_two_columns_of_numbers() -> None:
    frame = weather()
    detector = GANDetector(**QUICK).fit(frame)
    display = MapDisplay.from_estimator(detector, frame, columns=(2, 3), n_grid=5)
    assert display.names == ("temp_max", "temp_min")
    assert np.isfinite(display.scores).all()
    assert display.x[0] < frame["temp_max"].min() < frame["temp_max"].max() < display.x[-1]
    with pytest.raises(ValueError, match=r"hold numbers: of \[1, 2, 3, 4\]"):
        MapDisplay.from_estimator(detector, frame, columns=(0, 2))


def numbers_and(name: str, values: object) -> pd.DataFrame:
    """A column beside 80 numbers."""
    return pd.DataFrame({"v": np.random.default_rng(0).normal(size=80), name: values})


WHEN = pd.date_range("2020-01-01", periods=80)


@pytest.mark.parametrize(
    "values",
    [WHEN, WHEN.tz_localize("UTC"), WHEN - WHEN[0], pd.Categorical([10, 90] * 40)],
    ids=["dates", "zoned dates", "durations", "categories"],
)
def test_what_is_no_number_is_encoded(values: object) -> None:
    frame = numbers_and("other", values)
    assert GANDetector(**QUICK).fit(frame).encoder_ is not None
    assert GANDetector(**QUICK).fit(frame[["other"]]).encoder_ is not None
    if not isinstance(values, pd.DatetimeIndex):
        return
    scores = GANDetector(**QUICK).fit(frame).decision_scores_
    other = GANDetector(**QUICK).fit(pl.from_pandas(frame))
    np.testing.assert_allclose(other.decision_scores_, scores, rtol=1e-5)


def test_after_numbers_other_types_are_named() -> None:
    frame = pd.DataFrame(table(), columns=list("abcde"))
    detector = GANDetector(**QUICK).fit(frame)
    for wrong in (pd.Timestamp("2020-01-01"), "x"):
        with pytest.raises(ValueError, match=r"'b' has 200 value.*read as a number.*row 0"):
            detector.decision_function(frame.assign(b=wrong))
    as_objects = detector.decision_function(frame.astype(object))
    np.testing.assert_array_equal(as_objects, detector.decision_scores_)


@pytest.mark.parametrize(
    "values", [["1", "2", "N/A", "4"], ["2020-01-01", "2020-02-01", "", "?"], ["a", "b", " ", "c"]]
)
def test_words_for_missing_values(values: list[str]) -> None:
    frame = numbers_and("c", values * 20)
    detector = GANDetector(**QUICK).fit(frame)
    assert np.isfinite(detector.decision_scores_).all()
    np.testing.assert_array_equal(detector.decision_function(frame), detector.decision_scores_)
    with_none = frame.assign(c=frame["c"].where(~frame["c"].isin(["N/A", "", "?", " "]), None))
    same = GANDetector(**QUICK).fit(with_none)
    np.testing.assert_allclose(same.decision_scores_, detector.decision_scores_)


@pytest.mark.parametrize(
    "values",
    [
        WHEN - WHEN[0],
        WHEN.tz_localize("Europe/Berlin"),
        [f"text {i} of {i}" for i in range(80)],
        ["x", "y"] * 40,
        np.arange(80.0),
        pd.array([True, False] * 40, dtype="boolean"),
    ],
    ids=["durations", "zoned dates", "texts", "categories", "numbers", "flags"],
)
def test_a_first_missing_value_is_rare_whatever_the_type(values: object) -> None:
    frame = numbers_and("c", values).assign(kind=["p", "q"] * 40)
    detector = GANDetector(n_estimators=2, random_state=0).fit(frame)
    typical = frame.iloc[[int(np.argmin(detector.decision_scores_))]]
    for nothing in (None, np.nan, pd.NaT, pd.NA):
        score = detector.decision_function(typical.assign(c=nothing))
        assert score > detector.threshold_, nothing
    whole = pl.from_pandas(frame)
    detector = GANDetector(n_estimators=2, random_state=0).fit(whole)
    row = whole[int(np.argmin(detector.decision_scores_))]
    assert detector.decision_function(row.with_columns(c=pl.lit(None))) > detector.threshold_


@pytest.mark.parametrize(
    "values",
    [
        ["missing", "a", "b", "b"] * 20,
        ["missing", "a", None, "b"] * 20,
        ["a", "b", None, "N/A"] * 20,
        [f"text {i}" for i in range(79)] + [None],
        [*WHEN[:79], None],
        np.r_[np.arange(79.0), np.nan],
    ],
    ids=["called missing", "and one missing", "words", "texts", "dates", "numbers"],
)
def test_a_missing_value_alone_is_what_it_is_beside_others(values: object) -> None:
    frame, reader = numbers_and("c", values), TableReader()
    encoder = TableEncoder().fit(reader.fit_read(frame))
    gone = frame.assign(c=frame["c"].where(frame.index > 0, None))
    alone, beside = (encoder.transform(reader.read(some)) for some in (gone[:1], gone))
    np.testing.assert_array_equal(beside[:1], alone)


def test_frames_of_one_library_score_as_those_of_the_other() -> None:
    frame = numbers_and("c", ["x", "y"] * 40).assign(when=WHEN, text=[f"t {i}" for i in range(80)])
    whole = pl.from_pandas(frame)
    for fitted, other in ((frame, whole), (whole, frame)):
        detector = GANDetector(**QUICK).fit(fitted)
        scores = detector.decision_function(other)
        np.testing.assert_allclose(scores, detector.decision_scores_, rtol=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        WHEN,
        WHEN.tz_localize("Europe/Berlin"),
        WHEN - WHEN[0],
        pd.Series(WHEN.date).astype("date32[pyarrow]"),
        pd.Series(WHEN).astype("timestamp[ns][pyarrow]"),
        pd.Series(WHEN - WHEN[0]).astype("duration[ns][pyarrow]"),
        pd.Series(["x", "y"] * 40).astype("string[pyarrow]"),
    ],
    ids=lambda values: str(values.dtype),
)
def test_typed_columns_as_objects_and_saved(values: object, tmp_path: Path) -> None:
    frame = numbers_and("c", values)
    detector = GANDetector(**QUICK).fit(frame)
    scores = detector.decision_function(frame.astype(object))
    np.testing.assert_allclose(scores, detector.decision_scores_)
    detector.save(tmp_path / "m")
    loaded = GANDetector.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.decision_function(frame), detector.decision_scores_)


def test_objects_that_are_no_dates_are_named() -> None:
    frame = numbers_and("c", WHEN.tz_localize("Europe/Berlin"))
    detector = GANDetector(**QUICK).fit(frame)
    for value in ("2020-01-03T00:00:00Z", pd.Timestamp("2020-01-03", tz="UTC")):
        some = frame.astype(object)
        some.loc[0, "c"] = value
        assert np.isfinite(detector.decision_function(some)).all()
    for value in (3, "soon"):
        some.loc[0, "c"] = value
        with pytest.raises(ValueError, match=f"1 value.*row 0: {value!r}"):
            detector.decision_function(some)


def test_a_table_of_many_texts_is_saved_small(tmp_path: Path) -> None:
    columns = {f"t{j}": [f"text {i * j}" for i in range(60)] for j in range(1, 6)}
    detector = GANDetector(**QUICK, reservoir_size=0).fit(pd.DataFrame(columns))
    detector.save(tmp_path / "m")
    arrays = sum(array.nbytes for array in detector.model_.to_arrays().values())
    assert (tmp_path / "m").stat().st_size < arrays + 100_000


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="'c' holds values of type complex"):
        GANDetector(**QUICK).fit(numbers_and("c", np.full(80, 1j)))


def test_a_row_of_a_list_is_read_as_its_columns_were() -> None:
    rows = [[None if i == 3 else 1.0 * i, "xy"[i % 2], i % 3 == 0] for i in range(40)]
    detector = GANDetector(preprocessing="table", **QUICK).fit(rows)
    assert list(detector.encoder_.kinds_.values()) == ["numbers", "text", "numbers"]
    alone = [detector.decision_function(rows[i : i + 1])[0] for i in (0, 3, 4)]
    np.testing.assert_allclose(alone, detector.decision_scores_[[0, 3, 4]])
    with pytest.raises(ValueError, match=r"'x0' has 1 value.*'ten'"):
        detector.decision_function([["ten", "x", True]])


def test_arrays_and_numbered_columns_keep_their_places() -> None:
    frame = numbers_and("c", ["x", "y"] * 40)
    detector = GANDetector(**QUICK).fit(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, that the array has no names
        scores = detector.decision_function(frame.to_numpy())
    np.testing.assert_array_equal(scores, detector.decision_scores_)
    numbered = GANDetector(**QUICK).fit(frame.set_axis([0, 1], axis=1))
    with pytest.raises(ValueError, match=r"Missing: \['0'\]; not seen in fit: \['5'\]"):
        numbered.decision_function(frame.set_axis([5, 1], axis=1))


def test_names_that_could_be_taken_for_each_other() -> None:
    frame = pd.DataFrame({"a": ["x", "b_x"] * 20, "a_b": ["x", "y"] * 20})
    columns = TableReader().fit_read(frame)
    first, second = (TableEncoder().fit(columns).outputs_ for _ in range(2))
    assert first == second
    assert [o.label for o in first] == ["b_x", "x", "", "x", "y", ""]


def test_a_column_of_nothing_may_hold_something_later() -> None:
    frame = numbers_and("c", None)
    detector = GANDetector(**QUICK).fit(frame)
    for value in ("x", 1.0, pd.Timestamp("2020-01-01")):
        reasons = detector.explain_frame(frame.assign(c=value)[:1], top=2)
        assert np.isfinite(detector.decision_function(frame.assign(c=value))).all()
        assert not reasons["reason"].str.contains("nan").any()


def test_weights_follow_the_rows_that_are_remembered() -> None:
    frame = numbers_and("c", ["x", "y"] * 40)
    detector = GANDetector(**QUICK, reservoir_size=80).fit(frame)
    detector.partial_fit(frame.assign(c=["new", "x", "y", "x"] * 20))
    scaled = detector.model_.front_end.scale(detector.reservoir_)
    columns = np.array([output.column for output in detector.encoder_.outputs_])
    np.testing.assert_allclose(np.bincount(columns, scaled.var(0)), 1, rtol=1e-4)


def test_lazy_frames_are_refused() -> None:
    frame = pl.from_pandas(cars()).lazy()
    with pytest.raises(TypeError, match="collect"):
        GANDetector(**QUICK).fit(frame)


def numbers(n: int = 200) -> pd.DataFrame:
    return pd.DataFrame(table(n), columns=list("abcde"))


@pytest.mark.parametrize("as_type", [lambda f: f, lambda f: f.convert_dtypes(), pl.from_pandas])
def test_a_first_missing_number_has_a_score(as_type: object) -> None:
    """Whatever holds the numbers, a missing value that ``fit`` has not seen is far out."""
    frame = numbers()
    detector = GANDetector(n_estimators=2, random_state=0).fit(as_type(frame))
    assert detector.encoder_ is None
    row = int(np.argmin(detector.decision_scores_))
    gone = frame.copy()
    gone.loc[row, "b"] = np.nan
    scores = detector.decision_function(as_type(gone))
    assert scores[row] > detector.threshold_
    np.testing.assert_array_equal(np.delete(scores, row), np.delete(detector.decision_scores_, row))
    with pytest.raises(ValueError, match="NaN"):
        detector.decision_function(gone.to_numpy())


def test_a_fold_with_the_only_missing_value_is_scored() -> None:
    frame, y = numbers(), np.r_[np.zeros(190), np.ones(10)]
    frame.loc[3, "b"] = np.nan
    scores = cross_val_score(
        GANDetector(**QUICK),
        frame,
        y,
        scoring="roc_auc",
        cv=StratifiedKFold(3),
        error_score="raise",
    )
    assert np.isfinite(scores).all()


def test_a_missing_number_in_a_stream() -> None:
    frame = numbers()
    detector = GANDetector(**QUICK).fit(frame)
    detector.partial_fit(frame.assign(b=frame["b"].where(frame.index > 0)))
    assert np.isfinite(detector.decision_function(frame)).all()


@pytest.mark.parametrize("values", [np.arange(80.0), WHEN, WHEN - WHEN[0]])
@pytest.mark.parametrize("beside", [["x", "y"] * 40, np.arange(80.0) % 7])
def test_what_cannot_be_read_can_be_flagged(values: object, beside: object) -> None:
    """The rest of the row is scored, and the cell that cannot be read makes it an outlier."""
    frame = pd.DataFrame({"v": values, "w": beside})
    reader = TableReader(on_error="flag")
    detector = GANDetector(n_estimators=2, random_state=0, preprocessing=reader).fit(frame)
    row = frame.iloc[[int(np.argmin(detector.decision_scores_))]]
    wrong = row.assign(v="2O24-02-31")
    assert detector.decision_function(row) < detector.threshold_ < detector.decision_function(wrong)
    assert GANDetector(random_state=0).fit(frame).predict(row) == 0
    with pytest.raises(ValueError, match="'v' has 1 value"):
        GANDetector(**QUICK).fit(frame).decision_function(wrong)


def test_what_cannot_be_read_in_fit_is_rare_there() -> None:
    frame = numbers_and("c", [*map(str, range(78)), "7g", None])
    detector = GANDetector(random_state=0, preprocessing=TableReader(on_error="flag")).fit(frame)
    assert np.argmax(detector.decision_scores_) == 78
    again = clone(detector).set_params(preprocessing__na=["7g"]).fit(frame)
    assert again.model_.front_end.reader_.na == ["7g"]


def test_a_reader_is_saved_with_the_model(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [f"{i},5 €" for i in range(60)], "b": ["31.12.2024"] * 60})
    detector = GANDetector(**QUICK, preprocessing=TableReader(na=["x"], on_error="flag")).fit(frame)
    detector.save(tmp_path / "m")
    loaded = GANDetector.load(tmp_path / "m")
    odd = frame.assign(a="?!", b="x")
    for some in (frame, odd):
        np.testing.assert_array_equal(
            loaded.decision_function(some), detector.decision_function(some)
        )
    assert loaded.get_params()["preprocessing"].on_error == "flag"
    assert pickle.loads(pickle.dumps(detector)).predict(odd).shape == (60,)


def test_cells_that_cannot_be_read_are_the_first_reasons() -> None:
    frame = pd.DataFrame({"v": np.arange(60.0), "w": np.arange(60.0) % 7, "k": ["x", "y"] * 30})
    detector = GANDetector(**QUICK, preprocessing=TableReader(on_error="flag")).fit(frame)
    wrong = frame[:1].assign(v="2O", w="l")
    for top, columns in ((1, ["v"]), (2, ["v", "w"])):
        reasons = detector.explain_frame(wrong, top=top)
        assert list(reasons["column"]) == columns
        assert reasons["reason"][0] == "v = '2O' cannot be read as a number"
