"""Records of several kinds of data: the contract of RecordDetector, and PyOD's own wrapper."""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image
from pyod.models.embedding import MultiModalOD
from pyod.models.iforest import IForest
from pyod.models.knn import KNN
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold

from pyod_gan import AudioDetector, GANDetector, ImageDetector, RecordDetector, TextDetector
from pyod_gan.modalities.record_model import Calibrated
from pyod_gan.persist.safetensors_file import read
from pyod_gan.persist.safetensors_file import write as write_file

from .test_audio import RATE, tones
from .test_image import as_bytes, rings, spotted, write
from .test_text import sentences

QUICK = {"max_iter": 10, "random_state": 0}


def records(n: int = 120, seed: int = 0) -> dict[str, Any]:
    """Rows of three numbers, a sentence and an image."""
    rows = np.random.default_rng(seed).normal(size=(n, 3))
    return {"numbers": rows, "note": sentences(n, seed), "photo": rings(n, seed, side=12)}


def odd_in(part: str, n: int = 15, seed: int = 50) -> dict[str, Any]:
    """Records of which one part is odd."""
    found = records(n, seed)
    if part == "numbers":
        found["numbers"] = found["numbers"] + [4, -4, 4]
    if part == "note":
        found["note"] = [f"WIN £{i}00 NOW!!! Call 0900 {123456 + i}" for i in range(n)]
    if part == "photo":
        found["photo"] = found["photo"][:, ::2].repeat(2, axis=1)
    return found


def parts() -> list[tuple[str, Any]]:
    return [
        ("numbers", GANDetector(**QUICK)),
        ("note", TextDetector(**QUICK)),
        ("photo", ImageDetector(**QUICK)),
    ]


@cache
def fitted() -> RecordDetector:
    """Quick and only to be read."""
    return RecordDetector(parts()).fit(records())


def auroc(detector: RecordDetector, odd: dict[str, Any]) -> float:
    good = records(30, 70)
    scores = [detector.decision_function(X) for X in (good, odd)]
    y = np.repeat([0, 1], [len(s) for s in scores])
    return float(roc_auc_score(y, np.concatenate(scores)))


@pytest.mark.parametrize("part", ["numbers", "note", "photo"])
def test_one_odd_part_is_not_drowned(part: str) -> None:
    odd = odd_in(part)
    assert auroc(fitted(), odd) > 0.95
    reasons = fitted().explain_frame(odd)
    first = reasons.groupby("record").first()
    assert (first["part"] == part).mean() > 0.9
    assert first["reason"].str.startswith(f"{part}: as odd as ").mean() > 0.9
    assert first["reason"].str.contains(r"of the training records \(.+\)").mean() > 0.9


def test_units_of_the_detectors_do_not_matter() -> None:
    """A detector whose scores grow beyond all measure has no more to say than the others."""

    class Wild(IForest):
        def fit(self, X: Any, y: Any = None) -> Wild:
            super().fit(X)
            self.decision_scores_ = self.decision_function(X)
            return self

        def decision_function(self, X: Any) -> np.ndarray:
            return np.exp(60 * super().decision_function(X))

    tame = RecordDetector([*parts()[1:], ("numbers", IForest(random_state=0))]).fit(records())
    wild = RecordDetector([*parts()[1:], ("numbers", Wild(random_state=0))]).fit(records())
    for part in ("numbers", "note", "photo"):
        assert abs(auroc(wild, odd_in(part)) - auroc(tame, odd_in(part))) < 0.05


def test_slightly_odd_parts_add_up() -> None:
    rng = np.random.default_rng(0)
    names = [f"part {k}" for k in range(5)]
    train, good, odd = (
        {name: rng.normal(shift, 1, (n, 1)) for name in names}
        for n, shift in ((200, 0), (200, 0), (200, 1.5))
    )
    each = [RecordDetector([(name, KNN())]).fit(train) for name in names]
    together = RecordDetector([(name, KNN()) for name in names]).fit(train)
    y = np.repeat([0, 1], 200)
    found = [
        roc_auc_score(y, np.r_[d.decision_function(good), d.decision_function(odd)])
        for d in [*each, together]
    ]
    assert found[-1] > max(found[:-1]) + 0.05


def test_tails() -> None:
    part = Calibrated(None, np.arange(1.0, 100.0), 75.0, 50.0)
    assert part.shares(np.array([50.0]))[0] == pytest.approx(51 / 100)
    tails = part.tails(np.array([-5.0, 50, 99, 100, 1000]))
    assert tails[0] == pytest.approx(0)
    assert tails[1] == pytest.approx(-np.log(0.51))
    assert (np.diff(tails) > 0).all()
    assert tails[4] == pytest.approx(np.log(100) + np.log1p(925 / 50))


def test_pyods_interface() -> None:
    X, detector = records(), fitted()
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    np.testing.assert_array_equal(detector.predict(X), detector.labels_)
    assert detector.labels_.sum() == 12
    assert list(detector.detectors_) == ["numbers", "note", "photo"]
    assert detector.n_features_in_ == 3
    assert detector.part_tails(X).shape == (120, 3)
    assert abs(np.median(detector.decision_scores_)) < 1e-6
    assert detector.predict_proba(X).shape == (120, 2)
    again = clone(detector).fit(X)
    np.testing.assert_array_equal(again.decision_scores_, detector.decision_scores_)
    p = clone(detector).fit(X).calibrate(records(30, 1)).p_values(X)
    assert ((p > 0) & (p <= 1)).all()
    twin = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(twin.decision_function(X), detector.decision_scores_)
    with pytest.raises(NotFittedError):
        RecordDetector().decision_function(X)


def test_seeds_reach_the_detectors() -> None:
    X = records()
    loose = [("numbers", GANDetector(max_iter=10)), ("note", TextDetector(max_iter=10))]
    first, second = (RecordDetector(loose, random_state=0).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.decision_scores_, second.decision_scores_)
    other = RecordDetector(loose, random_state=1).fit(X)
    assert not np.array_equal(first.decision_scores_, other.decision_scores_)
    assert loose[0][1].random_state is None
    assert not hasattr(loose[0][1], "decision_scores_")


def test_parameters_of_detectors_are_searched() -> None:
    detector = RecordDetector(parts())
    assert detector.get_params()["note__max_iter"] == 10
    detector.set_params(note__max_iter=20, photo=KNN(), contamination=0.2)
    assert detector.detectors[1][1].max_iter == 20
    assert isinstance(detector.detectors[2][1], KNN)
    with pytest.raises(ValueError, match="Invalid parameter 'some'"):
        detector.set_params(some__thing=1)
    good, odd = records(40), odd_in("note", 6)
    frame = pd.DataFrame(np.r_[good["numbers"], odd["numbers"]], columns=list("abc"))
    frame["note"] = good["note"] + odd["note"]
    y = np.repeat([0, 1], [40, 6])
    search = GridSearchCV(
        RecordDetector([("table", KNN()), ("note", TextDetector(**QUICK))]),
        {"table__n_neighbors": [3, 5], "note__parts": [("style",)]},
        scoring="roc_auc",
        cv=KFold(2, shuffle=True, random_state=0),
    ).fit(frame, y)
    assert search.best_score_ > 0.8


def frame_of(n: int, folder: Path) -> pd.DataFrame:
    """Numbers, a category, a note, and the path of an image."""
    data = records(n)
    frame = pd.DataFrame(data["numbers"], columns=list("abc"))
    frame["colour"] = np.random.default_rng(0).choice(["red", "green"], n)
    frame["note"] = data["note"]
    frame["photo"] = [str(path) for path in write(folder, as_bytes(data["photo"]))]
    return frame


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_columns_of_a_frame_are_parts(kind: str, tmp_path: Path) -> None:
    frame = frame_of(40, tmp_path)
    given = frame if kind == "pandas" else pl.from_pandas(frame)
    detector = RecordDetector(random_state=0).fit(given)
    assert {n: type(d) for n, d in detector.detectors_.items()} == {
        "table": GANDetector,
        "note": TextDetector,
        "photo": ImageDetector,
    }
    assert list(detector.detectors_["table"].feature_names_in_) == ["a", "b", "c", "colour"]
    np.testing.assert_array_equal(detector.decision_function(given), detector.decision_scores_)
    shuffled = given[["photo", "colour", "note", "c", "b", "a"]]
    np.testing.assert_array_equal(detector.decision_function(shuffled), detector.decision_scores_)
    if kind == "pandas":
        odd = frame.iloc[[3, 30]].copy()
        odd["note"] = "WIN £900 NOW!!! Call 0900 123456"
        Image.fromarray(as_bytes(spotted(1)[0])[0]).resize((12, 12)).save(tmp_path / "odd.png")
        odd.loc[30, "photo"] = str(tmp_path / "odd.png")
        reasons = detector.explain_frame(odd, flagged_only=False)
        assert reasons.groupby("record").first()["part"].tolist()[0] == "note"
        assert reasons["record"].tolist() == [0] * 3 + [1] * 3


def test_kinds_are_found_by_the_items() -> None:
    X = {
        "numbers": np.zeros((12, 2)) + np.arange(12)[:, None],
        "one": np.arange(12.0),
        "listed": [float(i) for i in range(12)],
        "column": pd.Series(range(12)),
        "photo": list(rings(12, side=12)),
        "sound": [(clip, RATE) for clip in tones(12)],
        "note": sentences(12),
    }
    detector = RecordDetector(random_state=0).fit(X)
    assert [type(d) for d in detector.detectors_.values()] == [
        *[GANDetector] * 4,
        ImageDetector,
        AudioDetector,
        TextDetector,
    ]
    assert detector.decision_function(X).shape == (12,)


def test_a_record_may_lack_a_part() -> None:
    X = records(40)
    X["note"] = [None if i % 4 == 0 else note for i, note in enumerate(X["note"])]
    photos: list[Any] = list(X["photo"])
    photos[1] = np.nan
    X["photo"] = photos
    detector = RecordDetector(parts()).fit(X)
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    tails = detector.part_tails(X)
    assert np.isnan(tails[::4, 1]).all()
    assert np.isnan(tails[1, 2])
    assert np.isfinite(detector.decision_scores_).all()
    odd = {name: items[:2] for name, items in X.items()}
    odd["numbers"] = odd["numbers"] + [6, -6, 6]
    assert detector.predict(odd).all()
    reasons = detector.explain_frame(odd)
    assert reasons["part"].tolist()[0] == "numbers"
    assert "note" not in reasons[reasons["record"] == 0]["part"].tolist()
    none = {"numbers": X["numbers"][:2], "note": [None, None], "photo": [None, None]}
    assert np.isfinite(detector.decision_function(none)).all()


def test_parts_that_are_skipped_count_as_missing() -> None:
    X = records(40)
    X["photo"] = list(X["photo"])
    X["photo"][3] = X["photo"][3][:5]
    given = [*parts()[:2], ("photo", ImageDetector(on_error="skip", **QUICK))]
    with pytest.warns(UserWarning, match="1 image"):
        detector = RecordDetector(given).fit(X)
    with pytest.warns(UserWarning, match="1 image"):
        tails = detector.part_tails(X)
    assert np.argwhere(np.isnan(tails)).tolist() == [[3, 2]]
    with pytest.warns(UserWarning, match="1 image"):
        np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    with pytest.warns(UserWarning), pytest.raises(ValueError, match=r"no part that .* used: \[3\]"):
        RecordDetector(given[2:]).fit(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 2)), "a dict of the parts of records, or a data frame. Got ndarray"),
        ({}, "X has no parts"),
        (
            {"a": np.zeros((5, 2)), "b": sentences(4)},
            r"as many records as the others. Got {'a': 5,",
        ),
        ({"a": [None, "x"], "b": [None, "y"]}, r"1 record\(s\) have no part at all: \[0\]"),
        ({"a": np.zeros((0, 2)), "b": []}, "There are no records"),
        ({"a": 3}, "A part must be a table, an array or a list"),
        ({"a": "text"}, "A part must be a table, an array or a list"),
        ({"a": [np.zeros(9), np.zeros(9)]}, "kind of the part 'a' cannot be known"),
        ({"a": ["x", (1, 2)]}, "kind of the part 'a' cannot be known"),
        ({"a": np.full((5, 2), np.inf)}, "Part 'a': .*infinity"),
    ],
)
def test_bad_input(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RecordDetector().fit(X)


@pytest.mark.parametrize(
    ("detectors", "message"),
    [
        ([], "list of pairs"),
        ([("a", 3)], "list of pairs"),
        ([("numbers", IsolationForest())], "a detector of PyOD's kind"),
        ([KNN()], "list of pairs"),
        ([("a", KNN()), ("a", KNN())], "must differ, have no '__'"),
        ([("a__b", KNN())], "must differ, have no '__'"),
        ([("contamination", KNN())], "be no parameter"),
        ([("other", KNN())], r"X has no part 'other'. It has \['numbers', 'note', 'photo'\]"),
        ("all", "'detectors' parameter"),
    ],
)
def test_bad_detectors(detectors: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RecordDetector(detectors).fit(records(10))


def test_texts_may_end_like_names_of_files() -> None:
    notes = sentences(30)
    notes[3] += " scan.png"
    detector = RecordDetector(random_state=0, verbose=0).fit({"note": notes})
    assert isinstance(detector.detectors_["note"], TextDetector)


def test_detectors_that_are_made_are_as_verbose() -> None:
    found = RecordDetector(random_state=0, verbose=2).fit({"numbers": records(30)["numbers"]})
    assert found.detectors_["numbers"].verbose == 2


def test_frames_that_do_not_fit() -> None:
    frame = pd.DataFrame({"a": range(9), "note": sentences(9)})
    for names, message in ((["x", "y"], "no columns 'x', 'y'"), (["a", "note", "z"], "No columns")):
        with pytest.raises(ValueError, match=message):
            RecordDetector([(name, KNN()) for name in names]).fit(frame)


def test_a_failed_fit_changes_nothing() -> None:
    detector = pickle.loads(pickle.dumps(fitted()))
    before = detector.decision_scores_
    bad = records(20)
    bad["photo"][3] = np.nan
    with pytest.raises(ValueError, match=r"Part 'photo': .*X\[3\]"):
        detector.fit(bad)
    np.testing.assert_array_equal(detector.decision_function(records()), before)


def test_pyods_wrapper_takes_our_detectors() -> None:
    X = records()
    wrapper = MultiModalOD(dict(parts())).fit(X)
    scores = wrapper.decision_function(X)
    np.testing.assert_allclose(scores, wrapper.decision_scores_)
    both = [wrapper.decision_function(of) for of in (records(30, 70), odd_in("note"))]
    assert roc_auc_score(np.repeat([0, 1], [30, 15]), np.concatenate(both)) > 0.8


def test_files(tmp_path: Path) -> None:
    """Also of missing parts, thresholds, parameters, and reasons."""
    X = records()
    X["note"][3], X["photo"] = None, [None, *X["photo"][1:]]
    detector = RecordDetector(parts(), contamination=0.05).fit(X).calibrate(records(40, 1))
    detector.save(tmp_path / "file")
    loaded = RecordDetector.load(tmp_path / "file")
    for of in (X, odd_in("photo")):
        np.testing.assert_array_equal(loaded.decision_function(of), detector.decision_function(of))
        np.testing.assert_array_equal(loaded.part_tails(of), detector.part_tails(of))
    np.testing.assert_array_equal(loaded.decision_scores_, detector.decision_scores_)
    np.testing.assert_array_equal(loaded.conformal_scores_, detector.conformal_scores_)
    assert (loaded.threshold_, loaded.contamination) == (detector.threshold_, 0.05)
    assert loaded.get_params()["note__max_iter"] == 10
    assert [name for name, _ in loaded.detectors] == ["numbers", "note", "photo"]
    odd = odd_in("numbers")
    assert loaded.explain_frame(odd).equals(detector.explain_frame(odd))
    loaded.fit(records(30))


def test_files_of_frames_found_by_themselves(tmp_path: Path) -> None:
    frame = pd.DataFrame({"amount": np.arange(40.0) % 7, "kind": ["a", "b"] * 20})
    frame["note"] = sentences(40)
    detector = RecordDetector(random_state=0).fit(frame)
    detector.save(tmp_path / "file")
    loaded = RecordDetector.load(tmp_path / "file")
    assert (loaded.detectors, loaded.random_state) == ("auto", 0)
    shuffled = frame[["note", "kind", "amount"]].assign(more=1)
    np.testing.assert_array_equal(loaded.decision_function(shuffled), detector.decision_scores_)


def test_files_of_embeddings_get_them_again(tmp_path: Path) -> None:
    def means(images: np.ndarray) -> np.ndarray:
        return images.mean(axis=(2, 3))

    own = [*parts()[:1], ("photo", ImageDetector(embedding=means, **QUICK))]
    detector = RecordDetector(own).fit(records(40))
    detector.save(tmp_path / "file")
    loaded = RecordDetector.load(tmp_path / "file", embeddings={"photo": means})
    np.testing.assert_array_equal(loaded.decision_function(records(40)), detector.decision_scores_)
    with pytest.raises(ValueError, match=r"embeddings=\{'photo': ...\}"):
        RecordDetector.load(tmp_path / "file")
    with pytest.raises(ValueError, match=r"no detector of an embedding for \['numbers'\]"):
        RecordDetector.load(tmp_path / "file", embeddings={"photo": means, "numbers": means})


def test_what_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(NotFittedError):
        RecordDetector().save(path)
    mixed = RecordDetector([parts()[0], ("note", TextDetector(**QUICK)), ("photo", KNN())])
    X = records(30) | {"photo": records(30)["numbers"]}
    with pytest.raises(ValueError, match="Got a KNN; use joblib"):
        mixed.fit(X).save(path)
    assert not path.exists()
    fitted().detectors_["numbers"].save(path)
    with pytest.raises(ValueError, match=r"it holds a GANDetector; use GANDetector.load"):
        RecordDetector.load(path)
    fitted().save(path)
    for other in (GANDetector, ImageDetector):
        with pytest.raises(ValueError, match=r"it holds a RecordDetector; use RecordDetector.load"):
            other.load(path)


HOSTILE = {
    "a part of another kind": lambda arrays, about: about["parts"][0].update(kind="RecordDetector"),
    "no part": lambda arrays, about: about["parts"].pop(),
    "a part that is no entry": lambda arrays, about: about["parts"].__setitem__(0, 3),
    "names alike": lambda arrays, about: about["own"]["parts"].__setitem__(0, "note"),
    "a name that is none": lambda arrays, about: about["own"]["parts"].__setitem__(0, 3),
    "no unit": lambda arrays, about: about["own"].update(unit=[0.0, 0.0]),
    "scores that fall": lambda arrays, about: arrays.update(
        {"learnt.0": arrays["learnt.0"][::-1].copy()}
    ),
    "no scores": lambda arrays, about: arrays.pop("learnt.1"),
    "more scores": lambda arrays, about: arrays.update({"learnt.9": arrays["learnt.0"]}),
    "other parameters": lambda arrays, about: about["params"].update(sudo=1),
    "a list of code": lambda arrays, about: about["params"].update(detectors=[["a", "b"]]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_forged_files_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    fitted().save(path)
    arrays, about = read(path)
    about.pop("sha256")
    HOSTILE[name](arrays, about)
    write_file(path, arrays, about)
    with pytest.raises(ValueError, match="cannot be loaded"):
        RecordDetector.load(path)
