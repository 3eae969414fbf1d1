"""Exported models: the scores and labels of the detector, in onnxruntime, or an error."""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import Tensor

from pyod_gan import ALAD, GAN, AnoGAN, GANDetector, PrototypeGAN
from pyod_gan.engine.networks import Networks
from pyod_gan.gans import GANS
from pyod_gan.persist import onnx_scorer
from tests.helpers import QUICK, table

X = np.column_stack([table(300), np.full(300, 3.0)])  # the last column is constant
EXPORTED = sorted(set(GANS) - {"auto", "anogan", "madgan"})
Exported = tuple[GANDetector, onnxruntime.InferenceSession]


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def export(detector: GANDetector, folder: Path) -> onnxruntime.InferenceSession:
    detector.to_onnx(folder / "model.onnx")
    assert os.listdir(folder) == ["model.onnx"]
    return session(folder / "model.onnx")


def assert_equal(exported: Exported, rows: np.ndarray) -> None:
    """Scores are equal to 1e-5, and labels where the score is not that close to the threshold."""
    detector, model = exported
    scores, labels = model.run(["score", "label"], {"X": rows})
    expected = detector.decision_function(rows)
    assert scores.dtype == np.float64 and labels.dtype == np.int64
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)
    clear = abs(expected - detector.threshold_) > 1e-5 * (1 + abs(expected))
    np.testing.assert_array_equal(labels[clear], detector.predict(rows)[clear])


@pytest.fixture(scope="module", params=EXPORTED)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A detector of every GAN that can be exported, and its model."""
    detector = GANDetector(request.param, **QUICK).fit(X)
    return detector, export(detector, tmp_path_factory.mktemp("onnx"))


def test_scores_and_labels_for_any_number_of_rows(exported: Exported) -> None:
    for n in (1, 2, 7, 8, 9, 1000):
        assert_equal(exported, np.column_stack([table(n, seed=1), np.full(n, 3.0)]))


@pytest.mark.parametrize("gan", ["auto", "gan", "alad"])
def test_a_row_at_the_threshold_has_the_label_of_the_detector(gan: str, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 3, (101, 4)).astype(float)
    detector = GANDetector(gan, n_estimators=8, max_iter=10, random_state=0).fit(rows)
    assert detector.threshold_ in detector.decision_scores_
    (labels,) = export(detector, tmp_path).run(["label"], {"X": rows})
    np.testing.assert_array_equal(labels, detector.labels_)


def test_training_rows_and_far_rows(exported: Exported) -> None:
    assert_equal(exported, X)
    for far in (10.0, 1e3, 1e9, 1e300):
        assert_equal(exported, far * X[:20])
        assert_equal(exported, -far * X[:20])
    assert_equal(exported, np.diag([1e308, -1e308, 1e6, 1e2, -1e2, 7.0]))


def test_rows_that_decision_function_refuses_have_no_score(exported: Exported) -> None:
    rows = np.repeat(X[:1], 4, axis=0)
    rows[1, 0], rows[2, 1], rows[3, 2] = np.nan, np.inf, -np.inf
    scores, labels = exported[1].run(["score", "label"], {"X": rows})
    np.testing.assert_allclose(scores[0], exported[0].decision_scores_[0], rtol=1e-5, atol=1e-5)
    assert np.isnan(scores[1:]).all() and labels[1:].tolist() == [1, 1, 1]


def test_rows_that_are_prototypes(tmp_path: Path) -> None:
    """Also where a group holds only copies of the row."""
    few = np.repeat(X[:5], 8, axis=0)
    detector = GANDetector(PrototypeGAN(group_size=4, n_groups=3), **QUICK).fit(few)
    assert_equal((detector, export(detector, tmp_path)), np.r_[few, X[5:9], few + 1e-9])


@pytest.mark.parametrize("gan", [PrototypeGAN(group_size=4, discrimination_weight=0.3), ALAD()])
def test_all_pairs(gan: Any, tmp_path: Path) -> None:
    detector = GANDetector(gan, pairing="all", **QUICK).fit(X)
    assert_equal((detector, export(detector, tmp_path)), X)


def test_a_detector_with_default_settings(cancer: tuple, tmp_path: Path) -> None:
    detector = GANDetector(random_state=0).fit(cancer[0])
    detector.calibrate(cancer[0]).set_threshold(fpr=0.05)
    exported = detector, export(detector, tmp_path)
    assert_equal(exported, cancer[0])
    assert_equal(exported, 2 * cancer[0][:50])


def test_a_loaded_detector(tmp_path: Path) -> None:
    GANDetector(PrototypeGAN(group_size=4), **QUICK).fit(X).save(tmp_path / "saved")
    loaded = GANDetector.load(tmp_path / "saved")
    (tmp_path / "models").mkdir()
    assert_equal((loaded, export(loaded, tmp_path / "models")), X)


class MyGAN(GAN):
    """A GAN of the user's, with views, and distances to generated rows."""

    n_views = 2

    def prepare(self, net: Networks, rows: Tensor, generators: Any) -> None:
        z = torch.stack([torch.randn(8, self.latent_dim, generator=g) for g in generators])
        net.register_buffer("made", net.gen(z.to(rows)))

    def score(self, net: Networks, x: Tensor) -> Tensor:
        near = torch.cdist(net.critic.features(x), net.critic.features(net.made)).amin(-1)
        return torch.stack([torch.sigmoid(-net.critic(x)).squeeze(-1), near], -1)


def test_a_gan_of_the_users(tmp_path: Path) -> None:
    detector = GANDetector(MyGAN(), **QUICK).fit(X)
    assert_equal((detector, export(detector, tmp_path)), np.r_[X, 100 * X[:5]])


def test_what_the_file_says(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=["größe", "b", "c", "d", "e", "f"])
    detector = GANDetector("gan", **QUICK).fit(frame)
    model = export(detector, tmp_path)
    (given,), (score, label) = model.get_inputs(), model.get_outputs()
    assert (given.name, given.type, given.shape) == ("X", "tensor(double)", ["n", 6])
    assert (score.name, score.type, score.shape) == ("score", "tensor(double)", ["n"])
    assert (label.name, label.type, label.shape) == ("label", "tensor(int64)", ["n"])
    about = model.get_modelmeta().custom_metadata_map
    assert json.loads(about["feature_names"]) == list(frame)
    assert float(about["threshold"]) == detector.threshold_
    assert about["gan"] == "GAN"
    assert about["written_by"] == f"pyod-gan {version('pyod-gan')}"
    content = (tmp_path / "model.onnx").read_bytes()
    assert b".py" not in content and str(Path.cwd()).encode() not in content
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)


def surroundings() -> tuple[Any, ...]:
    """What an export must leave as it was."""
    numpy_state = np.random.get_state()
    return (
        random.getstate(),
        *(part.tolist() if isinstance(part, np.ndarray) else part for part in numpy_state),
        torch.random.get_rng_state().tolist(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        [str(f) for f in warnings.filters],
        [logging.getLogger(name).level for name in ("", "torch", "torch.onnx", "onnxscript")],
        logging.root.manager.disable,
    )


def test_nothing_else_changes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    detector = GANDetector("alad", **QUICK).fit(X)
    before, networks = surroundings(), detector.networks_
    arrays, names = networks.to_arrays(), list(vars(detector))
    grad = [p.requires_grad for p in networks.parameters()]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        export(detector, tmp_path)
    assert not caught
    assert capfd.readouterr() == ("", "")
    assert surroundings() == before
    assert detector.networks_ is networks and list(vars(detector)) == names
    assert [p.requires_grad for p in networks.parameters()] == grad
    for name, array in networks.to_arrays().items():
        np.testing.assert_array_equal(array, arrays[name], strict=True)
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)


def test_in_inference_mode(tmp_path: Path) -> None:
    detector = GANDetector("aae", **QUICK).fit(X)
    with torch.inference_mode():
        model = export(detector, tmp_path)
    assert_equal((detector, model), X)


def test_gans_that_cannot_be_exported_say_so(tmp_path: Path) -> None:
    detector = GANDetector(AnoGAN(search_steps=2), **QUICK).fit(X)
    with pytest.raises(ValueError, match=r"AnoGAN cannot: it searches by gradient.*`save`"):
        detector.to_onnx(tmp_path / "model.onnx")
    unknown = type(
        "Unknown", (GAN,), {"score": lambda self, net, x: torch.special.i1(net.critic(x)).sum(-1)}
    )
    detector = GANDetector(unknown(), **QUICK).fit(X)
    with pytest.raises(ValueError, match=r"Unknown cannot: .*i1.*`save`"):
        detector.to_onnx(tmp_path / "model.onnx")
    cubic = type("Cubic", (GAN,), {"score": lambda self, net, x: torch.cdist(x, x, p=3.0).sum(-1)})
    detector = GANDetector(cubic(), **QUICK).fit(X)
    with pytest.raises(ValueError, match=r"Cubic cannot: .*p = 1 and p = 2.*Got 3"):
        detector.to_onnx(tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == []


def test_a_wrong_export_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = GANDetector("gan", **QUICK).fit(X)
    (tmp_path / "model.onnx").write_text("as it was")
    monkeypatch.setattr(onnx_scorer, "CLIP", 2.0)
    with pytest.raises(ValueError, match="in onnxruntime it differs by"):
        detector.to_onnx(tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_text() == "as it was"


def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(NotFittedError):
        GANDetector().to_onnx(path)
    mixed = GANDetector("gan", **QUICK).fit(pd.DataFrame({"a": X[:, 0], "kind": ["x", "y"] * 150}))
    with pytest.raises(ValueError, match=r"fitted on numbers.*\['a', 'kind'\].*before `fit`"):
        mixed.to_onnx(path)
    detector = GANDetector("gan", **QUICK).fit(X)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        detector.to_onnx(tmp_path / "no folder" / "model.onnx")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        detector.to_onnx(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"] and os.listdir(tmp_path / "folder") == []
    for module in ("onnx", "onnxscript", "onnxruntime"):
        with monkeypatch.context() as missing:
            missing.setitem(sys.modules, module, None)
            with pytest.raises(ImportError, match=rf"needs {module}.*'pyod-gan\[onnx\]'"):
                detector.to_onnx(path)
