"""Data sets, their files, and the protocols."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from benchmarks.harness import datasets, download, protocols
from benchmarks.harness.datasets import DataError, DataFile

SIZES = {
    "breast_cancer": (378, 30, 21),
    "wine": (129, 13, 10),
    "iris": (110, 4, 10),
    "digits_0_6": (196, 64, 18),
    "digits_1_7": (200, 64, 18),
    "digits_2_8": (195, 64, 18),
    "digits_3_9": (201, 64, 18),
    "digits_rare_0": (515, 64, 15),
}


@pytest.mark.parametrize("name", datasets.BUILT_IN)
def test_built_in_sets_follow_their_recipe(name: str) -> None:
    first, again = datasets.load(name), datasets.load(name)
    assert (*first.X.shape, first.y.sum()) == SIZES[name]
    assert set(first.y) == {0, 1}
    np.testing.assert_array_equal(first.X, again.X)
    np.testing.assert_array_equal(first.y, again.y)


def test_registry_pins_every_file() -> None:
    files = datasets.registry().values()
    assert len([f for f in files if f.url.endswith(".npz")]) == 47
    assert len([f for f in files if f.url.endswith(".mat")]) == 17
    for file in files:
        assert file.url.startswith("https://raw.githubusercontent.com/")
        assert len(file.sha256) == 64 or len(file.git_sha1) == 40
        assert 0 < file.n_anomalies < file.n
        assert not file.same_as or file.same_as in datasets.registry()


# --- files on disk and behind a URL --------------------------------------------------------------


def _pinned(name: str, content: bytes, url: str, *, git: bool = False) -> DataFile:
    sha256 = "" if git else hashlib.sha256(content).hexdigest()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return DataFile(name, url, sha256, blob, n=4, d=2, n_anomalies=1, same_as="")


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """Return the bytes of a small data file."""
    path = tmp_path / "origin.npz"
    np.savez(path, X=np.arange(8.0).reshape(4, 2), y=[0, 0, 0, 1])
    return path.read_bytes()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder; yield it and its loopback URL."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep loopback requests away from any proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.mark.parametrize("git", [False, True])
def test_damaged_file_is_named_and_fetched_again(
    monkeypatch: pytest.MonkeyPatch,
    no_proxy: None,
    server: tuple[Path, str],
    content: bytes,
    tmp_path: Path,
    git: bool,
) -> None:
    folder, url = server
    (folder / "toy.npz").write_bytes(content)
    file = _pinned("toy", content, f"{url}/toy.npz", git=git)
    monkeypatch.setattr(datasets, "registry", lambda: {"toy": file})
    home = tmp_path / "home"
    download.download(["toy"], home)
    assert datasets.available(home) == ["toy"]
    assert datasets.load("toy", home).y.tolist() == [0, 0, 0, 1]

    (home / "toy.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"toy\.npz is damaged.*--download"):
        datasets.load("toy", home)
    download.download(["toy"], home)
    assert (home / "toy.npz").read_bytes() == content


def test_download_rejects_wrong_content_and_keeps_the_old_file(
    monkeypatch: pytest.MonkeyPatch,
    no_proxy: None,
    server: tuple[Path, str],
    content: bytes,
    tmp_path: Path,
) -> None:
    folder, url = server
    (folder / "toy.npz").write_bytes(b"something else")
    file = _pinned("toy", content, f"{url}/toy.npz")
    monkeypatch.setattr(datasets, "registry", lambda: {"toy": file})
    home = tmp_path / "home"
    with pytest.raises(DataError, match="wrong checksum"):
        download.download(["toy"], home)
    assert not list(home.iterdir())


def test_offline_download_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, no_proxy: None, content: bytes, tmp_path: Path
) -> None:
    file = _pinned("toy", content, "http://127.0.0.1:9/toy.npz")  # nothing listens there
    monkeypatch.setattr(datasets, "registry", lambda: {"toy": file})
    with pytest.raises(DataError, match=r"Cannot fetch http.*run again when online"):
        download.download(["toy"], tmp_path / "home")


def test_missing_folder_file_and_name_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        datasets.available(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"6_cardio\.npz is missing"):
        datasets.load("6_cardio", tmp_path)
    with pytest.raises(DataError, match="--data-home"):
        datasets.load("6_cardio")
    with pytest.raises(DataError, match="Unknown data set 'cardoi'"):
        datasets.load("cardoi", tmp_path)
    with pytest.raises(DataError, match="Unknown data set 'cardoi'"):
        download.download(["cardoi"], tmp_path)


def test_identical_sets_count_once(tmp_path: Path) -> None:
    for name in ("6_cardio.npz", "cardio.mat", "wbc.mat"):
        (tmp_path / name).touch()
    assert datasets.available(tmp_path) == ["6_cardio", "wbc"]
    (tmp_path / "6_cardio.npz").unlink()
    assert datasets.available(tmp_path) == ["cardio", "wbc"]


# --- protocols -----------------------------------------------------------------------------------


def _labels(n: int, n_anomalies: int) -> np.ndarray:
    y = np.zeros(n, dtype=int)
    y[np.random.RandomState(0).choice(n, n_anomalies, replace=False)] = 1
    return y


def test_contaminated_scores_the_rows_it_is_fitted_on() -> None:
    split = protocols.PROTOCOLS["contaminated"](_labels(50, 5), 0)
    assert split.train is split.test
    assert split.train.tolist() == list(range(50))


@pytest.mark.parametrize(("protocol", "n_known"), [("known-0", 0), ("known-5", 5), ("known-10", 8)])
def test_known_anomalies_are_of_the_half_that_is_fitted(protocol: str, n_known: int) -> None:
    y = _labels(200, 17)
    split = protocols.PROTOCOLS[protocol](y, 0)
    assert split.known is not None
    assert len(split.known) == n_known and y[split.known].all()
    assert (y[split.train].sum(), y[split.test].sum()) == (8 - n_known, 9)
    together = np.concatenate([split.train, split.known, split.test])
    assert sorted(together) == list(range(len(y)))
    X = np.random.default_rng(0).normal(3, 2, size=(len(y), 4))
    task = protocols.make_task(X, y, protocol, 0)
    assert task.known is not None and task.known.shape == (n_known, 4)
    assert abs(task.X_train.mean()) < 1e-9


@pytest.mark.parametrize("protocol", ["one-class", "dte-one-class"])
def test_one_class_never_scores_a_training_row(protocol: str) -> None:
    y = _labels(1200, 100)
    split = protocols.PROTOCOLS[protocol](y, 1)
    assert not np.intersect1d(split.train, split.test).size
    assert len(split.train) == 550
    assert not y[split.train].any()
    assert y[split.test].sum() == 100
    assert len(split.train) + len(split.test) == len(y)


def test_one_class_split_depends_on_the_seed_and_dte_does_not() -> None:
    y = _labels(1200, 100)
    ours, dte = protocols.PROTOCOLS["one-class"], protocols.PROTOCOLS["dte-one-class"]
    assert not np.array_equal(ours(y, 0).train, ours(y, 1).train)
    np.testing.assert_array_equal(ours(y, 1).train, ours(y, 1).train)
    np.testing.assert_array_equal(dte(y, 0).train, dte(y, 1).train)
    np.testing.assert_array_equal(dte(y, 0).train, np.flatnonzero(y == 0)[:550])


def test_dte_resamples_small_sets_and_cuts_large_ones() -> None:
    one_class = protocols.PROTOCOLS["dte-one-class"]
    for n, expected in ((200, 1000), (60_000, 50_000)):
        split = one_class(_labels(n, n // 10), 0)
        assert len(split.train) + len(split.test) == expected
    split = protocols.PROTOCOLS["dte-unsupervised"](_labels(2000, 20), 0)
    assert split.test.tolist() == list(range(2000))
    assert len(split.train) == 2000
    assert len(np.unique(split.train)) < 2000


@pytest.mark.parametrize(("n_anomalies", "kept"), [(400, 100), (20, 10), (6, 6)])
def test_thinning_keeps_the_share_of_anomalies(n_anomalies: int, kept: int) -> None:
    y = _labels(2000, n_anomalies)
    rows = protocols.thin(y, 500)
    assert len(np.unique(rows)) == len(rows) == 500
    assert y[rows].sum() == kept
    np.testing.assert_array_equal(rows, np.sort(rows))
    np.testing.assert_array_equal(rows, protocols.thin(y, 500))
    assert len(protocols.thin(y, None)) == len(protocols.thin(y, 5000)) == 2000


def test_scaling_is_learnt_on_the_training_rows() -> None:
    X, y = np.random.RandomState(0).normal(3, 5, (1200, 2)), _labels(1200, 100)
    scaled = protocols.make_task(X, y, "one-class", 0)
    np.testing.assert_allclose(scaled.X_train.std(axis=0), 1)
    raw = protocols.make_task(X, y, "one-class", 0, scales_itself=True)
    assert set(raw.X_train[:, 0]) <= set(X[:, 0])
    dte = protocols.make_task(X, y, "dte-one-class", 0, scales_itself=True)
    np.testing.assert_allclose(dte.X_train.mean(axis=0), 0, atol=1e-12)
    assert protocols.make_task(X, y, "contaminated", 0).X_test is None
