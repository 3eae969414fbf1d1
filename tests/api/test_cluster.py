"""A real cluster of Dask: a scheduler and two workers in processes of their own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV

from pyod_gan import GANDetector
from pyod_gan.front_ends import samples
from pyod_gan.model_selection import synthetic_negatives
from tests.helpers import table

pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.filterwarnings("ignore")]
ROWS = 4000
MANY = {"gan": "prototype", "n_estimators": 6, "random_state": 0}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two workers, which are started anew when they are lost."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(table(ROWS, 5), columns=list("abcde"))


def kill_one(client: Client, has_data: bool, processes: dict[str, int]) -> str:
    """Kill the worker with the most or the least data, when there is data and something to do.

    A busy machine may give all jobs to the worker that has the data.
    """
    until = time.monotonic() + 60
    while not (any(client.processing().values()) and any(client.has_what().values())):
        assert time.monotonic() < until, "the workers have never begun"
        time.sleep(0.01)
    by_size = sorted(client.has_what().items(), key=lambda item: len(item[1]))
    victim = by_size[-1 if has_data else 0][0]
    os.kill(processes[victim], signal.SIGKILL)
    return victim


def test_members_train_on_the_workers_as_here(client: Client, rows: pd.DataFrame) -> None:
    here = GANDetector(**MANY).fit(rows)
    with parallel_config(backend="dask"):
        there = GANDetector(**MANY, n_jobs=2).fit(dd.from_pandas(rows, npartitions=5))
    np.testing.assert_array_equal(there.decision_scores_, here.decision_scores_)
    for name, array in here.networks_.to_arrays().items():
        np.testing.assert_array_equal(there.networks_.to_arrays()[name], array, err_msg=name)
    assert [row["step"] for row in there.history_] == [row["step"] for row in here.history_]
    for ours, theirs in zip(there.history_, here.history_, strict=True):
        del ours["seconds"], theirs["seconds"]
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_processes_of_joblib_train_as_here(rows: pd.DataFrame) -> None:
    here = GANDetector(**MANY, max_iter=30).fit(rows)
    there = GANDetector(**MANY, max_iter=30, n_jobs=2).fit(rows)
    np.testing.assert_array_equal(there.decision_scores_, here.decision_scores_)


@pytest.mark.parametrize("has_data", [True, False])
def test_a_worker_may_be_lost_while_members_train(
    client: Client, rows: pd.DataFrame, has_data: bool
) -> None:
    """The rows are sent to one of the workers, and the other gets them from it."""
    long = MANY | {"max_iter": 600, "n_estimators": 4}
    here = GANDetector(**long).fit(rows).decision_scores_
    client.wait_for_workers(2)
    processes = client.run(os.getpid)
    with ThreadPoolExecutor(1) as thread:
        lost = thread.submit(kill_one, client, has_data, processes)
        with parallel_config(backend="dask", client=client):
            there = GANDetector(**long, n_jobs=2).fit(rows)
        assert lost.result() in processes
    assert client.run(os.getpid) != processes
    np.testing.assert_array_equal(there.decision_scores_, here)
    client.wait_for_workers(2)


def test_a_worker_may_be_lost_while_partitions_are_scored(
    client: Client, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "LEAST_ROWS", 1000)
    monkeypatch.setattr(samples, "MOST_ROWS", 1000)
    many = pd.concat([rows] * 50, ignore_index=True)
    partitions = dd.from_pandas(many, npartitions=100)
    detector = GANDetector(random_state=0).fit(partitions)
    client.wait_for_workers(2)
    processes = client.run(os.getpid)
    future = client.compute(detector.decision_function(partitions))
    kill_one(client, True, processes)
    scores = future.result()
    np.testing.assert_array_equal(scores, detector.decision_function(many))
    client.wait_for_workers(2)


@pytest.mark.parametrize("n", [1, 3])
def test_partitions_of_parquet_are_scored(
    client: Client, rows: pd.DataFrame, n: int, tmp_path: Path
) -> None:
    detector = GANDetector(random_state=0, max_iter=20).fit(rows)
    dd.from_pandas(rows, npartitions=n).to_parquet(tmp_path)
    scores = detector.decision_function(dd.read_parquet(tmp_path))
    np.testing.assert_array_equal(scores.compute(), detector.decision_scores_)
    assert scores.max().compute() == detector.decision_scores_.max()


def test_an_error_on_a_worker_names_partition_and_row(client: Client, rows: pd.DataFrame) -> None:
    detector = GANDetector(random_state=0, max_iter=20).fit(rows)
    rows["c"] = rows["c"].astype(object)
    rows.loc[3500, "c"] = "many"
    broken = dd.from_pandas(rows, npartitions=4)
    with pytest.raises(ValueError, match=r"'c'.*row 500") as caught:
        detector.decision_function(broken).compute()
    assert any("partition 3" in note for note in caught.value.__notes__)


def test_a_grid_search_on_the_workers(client: Client, rows: pd.DataFrame) -> None:
    def search() -> GridSearchCV:
        grid = {"n_estimators": [2, 4], "max_iter": [10, 20]}
        return GridSearchCV(
            GANDetector("gan", random_state=0),
            grid,
            scoring=synthetic_negatives,
            cv=2,
            refit=True,
            n_jobs=2,
        )

    here = search().set_params(n_jobs=1).fit(rows)
    with parallel_config(backend="dask"):
        there = search().fit(rows)
    scores = "mean_test_score"
    np.testing.assert_array_equal(there.cv_results_[scores], here.cv_results_[scores])
    assert there.best_params_ == here.best_params_
