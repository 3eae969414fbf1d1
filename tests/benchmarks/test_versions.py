"""What makes a result out of date: other scores, other parameters, other libraries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.harness import detectors, probe, results, versions
from benchmarks.harness.results import Cell, ResultsFile
from benchmarks.harness.versions import Versions
from benchmarks.studies import ablation
from pyod_gan.gans import ALAD, PrototypeGAN

MEASURED = Path(__file__).parents[2] / "benchmarks" / "measured"
NAME = "GANDetector:alad"
CELL = Cell("iris", NAME, 0, "contaminated")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Probes of this test's code alone."""
    probe.take.cache_clear()
    yield
    probe.take.cache_clear()


@pytest.fixture
def finished(tmp_path: Path) -> ResultsFile:
    """One finished run."""
    file = ResultsFile(tmp_path)
    file.append(CELL, dict.fromkeys(results.MEASURES, 0) | {"status": "ok"})
    assert file.unfinished([CELL]) == []
    return file


def test_a_docstring_or_a_name_changes_nothing(
    finished: ResultsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Renamed(ALAD):
        """Another docstring."""

    monkeypatch.setattr("pyod_gan.gans.registry.GANS", {"alad": Renamed})
    probe.take.cache_clear()
    assert type(detectors.make(NAME, 0).gan) is Renamed
    assert finished.unfinished([CELL]) == []


def test_another_score_is_run_again(finished: ResultsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    score = ALAD.score
    monkeypatch.setattr(ALAD, "score", lambda gan, net, x: score(gan, net, x).square())
    probe.take.cache_clear()
    assert finished.unfinished([CELL]) == [CELL]
    assert finished.unfinished([CELL], any_version=True) == []


def test_another_score_of_copies_is_run_again(
    finished: ResultsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = probe.take(NAME)
    changed = " ".join(f"{float(score) + 1:.4g}" for score in taken["copies"].split())
    monkeypatch.setattr(probe, "take", lambda name: taken | {"copies": changed})
    assert finished.unfinished([CELL]) == [CELL]


def test_an_entry_without_copies_counts_by_what_it_has() -> None:
    taken = probe.take(NAME)
    older = {key: value for key, value in taken.items() if key != "copies"}
    assert versions.same(taken, older)
    assert not versions.same(taken, older | {"probe": "1 2 3"})


def test_another_training_is_run_again(
    finished: ResultsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = ALAD.player_loss
    monkeypatch.setattr(ALAD, "player_loss", lambda gan, net, batch: -loss(gan, net, batch))
    probe.take.cache_clear()
    assert finished.unfinished([CELL]) == [CELL]


@pytest.mark.parametrize(("default", "value"), [("max_iter", 999), ("n_estimators", 7)])
def test_another_default_is_run_again(
    finished: ResultsFile, monkeypatch: pytest.MonkeyPatch, default: str, value: int
) -> None:
    make = detectors.make

    def otherwise(name: str, seed: int) -> Any:
        detector = make(name, seed)
        owner = detector if default == "n_estimators" else detector.gan
        owner.set_params(**{default: value})
        return detector

    before = probe.take(NAME)
    monkeypatch.setattr(probe, "make", otherwise)
    probe.take.cache_clear()
    after = probe.take(NAME)
    assert after["probe"] == before["probe"]  # too short to show it
    assert finished.unfinished([CELL]) == [CELL]


def test_rounding_and_new_parameters_do_not_count() -> None:
    taken = probe.take(NAME)
    scores = np.array(taken["probe"].split(), dtype=float)
    rounded = taken | {"probe": " ".join(f"{1.003 * s + 0.002:.4g}" for s in scores)}
    assert rounded != taken
    assert probe.agree(rounded, taken)
    assert not probe.agree(taken | {"probe": " ".join(f"{1.1 * s}" for s in scores)}, taken)
    assert not probe.agree(taken | {"probe": " ".join(f"{s}" for s in scores[1:])}, taken)
    assert probe.agree(taken | {"parameters": taken["parameters"] + " curious=True"}, taken)
    failed = taken | {"probe": "TrainingCollapsedError"}
    assert probe.agree(failed, failed)
    assert not probe.agree(failed, taken)


def test_a_rounded_entry_keeps_its_id(finished: ResultsFile) -> None:
    path = finished.path.with_name("versions.json")
    (short, entry), *_ = json.loads(path.read_text()).items()
    scores = np.array(entry["probe"].split(), dtype=float)
    entry["probe"] = " ".join(f"{s + 0.001}" for s in scores)
    path.write_text(json.dumps({short: entry}))
    elsewhere = Versions(path)
    assert elsewhere.note(NAME) == short
    assert list(elsewhere.entries) == [short]
    assert ResultsFile(path.parent).unfinished([CELL]) == []


def test_other_libraries_and_older_code_are_run_again() -> None:
    now = versions.software(NAME)
    assert versions.same(now, dict(now))
    assert not versions.same(now, now | {"torch": "1.0"})
    assert not versions.same(now, now | {"protocols": "0"})
    older = {key: value for key, value in now.items() if key not in probe.KEYS}
    assert not versions.same(now, older | {"pyod_gan": "an older one"})
    assert versions.same(versions.software("KNN"), older)


def test_a_probe_leaves_no_trace() -> None:
    def draw() -> tuple[float, float]:
        return np.random.rand(), torch.rand(1).item()

    np.random.seed(1), torch.manual_seed(1)
    expected = draw()
    np.random.seed(1), torch.manual_seed(1)
    assert probe.take(NAME) == probe.take(NAME)
    assert draw() == expected


def test_a_detector_that_cannot_be_fitted_has_a_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(gan: ALAD, net: Any, x: Tensor) -> Tensor:
        raise ZeroDivisionError

    monkeypatch.setattr(ALAD, "score", fails)
    assert probe.take(NAME)["probe"] == "ZeroDivisionError"


def test_every_name_of_the_tables_is_told_from_the_default() -> None:
    assert probe.agree(probe.take("GANDetector:views"), probe.take("GANDetector"))
    default = probe.take("GANDetector:prototype")
    for name in ablation.expand("parts,robustness"):
        if name != "GANDetector:prototype":
            assert not probe.agree(probe.take(name), default), name
    assert f"max_iter={PrototypeGAN.max_iter} " in default["parameters"]


@pytest.mark.parametrize("folder", sorted(p.parent.name for p in MEASURED.glob("*/results.csv")))
def test_measured_results_say_what_made_them(folder: str) -> None:
    table = results.read(MEASURED / folder / "results.csv")
    assert set(table["versions"]) == set(Versions(MEASURED / folder / "versions.json").entries)
