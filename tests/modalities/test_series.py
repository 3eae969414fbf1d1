"""SeriesDetector: what it finds, one scoring path, streams, files, and bad input."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from pyod_gan import GANDetector, SeriesDetector
from pyod_gan.engine.conv import ConvHead
from pyod_gan.front_ends.series import SeriesReader
from pyod_gan.front_ends.windows import Pools, WindowFrontEnd
from pyod_gan.networks import Conv1d
from pyod_gan.persist import safetensors_file
from pyod_gan.tables import TableReader

QUICK = {"max_iter": 20, "random_state": 0}
Labelled = tuple[np.ndarray, np.ndarray]


def waves(n: int = 400, seed: int = 0) -> np.ndarray:
    """A noisy wave with a period of 25 points."""
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(n) * 2 * np.pi / 25) + 0.1 * rng.normal(size=n)


def with_spikes(seed: int) -> Labelled:
    """Single points that are far off."""
    X, y = waves(1500, seed), np.zeros(1500, dtype=int)
    at = 60 * np.arange(3, 23, 4) + np.random.default_rng(seed).integers(0, 40, 5)
    X[at] += 4 * np.resize([1, -1], 5)
    y[at] = 1
    return X, y


def with_pattern(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[int], Labelled]:
    """A stretch of 50 points whose values are usual, and whose pattern is not."""

    def make(seed: int) -> Labelled:
        X, y = waves(1500, seed), np.zeros(1500, dtype=int)
        start = 700 + 25 * seed
        X[start : start + 50] = change(X[start : start + 50])
        y[start : start + 50] = 1
        return X, y

    return make


def flat(stretch: np.ndarray) -> np.ndarray:
    return 0.3 + 0.1 * np.random.default_rng(0).normal(size=len(stretch))


def faster(stretch: np.ndarray) -> np.ndarray:
    return np.r_[stretch[::2], stretch[1::2]]


def shuffled(stretch: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).permutation(stretch)


@cache
def fitted() -> SeriesDetector:
    """Quick and only to be read."""
    return SeriesDetector(window_size=(8, 20), **QUICK).fit(waves())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_single_points(seed: int) -> None:
    """Each spike is the largest score around it, in the series of fit and in a fresh one."""
    X, y = with_spikes(seed)
    same = SeriesDetector(random_state=seed).fit(X).decision_scores_
    fresh = SeriesDetector(random_state=seed).fit(waves(600, seed + 50)).decision_function(X)
    for scores in (same, fresh):
        assert roc_auc_score(y, scores) > 0.95
        for t in np.flatnonzero(y):
            assert scores[t - 20 : t + 21].argmax() == 20


@pytest.mark.parametrize("change", [flat, faster, shuffled])
@pytest.mark.parametrize("seed", [0, 1])
def test_patterns_of_usual_values(change: Callable, seed: int) -> None:
    X, y = with_pattern(change)(seed)
    assert np.abs(X[y == 1]).max() < np.abs(X[y == 0]).max()
    same = SeriesDetector(random_state=seed).fit(X).decision_scores_
    fresh = SeriesDetector(random_state=seed).fit(X[:600]).decision_function(X)
    assert roc_auc_score(y, same) > 0.9
    assert roc_auc_score(y, fresh) > 0.9


@pytest.mark.parametrize("seed", [0, 1])
def test_channels_that_no_longer_go_together(seed: int) -> None:
    first, second = waves(1200, seed), waves(1200, seed + 10)
    X, y = np.column_stack([first, second]), np.zeros(1200, dtype=int)
    X[800:850, 1] = -X[800:850, 1]
    y[800:850] = 1
    detector = SeriesDetector(random_state=seed).fit(X[:600])
    assert roc_auc_score(y, detector.decision_function(X)) > 0.95
    alone = SeriesDetector(window_size=8, random_state=seed).fit(X[:600, 1])
    assert detector.n_features_in_ == 2
    assert alone.n_features_in_ == 1


def test_pyods_interface() -> None:
    X, detector = waves(), fitted()
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(X))
    assert detector.decision_scores_.shape == detector.labels_.shape == (400,)
    assert detector.labels_.mean() == pytest.approx(0.1, abs=0.02)
    np.testing.assert_array_equal(detector.predict(X), detector.labels_)
    assert detector.predict_proba(X).shape == (400, 2)
    assert detector.window_sizes_ == (8, 20)
    np.testing.assert_array_equal(
        clone(detector).fit(X).decision_scores_, detector.decision_scores_
    )
    np.testing.assert_array_equal(clone(detector).fit_predict(X), detector.labels_)
    other = clone(detector).set_params(random_state=1).fit(X)
    assert not np.array_equal(other.decision_scores_, detector.decision_scores_)
    p = clone(detector).fit(X).calibrate(waves(seed=1)).p_values(X)
    assert ((p > 0) & (p <= 1)).all()


def test_all_forms_of_a_series_are_one() -> None:
    X, detector = waves(), fitted()
    times = pd.date_range("2026-01-01", periods=400, freq="5min")
    forms = [
        X.tolist(),
        X[:, None],
        pd.Series(X, index=times),
        pd.Series(X, index=times[:0].append(times), name="load"),
        pd.DataFrame({"load": X}, index=times.tz_localize("Europe/Berlin")),
        pd.DataFrame({"load": X}, index=times.to_period()),
        pl.Series("load", X),
        pl.DataFrame({"load": X}),
    ]
    for form in forms:
        np.testing.assert_allclose(
            detector.decision_function(form), detector.decision_scores_, atol=1e-5
        )


@pytest.mark.parametrize(
    ("sizes", "latency", "step"),
    [((8, 40), None, 1), ((8, 20), 0, 1), ((8, 20), 10, 1), (8, 3, 1), ((6, 9), None, 3)],
)
def test_a_stream_has_the_scores_of_the_whole(sizes: object, latency: int, step: int) -> None:
    detector = SeriesDetector(window_size=sizes, latency=latency, step=step, **QUICK).fit(waves())
    X = waves(80, seed=1)
    X[40] = 3
    whole = detector.decision_function(X)
    stream = np.array([detector.score_next(x) for x in X])
    late = detector.latency_
    assert late == (max(np.atleast_1d(sizes)) - 1 if latency is None else latency)
    n_nan = max(np.atleast_1d(sizes)) - 1
    assert np.isnan(stream[:n_nan]).all()
    end = len(X) - late - (step > 1)
    np.testing.assert_array_equal(stream[n_nan : late + end], whole[n_nan - late : end])
    again = np.array([detector.restart().score_next(X[0]), *map(detector.score_next, X[1:])])
    np.testing.assert_array_equal(again, stream)


def test_latency_0_sees_only_the_past() -> None:
    detector = SeriesDetector(window_size=(8, 20), latency=0, **QUICK).fit(waves())
    X = waves(100, seed=1)
    changed = X.copy()
    changed[60:] += 5
    before, after = detector.decision_function(X), detector.decision_function(changed)
    np.testing.assert_array_equal(before[:60], after[:60])
    assert (after[60:70] > before[60:70]).all()


def test_a_point_that_is_refused_is_left_out_of_the_stream() -> None:
    detector = pickle.loads(pickle.dumps(fitted()))
    X = waves(60, seed=1)
    expected = [detector.score_next(x) for x in X]
    detector.restart()
    got = []
    for x in X:
        for wrong in (np.nan, [1.0, 2.0], np.inf):
            with pytest.raises(ValueError, match="A point must have 1 finite numbers"):
                detector.score_next(wrong)
        got.append(detector.score_next(x))
    np.testing.assert_array_equal(got, expected)


def test_long_series_are_scored_in_parts() -> None:
    X, detector = waves(3000, seed=1), fitted()
    whole = detector.decision_function(X)
    with config_context(working_memory=0.05):
        np.testing.assert_array_equal(detector.decision_function(X), whole)


@pytest.mark.parametrize("n_points", [20, 21, 33, 40])
@pytest.mark.parametrize("step", [1, 7, 8])
def test_every_point_has_a_score(n_points: int, step: int) -> None:
    detector = SeriesDetector(window_size=(8, 20), step=step, **QUICK).fit(waves(200))
    scores = detector.decision_function(waves(n_points, seed=1))
    assert scores.shape == (n_points,)
    assert np.isfinite(scores).all()


def test_windows_and_pooling_by_hand() -> None:
    front_end = WindowFrontEnd(size=3, n_segments=None, step=2, latency=9)
    values = np.arange(12.0).reshape(6, 2)
    starts = front_end.starts(6)
    assert starts.tolist() == [0, 2, 3]  # the last one so that no point is left out
    assert front_end.rows(values, starts)[1].tolist() == [4, 6, 8, 5, 7, 9]  # channel by channel
    pools = Pools.empty(6)
    misfits = np.array([[0, 0, 4, 0, 2, 0], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]])
    front_end.pool(pools, starts, np.array([10.0, 5.0, -1.0]), misfits)
    # the first window's points fit wholly, half and not; the second's fit wholly
    np.testing.assert_allclose(pools.largest, [8, 9, 10, 4, 4, -1])
    np.testing.assert_allclose(pools.n_windows, [1, 1, 2, 2, 2, 1])
    # 95 % of the largest score and 5 % of the mean
    np.testing.assert_allclose(pools.scores(), [8, 9, 9.85, 3.875, 3.875, -1])
    assert np.isnan(Pools.empty(2).scores()).all()


def test_segments_by_hand() -> None:
    front_end = WindowFrontEnd(size=5, n_segments=2, step=1, latency=9)
    values = np.array([[1.0, 0], [3, 0], [2, 9], [6, 0], [4, 0]])
    rows = front_end.rows(values, np.array([0]))
    assert rows.tolist() == [[2, 4, 2, 4, 0, 3, 0, 9]]  # means, ranges, and of channel 2
    assert front_end.shape(2) == (4, 2)
    pools = Pools.empty(6)
    front_end.pool(pools, np.array([0, 1]), np.array([10.0, 6.0]), None)
    np.testing.assert_allclose(pools.scores(), [10, 9.9, 9.9, 9.9, 9.9, 6])


def test_only_long_windows_of_perceptrons_have_segments() -> None:
    X = waves(200)
    both = SeriesDetector(window_size=(32, 60), **QUICK).fit(X)
    assert [part.n_features_in_ for part in both.detectors_] == [32, 24]
    points = clone(both).set_params(n_segments=None).fit(X)
    assert [part.n_features_in_ for part in points.detectors_] == [32, 60]
    five = clone(both).set_params(n_segments=5).fit(X)
    assert [part.n_features_in_ for part in five.detectors_] == [32, 10]
    tadgan = SeriesDetector("tadgan", n_estimators=2, window_size=60, **QUICK).fit(X)
    assert [part.n_features_in_ for part in tadgan.detectors_] == [60]


def test_reasons_of_a_single_point() -> None:
    load, price = waves(), waves(seed=1)
    price[200] += 4
    hours = pd.date_range("2026-01-01", periods=400, freq="h")
    X = pd.DataFrame({"load": load, "price": price}, index=hours)
    detector = SeriesDetector(window_size=16, contamination="auto", random_state=0).fit(X)
    reasons = detector.explain_frame(X, top=2)
    first = reasons[reasons["score"] == reasons["score"].max()].iloc[0]
    assert first["start"] <= hours[200] <= first["end"]
    assert first["peak"] == hours[200]
    assert first["channel"] == "price"
    assert first["observed"] == pytest.approx(price[200], rel=1e-3)
    assert first["low"] <= first["expected"] <= first["high"] < first["observed"]
    assert first["reason"].startswith(f"price at 2026-01-09 08:00:00 = {price[200]:.2f}"[:-1])
    flagged = detector.predict(X)
    assert len(reasons.groupby("start")) == (np.diff(np.r_[0, flagged]) == 1).sum()
    np.testing.assert_allclose(
        reasons["score"],
        detector.decision_function(X)[[hours.get_loc(peak) for peak in reasons["peak"]]],
    )


def test_reasons_of_a_pattern_are_segments() -> None:
    X, y = with_pattern(flat)(0)
    detector = SeriesDetector(window_size=96, contamination=0.05, random_state=0).fit(X)
    reasons = detector.explain_frame(X[500:])
    worst = reasons.sort_values("score").iloc[-1]
    assert re.match(r"range of x0 from \d+ to \d+ = 0.\d+; expected 1", worst["reason"])
    assert y[500 + worst["peak"]] == 1
    calm = SeriesDetector(window_size=8, **QUICK).fit(waves())
    calm.threshold_ = np.inf
    assert calm.explain_frame(waves()).empty
    assert list(calm.explain_frame(waves()).columns) == list(reasons.columns)
    with pytest.raises(ValueError, match="`top` must be a whole number of at least 1"):
        calm.explain_frame(waves(), top=0)


def test_saving_keeps_everything(tmp_path: Path) -> None:
    X = pd.DataFrame({"load": waves()}, index=pd.date_range("2026", periods=400, freq="h"))
    detector = SeriesDetector("gan", network=Conv1d(channels=(4,)), window_size=[8, 20], **QUICK)
    detector.fit(X).calibrate(X[:300])
    detector.save(tmp_path / "model")
    for loaded in (
        SeriesDetector.load(tmp_path / "model"),
        pickle.loads(pickle.dumps(detector)),
    ):
        np.testing.assert_array_equal(loaded.decision_function(X), detector.decision_scores_)
        np.testing.assert_array_equal(loaded.labels_, detector.labels_)
        np.testing.assert_array_equal(loaded.p_values(X), detector.p_values(X))
        assert loaded.threshold_ == detector.threshold_
        assert repr(loaded.get_params()) == repr(detector.get_params())
        assert [loaded.score_next(x) for x in waves(30)][
            -1
        ] == detector.restart().decision_function(waves(30))[29 - loaded.latency_]
        with pytest.raises(ValueError, match="are 0 days 01:00:00 apart"):
            loaded.decision_function(X.resample("2h").mean())
    with pytest.raises(ValueError, match=r"it holds a SeriesDetector; use SeriesDetector.load"):
        GANDetector.load(tmp_path / "model")
    GANDetector(**QUICK).fit(np.c_[waves(), waves()]).save(tmp_path / "table")
    with pytest.raises(ValueError, match=r"it holds a GANDetector; use GANDetector.load"):
        SeriesDetector.load(tmp_path / "table")


def test_a_copy_follows_a_series_of_its_own() -> None:
    detector = clone(fitted()).fit(waves())
    expected = [detector.score_next(x) for x in waves(60)]
    detector.restart()
    first = [detector.score_next(x) for x in waves(30)]
    other = copy.copy(detector)
    assert np.isnan(other.score_next(50.0))
    rest = [detector.score_next(x) for x in waves(60)[30:]]
    np.testing.assert_array_equal(first + rest, expected)
    np.testing.assert_array_equal(other.decision_function(waves()), detector.decision_scores_)


def test_a_file_keeps_how_fit_read_the_series(tmp_path: Path) -> None:
    detector = clone(fitted()).fit(waves())
    detector.set_params(missing="interpolate").save(tmp_path / "model")
    X = waves()
    X[3] = np.nan
    for one in (detector, SeriesDetector.load(tmp_path / "model")):
        with pytest.raises(ValueError, match="missing at position 3"):
            one.decision_function(X)


@pytest.mark.parametrize(
    ("frequency", "spacing"),
    [("B", "1 business days"), ("MS", "1 months"), ("D", "1 days"), ("QE", "3 months")],
)
def test_calendars_are_equally_spaced(frequency: str, spacing: str) -> None:
    X = pd.Series(waves(80), index=pd.date_range("2020-01-31", periods=80, freq=frequency))
    plain = X.set_axis(pd.DatetimeIndex(X.index.to_numpy()))  # without a frequency
    detector = SeriesDetector(window_size=4, **QUICK).fit(X)
    assert detector.spacing_ == spacing
    for part in (X, plain, plain[5:10], X[5:10]):
        assert np.isfinite(detector.decision_function(part)).all()
    with pytest.raises(ValueError, match=r"others lie before position|apart. Got"):
        detector.decision_function(plain.drop(plain.index[[7, 9, 10]]))


def test_days_of_23_and_25_hours_are_days() -> None:
    spring = pd.date_range("2026-03-01", periods=60, freq="D", tz="Europe/Berlin")
    detector = SeriesDetector(window_size=4, **QUICK).fit(pd.Series(waves(60), index=spring))
    assert detector.spacing_ == "1 days"
    for start, zone in (("2026-05-01", "Europe/Berlin"), ("2026-10-01", "Europe/Berlin")):
        days = pd.DatetimeIndex(list(pd.date_range(start, periods=60, freq="D", tz=zone)))
        detector.decision_function(pd.Series(waves(60), index=days))
        detector.decision_function(
            pd.Series(waves(60), index=days.tz_localize(None).to_period("D"))
        )


def test_series_are_frames_of_one_column() -> None:
    X = waves(60)
    detector = SeriesDetector(window_size=4, **QUICK).fit(pd.Series(X, name="load"))
    assert detector.channels_ == ["load"]
    for same in (pd.Series(X), pd.Series(X, name="load"), pl.Series(X), X):
        np.testing.assert_array_equal(detector.decision_function(same), detector.decision_scores_)
    written = pd.Series([f"{x:.4f}".replace(".", ",") for x in X], name="load")
    SeriesDetector(window_size=4, **QUICK).fit(written)
    with pytest.raises(ValueError, match="Columns must be those of fit"):
        detector.decision_function(pd.Series(X, name="price"))
    with pytest.raises(ValueError, match=r"\['x0'\] are not"):
        detector.fit(pd.Series(pd.date_range("2026", periods=60)))
    two = pd.MultiIndex.from_product([["a", "b"], range(30)])
    with pytest.raises(ValueError, match="one series at a time"):
        detector.fit(pd.Series(X, index=two))


def test_the_index_may_have_the_name_of_the_column_of_times() -> None:
    frame = pd.DataFrame({"t": pd.date_range("2026", periods=60, freq="h"), "load": waves(60)})
    detector = SeriesDetector(time="t", window_size=4, **QUICK).fit(frame)
    scores = detector.decision_function(frame.set_index("t"))
    np.testing.assert_array_equal(scores, detector.decision_scores_)
    assert clone(detector).fit(frame.set_index("t")).spacing_ == detector.spacing_
    assert detector.explain_frame(frame.set_index("t"), top=1)["peak"].isin(frame["t"]).all()


def test_points_with_labels_must_be_of_the_channels() -> None:
    frame = pd.DataFrame({"a": waves(60), "b": 5 * waves(60, seed=1)})
    detector = SeriesDetector(window_size=4, **QUICK).fit(frame)
    whole = detector.decision_function(frame)
    stream = [detector.score_next(row) for _, row in frame.iterrows()]
    np.testing.assert_array_equal(stream[3:], whole[: len(whole) - 3])
    with pytest.raises(ValueError, match="must be in the order of fit"):
        detector.score_next(frame[["b", "a"]].iloc[0])


def test_times_as_floats() -> None:
    for step in (0.01, 0.1, 1.0):
        X = pd.Series(waves(80), index=1.7e9 + step * np.arange(80))
        detector = SeriesDetector(window_size=4, **QUICK).fit(X)
        assert float(detector.spacing_) == pytest.approx(step, rel=1e-4)
        detector.decision_function(X[40:])
        with pytest.raises(ValueError, match="before position 9"):
            detector.decision_function(X.drop(X.index[9]))


def test_masked_points_are_missing() -> None:
    X = np.ma.array(np.arange(40), mask=np.arange(40) == 5)
    with pytest.raises(ValueError, match="missing at position 5"):
        SeriesDetector(**QUICK).fit(X)
    detector = SeriesDetector(window_size=4, missing="interpolate", **QUICK).fit(X)
    np.testing.assert_array_equal(
        detector.decision_function(np.arange(40)), detector.decision_scores_
    )


def test_networks_take_the_shape_of_the_windows() -> None:
    X = np.c_[waves(), waves(seed=1), waves(seed=2)]
    detector = SeriesDetector("alad", network="conv1d", window_size=[8, 16], **QUICK).fit(X)
    for size, part in zip((8, 16), detector.detectors_, strict=True):
        critic = part.networks_.xx
        assert isinstance(critic, ConvHead)
        assert critic.pyramid.maps[0] == (size,)
        assert critic.pyramid.channels[0] == 3
    other = clone(detector).set_params(network=Conv1d(), network__units=8)
    assert other.network.units == 8


def test_every_gan(gan_class: type) -> None:
    detector = SeriesDetector(gan_class(), n_estimators=2, window_size=8, **QUICK).fit(waves(200))
    scores = detector.decision_scores_
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores, detector.decision_function(waves(200)))


def test_missing_values() -> None:
    X = waves()
    X[[0, 7, 8]] = np.nan
    with pytest.raises(ValueError, match=r"missing at positions 0, 7, 8. Fill them, or use"):
        SeriesDetector(**QUICK).fit(X)
    filled = pd.Series(X).interpolate(limit_direction="both")
    detector = SeriesDetector(window_size=8, missing="interpolate", **QUICK).fit(X)
    np.testing.assert_array_equal(detector.decision_scores_, detector.decision_function(filled))
    with pytest.raises(ValueError, match=r"Channels \[1\] have no values at all"):
        detector.fit(np.c_[X, np.full(400, np.nan)])


def test_new_series_are_read_otherwise_without_a_new_fit() -> None:
    X = waves()
    detector = SeriesDetector(window_size=8, **QUICK).fit(X)
    with_gap = X.copy()
    with_gap[7] = np.nan
    for wrong in ({"missing": "drop"}, {"irregular": "no"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            detector.read_otherwise(**wrong)
    with pytest.raises(ValueError, match="missing at position 7"):
        detector.decision_function(with_gap)
    twin = copy.copy(detector)
    detector.read_otherwise(missing="interpolate", irregular="ignore")
    assert np.isfinite(detector.decision_function(with_gap)).all()
    assert detector.missing == "interpolate"
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    with pytest.raises(ValueError, match="missing at position 7"):
        twin.decision_function(with_gap)
    with pytest.raises(NotFittedError):
        SeriesDetector().read_otherwise(missing="interpolate")


@pytest.mark.parametrize("dtype", [object, "string"])
def test_dates_as_texts_in_the_index(dtype: object) -> None:
    times = pd.date_range("2026-01-01", periods=400, freq="h").strftime("%Y-%m-%d %H:%M")
    series = pd.Series(waves(), index=pd.Index(times, dtype=dtype))
    detector = SeriesDetector(window_size=8, **QUICK).fit(series)
    assert detector.spacing_ == "0 days 01:00:00"
    doubled = pd.Series(waves(), index=pd.Index([times[0], *times[:-1]], dtype=dtype))
    with pytest.raises(ValueError, match="doubled at position 1"):
        detector.decision_function(doubled)
    names = pd.Series(waves(), index=pd.Index([f"p{i}" for i in range(400)], dtype=dtype))
    assert SeriesDetector(window_size=8, **QUICK).fit(names).spacing_ == ""


def test_whole_numbers_that_do_not_ascend_are_warned_of() -> None:
    epochs = 1_700_000_000 + 60 * np.arange(400)
    epochs[9] = epochs[8]
    detector = SeriesDetector(window_size=8, **QUICK)
    with pytest.warns(UserWarning, match="whole numbers that do not ascend") as caught:
        detector.fit(pd.DataFrame({"x": waves()}, index=epochs))
    assert caught[0].filename == __file__
    detector.fit(pd.DataFrame({"x": waves()}, index=np.arange(5, 405)))  # no warning


def irregular(change: Callable[[pd.DatetimeIndex], pd.DatetimeIndex]) -> pd.Series:
    return pd.Series(waves(), index=change(pd.date_range("2026-01-01", periods=400, freq="h")))


@pytest.mark.parametrize(
    ("X", "error"),
    [
        (irregular(lambda t: t.where(t != t[5], t[4])), "doubled at position 5"),
        (irregular(lambda t: t[::-1]), "not in order at positions 1, 2, 3, 4, 5 and 394 more"),
        (
            irregular(lambda t: t + pd.to_timedelta(1 * (np.arange(400) > 9), "h")),
            "before position 10",
        ),
        (irregular(lambda t: t.where(t != t[3])), "Times are missing at position 3"),
        (np.zeros((4, 3, 2)), "dim 3"),
        (["a", "b"] * 50, "could not convert string"),
        (np.where(np.arange(400) == 9, np.inf, waves()), "Infinite at position 9"),
        (waves(3), "at least 4 points. Got 3"),
        (pd.DataFrame({"t": pd.date_range("2026", periods=90), "x": 1.0}), r"\['t'\] are not"),
        ([], "at least 4 points. Got 0|minimum of 1"),
    ],
)
def test_series_that_cannot_be_read(X: object, error: str) -> None:
    detector = SeriesDetector(**QUICK)
    with pytest.raises(ValueError, match=error):
        detector.fit(X)
    with pytest.raises(NotFittedError):
        detector.decision_function(waves())
    if isinstance(X, pd.Series):
        points = SeriesDetector(irregular="ignore", window_size=8, **QUICK).fit(X)
        assert points.spacing_ == ""
        np.testing.assert_array_equal(
            points.decision_function(X.to_numpy()), points.decision_scores_
        )


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"window_size": 1}, "window_size"),
        ({"window_size": (8, 8)}, "several that differ"),
        ({"window_size": (8, 2.5)}, "several that differ"),
        ({"window_size": ()}, "several that differ"),
        ({"window_size": 400}, "must be longer than its windows. The longest has 400 points"),
        ({"window_size": 8, "step": 9}, "at most the smallest window_size and latency"),
        ({"window_size": 8, "latency": 2, "step": 4}, "which is 3. Got 4"),
        ({"latency": -1}, "latency"),
        ({"n_segments": 33}, "n_segments"),
        ({"missing": "drop"}, "missing"),
        ({"gan": "no"}, "'gan' parameter"),
    ],
)
def test_parameters_that_cannot_be_used(params: dict, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        SeriesDetector(**QUICK | params).fit(waves())


def test_series_unlike_that_of_fit() -> None:
    detector = fitted()
    with pytest.raises(ValueError, match="as long as the longest window, which has 20 points"):
        detector.decision_function(waves(19))
    with pytest.raises(ValueError, match=r"has 1 channels. Got 2"):
        detector.decision_function(np.c_[waves(), waves()])
    named = pd.DataFrame({"a": waves(), "b": waves(seed=1)})
    two = SeriesDetector(window_size=8, **QUICK).fit(named)
    with pytest.raises(ValueError, match="must be in the order of fit"):
        two.decision_function(named[["b", "a"]])
    with pytest.raises(NotFittedError):
        SeriesDetector().score_next(1.0)


def as_written(X: np.ndarray) -> pd.DataFrame:
    """A table as a file in German has it: texts, days first, decimal commas."""
    times = pd.date_range("2026-01-01", periods=len(X), freq="D")
    values = [f"{1000 * x:.3f}".replace(".", ",") for x in X]
    return pd.DataFrame({"day": times.strftime("%d.%m.%Y"), "load": values})


def test_frames_with_a_column_of_times(tmp_path: Path) -> None:
    X = 1000 * waves()
    plain = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=400), "load": X})
    written = as_written(waves())
    detector = SeriesDetector(time="day", window_size=8, **QUICK)
    scores = detector.fit(plain).decision_scores_
    for same in (plain, pl.from_pandas(plain), plain.assign(day=np.arange(400) * 0.1)):
        np.testing.assert_allclose(clone(detector).fit(same).decision_scores_, scores, atol=1e-6)
    detector.fit(written).save(tmp_path / "model")
    loaded = SeriesDetector.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.decision_function(written), detector.decision_scores_)
    with pytest.raises(ValueError, match=r"points that are 2 days apart"):
        loaded.decision_function(written[::2])
    with pytest.raises(ValueError, match=r"others lie before position 7. Resample"):
        loaded.decision_function(written.drop(7))
    with pytest.raises(ValueError, match=r"'load' has 1 value\(s\) that cannot be read"):
        loaded.decision_function(written.replace({"load": {written.load[9]: "a lot"}}))
    with pytest.raises(ValueError, match="no column 'day'"):
        loaded.decision_function(written[["load"]])
    with pytest.raises(ValueError, match="Got no data frame"):
        loaded.decision_function(X)
    with pytest.raises(ValueError, match=r"\['day'\] are not"):
        clone(detector).set_params(time=None).fit(written)
    with pytest.raises(ValueError, match=r"must be dates or numbers. 'day' holds text"):
        clone(detector).fit(written.assign(day="monday"))
    with pytest.raises(ValueError, match="Got only times"):
        clone(detector).fit(written[["day"]])


def test_months_are_equally_spaced() -> None:
    X = pd.Series(waves(60), index=pd.date_range("2020-01-31", periods=60, freq="ME"))
    reader = SeriesReader(None, interpolate=False, checks_times=True, table_reader=TableReader())
    np.testing.assert_array_equal(reader.fit_read(X)[:, 0], X)
    assert reader.spacing == "1 months"


def test_a_failed_fit_changes_nothing() -> None:
    detector = clone(fitted()).fit(waves())
    before = detector.decision_scores_
    first = [detector.score_next(x) for x in waves(30)]
    with pytest.raises(ValueError, match="Infinite"):
        detector.fit(np.full(50, np.inf))
    assert detector.decision_scores_ is before
    assert np.isfinite(detector.score_next(0.5))
    assert np.isfinite(first[-1])


def test_searches_with_splits_in_time() -> None:
    X, y = with_spikes(0)
    search = GridSearchCV(
        SeriesDetector(**QUICK),
        {"window_size": [8, 16], "gan": ["gan", "prototype"]},
        scoring="roc_auc",
        cv=TimeSeriesSplit(2, test_size=450),
    )
    search.fit(X, y)
    assert search.best_score_ > 0.9
    assert search.predict(X).shape == y.shape


SERIES = {"names": ["x0"], "spacing": "", "reader": None, "time": None}
SERIES |= {"interpolate": False, "checks_times": True}


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("window_sizes", [20, 8]),
        ("window_sizes", [8, -20]),
        ("window_sizes", [8, 21]),
        ("window_sizes", [8]),
        ("window_sizes", "ab"),
        ("n_segments", [None, 0]),
        ("n_segments", [None, 1e9]),
        ("step", 0),
        ("step", "1"),
        ("latency", -1),
        ("series", SERIES | {"names": ["a", "b"]}),
        ("series", SERIES | {"names": []}),
        ("series", SERIES | {"names": [3]}),
        ("series", SERIES | {"time": 3}),
        ("series", SERIES | {"interpolate": "yes"}),
        ("series", SERIES | {"reader": {"params": {}, "formats": 3}}),
        ("series", {}),
        ("series", None),
        ("step", 1000),
    ],
)
def test_forged_files_are_refused(tmp_path: Path, entry: str, value: object) -> None:
    path = tmp_path / "model"
    fitted().save(path)
    arrays, about = safetensors_file.read(path)
    del about["sha256"]
    safetensors_file.write(path, arrays, about)
    SeriesDetector.load(path)  # what is not changed loads
    changed = about | {"own": about["own"] | {entry: value}}
    safetensors_file.write(path, arrays, changed)
    with pytest.raises(ValueError, match=r"model, by pyod-gan .*, cannot be loaded"):
        SeriesDetector.load(path)


@pytest.mark.parametrize("wrong", ["parts", "share", "params", "own"])
def test_files_that_lack_something_are_refused(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "model"
    fitted().save(path)
    arrays, about = safetensors_file.read(path)
    del about["sha256"]
    for changed in (
        {name: value for name, value in about.items() if name != wrong},
        about | {wrong: 7},
    ):
        safetensors_file.write(path, arrays, changed)
        with pytest.raises(ValueError, match="cannot be loaded"):
            SeriesDetector.load(path)
    for name in ("own.scores", "own.threshold", "0.scaler.mean"):
        safetensors_file.write(path, {n: a for n, a in arrays.items() if n != name}, about)
        with pytest.raises(ValueError, match="cannot be loaded"):
            SeriesDetector.load(path)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checksum|safetensors"):
        SeriesDetector.load(path)
