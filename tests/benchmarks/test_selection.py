"""The comparison of scorers without labels: cells, resume, summary, command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.harness.run import Grid
from benchmarks.studies import selection
from pyod_gan import AAE, PrototypeGAN

ONE = Grid(["iris"], [], ["one-class"], seeds=1)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = [{"gan": [PrototypeGAN()]}, {"gan": [AAE()], "gan__latent_dim": [1, 2]}]
    monkeypatch.setattr(selection, "GRID", grid)
    monkeypatch.setitem(selection.REDUCED, "max_iter", 10)


def test_cells_are_measured_once(tmp_path: Path) -> None:
    table = selection.measure(ONE, tmp_path)
    assert len(table) == 3
    assert table["candidate"].tolist()[1] == "gan=AAE(), gan__latent_dim=1"
    assert table[[*selection.SCORERS, "auroc"]].notna().all(axis=None)
    assert table["auroc"].between(0, 1).all()
    written = (tmp_path / "selection.csv").read_text()
    again = selection.measure(ONE, tmp_path)
    assert (tmp_path / "selection.csv").read_text() == written
    pd.testing.assert_frame_equal(table, again)


def test_summary_of_a_table_made_by_hand() -> None:
    table = pd.DataFrame(
        {"dataset": ["a"] * 3 + ["b"] * 3, "seed": 0, "auroc": [0.7, 0.9, 0.5] * 2}
    )
    table = table.assign(**dict.fromkeys(selection.SCORERS, [1.0, 1.0, 1.0] * 2))
    table["excess_mass"] = [0.2, 0.3, 0.1, 0.2, 0.1, 0.3]  # right on a, chooses the worst on b
    table["mass_volume"] = [np.nan, 0.1, 0.2] * 2
    lines = selection.summary(table).set_index("choice").round(6)
    columns = ["Spearman", "AUROC", "regret", "better", "worse"]
    assert lines.loc["excess_mass", columns].tolist() == [0, 0.7, 0.2, 1, 1]
    assert lines.loc["mass_volume", "AUROC"] == 0.5
    assert lines.loc["member_agreement", columns].tolist() == [0, 0.7, 0.2, 0, 0]
    assert lines.loc[selection.DEFAULT, ["AUROC", "regret"]].tolist() == [0.7, 0.2]
    assert lines.loc["a random candidate", "AUROC"] == 0.7
    assert lines.loc["the best, by labels", columns[1:]].tolist() == [0.9, 0, 2, 0]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["selection", "--datasets", "iris", "--max-rows", "60", "--out", str(tmp_path)]
    assert main([*arguments, "--protocol", "contaminated"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## contaminated\n\n| choice | Spearman | AUROC | regret |")
    assert "| always the default | – |" in printed
    assert main([*arguments, "--protocol", "sorted"]) == 2
