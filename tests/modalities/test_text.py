"""TextDetector: what it finds, one scoring path, reasons, files, embeddings, bad input."""

from __future__ import annotations

import pickle
import re
from enum import Enum
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pyod.models.knn import KNN
from pyod.utils.encoders import BaseEncoder
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold

from pyod_gan import TextDetector
from pyod_gan.front_ends.text_parts import PARTS, Tokens
from pyod_gan.persist import safetensors_file

QUICK = {"max_iter": 10, "random_state": 0}
WHO = ["I", "you", "we", "they", "she", "he", "Anna", "Paul", "everyone", "nobody"]
DOES = ["meets", "calls", "sees", "likes", "misses", "asks", "helps", "hears", "follows", "finds"]
WHAT = [
    "the",
    "dog",
    "the",
    "car",
    "a",
    "friend",
    "the",
    "house",
    "my",
    "brother",
    "the",
    "train",
    "a",
    "book",
    "the",
    "garden",
]
WHEN = [
    "today",
    "tomorrow",
    "tonight",
    "now",
    "later",
    "soon",
    "again",
    "at",
    "noon",
    "before",
    "lunch",
    "after",
    "work",
]


def sentences(n: int = 200, seed: int = 0) -> list[str]:
    """Short ordinary sentences of about 40 words."""
    rng = np.random.default_rng(seed)
    return [
        f"{rng.choice(WHO)} {rng.choice(DOES)} {' '.join(rng.choice(WHAT, 3))} {rng.choice(WHEN)}"
        f"{rng.choice(['.', '.', '?'])}"
        for _ in range(n)
    ]


def garbled(text: str, seed: int) -> str:
    """The characters of a text in another order."""
    return "".join(np.random.default_rng(seed).permutation(list(text)))


ODD = {
    "shouted": [text.upper() for text in sentences(20, 5)],
    "advertised": [f"WIN £{i}00 now!!! Call 0{i}987654 free" for i in range(1, 21)],
    "foreign": [f"Der Zug nach Köln fährt heute um {i} Uhr nicht" for i in range(20)],
    "garbled": [garbled(text, i) for i, text in enumerate(sentences(20, 6))],
    "long": [" ".join(sentences(12, i)) for i in range(20)],
    "other words": [f"{w} voltage quantum ledger {w}" for w in ["tensor", "proton"] * 10],
}


@cache
def fitted() -> TextDetector:
    """Quick and only to be read."""
    return TextDetector(**QUICK).fit(sentences())


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("seed", [0, 1])
def test_odd_texts(kind: str, seed: int) -> None:
    """One-class, and contaminated by 7 %; KNN on topics has .5 to .9 there."""
    good, odd = sentences(270, seed), ODD[kind]
    y = np.repeat([0, 1], [70, 20])
    detector = TextDetector(max_iter=50, random_state=seed).fit(good[:200])
    assert roc_auc_score(y, detector.decision_function([*good[200:], *odd])) > 0.95
    mixed = TextDetector(max_iter=50, random_state=seed).fit([*good, *odd])
    assert roc_auc_score(np.repeat([0, 1], [270, 20]), mixed.decision_scores_) > 0.85


def test_unusual_texts_do_not_score_below_usual_ones() -> None:
    """As they do with TF-IDF and topics: their words are unknown, so they lie at the centre."""
    good, odd = sentences(270), ODD["foreign"]
    weights = TfidfVectorizer().fit(good[:200])
    topics = TruncatedSVD(16, random_state=0).fit(weights.transform(good[:200]))

    def rows(texts: list[str]) -> np.ndarray:
        return topics.transform(weights.transform(texts))

    scored, y = [*good[200:], *odd], np.repeat([0, 1], [70, 20])
    nearest = KNN().fit(rows(good[:200])).decision_function(rows(scored))
    ours = TextDetector(parts=("words",), **QUICK).fit(good[:200]).decision_function(scored)
    assert roc_auc_score(y, ours) > 0.99 > roc_auc_score(y, nearest)


def test_pyods_interface() -> None:
    X, detector = sentences(), fitted()
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    np.testing.assert_array_equal(detector.predict(X), detector.labels_)
    assert detector.labels_.sum() == pytest.approx(20, abs=3)
    assert list(detector.detectors_) == ["style", "words", "characters"]
    assert detector.n_features_in_ == 1
    again = clone(detector).fit(X)
    np.testing.assert_array_equal(again.decision_scores_, detector.decision_scores_)
    np.testing.assert_array_equal(
        detector.decision_function(X[3:4]), detector.decision_scores_[3:4]
    )
    np.testing.assert_array_equal(
        detector.decision_function(X[::-1]), detector.decision_scores_[::-1]
    )
    other = clone(detector).set_params(random_state=1).fit(X)
    assert not np.array_equal(other.decision_scores_, detector.decision_scores_)
    p = clone(detector).fit(X).calibrate(sentences(40, 1)).p_values(X)
    assert ((p > 0) & (p <= 1)).all()
    twin = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(twin.decision_function(X), detector.decision_scores_)
    with pytest.raises(NotFittedError):
        TextDetector().decision_function(X)
    with pytest.raises(NotFittedError):
        TextDetector().n_features_in_  # noqa: B018


def test_forms_of_texts() -> None:
    X, expected = sentences(), fitted().decision_scores_
    for form in (
        np.array(X),
        np.array(X, dtype=object)[:, None],
        tuple(X),
        pd.Series(X, index=range(5, 205)),
        pd.DataFrame({"text": X}),
        pd.Series(X, dtype="string"),
        pl.Series(X),
        pl.DataFrame({"text": X}),
    ):
        np.testing.assert_array_equal(fitted().decision_function(form), expected)


def test_sparse_embeddings_are_told_what_to_do() -> None:
    texts = sentences()
    sparse = TfidfVectorizer().fit(texts).transform
    with pytest.raises(ValueError, match="Got a sparse one; put a TruncatedSVD behind it"):
        TextDetector(embedding=sparse, **QUICK).fit(texts)


def test_empty_texts_and_texts_without_known_words() -> None:
    good, empty, unknown = fitted().decision_function([sentences(1, 9)[0], "", "漢字 🙂 qzxv"])
    assert good < min(empty, unknown)
    assert unknown > fitted().threshold_
    assert empty > fitted().threshold_
    for texts in (["", "", " "], ["!!", "??", "..."], ["a", "a", "a"], ["x"] * 30 + ["y"]):
        for parts in ("auto", tuple(PARTS)):
            detector = TextDetector(parts=parts, **QUICK).fit(texts)
            assert np.isfinite(detector.decision_scores_).all()
            assert np.isfinite(detector.decision_function(["", "b c", "🙂"])).all()
    assert np.isfinite(fitted().decision_function(["\ud800 half a character"])).all()


def test_a_text_of_fit_is_left_out_of_its_counts() -> None:
    X = [*sentences(), "zyzzyva"]
    detector = TextDetector(parts=("words",), **QUICK).fit(X)
    own, other = detector.decision_function(["zyzzyva", "zyzzyvb"])
    assert own == detector.decision_scores_.max()
    assert own > 5 * np.abs(detector.decision_scores_[:-1]).max() or own == pytest.approx(
        other, rel=0.2
    )


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("one text", r"pass \[text\]"),
        ([], "at least one text"),
        (["one"], "at least 2 texts. Got 1"),
        (["a", None, "b", np.nan], r"Got None and the like at positions 1, 3;"),
        (["a", 1], "positions 1"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "data frame of 2 columns"),
        (np.array([["x", "y"], ["x", "y"]]), r"shape \(2, 2\)"),
        ([None] * 9, "0, 1, 2, 3, 4 and 4 more"),
        ({"b", "a"}, "Got a set"),
        ({"a": 1}, "Got a dict"),
        (None, "Got a NoneType"),
        (np.array("abc"), r"shape \(\)"),
    ],
)
def test_bad_texts(X: object, message: str) -> None:
    detector = clone(fitted()).fit(sentences())
    with pytest.raises(ValueError, match=message):
        detector.fit(X)
    np.testing.assert_array_equal(
        detector.decision_function(sentences()), fitted().decision_scores_
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"parts": ("spelling",)}, "some of style, words, characters, topics, embedding"),
        ({"parts": ()}, "each once"),
        ({"parts": {"style", "words"}}, "each once"),
        ({"parts": ("embedding",)}, "need each other"),
        ({"embedding": len, "parts": ("words",)}, "need each other"),
        ({"max_iter": 0}, "'max_iter' parameter"),
    ],
)
def test_bad_parameters(params: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TextDetector(**params).fit(sentences(30))


def lengths(texts: list[str]) -> np.ndarray:
    """A vector for each text."""
    return np.array([[len(text), text.count(" "), text.count("!")] for text in texts])


class Lengths(BaseEncoder):
    """An encoder of PyOD."""

    def encode(self, X: list, batch_size: int = 32, show_progress: bool = True) -> np.ndarray:
        assert not show_progress
        return lengths(X)


def test_embeddings(tmp_path: Path) -> None:
    for embedding in (lengths, Lengths()):
        detector = TextDetector(embedding=embedding, **QUICK).fit(sentences())
        assert list(detector.detectors_) == ["embedding"]
        assert detector.predict(ODD["long"]).all()
        detector.save(tmp_path / "m")
        with pytest.raises(ValueError, match="embedding, which is not in the file"):
            TextDetector.load(tmp_path / "m")
        twin = TextDetector.load(tmp_path / "m", embedding=embedding)
        np.testing.assert_array_equal(
            twin.decision_function(sentences()), detector.decision_scores_
        )
    both = TextDetector(parts=("style", "embedding"), embedding=lengths, **QUICK).fit(sentences())
    assert set(both.explain_frame(ODD["long"])["part"]) == {"style", "embedding"}
    for wrong, message in (
        (lambda X: lengths(X)[:1], "for 200 texts"),
        (lambda X: lengths(X) * np.nan, "finite"),
        (lambda X: np.zeros(len(X)), r"Got \(200,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            TextDetector(embedding=wrong, **QUICK).fit(sentences())


def test_rounding_is_no_measure() -> None:
    """Where topics explain all of every text, what is left is noise of floats."""
    texts = [f"the error of node {i % 7} is at disk {i % 11}" for i in range(600)]
    part = PARTS["words"]().fit(texts)
    assert (part.rows(texts, np.ones(600, dtype=bool))[:, 2] == 0).all()
    detector = TextDetector(**QUICK).fit(texts)
    backwards = TextDetector(**QUICK).fit(texts[::-1])
    assert part.rows([""], np.zeros(1, dtype=bool)).max() < 1e3
    assert np.isfinite(backwards.decision_scores_).all()
    assert detector.predict(["the error of node 3 is at disk 5"]) == 0


def test_members_of_an_enum_are_their_texts() -> None:
    class Message(str, Enum):  # noqa: UP042 - StrEnum has another __str__
        ONE = "I meets the dog today."

    scores = fitted().decision_function([Message.ONE, Message.ONE.value])
    assert scores[0] == scores[1]


def test_an_embedding_is_called_once_in_fit() -> None:
    calls = []

    def embedding(texts: list[str]) -> np.ndarray:
        calls.append(len(texts))
        return lengths(texts)

    detector = TextDetector(embedding=embedding, **QUICK).fit(sentences())
    assert calls == [200]
    np.testing.assert_array_equal(
        detector.decision_function(sentences()), detector.decision_scores_
    )


def test_capitals_are_seen_in_pairs() -> None:
    reasons = fitted().explain_frame([sentences(1, 9)[0].upper()]).set_index("part")
    assert any(run.isupper() for run in reasons.loc["characters", "rarest"])


def test_grid_search() -> None:
    X, y = np.array([*sentences(80), *ODD["advertised"]]), np.repeat([0, 1], [80, 20])
    grid = {"parts": [("style",), ("topics",)]}
    folds = KFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(TextDetector(**QUICK), grid, scoring="roc_auc", cv=folds).fit(X, y)
    assert search.best_score_ > 0.8


def test_few_texts_do_not_make_new_ones_odd() -> None:
    """Topics of few texts would fit the very texts that they are made of."""
    detector = TextDetector(random_state=0).fit(sentences(120))
    assert detector.predict(sentences(300, 5)).mean() < 0.3


def test_reasons() -> None:
    frame = fitted().explain_frame([*sentences(30, 3), ODD["advertised"][0]])
    lines = frame[frame["text"] == 30].set_index("part")
    assert set(lines.index) == {"style", "words", "characters"}
    assert lines["part_score"].is_monotonic_decreasing
    assert lines["part_score"].mean() == pytest.approx(lines["score"].iloc[0], abs=1e-6)
    assert lines.loc["words", "reason"].startswith("rarest words: 'win'")
    assert " £1" in lines.loc["characters", "rarest"]
    assert re.search(r"(digits|capitals|marks).*expected", lines.loc["style", "reason"])
    assert list(fitted().explain_frame(sentences()[:1] * 2).columns) == list(frame.columns)
    one = fitted().explain_frame(ODD["foreign"][:1], top=1).set_index("part")
    assert len(one.loc["words", "rarest"]) == 1
    with pytest.raises(ValueError, match="`top` must be a whole number of at least 1"):
        fitted().explain_frame(sentences(), top=0)


@pytest.mark.parametrize("parts", ["auto", ("topics",), ("words", "topics")])
def test_files(tmp_path: Path, parts: object) -> None:
    X = [*sentences(), "", "漢字 🙂"]
    detector = TextDetector(parts=parts, contamination=0.05, **QUICK).fit(X)
    detector.calibrate(sentences(30, 1))
    detector.save(tmp_path / "m")
    twin = TextDetector.load(tmp_path / "m")
    new = [*ODD["foreign"], *sentences(20, 4)]
    np.testing.assert_array_equal(twin.decision_function(X), detector.decision_scores_)
    np.testing.assert_array_equal(twin.decision_function(new), detector.decision_function(new))
    np.testing.assert_array_equal(twin.p_values(new), detector.p_values(new))
    pd.testing.assert_frame_equal(twin.explain_frame(new), detector.explain_frame(new))
    assert b"everyone meets" not in (tmp_path / "m").read_bytes()


def _words(about: dict) -> dict:
    return about["own"]["parts"][1]["learnt"]


@pytest.mark.parametrize(
    "change",
    [
        lambda about, arrays: about["own"]["parts"].pop(),
        lambda about, arrays: about["own"]["parts"][0].update(name="words"),
        lambda about, arrays: about["own"]["parts"][0].update(name="other"),
        lambda about, arrays: about["own"]["parts"][0].update(unit=[0.0, -1.0]),
        lambda about, arrays: _words(about)["tokens"][0].update(size=2),
        lambda about, arrays: _words(about)["tokens"][0]["counts"].pop(),
        lambda about, arrays: _words(about)["tokens"][0].update(total=-1),
        lambda about, arrays: _words(about)["topics"]["words"].pop(),
        lambda about, arrays: _words(about)["tokens"][0].update(total=None, kinds=[], counts=[]),
        lambda about, arrays: _words(about)["tokens"][0].update(total=10**400),
        lambda about, arrays: about["own"]["parts"][0].update(unit=[float("nan"), 1.0]),
        lambda about, arrays: arrays.update({"learnt.zzz.foo": np.zeros(3)}),
        lambda about, arrays: arrays.update({"learnt.words.spread": np.zeros(3)}),
        lambda about, arrays: arrays.update({"learnt.words.middle": np.zeros((5, 1))}),
        lambda about, arrays: arrays.pop("learnt.known"),
        lambda about, arrays: arrays.update({"learnt.known": np.zeros(3)}),
        lambda about, arrays: arrays["learnt.words.middle"].fill(np.nan),
    ],
)
def test_changed_files_are_refused(tmp_path: Path, change: object) -> None:
    path = tmp_path / "m"
    fitted().save(path)
    arrays, about = safetensors_file.read(path)
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(about, arrays)
    safetensors_file.write(path, arrays, about)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        TextDetector.load(path)


def test_surprisal() -> None:
    tokens = Tokens(0).fit(["a a b", "a c"])
    assert (tokens.counts, tokens.total) == ({"a": 3, "b": 1, "c": 1}, 5)
    mean, unknown = tokens.rarity("a d", known=False)
    assert unknown == 0.5
    assert mean == pytest.approx(-(np.log(3.5 / 7) + np.log(0.5 / 7)) / 2)
    assert tokens.rarity("a c", known=True)[1] == 0.5
    assert tokens.rarity("", known=False) == (0.0, 0.0)
    assert Tokens(2).of("Ab") == ["Ab"]
    assert Tokens(3).of("ABC") == ["abc"]
