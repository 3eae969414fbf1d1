"""The house: which package may import which, what stays private, what is public."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest
from pyod.models.base import BaseDetector
from sklearn.base import BaseEstimator

import pyod_gan
from pyod_gan.gans import GANS

PACKAGE = Path(pyod_gan.__file__).parent
PAGE = PACKAGE.parent / "docs" / "architecture.md"
MODULES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix(): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name not in ("__init__.py", "__main__.py")
}
INHERITED = {*dir(BaseDetector), *dir(BaseEstimator), "_replace", "_asdict", "_fields"}


def run_time_imports(path: Path) -> Iterator[str]:
    """Modules of this package that a file imports when it runs, such as "engine/scoring"."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1].relative_to(PACKAGE)
            base = (folder / (node.module or "").replace(".", "/")).as_posix()
            names = [(Path(base) / alias.name).as_posix() for alias in node.names]
            inside = [name for name in names if name in MODULES]
            yield from inside or [base]


def package_of(module: str) -> str:
    """The package of a module; a module at the root is its own."""
    return module.partition("/")[0]


def allowed() -> dict[str, set[str]]:
    """What each package may import, by the arrows in docs/architecture.md."""
    block = re.search(r"```text\n(.*?←.*?)```", PAGE.read_text(), re.S)
    assert block
    below: dict[str, set[str]] = {}
    for line in block[1].strip().splitlines():
        steps = [re.split(r",\s*", step.strip()) for step in line.split("←")]
        for lower, upper in pairwise(steps):
            for name in upper:
                below.setdefault(name, set()).update(lower)
    for name in TopologicalSorter(below).static_order():  # which fails where arrows go in circles
        direct = below.setdefault(name, set())
        below[name] = direct.union(*(below[other] for other in direct))
    return below


def test_imports_go_one_way() -> None:
    below = allowed()
    for module, path in MODULES.items():
        package = package_of(module)
        assert package in below, f"{package} has no arrow in {PAGE.name}"
        others = {package_of(other) for other in run_time_imports(path)} - {package}
        assert others <= below[package], f"{module} imports {others - below[package]}"


def test_modules_of_a_package_go_one_way() -> None:
    graph = {module: set(run_time_imports(path)) for module, path in MODULES.items()}
    TopologicalSorter(graph).prepare()  # which fails where imports go in circles


def test_no_mixin_knows_another() -> None:
    for module, path in MODULES.items():
        if package_of(module) == "api":
            tree = ast.walk(ast.parse(path.read_text()))
            names = [
                a.name for node in tree if isinstance(node, ast.ImportFrom) for a in node.names
            ]
            assert not [name for name in names if name.endswith("Mixin")], module


@pytest.mark.parametrize("module", MODULES)
def test_no_private_name_crosses_a_module_border(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text())
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    own = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    own |= {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr):
            assert node.attr in own | INHERITED, f"line {node.lineno}: {node.attr}"
        if isinstance(node, ast.ImportFrom) and node.level:
            for alias in node.names:
                package = (MODULES[module].parents[node.level - 1] / alias.name).is_dir()
                assert package or not re.match("_[^_]", alias.name), alias.name


def test_import_is_light() -> None:
    code = "import sys, pyod_gan; print({'torch', 'matplotlib', 'pandas'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_public_names() -> None:
    family = {gan.__name__ for gan in GANS.values()}
    assert {"GANDetector", "BaseGAN"} | family <= set(pyod_gan.__all__) <= set(dir(pyod_gan))
    for name in pyod_gan.__all__:
        assert getattr(pyod_gan, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'VAE'"):
        _ = pyod_gan.VAE


@pytest.mark.parametrize("kind", ["Series", "Image", "Text", "Audio", "Record"])
def test_inherited_docstrings_are_of_every_kind_of_data(kind: str) -> None:
    detector = getattr(pyod_gan, f"{kind}Detector")
    found = {name: inspect.unwrap(getattr(detector, name)) for name in dir(detector)}
    inherited = {
        name: inspect.getdoc(method)
        for name, method in found.items()
        if name[0] != "_" and (getattr(method, "__module__", None) or "").startswith("pyod_gan.api")
    }
    assert len(inherited) >= 9
    for name, said in inherited.items():
        assert not re.search(r"\b(?:rows?|columns?|n_features)\b|: GANDetector", said), name
