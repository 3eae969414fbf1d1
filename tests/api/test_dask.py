"""Tables of Dask: fitted by a sample, scored lazily, as the same table in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from pyod_gan import GANDetector, GANOutlierDetector
from pyod_gan.front_ends import samples
from tests.helpers import QUICK

N = 3000


def mixed() -> pd.DataFrame:
    """Numbers, words and dates; row 7 is far."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
    frame["kind"] = rng.choice(["red", "green", "blue"], N)
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, N), "D")
    frame.loc[7, "b"] = 40
    return frame


def numbers() -> np.ndarray:
    return mixed()[["a", "b", "c"]].to_numpy()


def with_unknown_sizes() -> Any:
    return dd.from_pandas(mixed()[["a", "b", "c"]], npartitions=5).to_dask_array()


KINDS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "frame": (mixed, lambda: dd.from_pandas(mixed(), npartitions=7)),
    "array": (numbers, lambda: da.from_array(numbers(), chunks=(700, 2))),
    "array of unknown size": (numbers, with_unknown_sizes),
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def small_samples(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(samples, "MOST_ROWS", 500)
    monkeypatch.setattr(samples, "LEAST_ROWS", 500)
    return 500


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_table_is_as_in_memory(kind: str) -> None:
    in_memory, of_dask = (make() for make in KINDS[kind])
    local, far = GANDetector(**QUICK).fit(in_memory), GANDetector(**QUICK).fit(of_dask)
    np.testing.assert_array_equal(far.decision_scores_, local.decision_scores_)
    assert far.threshold_ == local.threshold_
    assert far.n_samples_seen_ == N


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_is_that_of_the_same_table_in_memory(kind: str, small_samples: int) -> None:
    in_memory, of_dask = (make() for make in KINDS[kind])
    local, far = GANDetector(**QUICK).fit(in_memory), GANDetector(**QUICK).fit(of_dask)
    scores = local.decision_function(in_memory)
    np.testing.assert_array_equal(far.decision_function(of_dask).compute(), scores)
    assert far.n_samples_seen_ == N
    assert len(far.decision_scores_) == len(far.labels_) == small_samples
    chosen = samples.sample_of(in_memory).numbers
    np.testing.assert_array_equal(far.decision_scores_, scores[chosen])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_computed_of_scores_is_lazy(kind: str) -> None:
    in_memory, of_dask = (make() for make in KINDS[kind])
    detector = GANDetector(**QUICK).fit(in_memory)
    detector.calibrate(of_dask)
    calls: list[Callable[[Any], Any]] = [
        detector.decision_function,
        detector.predict,
        detector.predict_proba,
        detector.predict_confidence,
        detector.p_values,
        lambda X: detector.predict(X, return_confidence=True)[1],
        lambda X: detector.predict_proba(X, method="unify", return_confidence=True)[0],
    ]
    outlier = GANOutlierDetector(**QUICK).fit(in_memory)
    for call in [*calls, outlier.score_samples, outlier.decision_function, outlier.predict]:
        lazy = call(of_dask)
        assert isinstance(lazy, da.Array)
        computed = lazy.compute()
        np.testing.assert_array_equal(computed, call(in_memory))
        assert computed.dtype == lazy.dtype
        assert computed.ndim == lazy.ndim
    adjusted = detector.p_values(of_dask, adjust="bh")  # needs all rows
    np.testing.assert_array_equal(adjusted, detector.p_values(in_memory, adjust="bh"))
    with pytest.raises(ValueError, match="'linear' or 'unify'"):
        detector.predict_proba(of_dask, method="other")


def test_labels_of_fit_predict_are_those_of_all_rows(small_samples: int) -> None:
    table = dd.from_pandas(mixed(), npartitions=3)
    detector = GANDetector(**QUICK)
    labels = detector.fit_predict(table)
    assert labels.compute().shape == (N,)
    np.testing.assert_array_equal(labels.compute(), detector.predict(mixed()))
    assert set(GANOutlierDetector(**QUICK).fit_predict(table).compute()) == {-1, 1}


def test_lazy_scores_are_those_of_the_fit_that_made_them() -> None:
    table = da.from_array(numbers(), chunks=(1000, 3))
    detector = GANDetector(**QUICK).fit(table)
    before = detector.decision_scores_
    lazy = detector.decision_function(table)
    detector.set_params(random_state=1).fit(table)
    np.testing.assert_array_equal(lazy.compute(), before)
    assert (detector.decision_scores_ != before).any()


def test_reasons_of_a_table_of_dask_are_as_in_memory() -> None:
    detector = GANDetector(**QUICK).fit(mixed())
    table = dd.from_pandas(mixed(), npartitions=4)
    pd.testing.assert_frame_equal(detector.explain_frame(table), detector.explain_frame(mixed()))
    expected = detector.explain(mixed())
    np.testing.assert_allclose(detector.explain(table), expected, rtol=0, atol=1e-12)


def test_parquet_of_dask_is_the_parquet_of_a_path(tmp_path: Path, small_samples: int) -> None:
    dd.from_pandas(mixed(), npartitions=4).to_parquet(tmp_path / "rows")
    table = dd.read_parquet(tmp_path / "rows")
    local = GANDetector(**QUICK).fit(tmp_path / "rows")
    far = GANDetector(**QUICK).fit(table)
    np.testing.assert_array_equal(far.decision_function(table), local.decision_scores_)


def test_partitions_may_have_no_rows() -> None:
    table = dd.from_pandas(mixed(), npartitions=5)
    some = table[table["a"] > 3]
    detector = GANDetector(**QUICK).fit(mixed())
    expected = detector.decision_function(mixed()[mixed()["a"] > 3])
    lengths = [len(partition) for partition in dask.compute(*some.to_delayed())]
    assert min(lengths) == 0 < max(lengths)
    np.testing.assert_array_equal(detector.decision_function(some).compute(), expected)
    none = table[table["a"] > 99]
    assert detector.decision_function(none).compute().shape == (0,)
    with pytest.raises(ValueError, match="no rows"):
        GANDetector(**QUICK).fit(none)


def test_other_columns_are_refused_before_anything_is_computed() -> None:
    detector = GANDetector(**QUICK).fit(mixed())
    with pytest.raises(ValueError, match="feature names"):
        detector.decision_function(
            dd.from_pandas(mixed().rename(columns={"a": "z"}), npartitions=2)
        )
    wide = da.zeros((10, 9))
    with pytest.raises(ValueError, match="9 features"):
        GANDetector(**QUICK).fit(numbers()).predict(wide)
    with pytest.raises(ValueError, match="has 1 axes, not 2"):
        GANDetector(**QUICK).fit(da.zeros(10))


def test_an_error_names_the_partition(small_samples: int) -> None:
    rows = numbers().copy()
    detector = GANDetector(**QUICK).fit(rows)
    rows[2500, 1] = np.nan
    broken = da.from_array(rows, chunks=(1000, 3))
    with pytest.raises(ValueError, match=r"X\[500, 1\]") as caught:
        detector.decision_function(broken).compute()
    assert caught.value.__notes__ == ["This is about partition 2."]
    rows[samples.sample_of(rows).numbers[3], 1] = np.nan
    first = samples.sample_of(rows).numbers[3]
    with pytest.raises(ValueError, match=rf"X\[{first}, 1\]"):
        GANDetector(**QUICK).fit(da.from_array(rows, chunks=(1000, 3)))
    assert detector.decision_function(numbers()).shape == (N,)


def test_what_needs_all_rows_in_memory_says_so() -> None:
    table = dd.from_pandas(mixed(), npartitions=2)
    detector = GANDetector(**QUICK).fit(mixed())
    with pytest.raises(ValueError, match="must be a table in memory"):
        detector.partial_fit(table)
    with pytest.raises(ValueError, match="must be a table in memory"):
        detector.fit(mixed(), known_anomalies=table)
