"""Training of the critic that weighs views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.__main__ import main
from benchmarks.harness import datasets
from benchmarks.studies import labelled_tasks, pretrain
from pyod_gan import GANDetector, ViewGAN
from pyod_gan.views import VIEWS, PretrainedCritic


def labelled(seed: int, n: int = 120, n_columns: int = 4) -> labelled_tasks.Table:
    """Rows of two clusters; anomalies lie between them."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 10 == 0).astype(int)
    side = np.where(y == 1, 0.0, rng.choice([-4.0, 4.0], n))
    X = side[:, None] + rng.normal(size=(n, n_columns)) * (1 + rng.random(n_columns))
    return labelled_tasks.Table(f"table {seed}", 100.0 * seed + X, y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten labelled tables in files."""
    folder = tmp_path_factory.mktemp("tables")
    for seed in range(10):
        _, X, y = labelled(seed)
        np.savez(folder / f"{seed}.npz", X=X, y=y)
    return folder


def test_a_critic_learns_what_anomalies_are(folder: Path, tmp_path: Path) -> None:
    """The command, with short training: a file that a detector takes, and tables as promised."""
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain, "STEPS", 300)
        assert main(["pretrain", "--tables", str(folder), "--out", str(out), "--jobs", "1"]) == 0
    assert "| pretrained | one-class |" in (out / "pretrain.md").read_text()
    critic = str(out / "pretrained_critic.safetensors")
    _, X, y = labelled(99)
    scores = GANDetector(ViewGAN(critic=critic), random_state=0, n_estimators=2).fit(X[y == 0])
    assert roc_auc_score(y, scores.decision_function(X)) > 0.9


def test_training_ranks_anomalies_first_and_is_repeatable() -> None:
    rng = np.random.default_rng(0)
    width = 2 * len(VIEWS) + 1

    def task(name: str) -> labelled_tasks.LabelledTask:
        y = (rng.random(200) < 0.1).astype(int)
        inputs = rng.normal(size=(200, width)).astype(np.float32)
        inputs[:, 3] += 2 * y  # one view knows
        return labelled_tasks.LabelledTask(name, "one-class", "sample", inputs, y)

    tasks = [task(str(i)) for i in range(8)]
    first, again = (pretrain.train(tasks, steps=150) for _ in range(2))
    np.testing.assert_array_equal(first.w1, again.w1)
    other = task("other")
    before = pretrain.opinions(pretrain.train(tasks, steps=1), other.inputs)[:, 0]
    after = pretrain.opinions(first, other.inputs)[:, 0]
    assert roc_auc_score(other.y, after) > max(0.8, roc_auc_score(other.y, before) + 0.1)


def test_parts_of_a_table() -> None:
    """Every part has the rows and the labels that its name says, drawn the same again."""
    table = labelled(3, n=2000, n_columns=6)
    parts = {part: (X, y) for part, X, y in labelled_tasks.parts_of(table)}
    assert list(parts) == list(labelled_tasks.SHARES)
    assert [len(X) for X, _ in parts.values()][:2] == [
        labelled_tasks.SAMPLE,
        labelled_tasks.LARGE_SAMPLE,
    ]
    X, y = parts["rare cluster"]
    known = {tuple(row) for row in table.X[table.y == 0]}
    assert {tuple(row) for row in X} <= known
    assert set(y) == {0, 1} and y.mean() < 0.15
    apart = np.linalg.norm(X[y == 1] - X[y == 1].mean(0), axis=1).mean()
    assert apart < np.linalg.norm(X[y == 0] - X[y == 0].mean(0), axis=1).mean()
    X, y = parts["swapped labels"]
    swapped = {tuple(row) for row in X[y == 0]}
    assert swapped <= {tuple(row) for row in table.X[table.y == 1]}
    assert len(swapped) == 200 and 0 < y.mean() < 0.15
    X, y = parts["impossible value"]
    low, high = table.X[table.y == 0].min(0), table.X[table.y == 0].max(0)
    outside = ((low > X) | (high < X)).sum(1)
    np.testing.assert_array_equal(outside > 0, y == 1)
    assert outside.max() == 1
    X, y = parts["wrong value"]
    changed = np.array([tuple(row) not in known for row in X])
    np.testing.assert_array_equal(changed, y == 1)
    assert all((table.X[:, j][:, None] == X[:, j]).any(0).all() for j in range(X.shape[1]))
    for part, X, _ in labelled_tasks.parts_of(table):
        np.testing.assert_array_equal(X, parts[part][0])


def test_small_and_constant_tables_have_no_rare_cluster() -> None:
    for X in (np.zeros((300, 3)), np.arange(300.0)[:, None], labelled(0).X):
        assert labelled_tasks.rare_cluster(X, np.random.RandomState(0)) is None


def test_a_wrong_value_is_wrong_beside_the_others() -> None:
    """Columns that say the same: after the change one of them contradicts the other."""
    side = np.repeat([0.0, 10.0], 150)
    X = np.stack([side, side, side], 1) + np.random.RandomState(0).normal(size=(300, 3))
    found = labelled_tasks.with_wrong_values(X, np.random.RandomState(0))
    assert found is not None
    wrong, y = found
    assert y.sum() == ((wrong > 5) != (wrong[:, [1, 2, 0]] > 5)).any(1).sum() >= 5
    assert ((wrong != X).sum(1) == y).all()
    alone = labelled_tasks.with_wrong_values(X[:, :1], np.random.RandomState(0))
    assert alone is None


def test_smooth_ap_is_ap_where_scores_are_far_apart() -> None:
    import torch

    anomalies, normals = torch.tensor([[900.0, 500.0]]), torch.tensor([[700.0, 100.0, 0.0]])
    assert pretrain.ap_loss(anomalies, normals).item() == pytest.approx(1 - (1 + 2 / 3) / 2)


def test_variants_hide_every_view_once() -> None:
    variants = list(pretrain.variants())
    n = len(VIEWS)
    of_views = [v for v in variants if v.name.startswith("without") and len(v.hidden) < n]
    assert sorted(i for v in of_views for i in v.hidden) == list(range(2 * n + 1))
    assert len({v.name for v in variants}) == len(variants)
    inputs = np.ones((3, 2 * n + 1), dtype=np.float32)
    task = labelled_tasks.LabelledTask(
        "a", "one-class", "rare cluster", inputs, np.array([0, 1, 0])
    )
    for variant in variants:
        assert (variant.seen(task).inputs == 0).sum() == 3 * len(variant.hidden)
    trained = {v.name for v in variants if not v.trains_on(task)}
    assert trained == {"contaminated tasks alone", "no rare cluster", "real anomalies alone"}


def test_near_copies_are_in_one_fold() -> None:
    one, other = labelled(1), labelled(2)
    copy = one._replace(name="copy", X=one.X[:, ::-1])
    groups = labelled_tasks.near_copies([one, other, copy])
    assert groups[one.name] == groups["copy"] != groups[other.name]


@pytest.mark.parametrize("y", [np.zeros(120), np.full(120, 2), np.zeros(3)])
def test_tables_without_labels_are_refused(folder: Path, tmp_path: Path, y: np.ndarray) -> None:
    np.savez(tmp_path / "bad.npz", X=labelled(0).X, y=y)
    with pytest.raises(ValueError, match=r"bad\.npz must have a label for each row"):
        labelled_tasks.read_tables(tmp_path)


def test_too_few_tables_are_refused(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "one.npz", X=labelled(0).X, y=labelled(0).y)
    assert main(["pretrain", "--tables", str(tmp_path)]) == 2
    assert main(["pretrain"]) == 2
    said = capsys.readouterr().err
    assert "at least 10 files" in said and "--tables DIR" in said
    np.savez(tmp_path / "two.npz", rows=np.zeros(3))
    with pytest.raises(ValueError, match="arrays X and y"):
        labelled_tasks.read_tables(tmp_path)


def test_no_evaluation_set_is_among_the_pretraining_files() -> None:
    files = datasets.pretraining_files()
    assert len(files) == len({file.sha256 for file in files}) == 453
    assert all(file.url.startswith("https://") and file.file.endswith(".npz") for file in files)
    pinned = {file.sha256 for file in datasets.registry().values()}
    assert not pinned & {file.sha256 for file in files}


def test_the_shipped_critic_has_the_size_of_this_recipe() -> None:
    critic = PretrainedCritic.load()
    assert critic.w1.shape == (2 * len(VIEWS) + 1, pretrain.N_UNITS)
