"""Preprocessing, calibration, imports."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pyod_gan
from pyod_gan.ensemble import combine, find_units
from pyod_gan.gans import GANS
from pyod_gan.optional import import_optional
from pyod_gan.preprocessing import TableScaler

PACKAGE = Path(pyod_gan.__file__).parent


def test_scaler_is_linear_in_the_bulk_and_ordered_beyond() -> None:
    X = np.random.default_rng(0).normal(5, 3, size=(1000, 2))
    scaler = TableScaler().fit(X)
    z = scaler.transform(X)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(z.std(0), 1, atol=1e-5)
    far = scaler.transform(np.array([[1e2, 0], [1e4, 0], [1e8, 0], [1e300, 0], [-1e300, 0]]))[:, 0]
    assert (np.diff(far[:4]) > 0).all() and far[4] == -far[3]
    assert np.isfinite(far).all()


def test_scaler_is_blind_to_units_and_constants() -> None:
    X = np.random.default_rng(0).normal(size=(50, 2))
    scaled = TableScaler().fit(X * [1e6, 1e-6]).transform(X * [1e6, 1e-6])
    np.testing.assert_allclose(scaled, TableScaler().fit(X).transform(X), rtol=1e-5)
    constant = np.full((50, 1), 0.1)
    np.testing.assert_allclose(TableScaler().fit(constant).transform(constant), 0, atol=1e-9)


def test_members_of_any_unit_count_alike() -> None:
    scores = np.random.default_rng(0).normal(size=(1, 100, 1))
    members = np.concatenate([scores, 1e6 * scores + 5, 1e-3 * scores - 1])
    np.testing.assert_allclose(
        combine(members, find_units(members)), combine(scores, find_units(scores))
    )


@pytest.mark.parametrize("constant", [0.0, 1e9])
def test_a_constant_member_adds_nothing(constant: float) -> None:
    scores = np.r_[np.arange(10.0), 100.0][:, None]
    members = np.stack([scores, np.full((11, 1), constant)])
    alone = combine(scores[None], find_units(scores[None]))
    np.testing.assert_allclose(combine(members, find_units(members)), alone / 2)


def test_mostly_equal_scores_fall_back_to_the_standard_deviation() -> None:
    scores = np.r_[np.zeros(20), 7.0][None, :, None]
    assert combine(scores, find_units(scores))[-1] == pytest.approx(7 / scores.std())


def test_the_largest_view_counts_after_the_mean_over_members() -> None:
    views = np.zeros((2, 9, 2))
    views[:, 0] = [[4.0, 0.0], [0.0, 3.0]]  # members disagree: mean (2, 1.5)
    views[:, 1] = [[0.0, 3.0], [0.0, 3.0]]  # both members, second view
    scores = combine(views, find_units(views)._replace(scale=np.ones((2, 1, 1))))
    np.testing.assert_allclose(scores[:3], [2, 3, 0])


LAYERS = [
    {"exceptions", "optional", "atomic", "names", "nets", "preprocessing", "reservoir", "labels"},
    {"games"},
    {"columns", "gans", "modelfile"},
    {"tables"},
    {"sampling", "health", "threads", "callbacks", "ensemble", "scoring", "criteria"},
    {"speccheck"},
    {"train", "parameters", "inputs", "reasons", "tablefile", "onnx_scorer"},
    {"fitting", "base", "onnx_export"},
    {"conformal"},
    {"persistence"},
    {"explain"},
    {"serving"},
    {"learning"},
    {"detector"},
    {"outlier", "plots", "model_selection"},
    {"score_map"},
    {"cli"},
    {"__main__"},
]


def imports(path: Path) -> set[str]:
    """Top-level modules of this package that a file imports at run time."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            inside = path.parent != PACKAGE and node.level == 1
            modules = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {path.parent.name} if inside else {m.split(".")[0] for m in modules}
    return found


def test_imports_go_one_way() -> None:
    level = {name: i for i, names in enumerate(LAYERS) for name in names}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.stem if path.parent == PACKAGE else path.parent.name
        if name == "__init__":
            continue
        for other in imports(path) - {name}:
            assert level[other] < level[name], f"{name} imports {other}"


def test_import_is_light() -> None:
    code = "import sys, pyod_gan; print({'torch', 'matplotlib', 'pandas'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_optional("json", "x") is json
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas.*pip install 'pyod-gan\[tabular\]'"):
        import_optional("pandas", "tabular")


def test_public_names() -> None:
    family = {gan.__name__ for gan in GANS.values()}
    assert {"GANDetector", "BaseGAN"} | family <= set(pyod_gan.__all__) <= set(dir(pyod_gan))
    for name in pyod_gan.__all__:
        assert getattr(pyod_gan, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'VAE'"):
        _ = pyod_gan.VAE
