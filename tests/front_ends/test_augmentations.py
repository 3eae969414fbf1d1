"""Augmentations: what each changes, and what detectors make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from pyod_gan import GAN, GANDetector, ImageDetector, SeriesDetector
from pyod_gan.augmentations import AUGMENTATIONS, cut_paste, shuffled_patches, warped
from pyod_gan.front_ends.augmentations import N_ROWS, OnWindows, augmented, on_windows
from pyod_gan.networks import Conv1d, Conv2d
from tests.helpers import table

Array = np.ndarray
SHAPES = [(1, 32), (2, 13), (1, 8, 8), (3, 7, 9), (1, 1), (2, 1, 3)]


def draws(seed: int = 0) -> np.random.RandomState:
    return np.random.RandomState(seed)


def windows(shape: tuple[int, ...], n: int = 20) -> Array:
    return np.random.default_rng(0).normal(size=(n, *shape))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_shapes_stay_draws_decide_and_the_windows_are_not_touched(
    name: str, shape: tuple[int, ...]
) -> None:
    given = windows(shape)
    before = given.copy()
    found = AUGMENTATIONS[name](given, draws())
    assert found.shape == given.shape and np.isfinite(found).all()
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(found, AUGMENTATIONS[name](given, draws()))
    if max(shape[1:]) > 4:
        assert (found != given).any(axis=tuple(range(1, given.ndim))).mean() > 0.8


def test_a_pasted_piece_is_of_another_window_at_another_place() -> None:
    given = np.arange(20.0)[:, None, None, None] * 1000 + np.arange(64.0).reshape(1, 8, 8)
    for old, new in zip(given, cut_paste(given, draws()), strict=True):
        changed = np.argwhere(old[0] != new[0])
        (top, left), (bottom, right) = changed.min(0), changed.max(0) + 1
        piece = new[0, top:bottom, left:right]
        assert len(np.unique(piece // 1000)) == 1
        assert 1 <= bottom - top <= 4 and 1 <= right - left <= 4
        np.testing.assert_array_equal(np.diff(piece, axis=0), 8)
        np.testing.assert_array_equal(np.diff(piece, axis=1), 1)


@pytest.mark.parametrize(("shape", "n_whole"), [((1, 32), 32), ((2, 13), 24), ((1, 9, 8), 64)])
def test_shuffled_patches_have_the_same_values(shape: tuple[int, ...], n_whole: int) -> None:
    given = windows(shape)
    found = shuffled_patches(given, draws())
    np.testing.assert_array_equal(
        np.sort(given.reshape(20, -1), axis=1), np.sort(found.reshape(20, -1), axis=1)
    )
    moved = (found != given).reshape(20, -1)
    assert moved.sum(1).max() == n_whole


def test_turning_round_twice_changes_nothing() -> None:
    given, turned = windows((2, 5, 4)), AUGMENTATIONS["reversed"](windows((2, 5, 4)), draws())
    np.testing.assert_array_equal(turned[3, 1, 0, 0], given[3, 1, -1, -1])
    np.testing.assert_array_equal(AUGMENTATIONS["reversed"](turned, draws()), given)


def test_a_warped_line_keeps_its_ends_and_its_order() -> None:
    line = np.tile(np.linspace(0, 1, 50), (30, 1, 1))
    found = warped(line, draws())
    np.testing.assert_allclose(found[..., [0, -1]], line[..., [0, -1]], atol=1e-12)
    assert (np.diff(found) > 0).all()
    assert np.abs(found - line).max(axis=2).mean() > 0.1
    slopes = np.diff(found[0, 0])
    assert len(np.unique(slopes.round(3))) <= 3 + 2  # three parts, and two points at knots


def test_further_columns_stay() -> None:
    rows = np.random.default_rng(0).normal(size=(10, 10))
    found = OnWindows(AUGMENTATIONS["reversed"], (2, 4))(rows, draws())
    np.testing.assert_array_equal(found[:, :4], rows[:, 3::-1])
    np.testing.assert_array_equal(found[:, 8:], rows[:, 8:])
    with pytest.raises(ValueError, match=r"have 12 values. Got rows of 10"):
        OnWindows(AUGMENTATIONS["reversed"], (3, 4))(rows, draws())


def test_rows_that_did_not_change_are_no_negatives() -> None:
    rows = np.r_[np.ones((50, 6)), np.tile([1.0, 2, 3, 4, 5, 6], (50, 1))]
    found = augmented(rows, on_windows(["reversed"], (1, 6)), draws())
    assert 0.4 * N_ROWS < len(found) < 0.6 * N_ROWS
    assert np.unique(found, axis=0).tolist() == [[6, 5, 4, 3, 2, 1]]
    assert augmented(rows[:50], on_windows(["reversed"], (1, 6)), draws()).shape == (0, 6)


def test_a_critic_learns_to_reject_what_it_was_shown() -> None:
    """Held-out digits against their shuffled patches."""
    images = load_digits().images[load_digits().target == 3] / 16
    fitted, held_out = images[:120], images[120:].reshape(-1, 64)
    changed = shuffled_patches(images[120:, None], draws()).reshape(-1, 64)
    y = np.repeat([0, 1], [len(held_out), len(changed)])
    found = []
    for augmentations in (None, ["shuffled-patches"]):
        detector = GANDetector(
            GAN(max_iter=150, broad_negatives=False),
            network=Conv2d((1, 8, 8)),
            augmentations=augmentations,
            n_estimators=2,
            random_state=0,
        ).fit(fitted.reshape(-1, 64))
        found.append(roc_auc_score(y, detector.decision_function(np.r_[held_out, changed])))
    assert found[1] > max(0.85, found[0] + 0.2)  # one of 24 orders is that of the image


def test_a_callable_may_change_the_rows_of_a_table() -> None:
    seen = []

    def swap(rows: Array, draws: np.random.RandomState) -> Array:
        seen.append((rows.copy(), draws.randint(10**6)))
        return rows[:, [1, 0, 2, 3, 4]]

    X = 100 * table() + 7
    quick = {"max_iter": 20, "n_estimators": 2, "random_state": 0}
    one, other = (GANDetector("gan", augmentations=[swap], **quick).fit(X) for _ in range(2))
    np.testing.assert_array_equal(one.decision_scores_, other.decision_scores_)
    plain = GANDetector("gan", **quick).fit(X)
    assert (one.decision_scores_ != plain.decision_scores_).any()
    rows, drawn = seen[0]
    assert drawn == seen[1][1] and rows.shape == (N_ROWS, 5)
    assert set(map(tuple, rows)) <= set(map(tuple, X))  # in the units of the table
    one.partial_fit(X[:50] + 1)
    assert len(seen) == 3
    assert clone(one).augmentations == [swap]


@pytest.mark.parametrize("detector", [SeriesDetector, ImageDetector])
def test_windows_of_other_estimators_have_a_shape(detector: type, tmp_path: Path) -> None:
    seen = []

    def noted(windows: Array, draws: np.random.RandomState) -> Array:
        seen.append(windows.shape[1:])
        return windows + 1

    rng = np.random.default_rng(0)
    is_series = detector is SeriesDetector
    X = rng.normal(size=(300, 2)) if is_series else rng.normal(size=(30, 12, 10))
    own = {"window_size": [16, 40]} if is_series else {"parts": ["shape", "detail", "pixels"]}
    made = detector(
        "gan", augmentations=["warped", noted], max_iter=5, n_estimators=1, random_state=0, **own
    ).fit(X)
    expected = {(2, 16), (4, 12)} if is_series else {(4, 12, 10), (1, 4, 4), (1, 12, 10)}
    assert set(seen) == expected
    made.save(tmp_path / "file")
    loaded = detector.load(tmp_path / "file")
    np.testing.assert_array_equal(loaded.decision_function(X), made.decision_scores_)
    assert loaded.augmentations is None  # a callable is not kept; the next fit is told again


def test_names_are_kept_in_files(tmp_path: Path) -> None:
    detector = GANDetector(
        GAN(max_iter=5), network=Conv1d(), augmentations=["warped"], n_estimators=1
    ).fit(table(100, 16))
    detector.save(tmp_path / "file")
    assert GANDetector.load(tmp_path / "file").augmentations == ["warped"]


def test_an_embedding_is_not_augmented() -> None:
    def refused(windows: Array, draws: np.random.RandomState) -> Array:
        raise AssertionError

    images = np.random.default_rng(0).normal(size=(20, 8, 8))
    detector = ImageDetector(
        embedding=lambda images: images.reshape(len(images), -1)[:, :5],
        augmentations=[refused],
        max_iter=5,
    ).fit(images)
    assert list(detector.detectors_) == ["embedding"]


def doubled(rows: Array, draws: np.random.RandomState) -> Array:
    return np.r_[rows, rows]


def infinite(rows: Array, draws: np.random.RandomState) -> Array:
    return np.full_like(rows, np.inf)


def missing(rows: Array, draws: np.random.RandomState) -> Array:
    return np.where(np.arange(len(rows))[:, None] == 3, np.nan, rows)


@pytest.mark.parametrize(
    ("given", "network", "said"),
    [
        (["warpd"], Conv1d(), "Did you mean 'warped'"),
        ([3], Conv1d(), r"must be callables, or of cut-paste.*Got 3"),
        (["warped"], None, "rows of a table are none"),
        (["warped"], Conv2d(), "must say what rows of 16 columns are"),
        ([doubled], Conv1d(), "must return windows of the shape"),
        ([doubled], None, "an array of the shape that it got"),
        ([infinite], None, "must return finite numbers"),
        ([missing], None, r"must return finite numbers. 16 of \d+ are not"),
        ("warped", Conv1d(), "'augmentations' parameter of GANDetector"),
    ],
)
def test_what_cannot_be_done_is_said(given, network, said: str) -> None:
    detector = GANDetector("gan", network=network, augmentations=given, max_iter=10**7)
    with pytest.raises(ValueError, match=said):
        detector.fit(table(50, 16))


def test_a_gan_whose_score_asks_no_critic_refuses() -> None:
    detector = GANDetector("usad", network="conv1d", augmentations=["warped"], max_iter=10**7)
    with pytest.raises(ValueError, match="USAD cannot learn from known anomalies or augmentations"):
        detector.fit(table(50, 16))
