"""The packages of the benchmarks import one another one way, and nothing private."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
LAYERS = ["peers", "harness", "studies"]
FILES = sorted(path for layer in LAYERS for path in (FOLDER / layer).glob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Dotted names of what a file imports, wherever in it."""
    package = path.relative_to(FOLDER.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level] if node.level else ()
            module = ".".join([*start, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_imports_go_one_way(path: Path) -> None:
    above = LAYERS[LAYERS.index(path.parent.name) + 1 :]
    forbidden = tuple(f"benchmarks.{name}" for name in (*above, "__main__"))
    for name in imported(path):
        assert not name.startswith(forbidden), name
        ours = name.startswith(("benchmarks.", "pyod_gan."))
        assert not (ours and any(part.startswith("_") for part in name.split("."))), name
