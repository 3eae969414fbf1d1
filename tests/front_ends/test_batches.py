"""Tables in batches: the same as in memory, samples of large ones, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from pyarrow import csv, dataset, parquet
from scipy.sparse import csr_array
from torch.utils.data import DataLoader, TensorDataset

from pyod_gan import GANDetector, GANOutlierDetector
from pyod_gan._support.exceptions import UnreadableTableError
from pyod_gan.front_ends import batches, samples
from pyod_gan.tables import Batches

CUTS = [(0, 700), (700, 703), (703, 1500)]


@cache
def numbers() -> np.ndarray:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4))
    X[:5] += 9
    return X


@cache
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(numbers(), columns=list("abcd"))
    X["kind"] = rng.choice(["u", "v"], len(X))
    X["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 999, len(X)), "h")
    return X


def detector() -> GANDetector:
    return GANDetector(random_state=0)


@cache
def fitted(kind: str) -> GANDetector:
    return detector().fit(numbers() if kind == "numbers" else frame())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The frame in three Parquet files, and an array in a file."""
    for i, (start, stop) in enumerate(CUTS):
        frame().iloc[start:stop].to_parquet(tmp_path / f"part-{i}.parquet")
    return tmp_path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that make every table of these tests a large one."""
    monkeypatch.setattr(samples, "LEAST_ROWS", 400)
    monkeypatch.setattr(samples, "MOST_ROWS", 400)
    monkeypatch.setattr(batches, "MOST_CELLS", 900)


def parts(X: Any) -> list[Any]:
    return [X.iloc[a:b] if hasattr(X, "iloc") else X[a:b] for a, b in CUTS]


def arrow(X: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(X, preserve_index=False)


NUMBERS: dict[str, Callable[[], Any]] = {
    "list": lambda: Batches(parts(numbers())),
    "function": lambda: Batches(lambda: iter(parts(numbers()))),
    "lists of lists": lambda: Batches([part.tolist() for part in parts(numbers())]),
    "an empty batch": lambda: Batches([numbers()[:0], *parts(numbers())]),
    "one batch": lambda: Batches([numbers()]),
}
FRAMES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: Batches(parts(frame())),
    "polars": lambda: Batches([pl.from_pandas(part) for part in parts(frame())]),
    "arrow": lambda: arrow(frame()),
    "batches of arrow": lambda: Batches(arrow(frame()).to_batches(max_chunksize=333)),
}


class Rereadable:
    """An object that can be iterated again and again, such as a loader of data."""

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(parts(numbers()))


@pytest.mark.parametrize("kind", NUMBERS)
def test_batches_of_numbers_are_the_table(kind: str) -> None:
    whole, found = fitted("numbers"), detector().fit(NUMBERS[kind]())
    assert (found.decision_scores_ == whole.decision_scores_).all()
    assert found.threshold_ == whole.threshold_
    assert found.n_samples_seen_ == len(numbers())
    assert (whole.decision_function(NUMBERS[kind]()) == whole.decision_scores_).all()


@pytest.mark.parametrize("kind", FRAMES)
def test_batches_of_frames_are_the_table(kind: str) -> None:
    whole, found = fitted("frame"), detector().fit(FRAMES[kind]())
    assert (found.decision_scores_ == whole.decision_scores_).all()
    assert list(found.feature_names_in_) == list(frame().columns)
    assert (whole.predict(FRAMES[kind]()) == whole.labels_).all()


def test_files_are_the_table(folder: Path) -> None:
    whole = fitted("frame")
    for X in (folder, str(folder), dataset.dataset(folder)):
        assert (detector().fit(X).decision_scores_ == whole.decision_scores_).all()
    first = whole.decision_function(folder / "part-0.parquet")
    assert (first == whole.decision_scores_[:700]).all()


def test_a_filtered_dataset_is_the_table_of_its_rows(folder: Path) -> None:
    column = frame().columns[0]
    above = dataset.field(column) > float(frame()[column].median())
    rows = frame()[frame()[column] > frame()[column].median()]
    whole = fitted("frame")
    for data in (dataset.dataset(folder), dataset.dataset(pa.Table.from_pandas(frame()))):
        assert (whole.decision_function(data.filter(above)) == whole.decision_function(rows)).all()
        fits = (detector().fit(X).decision_scores_ for X in (data.filter(above), rows))
        assert np.array_equal(*fits)
    with pytest.raises(ValueError, match="The batches have no rows"):
        whole.decision_function(dataset.dataset(folder).filter(dataset.field(column) > 1e9))
    frame().drop(columns=column).assign(other=1.0).to_parquet(folder / "part-9.parquet")
    both = dataset.dataset(folder).filter(~dataset.field(column).is_valid())
    with pytest.raises(ValueError, match=r"part-9.parquet has other columns than the other files"):
        whole.decision_function(both)
    shorter = pa.Table.from_pandas(frame()[frame().columns[1:]])
    with pytest.raises(ValueError, match="feature names"):
        whole.decision_function(dataset.dataset(shorter).filter(dataset.scalar(True)))


def test_anything_that_can_be_read_again_and_memory_maps(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", numbers())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for X in (Rereadable(), mapped):
        assert (fitted("numbers").decision_function(X) == fitted("numbers").decision_scores_).all()
    outlier = GANOutlierDetector(random_state=0).fit(Rereadable())
    assert (-outlier.detector_.decision_scores_ == outlier.score_samples(mapped)).all()


@pytest.mark.usefixtures("small")
def test_of_a_large_table_a_sample_is_learnt_and_all_is_scored(folder: Path) -> None:
    whole = detector().fit(numbers())
    assert whole.decision_scores_.shape == (1500,)
    assert len(whole.reservoir_) == 400
    assert set(whole.reservoir_[:, 0]) < set(numbers()[:, 0])
    assert (whole.decision_scores_[:5] > np.quantile(whole.decision_scores_, 0.99)).all()
    for make in NUMBERS.values():
        assert (detector().fit(make()).decision_scores_ == whole.decision_scores_).all()
    of_frame = detector().fit(frame())
    for X in (folder, pl.from_pandas(frame()), *(make() for make in FRAMES.values())):
        assert (detector().fit(X).decision_scores_ == of_frame.decision_scores_).all()


def test_the_sample_is_uniform() -> None:
    for n in (samples.MOST_ROWS + 1, 400_000):
        sample = samples.sample_of(np.arange(n)[:, None])
        assert len(sample.rows) == samples.MOST_ROWS
        assert (np.diff(sample.numbers) > 0).all()
        counts = np.histogram(sample.numbers, 20, (0, n))[0]
        assert abs(counts / (samples.MOST_ROWS / 20) - 1).max() < 0.03
    assert samples.sample_of(np.zeros((samples.MOST_ROWS, 2))).is_whole
    assert len(samples.sample_of(np.zeros((70_000, 4_000), np.bool_)).rows) == samples.LEAST_ROWS


@pytest.mark.usefixtures("small")
def test_reasons_of_batches_number_the_rows_of_the_table() -> None:
    whole = fitted("numbers")
    shares = whole.explain(Batches(parts(numbers())))
    np.testing.assert_allclose(shares, whole.explain(numbers()[:1500]), rtol=1e-9, atol=1e-12)
    for detector_, X, table in (
        (whole, Batches(parts(numbers())), numbers()),
        (fitted("frame"), Batches(parts(frame())), frame()),
    ):
        reasons, expected = (detector_.explain_frame(of, top=1) for of in (X, table))
        assert (reasons["row"] == expected["row"]).all()
        assert (reasons["column"] == expected["column"]).all()
        assert reasons["row"].max() > 1000


@pytest.mark.usefixtures("small")
def test_calibration_takes_batches() -> None:
    held_out = np.random.default_rng(5).normal(size=(900, 4))
    one, other = (detector().fit(numbers()) for _ in range(2))
    one.calibrate(held_out)
    other.calibrate(Batches([held_out[:100], held_out[100:]]))
    assert (one.p_values(numbers()) == other.p_values(Batches(parts(numbers())))).all()


def wrong_cell() -> pd.DataFrame:
    X = frame().astype({"a": object})
    X.loc[1200, "a"] = "oops"
    return X


@pytest.mark.usefixtures("small")
def test_wrong_cells_are_named_by_their_row_in_the_table() -> None:
    for X in (wrong_cell(), Batches(parts(wrong_cell()))):
        for ask in (detector().fit, fitted("frame").decision_function):
            with pytest.raises(UnreadableTableError, match="row 1200: 'oops'"):
                ask(X)
    sampled = samples.sample_of(numbers()).numbers
    assert sampled is not None
    X = frame().astype({"a": object})
    X.loc[sampled[7], "a"] = "oops"
    with pytest.raises(UnreadableTableError, match=f"row {sampled[7]}: 'oops'"):
        detector().fit(X)


@pytest.mark.usefixtures("small")
def test_missing_numbers_are_errors_that_name_the_batch() -> None:
    X = numbers().copy()
    X[1499, 2] = np.nan
    with pytest.raises(ValueError, match="NaN") as caught:
        fitted("numbers").decision_function(Batches(parts(X)))
    assert "X[1499, 2]" in str(caught.value)
    assert "batch 2" in " ".join(caught.value.__notes__)
    sampled = samples.sample_of(X).numbers
    assert sampled is not None
    X[sampled[10], 3] = np.nan
    with pytest.raises(ValueError, match=rf"X\[{sampled[10]}, 3\]"):
        detector().fit(X)


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "read once": (lambda: iter(parts(numbers())), "read once"),
    "read once, wrapped": (lambda: Batches(part for part in parts(numbers())), "read once"),
    "CSV": (lambda: "data.csv", "must be that of a Parquet file"),
    "no file": (lambda: Path("nowhere.parquet"), "There is no nowhere.parquet"),
    "no rows": (lambda: Batches([]), "have no rows"),
    "empty batches": (lambda: Batches([numbers()[:0]]), "have no rows"),
    "other columns": (lambda: Batches([numbers()[:700], numbers()[:, :3]]), "3 columns after 4"),
    "other names": (
        lambda: Batches([frame()[:700], frame().rename(columns={"a": "z"})]),
        "Missing: .'a'.; not seen",
    ),
    "kinds": (lambda: Batches([frame(), numbers()]), "all be arrays, or all be data frames"),
    "no tables": (lambda: Batches([1, 2]), "must be a table"),
    "a number": (lambda: Batches(3), "Got int instead"),
    "a function": (lambda: lambda: parts(numbers()), "pass Batches"),
    "an empty path": (lambda: "", "must be that of a Parquet file"),
    "names that repeat": (lambda: pa.table([[1, 2], [3, 4]], ["a", "a"]), "more than once"),
    "sparse": (lambda: csr_array(numbers()), "Sparse data"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_table_in_batches(kind: str) -> None:
    make, said = BAD[kind]
    known = GANDetector(max_iter=2, random_state=0).fit(numbers())
    before = dict(vars(known))
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=said):
        known.fit(make())
    assert vars(known) == before


@pytest.mark.usefixtures("small")
def test_batches_that_change_are_refused() -> None:
    given = [parts(numbers()), parts(numbers())[:2]]
    with pytest.raises(ValueError, match=r"1500 rows at first, and 703 later"):
        detector().fit(Batches(lambda: given.pop(0)))


def test_files_that_cannot_be_read_are_named(folder: Path) -> None:
    part = folder / "part-1.parquet"
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"part-1.parquet"):
        detector().fit(folder)
    parquet.write_table(pa.table({"a": [1, 2]}), part)
    with pytest.raises(ValueError, match=r"part-1.parquet has other columns .* Missing: .'b'"):
        detector().fit(folder)
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no Parquet file"):
        detector().fit(folder / "empty")


def test_folders_are_columns(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "hive", partition_cols=["kind"])
    whole = pd.read_parquet(tmp_path / "hive")
    expected = detector().fit(whole)
    for X in (tmp_path / "hive", dataset.dataset(tmp_path / "hive", partitioning="hive")):
        found = detector().fit(X)
        assert list(found.feature_names_in_) == list(whole.columns)
        assert (found.decision_scores_ == expected.decision_scores_).all()


def test_files_of_types_that_go_together(tmp_path: Path) -> None:
    first = pd.DataFrame({"a": np.arange(40), "b": np.float32(0.1) * np.arange(40)})
    second = pd.DataFrame({"a": np.arange(40) + 0.5, "b": np.r_[1e300, np.arange(39)]})
    for i, table in enumerate((first, second)):
        table.to_parquet(tmp_path / f"{i}.parquet")
    expected = detector().fit(pd.concat([first, second]))
    assert (detector().fit(tmp_path).decision_scores_ == expected.decision_scores_).all()
    pd.DataFrame({"a": ["oops"], "b": [1.0]}).to_parquet(tmp_path / "1a.parquet")
    with pytest.raises(ValueError, match=r"1a.parquet cannot be read with the other files .*'?a'?"):
        detector().fit(tmp_path)


def test_time_zones_indexes_and_other_formats(tmp_path: Path) -> None:
    X = frame().assign(day=frame()["day"].dt.tz_localize("Europe/Berlin"))
    expected = detector().fit(X)
    X.to_parquet(tmp_path / "zoned.parquet")
    found = detector().fit(tmp_path / "zoned.parquet")
    assert (found.decision_scores_ == expected.decision_scores_).all()
    indexed = pa.Table.from_pandas(frame()[["a", "b", "c"]].set_index("a"))
    for table in (indexed, Batches([indexed]), Batches(indexed.to_batches())):
        assert list(GANDetector(max_iter=2).fit(table).feature_names_in_) == ["b", "c"]
    csv.write_csv(arrow(frame()[["a", "b"]]), tmp_path / "x.csv")
    of_csv = dataset.dataset(tmp_path / "x.csv", format="csv")
    assert len(GANDetector(max_iter=2).fit(of_csv).decision_scores_) == 1500


def test_a_loader_of_torch() -> None:
    rows = torch.from_numpy(numbers())
    for data in (TensorDataset(rows), rows):
        loader = DataLoader(data, batch_size=256)
        scores = fitted("numbers").decision_function(loader)
        assert (scores == fitted("numbers").decision_scores_).all()


def test_what_takes_no_batches() -> None:
    known = GANDetector(max_iter=2, random_state=0).fit(numbers())
    for X in (Batches(parts(numbers())), Rereadable()):
        with pytest.raises(ValueError, match="must be a table in memory"):
            known.partial_fit(X)
        with pytest.raises(ValueError, match="must be a table in memory"):
            known.fit(numbers(), known_anomalies=X)
