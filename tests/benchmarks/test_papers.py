"""The papers' own protocols: KDDCup99 and arrhythmia, flagged shares, published figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from sklearn.utils import Bunch

from benchmarks.__main__ import main
from benchmarks.harness import kddcup99, protocols, results
from benchmarks.harness.run import qualities
from benchmarks.studies import papers

NUMBERS = [f"number_{i}" for i in range(34)]


def _flows(**_: object) -> Bunch:
    """200 flows in scikit-learn's form: objects, bytes for words; a fifth is "normal."."""
    rng = np.random.default_rng(0)
    words = {"protocol_type": [b"tcp", b"udp"], "service": [b"http", b"smtp"], "flag": [b"SF"]}
    bits = ["land", "logged_in", "is_host_login", "is_guest_login"]
    normal = rng.random(200) < 0.2
    columns = [rng.choice(values, 200) for values in words.values()]
    columns += [rng.integers(0, 2, 200) for _ in bits]
    columns += [rng.normal(size=200) + 3 * normal for _ in NUMBERS]
    data = np.empty((200, len(columns)), dtype=object)
    for j, column in enumerate(columns):
        data[:, j] = column
    target = np.where(normal, b"normal.", b"smurf.").astype(object)
    return Bunch(data=data, target=target, feature_names=[*words, *bits, *NUMBERS])


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Bunch]], None]:
    """Put something in the place of scikit-learn's fetcher."""

    def put(fetch: Callable[..., Bunch]) -> None:
        monkeypatch.setattr(kddcup99, "fetch_kddcup99", fetch)
        kddcup99.load.cache_clear()

    yield put
    kddcup99.load.cache_clear()


def test_kddcup99_has_normal_flows_as_anomalies(fetched) -> None:
    fetched(_flows)
    X, y = kddcup99.load()
    assert X.shape == (200, 34 + 2 + 2 + 1 + 4 * 2)
    np.testing.assert_array_equal(y, _flows().target == b"normal.")
    one_hot = X[:, 34:]
    assert set(np.unique(one_hot)) == {0.0, 1.0}
    assert (one_hot.sum(1) == len(kddcup99.CATEGORICAL)).all()


def test_papers_fit_on_normal_rows_of_one_half() -> None:
    y = (np.arange(101) % 4 == 0).astype(int)
    split = protocols.PROTOCOLS["arrhythmia"](y, 0)
    assert not y[split.train].any()
    assert len(split.test) == 51
    assert not set(split.train) & set(split.test)
    assert len(split.train) == 50 - (y.sum() - y[split.test].sum())
    assert not np.array_equal(split.test, protocols.PROTOCOLS["arrhythmia"](y, 1).test)


def test_flagged_share_sets_precision_and_recall() -> None:
    assert protocols.flagged_share("kdd", np.array([0, 1])) == 0.2
    assert protocols.flagged_share("one-class", np.array([0, 0, 0, 1])) == 0.25
    y = np.array([0] * 16 + [1] * 4)
    scores = np.arange(20.0)
    scores[[0, 19]] = scores[[19, 0]]  # one anomaly looks most normal
    found = qualities(y, scores, 0.3)  # 6 flagged, 3 of them anomalies
    assert found["precision"] == pytest.approx(3 / 6)
    assert found["recall"] == pytest.approx(3 / 4)
    assert found["f1"] == pytest.approx(2 * 0.5 * 0.75 / 1.25)


def test_published_figures_are_possible_or_said_not_to_be() -> None:
    for protocol in protocols.PAPERS:
        for row in papers.published(protocol).itertuples():
            between = min(row.precision, row.recall) <= row.f1 <= max(row.precision, row.recall)
            assert between or "not between" in row.status


def test_run_beside_published_figures(fetched, tmp_path: Path, capsys) -> None:
    fetched(_flows)
    arguments = ["--protocol", "kdd", "--detectors", "KNN,ECOD", "--seeds", "3", "--jobs", "1"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    table = results.read(tmp_path / "results.csv")
    assert len(table) == 6
    assert set(table["dataset"]) == {"kddcup99"}
    mean = table.loc[table["detector"] == "KNN", "f1"].mean()
    assert mean > 0.8
    assert f"| {mean:.3f} ± " in printed
    assert (
        "| DAGMM | 0.930 | 0.944 | 0.937 | Zong et al., ICLR 2018, 20 runs | verified |" in printed
    )


def test_what_cannot_be_fetched_is_skipped_and_said_so(fetched, tmp_path: Path, capsys) -> None:
    def offline(**_: object) -> Bunch:
        raise URLError("no route to host")

    fetched(offline)
    arguments = ["--protocol", "kdd,arrhythmia", "--out", str(tmp_path)]
    assert main([*arguments, "--data-home", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "skipped kdd: kddcup99 is not at hand and cannot be fetched (URLError)" in printed.out
    assert "skipped arrhythmia" in printed.out
    assert "run the benchmark first" in printed.err


def test_papers_protocols_keep_to_their_data(tmp_path: Path, capsys) -> None:
    assert main(["--protocol", "kdd,one-class", "--out", str(tmp_path)]) == 2
    assert "kdd and arrhythmia have data sets of their own" in capsys.readouterr().err
