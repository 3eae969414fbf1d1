"""Files of models: complete, equal, and refused where they are not what they should be."""

from __future__ import annotations

import json
import os
import pickle
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from pythresh.thresholds.iqr import IQR
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.exceptions import NotFittedError

from pyod_gan import AAE, GAN, GANDetector, PrototypeGAN
from pyod_gan.callbacks import Callback
from pyod_gan.games import Game
from pyod_gan.persist import detector_file, safetensors_file
from tests.helpers import QUICK, table

X = table()


class MyGAN(GAN):
    """A GAN of the user's."""

    width: int = 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A saved detector."""
    GANDetector(PrototypeGAN(group_size=4), contamination=0.05, **QUICK).fit(X).save(
        tmp_path / "model"
    )
    return tmp_path / "model"


def metadata(path: Path) -> tuple[dict, dict]:
    with safe_open(path, framework="np") as file:
        return {n: file.get_tensor(n) for n in file.keys()}, json.loads(  # noqa: SIM118
            file.metadata()["pyod_gan"]
        )


def rewrite(path: Path, arrays: dict, about: dict) -> None:
    save_file(arrays, path, {"pyod_gan": json.dumps(about)})


def test_loaded_detector_is_the_saved_one(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=list("abcde"))
    saved = GANDetector(PrototypeGAN(group_size=4), contamination=0.05, **QUICK).fit(frame)
    saved.save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model")
    assert os.listdir(tmp_path) == ["model"]
    assert repr(loaded) == repr(saved)
    np.testing.assert_array_equal(loaded.decision_function(frame), saved.decision_scores_)
    for method in ("predict", "predict_proba", "predict_confidence", "predict_with_rejection"):
        np.testing.assert_array_equal(getattr(loaded, method)(frame), getattr(saved, method)(frame))
    for name in sorted(vars(saved)):
        assert name in vars(loaded), name
    assert loaded.history_ == saved.history_
    assert loaded.settings_ == saved.settings_
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame[list("edcba")])
    loaded.fit(frame)
    np.testing.assert_array_equal(loaded.decision_scores_, saved.decision_scores_)


def test_what_json_cannot_hold(tmp_path: Path) -> None:
    """What only the next fit needs is left out; a parameter of the GAN is an error."""
    random_state = np.random.RandomState(0)
    settings = {"n_estimators": 2, "max_iter": 20, "callbacks": [Callback()]}
    rows = np.r_[X, 9 + X[:4]]
    saved = GANDetector(contamination=IQR(), random_state=random_state, **settings).fit(rows)
    saved.save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(rows), saved.predict(rows))
    assert loaded.contamination == saved.labels_.mean() > 0
    assert loaded.callbacks is loaded.random_state is None
    game = Game(lambda win, lose: lose - win)
    with pytest.raises(ValueError, match=r"numbers, words and flags.*Game.*joblib"):
        GANDetector(GAN(game=game), **QUICK).fit(X).save(tmp_path / "other")
    assert os.listdir(tmp_path) == ["model"]


def test_numpy_parameters_are_numbers(tmp_path: Path) -> None:
    quick = {name: np.int64(value) for name, value in QUICK.items()}
    saved = GANDetector("gan", hidden_layer_sizes=np.array([8, 4]), **quick).fit(X)
    saved.save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model")
    assert loaded.gan == "gan"
    assert loaded.hidden_layer_sizes == [8, 4]
    np.testing.assert_array_equal(loaded.fit(X).decision_scores_, saved.decision_scores_)


def test_a_gan_of_the_users_is_passed_to_load(tmp_path: Path) -> None:
    saved = GANDetector(MyGAN(width=5), **QUICK).fit(X)
    saved.save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"MyGAN', which is not built in.*gans="):
        GANDetector.load(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model", gans=[MyGAN])
    assert loaded.gan.width == 5
    np.testing.assert_array_equal(loaded.decision_function(X), saved.decision_scores_)


def test_a_class_with_the_name_of_a_built_in_one_is_not_taken_for_it(tmp_path: Path) -> None:
    turned = type("AAE", (AAE,), {"score": lambda self, net, x: -AAE.score(self, net, x)})
    saved = GANDetector(turned(), **QUICK).fit(X)
    saved.save(tmp_path / "model")
    with pytest.raises(ValueError, match="which is not built in"):
        GANDetector.load(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model", gans=[turned])
    np.testing.assert_array_equal(loaded.decision_function(X), saved.decision_scores_)


def test_whole_numbers_stay_whole_numbers(tmp_path: Path) -> None:
    def prepare(self, net, rows, generators) -> None:
        net.register_buffer("column", torch.zeros(len(generators), 1, dtype=torch.int64))

    def score(self, net, x):
        return x[..., net.column[0, 0]].abs() - net.critic(x).squeeze(-1)

    picks = type("Picks", (GAN,), {"prepare": prepare, "score": score})
    saved = GANDetector(picks(), **QUICK).fit(X)
    saved.save(tmp_path / "model")
    with torch.inference_mode():
        loaded = GANDetector.load(tmp_path / "model", gans=[picks])
    np.testing.assert_array_equal(loaded.decision_function(X), saved.decision_scores_)


def test_rights_links_and_folders(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    detector = GANDetector.load(link)
    detector.save(link)
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(FileNotFoundError, match=r"folder .*nowhere does not exist"):
        detector.save(tmp_path / "nowhere" / "model")


def test_what_does_not_fit_is_named(path: Path) -> None:
    arrays, about = metadata(path)
    del about["sha256"]
    for name in ("gan", "settings", "n_iter"):
        safetensors_file.write(path, arrays, {k: v for k, v in about.items() if k != name})
        with pytest.raises(ValueError, match="cannot be loaded"):
            GANDetector.load(path)
    safetensors_file.write(path, {}, about)
    with pytest.raises(ValueError, match="cannot be loaded"):
        GANDetector.load(path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a device that is not there")
def test_a_model_of_a_gpu_scores_without_one(tmp_path: Path) -> None:
    X = table()
    detector = GANDetector(**QUICK).fit(X).set_params(device="cuda:0")
    detector.save(tmp_path / "model")
    for copy in (GANDetector.load(tmp_path / "model"), pickle.loads(pickle.dumps(detector))):
        assert copy.device == "auto"
        np.testing.assert_array_equal(copy.decision_function(X), detector.decision_scores_)


def test_not_fitted(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        GANDetector().save(tmp_path / "model")
    assert not os.listdir(tmp_path)


def test_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        GANDetector(**QUICK).fit(X).save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model"]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="no whole safetensors file"):
        GANDetector.load(path)


def test_changed_arrays_and_parameters(path: Path) -> None:
    arrays, about = metadata(path)
    rewrite(path, arrays | {"threshold": arrays["threshold"] + 1}, about)
    with pytest.raises(ValueError, match="checksum"):
        GANDetector.load(path)
    rewrite(path, arrays, about | {"share": 0.2})
    with pytest.raises(ValueError, match="checksum"):
        GANDetector.load(path)
    rewrite(path, arrays, about)
    GANDetector.load(path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="checksum"):
        GANDetector.load(path)


def test_other_files(path: Path, tmp_path: Path) -> None:
    arrays, about = metadata(path)
    rewrite(path, arrays, about | {"format": 99, "written_by": "9.0"})
    with pytest.raises(ValueError, match=r"format 99, by pyod-gan 9\.0"):
        GANDetector.load(path)
    save_file(arrays, path)
    with pytest.raises(ValueError, match=r"no model of pyod-gan"):
        GANDetector.load(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no whole safetensors file"):
        GANDetector.load(path)
    with pytest.raises(FileNotFoundError, match="nothing is no file"):
        GANDetector.load(tmp_path / "nothing")


def test_a_file_that_may_not_be_read_is_an_os_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*args: object, **options: object) -> None:
        raise PermissionError("denied")

    monkeypatch.setattr(safetensors_file, "safe_open", denied)
    with pytest.raises(PermissionError, match="denied"):
        GANDetector.load(path)


@pytest.mark.parametrize("as_frame", [False, True])
def test_the_hash_of_a_detector_is_that_of_its_copy(as_frame: bool) -> None:
    """What joblib.Memory asks before it takes a result from its cache."""
    texts = [f"row {i} of {i * i}" for i in range(200)]
    frame = pd.DataFrame(X, columns=list("abcde")).assign(kind=["x", None] * 100, text=texts)
    detector = GANDetector(**QUICK).fit(frame if as_frame else X)
    twin = pickle.loads(pickle.dumps(detector))
    assert joblib.hash(detector) == joblib.hash(twin)
    other = GANDetector(**QUICK | {"random_state": 1}).fit(frame if as_frame else X)
    assert joblib.hash(detector) != joblib.hash(other)


def test_an_encoder_by_other_versions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame(X, columns=list("abcde")).assign(kind=["x", "y"] * 100)
    detector = GANDetector(**QUICK).fit(frame)
    with monkeypatch.context() as older:
        older.setattr(detector_file, "encoder_versions", lambda: {"pandas": "2.1", "skrub": "0.6"})
        detector.save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"other versions: pandas 2\.1 \(here .*skrub 0\.6 \(here"):
        GANDetector.load(tmp_path / "model")


@pytest.mark.parametrize("name", ["numbers", "subspaces", "mixed"])
def test_files_of_the_first_version_are_read(name: str) -> None:
    """Files of format 1 as version 0.1.0 wrote them before its modules moved."""
    files = Path(__file__).parent / "files"
    path = files / f"format-1-{name}.safetensors"
    if name == "mixed" and version("skrub") != "0.11.0":
        pytest.skip("the encoder in the file is of skrub 0.11.0")
    expected = json.loads((files / "format-1.json").read_text())[name]
    rows = np.random.default_rng(0).normal(size=(60, 3))[:5]
    rows[0] = 8
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    if name == "mixed":
        days = pd.date_range("2020-01-01", periods=5)
        frame = frame.assign(kind=["x", "y", None, "x", "y"], when=days)
    loaded = GANDetector.load(path)
    np.testing.assert_allclose(loaded.decision_function(frame), expected["scores"], rtol=1e-6)
    np.testing.assert_allclose(loaded.p_values(frame), expected["p_values"])
    np.testing.assert_allclose(loaded.explain(frame[:2]), expected["explained"], rtol=1e-6)
    assert loaded.partial_fit(frame).n_samples_seen_ == 65
