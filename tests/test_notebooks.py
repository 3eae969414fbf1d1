"""The tutorial runs, and notebooks show progress as widgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
WIDGET = "application/vnd.jupyter.widget-view+json"
pytestmark = pytest.mark.xdist_group("notebooks")


def run(notebook: Any, folder: Path) -> list[list[dict[str, Any]]]:
    """What each cell shows; a cell that raises is an error."""
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    return [
        [output.get("data", {}) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_the_tutorial_runs_and_finds_what_it_planted(tmp_path: Path) -> None:
    path = ROOT / "docs" / "tutorial.ipynb"
    notebook = nbformat.read(path, as_version=4)
    kept = [cell.get("outputs") for cell in notebook.cells if cell.cell_type == "code"]
    assert sum(map(bool, kept)) >= 8  # readers see what it said
    shown = run(notebook, tmp_path)
    assert list(tmp_path.iterdir()) == []
    said = "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )
    assert "5 of 5 wrong rows are flagged" in said
    pictures = [data for cell in shown for data in cell if "image/png" in data]
    assert len(pictures) >= 1


def test_progress_is_a_widget_and_reasons_are_whole_sentences(tmp_path: Path) -> None:
    code = """
import numpy as np
from pyod_gan import GANDetector
X = np.random.default_rng(0).normal(size=(100, 3))
X[0] = 9
detector = GANDetector(n_estimators=1, max_iter=10, random_state=0, verbose=1).fit(X)
detector.explain_frame(X[:1])
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    (shown,) = run(notebook, tmp_path)
    assert any(WIDGET in data for data in shown)
    assert "expected" in shown[-1]["text/html"] and "<table" in shown[-1]["text/html"]
