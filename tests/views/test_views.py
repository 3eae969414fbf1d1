"""Views of rows: derived by hand, the same in torch, the same for a row alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pyod_gan.views import VIEWS, PretrainedCritic, TableViews, WeighedViews, views_in_words
from pyod_gan.views.axes import find_axes, lengths_if_new
from pyod_gan.views.pretrained_critic import CEILING, SLOPE
from pyod_gan.views.table_views import AXES, KNOWN, View
from pyod_gan.views.tensors import TensorInputs, TensorViews
from tests.helpers import table

Array = np.ndarray


def odd_tables() -> dict[str, Array]:
    """Scaled tables with ties, copies, constants, few or many columns, and a far row."""
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(300, 5))
    mixed[:, 1] = mixed[:, 1].round()
    mixed[:, 2] = mixed[:, 2] > 1.5
    mixed[:, 3] = 0
    mixed[200:240] = mixed[:40]
    mixed[299] = 80
    return {
        "mixed": mixed.astype(np.float32),
        "one column": rng.normal(size=(50, 1)).astype(np.float32),
        "two rows": rng.normal(size=(2, 3)).astype(np.float32),
        "all alike": np.ones((40, 4), dtype=np.float32),
        "wide": rng.normal(size=(30, 300)).astype(np.float32),
        "wider": rng.standard_t(3, size=(80, 600)).astype(np.float32),  # fewer rows than axes
        "many rows": rng.normal(size=(2500, 3)).round(1).astype(np.float32),
    }


TABLES = odd_tables()
NEW = {name: np.r_[rows[:20], rows[:5] + 0.37, 20 + rows[:1]] for name, rows in TABLES.items()}


def levels_by_hand(apart: Array, n_places: int) -> list[float]:
    """Means over groups of the nearest prototype; group k holds places k, k + G, and so on."""
    full = np.append(apart, np.full(n_places - len(apart), np.inf))
    levels = []
    for level in range(11):
        n_groups = max(n_places >> level, 1)
        nearest = np.array([full[k::n_groups].min() for k in range(n_groups)])
        levels.append(nearest[np.isfinite(nearest)].mean() if np.isfinite(nearest).any() else 0.0)
    return levels


def of_three(values: Array) -> list[float]:
    top = np.sort(values)[-3:].mean() if len(values) > 2 else values.mean()
    return [values.mean(), values.max(), top]


def views_by_hand(train: Array, v: TableViews, x: Array) -> list[float]:
    """All views of one row of a table whose rows are all in the pool and all within the fence."""
    train, x = (np.rint(a * 2.0**16) / 2**16 for a in (train.astype(float), x.astype(float)))
    order = np.random.default_rng(0).permutation(len(train))
    pool = train[order]
    bank = v.bank[:, : int(v.n_present)].T / 2**16
    apart = np.abs(bank - x).mean(1)
    copies = np.flatnonzero(apart == 0)
    seen_as_itself = apart.copy()
    seen_as_itself[copies[:1]] = np.inf
    of_core = np.where(v.core[: len(apart)], seen_as_itself, np.inf)
    n_places = len(v.core)
    levels = [
        *levels_by_hand(seen_as_itself, n_places),
        *levels_by_hand(of_core, n_places)[::2],
        max(len(copies) - 1, 0),
    ]
    own = int((pool == x).all(1).any())  # a training row is not counted among its like
    logs = np.log(len(pool) + 1)
    by_column: dict[str, list[float]] = {name: [] for name in ("t", "l", "r", "e", "relative")}
    for values, value in zip(pool.T, x, strict=True):
        left, right = (values <= value).sum() - own, (values >= value).sum() - own
        equal = (values == value).sum() - own
        typical = np.median([(values == other).sum() for other in values]) - 1
        by_column["l"].append(logs - np.log(left + 1))
        by_column["r"].append(logs - np.log(right + 1))
        by_column["t"].append(max(by_column["l"][-1], by_column["r"][-1]))
        by_column["e"].append(logs - np.log(equal + 1))
        by_column["relative"].append(np.log((typical + 1) / (equal + 1)))
    columns = [part for values in by_column.values() for part in of_three(np.array(values))]
    edges = v.edges / 2**16
    bins, of_pool = (x[:, None] >= edges).sum(1), (pool[:, :, None] >= edges).sum(2)
    joint, broken = [], []
    for a, b in v.pairs:
        in_cell = (of_pool[:, [a, b]] == bins[[a, b]]).all(1).sum()
        expected = np.prod([(of_pool[:, c] == bins[c]).sum() for c in (a, b)]) / len(pool)
        count = max(in_cell - own, 0)
        joint.append(logs - np.log(count + 1))
        broken.append(np.log((expected + 1) / (count + 1)))
    pairs = [*of_three(np.array(joint)), *of_three(np.array(broken))] if joint else [0.0] * 6
    return levels + columns + pairs


def test_views_by_hand() -> None:
    rng = np.random.default_rng(1)
    train = rng.uniform(-2, 2, size=(90, 4)).astype(np.float32)
    train[:, 1] = train[:, 1].round()
    train[40:44] = train[:4]
    views = TableViews.fit(train)
    assert int(views.n_present) == 90  # no row lies beyond the fence
    rows = np.r_[train[:6], train[60:62], train[:4] + 0.2]
    found = views.of(rows)
    for row, of_row in zip(rows, found, strict=True):
        by_hand = views_by_hand(train, views, row)
        np.testing.assert_allclose(of_row[: len(by_hand)], by_hand, rtol=1e-6, atol=1e-6)


def test_axes_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(1)
    rows = rng.uniform(size=(400, 3)) @ [[1, 0.5, 0], [0, 1, 0.7], [0, 0, 1]]
    centred = rows - rows.mean(0)
    expected = np.einsum("nd,de,ne->n", centred, np.linalg.inv(np.cov(rows.T)), centred)
    mean, axes = find_axes(rows)
    np.testing.assert_allclose(((rows - mean) @ axes) ** 2 @ np.ones(3), expected)
    wide = rng.normal(size=(40, 600))  # found from products of rows
    mean, axes = find_axes(wide)
    along = (wide - mean) @ axes
    np.testing.assert_allclose(along[:, :39].var(0, ddof=1), 1, rtol=1e-6)


def test_the_core_is_the_bulk() -> None:
    """A cluster of 10 % of the rows, near each other, is within no core."""
    rng = np.random.default_rng(0)
    rows = np.r_[rng.normal(size=(270, 4)), rng.normal(3, 0.2, size=(30, 4))].astype(np.float32)
    views = TableViews.fit(rows)
    of_core = views.bank[:, np.flatnonzero(views.core)].T / views.grid
    assert 150 < len(of_core) < 270
    assert (np.abs(of_core - 3).max(1) > 1).all()


@pytest.mark.parametrize("name", TABLES)
def test_kernels_and_tensors_are_the_same(name: str) -> None:
    weighed = WeighedViews.fit(TABLES[name], PretrainedCritic.load())
    rows, own = NEW[name], np.linspace(-3, 3, len(NEW[name]))[:, None]
    tensors = torch.from_numpy(rows).double(), torch.from_numpy(own)
    views = weighed.views.of(rows)
    assert views.shape == (len(rows), len(VIEWS))
    assert np.isfinite(views).all()
    np.testing.assert_allclose(TensorViews(weighed.views)(tensors[0]).numpy(), views, atol=1e-12)
    scores = weighed.scores(rows, own)
    np.testing.assert_allclose(weighed.tensors()(*tensors).numpy(), scores, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", TABLES)
def test_a_row_is_scored_alone(name: str) -> None:
    weighed = WeighedViews.fit(TABLES[name], PretrainedCritic.load())
    rows, own = NEW[name], np.zeros((len(NEW[name]), 1))
    together = weighed.scores(rows, own)
    alone = [weighed.scores(row[None], own[:1])[0] for row in rows]
    np.testing.assert_array_equal(together, alone)


def test_a_copy_of_a_training_row_is_that_row() -> None:
    """The views know a training row by its values, and leave it out of what they count."""
    rows = TABLES["mixed"]
    views = TableViews.fit(rows)
    changed = rows[:1].copy()
    changed[0, 0] += 1e-3
    found, near = views.of(rows[:1])[0], views.of(changed)[0]
    names = [str(view) for view in VIEWS]
    tail = names.index("rarity, largest")
    assert views.of(rows[200:201])[0].tolist() == found.tolist()
    assert near[tail] > found[tail]
    assert found[names.index("further equal prototypes")] == 1
    assert near[names.index("further equal prototypes")] == 0


def test_shares_of_views_add_up() -> None:
    """Integrated gradients sum to the difference of the score to that of a typical row."""
    weighed = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.load())
    rows, own = NEW["mixed"], np.ones((len(NEW["mixed"]), 1))
    views = weighed.views.of(rows)
    shares = weighed.shares_of_views(views, own, rows)
    scores = weighed.weigh(views, own, rows)
    assert np.ptp(scores - shares.sum(1)) < 0.15 * np.ptp(scores)


def test_heights_have_one_definition_in_numpy_and_torch() -> None:
    """Torch computes them beyond the knots; kernels and torch are compared by the opinions."""
    reference = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.silent()).reference
    n = len(VIEWS)
    views = np.vstack([reference.knots[:n, 0] - 3, reference.knots[:n, -1] + 7])
    views[:, KNOWN] = 1
    inputs = TensorInputs(reference)(torch.from_numpy(views), torch.zeros(2, 0).double())
    expected = reference.heights_of(np.hstack([views, views[:, AXES]]))
    np.testing.assert_allclose(inputs[:, n:][:, :KNOWN], expected[:, :KNOWN], rtol=1e-12)


def test_opinions_without_a_critic() -> None:
    weighed = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.silent())
    rows, own = NEW["mixed"], np.zeros((len(NEW["mixed"]), 1))
    tails, heights = np.split(weighed.inputs(rows, own)[:, :-1], 2, axis=1)
    above = SLOPE * np.maximum(heights - CEILING, 0).mean(1)
    plain = tails.mean(1) + 0.5 * np.minimum(heights, CEILING).mean(1) + above
    looks = [View("bank", f"nearest of {g}") for g in (8, 1024)]
    looks.append(View("regressions", "surprisal", "largest"))
    residual = heights[:, [VIEWS.index(view) for view in looks]].max(1)
    residual = np.sign(residual) * np.expm1(np.abs(residual))
    found = weighed.opinions(weighed.views.of(rows), own, rows)
    np.testing.assert_allclose(found, np.c_[above, plain, residual], atol=1e-9)


def test_a_score_of_1_is_an_interquartile_range_above_the_median() -> None:
    weighed = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.load())
    scores = weighed.scores(TABLES["mixed"], np.zeros((300, 1)))
    low, middle, high = np.quantile(scores, [0.25, 0.5, 0.75])
    assert (middle, high - low) == pytest.approx((0, 1))


def test_tails_are_shares_of_training_rows() -> None:
    rows = TABLES["mixed"]
    weighed = WeighedViews.fit(rows, PretrainedCritic.silent())
    views = weighed.views.of(rows)
    tails = weighed.inputs(rows, np.zeros((len(rows), 1)))[:, : len(VIEWS)]
    at_least = (views[None] >= views[:, None]).sum(1)
    expected = np.log((len(rows) + 1) / (at_least + 1))
    assert np.abs(tails - expected).mean() < 0.05  # 128 knots stand for 300 rows
    farther = weighed.inputs(rows[299:] + 50, np.zeros((1, 1)))[0]
    assert farther[0] == pytest.approx(np.log(len(rows) + 1))  # nearest of 1: no row is as far


def test_arrays_make_the_same_views_again() -> None:
    weighed = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.load())
    own = np.zeros((len(NEW["mixed"]), 1))
    again = WeighedViews.from_arrays(weighed.to_arrays())
    np.testing.assert_array_equal(
        again.scores(NEW["mixed"], own), weighed.scores(NEW["mixed"], own)
    )


HOSTILE = {
    "a place outside": ("views.n_points", lambda a: a + 10**6),
    "no point": ("views.n_points", lambda a: a * 0),
    "a column outside": ("views.pairs", lambda a: a + 10**6),
    "a negative column": ("views.pairs", lambda a: a - 10),
    "more prototypes than places": ("views.n_present", lambda a: a + 10**6),
    "no power of two": ("views.bank", lambda a: a[:, :-1]),
    "other floats": ("views.at", lambda a: a.astype(np.float64)),
    "not a number": ("views.means", lambda a: a * np.nan),
    "fewer cells": ("views.cells", lambda a: a[..., :-1]),
    "a regression outside": ("views.columns", lambda a: a + 10**6),
    "fewer effects": ("views.effects", lambda a: a[:, 1:]),
    "a row outside": ("views.printed", lambda a: a + 10**6),
    "a whole leverage": ("views.leverages", lambda a: a * 0 + 1),
    "fewer gaps": ("views.between", lambda a: a[:, :-1]),
    "a spread of 0": ("reference.spreads", lambda a: a * 0),
    "an infinite weight": ("critic.w1", lambda a: a + np.inf),
    "fewer weights": ("critic.w2", lambda a: a[:-1]),
    "a negative unit": ("units", lambda a: -a),
}


@pytest.mark.parametrize("change", HOSTILE)
def test_arrays_that_lead_outside_are_refused(change: str) -> None:
    arrays = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.load()).to_arrays()
    name, changed = HOSTILE[change]
    with pytest.raises(ValueError, match=r"must|fit together|not finite"):
        WeighedViews.from_arrays(arrays | {name: changed(arrays[name])})


def test_a_reference_of_other_views_is_refused() -> None:
    arrays = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.load()).to_arrays()
    names = [n for n in arrays if n.startswith("reference.") and arrays[n].ndim]
    for change in (lambda a: a[:-6], lambda a: np.concatenate([a, a[-1:]])):
        with pytest.raises(ValueError, match="those of axes twice"):
            WeighedViews.from_arrays(arrays | {n: change(arrays[n]) for n in names})


def test_missing_and_unknown_arrays_are_refused() -> None:
    arrays = WeighedViews.fit(TABLES["mixed"], PretrainedCritic.silent()).to_arrays()
    for name in ("views.core", "reference.knots", "critic.b3", "units"):
        with pytest.raises(ValueError):
            WeighedViews.from_arrays({n: a for n, a in arrays.items() if n != name})
    with pytest.raises(ValueError, match="no array 'more'"):
        WeighedViews.from_arrays(arrays | {"more": np.zeros(1)})


def test_a_critic_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    critic = PretrainedCritic.load()
    critic.save(path, {"tables": 3})
    again = PretrainedCritic.load(path)
    np.testing.assert_allclose(again.w1, critic.w1, rtol=1e-6)
    path.write_bytes(path.read_bytes().replace(views_in_words()[0].encode(), b"nearest of 9"))
    with pytest.raises(ValueError, match="not made for the views"):
        PretrainedCritic.load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no whole safetensors file"):
        PretrainedCritic.load(path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        PretrainedCritic.load(tmp_path / "nowhere")


def test_the_shipped_critic_is_checked_by_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "critic.safetensors"
    PretrainedCritic.silent().save(path, {})
    monkeypatch.setattr("pyod_gan.views.pretrained_critic.SHIPPED", path)
    with pytest.raises(ValueError, match="not the file of this version"):
        PretrainedCritic.load()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder in which nothing can be made")
def test_a_folder_that_cannot_be_written_is_no_error() -> None:
    code = (
        "import numpy as np; from pyod_gan.views import TableViews; "
        "print(TableViews.fit(np.ones((3, 2), np.float32)).of(np.ones((1, 2), np.float32)).size)"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": "/proc/no-folder"}
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(len(VIEWS))


def test_no_global_state_is_used() -> None:
    rows = table(100).astype(np.float32)
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = TableViews.fit(rows).of(rows)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.testing.assert_array_equal(TableViews.fit(rows).of(rows), first)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(60, 128), (60, 32), (250, 64)])
def test_few_rows_with_many_columns_do_not_make_new_rows_odd(n_rows: int, n_columns: int) -> None:
    """About as many new rows as training rows lie above the threshold, and odd ones far above."""
    flagged, found = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        mixing = rng.normal(size=(5, n_columns))
        rows = rng.normal(size=(n_rows + 350, 5)) @ mixing
        noise = 0.5 * rng.normal(size=rows.shape)
        noise[-50:] *= 3
        train, new, odd = np.split((rows + noise).astype(np.float32), [n_rows, n_rows + 300])
        weighed = WeighedViews.fit(train, PretrainedCritic.load())
        scores = [weighed.scores(r, np.zeros((len(r), 1))) for r in (train, new, odd)]
        flagged.append((scores[1] > np.quantile(scores[0], 0.9)).mean())
        found.append((scores[2][:, None] > scores[1]).mean())
    assert 0.02 < np.mean(flagged) < 0.2
    assert min(found) > 0.96


def test_lengths_of_training_rows_if_they_were_new() -> None:
    """As long as those of other rows of the same kind, where the axes' own rows are shorter."""
    rng = np.random.default_rng(0)
    rows, others = rng.normal(size=(2, 100, 60))
    members = np.ones(100, dtype=bool)
    members[:10] = False
    if_new = lengths_if_new(rows, members)[:, 0]
    mean, axes = find_axes(rows[members])
    of_new = np.sqrt((((others - mean) @ axes) ** 2).mean(1))
    own = np.sqrt((((rows[members] - mean) @ axes) ** 2).mean(1))
    assert np.median(own) < 0.8 * np.median(of_new)
    assert np.median(if_new) == pytest.approx(np.median(of_new), rel=0.25)
    few = lengths_if_new(rows[:2], np.ones(2, dtype=bool))
    assert np.isfinite(few).all()
