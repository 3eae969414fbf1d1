"""Parts of the default for texts: how a text is written, and how rare its words and spellings are.

A part turns a text into a row of numbers. Rarity is measured by what other texts of ``fit`` hold: a
text of ``fit`` is left out of the counts that it is measured by.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

WORD = re.compile(r"\w+")
MOST_TOKENS = 50_000  # kinds of words, or of spellings, that are counted
MOST_COUNTED = 2**62  # of one kind
MOST_WORDS = 4_096  # in topics
N_TOPICS = 32  # at most
TEXTS_OF_A_TOPIC = 20  # at least, or topics fit the very texts that they are made of
ROUNDING = 1e-6  # of the measures; a smaller difference is none
SMOOTHING = 0.5  # of a text, that each kind of word is counted more than it is
Arrays = dict[str, np.ndarray]


class TextPart(ABC):
    """What one detector sees of a text."""

    name: ClassVar[str]
    preprocessing: ClassVar[str] = "auto"  # of its rows
    columns: ClassVar[tuple[str, ...]] = ()  # what they hold, in words
    has_words: ClassVar[bool] = False  # whether the rarest words say why a text is unusual

    def fit(self, texts: Sequence[str]) -> TextPart:
        """Learn from texts."""
        return self

    @abstractmethod
    def rows(self, texts: Sequence[str], known: np.ndarray) -> np.ndarray:
        """Rows of texts, of which some (n,) were among those of ``fit``, (n, D)."""

    def rarest(self, text: str, known: bool, top: int) -> list[str]:
        """The rarest words or spellings of a text."""
        return []

    def to_saved(self) -> tuple[dict[str, Any], Arrays]:
        """Return everything learnt, in types that JSON can hold, and as arrays."""
        return {}, {}

    @classmethod
    def from_saved(cls, about: Mapping[str, Any], arrays: Arrays) -> TextPart:
        """Make a part from :meth:`to_saved`.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is not what a part has learnt.
        """
        return cls()


class Style(TextPart):
    """How a text is written: lengths, and shares of kinds of characters."""

    name = "style"
    columns = (
        "length",
        "number of words",
        "share of digits",
        "share of capitals",
        "share of marks",
        "mean length of words",
        "longest word",
        "number of digits",
    )

    def rows(self, texts: Sequence[str], known: np.ndarray) -> np.ndarray:
        return np.array([_style(text) for text in texts])


class Tokens:
    """How often words, or runs of characters, occur in the texts of ``fit``.

    Parameters
    ----------
    size : int
        Characters of a run. 0 stands for words.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def of(self, text: str) -> list[str]:
        """Words of a text, or its runs of characters. Pairs of characters keep their case."""
        if not self.size:
            return WORD.findall(text.lower())
        text = text if self.size == 2 else text.lower()
        return [text[i : i + self.size] for i in range(len(text) - self.size + 1)]

    def fit(self, texts: Sequence[str]) -> Tokens:
        """Count."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(self.of(text))
        kept = sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))[:MOST_TOKENS]
        return self._use(dict(kept), sum(counts.values()))

    def _use(self, counts: dict[str, int], total: int) -> Tokens:
        self.counts, self.total = counts, total
        return self

    def surprisals(self, text: str, known: bool) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Kinds of words in a text, how often they occur in it and in the others of ``fit``."""
        own = Counter(self.of(text))
        here = np.array(list(own.values()), dtype=float)
        there = np.array([self.counts.get(kind, 0) for kind in own], dtype=float)
        return list(own), here, np.maximum(there - here * known, 0)

    def rarity(self, text: str, known: bool) -> tuple[float, float]:
        """Mean surprisal of a text's words, and the share of those that no other text has."""
        _, here, there = self.surprisals(text, known)
        if not len(here):
            return 0.0, 0.0
        surprisal = self.surprisal(there)
        return float(here @ surprisal / here.sum()), float(here @ (there == 0) / here.sum())

    def surprisal(self, counts: np.ndarray) -> np.ndarray:
        """Minus the logarithm of the smoothed shares of words, of their counts."""
        total = self.total + SMOOTHING * (len(self.counts) + 1)
        return -np.log((counts + SMOOTHING) / total)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts in types that JSON can hold."""
        kinds, counts = list(self.counts), list(self.counts.values())
        return {"size": self.size, "kinds": kinds, "counts": counts, "total": self.total}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Tokens:
        """Make the same from :meth:`to_dict`."""
        kinds, counts = saved["kinds"], saved["counts"]
        if type(saved["size"]) is not int or not all(type(kind) is str for kind in kinds):
            raise ValueError("its words must be texts")
        if not all(type(n) is int and 0 <= n < MOST_COUNTED for n in [saved["total"], *counts]):
            raise ValueError("its words must have whole numbers as counts")
        return cls(saved["size"])._use(dict(zip(kinds, counts, strict=True)), saved["total"])


class _Rare(TextPart):
    """Base of the parts that measure rarity, of which only the upper half of each column counts.

    A text of common words is not odd. So a value below the median counts as the median.
    """

    has_words = True
    sizes: ClassVar[tuple[int, ...]]  # of runs of characters, 0 for words

    def fit(self, texts: Sequence[str]) -> TextPart:
        self.tokens = [Tokens(size).fit(texts) for size in self.sizes]
        self._learn(texts)
        values = self._values(texts, np.ones(len(texts), dtype=bool))
        low, self.middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
        spread = np.where(high > low, high - low, values.std(axis=0))
        self.spread = np.where(spread > ROUNDING, spread, 1.0)
        return self

    def rows(self, texts: Sequence[str], known: np.ndarray) -> np.ndarray:
        values = (self._values(texts, known) - self.middle) / self.spread
        return np.asarray(np.maximum(values, 0.0))

    def rarest(self, text: str, known: bool, top: int) -> list[str]:
        found = []
        for tokens in self.tokens:
            kinds, _, there = tokens.surprisals(text, known)
            found += list(zip(there.tolist(), [-tokens.size] * len(kinds), kinds, strict=True))
        ranked = sorted(found, key=lambda kind: kind[:2])  # the longer first, in their order
        return [kind for _, _, kind in ranked[:top]]

    def to_saved(self) -> tuple[dict[str, Any], Arrays]:
        about = {"tokens": [tokens.to_dict() for tokens in self.tokens]}
        return about, {"middle": self.middle, "spread": self.spread}

    @classmethod
    def from_saved(cls, about: Mapping[str, Any], arrays: Arrays) -> TextPart:
        part = cls()
        part.tokens = [Tokens.from_dict(saved) for saved in about["tokens"]]
        if tuple(tokens.size for tokens in part.tokens) != cls.sizes:
            raise ValueError(f"its part {cls.name!r} must count tokens of sizes {cls.sizes}")
        part.middle, part.spread = arrays["middle"], arrays["spread"]
        right = part.middle.shape == part.spread.shape == (len(cls.columns),)
        if not right or not (part.spread >= ROUNDING).all():
            raise ValueError(f"its part {cls.name!r} must have a positive spread for each measure")
        return part

    def _learn(self, texts: Sequence[str]) -> None:
        """Learn more than counts."""

    def _values(self, texts: Sequence[str], known: np.ndarray) -> np.ndarray:
        """Measures of rarity, (n, D)."""
        return np.array(
            [
                [value for tokens in self.tokens for value in tokens.rarity(text, bool(own))]
                for text, own in zip(texts, known, strict=True)
            ]
        )


class Words(_Rare):
    """How rare the words of a text are, and how little of it the topics of all texts explain."""

    name = "words"
    sizes = (0,)
    columns = ("mean surprisal of words", "share of unknown words", "distance from topics")

    def _learn(self, texts: Sequence[str]) -> None:
        self.topics = Topics().fit(texts)

    def _values(self, texts: Sequence[str], known: np.ndarray) -> np.ndarray:
        lengths = np.linalg.norm(self.topics.directions(texts), axis=1)
        return np.column_stack([super()._values(texts, known), -lengths.round(6)])

    def to_saved(self) -> tuple[dict[str, Any], Arrays]:
        about, arrays = super().to_saved()
        of_topics, more = self.topics.to_saved()
        return about | {"topics": of_topics}, arrays | more

    @classmethod
    def from_saved(cls, about: Mapping[str, Any], arrays: Arrays) -> TextPart:
        part = super().from_saved(about, arrays)
        assert isinstance(part, cls)
        part.topics = Topics.from_saved(about["topics"], arrays)
        return part


class Characters(_Rare):
    """How rare pairs and triples of characters are: spelling, marks, numbers, languages."""

    name = "characters"
    sizes = (2, 3)
    columns = (
        "mean surprisal of pairs of characters",
        "share of unknown pairs",
        "mean surprisal of triples of characters",
        "share of unknown triples",
    )


class Topics(TextPart):
    """What a text is about: the direction of its words in topics (latent semantic analysis).

    Words are weighed by TF-IDF, and topics are found by a truncated singular value decomposition
    (Deerwester et al., "Indexing by Latent Semantic Analysis", JASIS 1990).
    """

    name = "topics"
    preprocessing = "joint"

    def fit(self, texts: Sequence[str]) -> Topics:
        self.vectorizer = _vectorizer()
        if not any(WORD.search(text) for text in texts):
            texts = ["none"]  # of them has a word
        weights = self.vectorizer.fit_transform(texts)
        enough = max(1, len(texts) // TEXTS_OF_A_TOPIC)
        n_topics = min(N_TOPICS, enough, min(weights.shape) - 1)
        self.components = np.zeros((1, weights.shape[1]))
        if n_topics > 0:
            found = TruncatedSVD(n_topics, algorithm="arpack", random_state=0).fit(weights)
            self.components = found.components_
        return self

    def rows(self, texts: Sequence[str], known: np.ndarray) -> np.ndarray:
        directions = self.directions(texts)
        lengths = np.linalg.norm(directions, axis=1, keepdims=True)
        return np.asarray(directions / np.where(lengths > 0, lengths, 1))

    def directions(self, texts: Sequence[str]) -> np.ndarray:
        """Topics of texts, not longer than 1, (n, K)."""
        return np.asarray(self.vectorizer.transform(texts) @ self.components.T)

    def to_saved(self) -> tuple[dict[str, Any], Arrays]:
        words = sorted(self.vectorizer.vocabulary_, key=self.vectorizer.vocabulary_.get)
        return {"words": words}, {"components": self.components, "idf": self.vectorizer.idf_}

    @classmethod
    def from_saved(cls, about: Mapping[str, Any], arrays: Arrays) -> Topics:
        part = cls()
        if not all(type(word) is str for word in about["words"]):
            raise ValueError("its words must be texts")
        part.vectorizer = _vectorizer({word: i for i, word in enumerate(about["words"])})
        part.vectorizer.idf_ = arrays["idf"]
        part.components = arrays["components"]
        if part.components.shape[1:] != arrays["idf"].shape:
            raise ValueError("its topics must have a weight for each word")
        return part


PARTS = {part.name: part for part in (Style, Words, Characters, Topics)}


def _vectorizer(vocabulary: dict[str, int] | None = None) -> TfidfVectorizer:
    """Weighs words by TF-IDF."""
    most = MOST_WORDS if vocabulary is None else None
    return TfidfVectorizer(
        token_pattern=WORD.pattern, sublinear_tf=True, max_features=most, vocabulary=vocabulary
    )


def _style(text: str) -> list[float]:
    """Numbers of how a text is written."""
    words = text.split()
    lengths = [len(word) for word in words] or [0]
    n = max(len(text), 1)
    digits = sum(c.isdigit() for c in text)
    return [
        float(len(text)),
        float(len(words)),
        digits / n,
        sum(c.isupper() for c in text) / n,
        sum(not (c.isalnum() or c.isspace()) for c in text) / n,
        float(np.mean(lengths)),
        float(max(lengths)),
        float(digits),
    ]
