"""``known_anomalies`` of texts, images, clips, series and records: what they find, who takes it."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from pyod.models.iforest import IForest
from sklearn.metrics import roc_auc_score

from pyod_gan import (
    AudioDetector,
    GANDetector,
    ImageDetector,
    RecordDetector,
    SeriesDetector,
    TextDetector,
)
from pyod_gan.front_ends.windows import WindowFrontEnd

from .test_audio import RATE, tones
from .test_audio import write as write_clips
from .test_image import as_bytes, rings
from .test_image import write as write_images
from .test_series import waves
from .test_text import sentences

QUICK: dict[str, Any] = {"max_iter": 20, "random_state": 0}


class Case(NamedTuple):
    """Items, known anomalies, and new items of both kinds."""

    make: Any
    items: Any
    known: Any
    good: Any
    odd: Any


def asking(n: int, seed: int) -> list[str]:
    """Sentences that ask for something, in otherwise usual words."""
    return [f"{text}, please" for text in sentences(n, seed)]


def shifted(n: int, seed: int) -> np.ndarray:
    """Rings with a shadow a pixel below."""
    images = rings(n, seed)
    return 0.85 * images + 0.15 * np.roll(images, 1, axis=1)


def higher(n: int, seed: int) -> list[np.ndarray]:
    """Two tones, of which the second is a little higher."""
    return tones(n, seed, tune=(440, 690))


def mixed(make: Any, odd: Any) -> Any:
    """Items a tenth of which are odd."""
    return [*make(72, 0), *odd(8, 100)]


def case_of(detector: Any, make: Any, odd: Any, as_items: Any = list) -> Case:
    items = as_items(mixed(make, odd))
    return Case(detector, items, odd(6, 10), make(40, 20), odd(40, 30))


CASES = {
    "texts": case_of(partial(TextDetector, **QUICK), sentences, asking),
    "images": case_of(
        partial(ImageDetector, parts=("shape", "detail"), **QUICK), rings, shifted, np.array
    ),
    "clips": case_of(
        partial(AudioDetector, sample_rate=RATE, parts=("spectrum",), **QUICK),
        tones,
        higher,
    ),
}
each_case = pytest.mark.parametrize("name", CASES)


def auroc(detector: Any, good: Any, odd: Any) -> float:
    scores = [detector.decision_function(X) for X in (good, odd)]
    return float(roc_auc_score(np.repeat([0, 1], [len(s) for s in scores]), np.concatenate(scores)))


@pytest.mark.parametrize(
    ("name", "seed"), [*((name, seed) for name in CASES for seed in (0, 1)), ("windows", 0)]
)
def test_finds_more_of_the_kind(name: str, seed: int) -> None:
    make, items, known, good, odd = CASES.get(name, CASES["clips"])
    if name == "windows":
        make = partial(make, parts=("texture",))
    alone = make().set_params(random_state=seed).fit(items)
    knows = make().set_params(random_state=seed).fit(items, known_anomalies=known)
    assert auroc(knows, good, odd) > max(0.9, auroc(alone, good, odd) + 0.02)
    np.testing.assert_array_equal(knows.decision_scores_, knows.decision_function(items))


@each_case
def test_they_may_be_among_the_items_and_stay_in_files(name: str, tmp_path: Path) -> None:
    """They are scored, and not learnt: the others have the scores that they have alone."""
    make, items, known, good, _ = CASES[name]
    together = [*items, *known[:3]]
    if name == "images":
        together = np.array(together)
    knows = make().fit(together, known_anomalies=known)
    apart = make().fit(items, known_anomalies=known)
    np.testing.assert_array_equal(knows.decision_scores_[: len(items)], apart.decision_scores_)
    assert (knows.decision_scores_[len(items) :] > np.median(knows.decision_scores_)).all()
    knows.save(tmp_path / "m.safetensors")
    for again in (
        type(knows).load(tmp_path / "m.safetensors"),
        pickle.loads(pickle.dumps(knows)),
    ):
        np.testing.assert_array_equal(again.decision_function(good), knows.decision_function(good))


@each_case
def test_none_is_no_anomaly(name: str) -> None:
    make, items, *_ = CASES[name]
    plain = make().fit(items).decision_scores_
    for none in (None, []):
        found = make().fit(items, known_anomalies=none).decision_scores_
        np.testing.assert_array_equal(found, plain)


@each_case
def test_what_cannot_be_learnt_is_refused(name: str) -> None:
    make, items, known, good, _ = CASES[name]
    detector = make().fit(items)
    before = detector.decision_function(good)
    with pytest.raises(ValueError, match="GANomaly cannot learn from known anomalies"):
        make().set_params(gan="ganomaly").fit(items, known_anomalies=known)
    with pytest.raises(ValueError) as error:
        detector.fit(items, known_anomalies=[3])
    assert error.value.__notes__ == ["This is about `known_anomalies`."]
    with pytest.raises(ValueError, match=r"At least 2 (texts|images|clips) are needed besides"):
        detector.fit(items[:3], known_anomalies=items[:2])
    np.testing.assert_array_equal(detector.decision_function(good), before)


def test_files_of_images_and_clips(tmp_path: Path) -> None:
    images, odd_images = as_bytes(rings(30)), as_bytes(shifted(3, 10))
    clips, odd_clips = tones(30), higher(3, 10)
    for name in ("images", "odd images", "clips", "odd clips"):
        (tmp_path / name).mkdir()
    write_images(tmp_path / "images", images)
    write_images(tmp_path / "odd images", odd_images)
    write_clips(tmp_path / "clips", clips)
    write_clips(tmp_path / "odd clips", odd_clips)
    of_images = partial(ImageDetector, parts=("shape",), **QUICK)
    found = of_images().fit(tmp_path / "images", known_anomalies=tmp_path / "odd images")
    of_arrays = of_images().fit(images, known_anomalies=odd_images)
    np.testing.assert_array_equal(found.decision_scores_, of_arrays.decision_scores_)
    (tmp_path / "odd images" / "words.png").write_text("no image")
    with pytest.raises(ValueError, match=r"1 of 4 images cannot be used. words.png"):
        of_images().fit(images, known_anomalies=tmp_path / "odd images")
    with pytest.warns(UserWarning, match=r"1 image\(s\) could not be used, and are no known anom"):
        skips = of_images(on_error="skip").fit(images, known_anomalies=tmp_path / "odd images")
    np.testing.assert_array_equal(skips.decision_scores_, of_arrays.decision_scores_)
    with pytest.raises(ValueError, match="None of the images can be used"):
        of_images(on_error="skip").fit(
            images, known_anomalies=[tmp_path / "odd images" / "words.png"]
        )
    of_clips = AudioDetector(parts=("spectrum",), **QUICK)
    of_clips.fit(tmp_path / "clips", known_anomalies=tmp_path / "odd clips")
    good, odd = ([(clip, RATE) for clip in clips] for clips in (tones(20, 20), higher(20, 30)))
    assert auroc(of_clips, good, odd) > 0.9


def with_dips(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A wave, sixteen stretches of which are a little lower, half of them in each half."""
    X, y = waves(2000, seed), np.zeros(2000, dtype=int)
    for start in np.arange(120, 2000, 120) + np.random.default_rng(seed).integers(0, 60):
        X[start : start + 12] -= 0.15
        y[start : start + 12] = 1
    return X, y


@pytest.mark.parametrize("seed", [0, 1])
def test_marked_points_of_a_series(seed: int) -> None:
    X, y = with_dips(seed)
    marked = np.where(np.arange(2000) < 1000, y, 0)
    make = partial(SeriesDetector, window_size=24, **QUICK)
    alone, knows = make().fit(X), make().fit(X, known_anomalies=marked)
    found = [roc_auc_score(y[1000:], d.decision_scores_[1000:]) for d in (alone, knows)]
    assert found[1] > max(0.85, found[0] + 0.08)
    np.testing.assert_array_equal(knows.decision_scores_, knows.decision_function(X))
    again = make().fit(X, known_anomalies=marked.astype(bool).tolist())
    np.testing.assert_array_equal(again.decision_scores_, knows.decision_scores_)
    plain = make().fit(X, known_anomalies=np.zeros(2000))
    np.testing.assert_array_equal(plain.decision_scores_, alone.decision_scores_)


def test_windows_of_marked_points() -> None:
    front_end = WindowFrontEnd(4, None, 1, 3)
    marked = np.zeros(20, dtype=bool)
    marked[[8, 9, 10, 11, 12, 13, 19]] = True
    free, held = front_end.starts_beside(marked)
    assert free.tolist() == [0, 1, 2, 3, 4, 14, 15]  # windows of 4 points without a marked one
    assert held.tolist() == [6, 7, 8, 9, 10, 11, 12, 16]  # half full of it, or with all of it


@pytest.mark.parametrize(
    "marks", [[1, 0], np.full(400, 2), np.zeros((400, 1)), np.full(400, np.nan), ["a"] * 400]
)
def test_marks_that_cannot_be_used(marks: Any) -> None:
    with pytest.raises(ValueError, match="for each of its 400 points"):
        SeriesDetector(window_size=24, **QUICK).fit(waves(), known_anomalies=marks)


def test_sizes_that_were_not_asked_for_are_left_out_where_no_window_is_free() -> None:
    X, marked = waves(700), np.zeros(700)
    marked[[250, 450]] = 1
    assert SeriesDetector(**QUICK).fit(X).window_sizes_ == (32, 96, 288)
    detector = SeriesDetector(**QUICK).fit(X, known_anomalies=marked)
    assert detector.window_sizes_ == (32, 96)
    with pytest.raises(ValueError, match="of 288 points have no known anomaly"):
        SeriesDetector(window_size=(32, 288), **QUICK).fit(X, known_anomalies=marked)


def test_a_series_of_known_anomalies_alone() -> None:
    with pytest.raises(ValueError, match=r"1 window.s. of 24 points have no known anomaly"):
        SeriesDetector(window_size=24, **QUICK).fit(waves(), known_anomalies=np.arange(400) > 23)


def test_parts_of_records() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 3))
    items = {"numbers": rows, "note": mixed(sentences, asking)}
    good = {"numbers": np.random.default_rng(1).normal(size=(40, 3)), "note": sentences(40, 20)}
    odd = {"numbers": good["numbers"], "note": asking(40, 30)}
    parts = [("numbers", GANDetector(**QUICK)), ("note", TextDetector(**QUICK))]
    alone = RecordDetector(parts).fit(items)
    knows = RecordDetector(parts).fit(items, known_anomalies={"note": asking(6, 10)})
    assert auroc(knows, good, odd) > max(0.9, auroc(alone, good, odd) + 0.02)
    with pytest.raises(ValueError, match="must be a dict of items by the name of their part"):
        RecordDetector(parts).fit(items, known_anomalies=asking(6, 10))
    with pytest.raises(ValueError, match=r"of the parts \['numbers', 'note'\]. Got some of \['x'"):
        RecordDetector(parts).fit(items, known_anomalies={"x": [], "note": []})
    with pytest.raises(ValueError, match="Known anomalies of the part 'note': X must hold strings"):
        RecordDetector(parts).fit(items, known_anomalies={"note": [3]})
    of_pyod = [("numbers", IForest()), parts[1]]
    with pytest.raises(ValueError, match=r"of the parts \['note'\]. Got some of \['numbers'\]"):
        RecordDetector(of_pyod).fit(items, known_anomalies={"numbers": rows[:2]})
