"""Labelled texts: generated sentences with odd ones among them, and files.

A file has one text a line, behind its label and a tab, as the SMS Spam Collection (Almeida, Gómez
Hidalgo and Yamakami, "Contributions to the Study of SMS Spam Filtering", DocEng 2011). The label of
most lines is the normal one.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from .datasets import DataError
from .labelled import Labelled

N_TEXTS = 400  # of a generated set
SHARE = 0.1  # of them that are odd
WHO = ("I", "you", "we", "they", "Anna", "Paul", "my brother", "the neighbour", "everyone")
DOES = ("meets", "calls", "sees", "likes", "misses", "asks", "helps", "hears", "follows", "finds")
WHAT = ("the dog", "the car", "a friend", "the house", "the train", "a book", "the garden", "a cat")
WHEN = (
    "today",
    "tomorrow",
    "tonight",
    "now",
    "later",
    "soon",
    "at noon",
    "after work",
    "on Monday",
)


def generated() -> list[Labelled]:
    """Make sentences, a tenth of which are odd in one way."""
    odd = {"advertised": advertised, "other words": other_words, "garbled": garbled}
    sets = []
    for seed, (name, make) in enumerate(odd.items()):
        draws = np.random.default_rng(seed)
        y = np.zeros(N_TEXTS, dtype=int)
        y[: int(SHARE * N_TEXTS)] = 1
        texts = [make(draws) if label else sentence(draws) for label in y]
        sets.append(Labelled(name, np.array(texts, dtype=object), y))
    return sets


def from_file(path: Path) -> Labelled:
    """Read texts behind their labels.

    Raises
    ------
    DataError
        If a line has no tab, or if all have the same label.
    """
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    parts = [line.split("\t", 1) for line in lines]
    if any(len(part) != 2 for part in parts):
        raise DataError(f"{path} must have a label, a tab and a text on each line.")
    counts = Counter(label for label, _ in parts)
    if len(counts) < 2:
        raise DataError(f"{path} must have at least two labels.")
    normal = counts.most_common(1)[0][0]
    y = np.array([label != normal for label, _ in parts]).astype(int)
    return Labelled(path.stem, np.array([text for _, text in parts], dtype=object), y)


def sentence(draws: np.random.Generator) -> str:
    """A usual sentence."""
    words = (draws.choice(choices) for choices in (WHO, DOES, WHAT, WHEN))
    return " ".join(words) + str(draws.choice([".", ".", "?"]))


def advertised(draws: np.random.Generator) -> str:
    """An advertisement."""
    return f"WIN {draws.integers(1, 10)}00 now! Call 0{draws.integers(10**6, 10**7)} today"


def other_words(draws: np.random.Generator) -> str:
    """A sentence with two words that no other has."""
    nouns = ("voltage", "ledger", "proton", "invoice", "tensor", "glacier", "enzyme", "sonata")
    return f"{draws.choice(WHO)} {draws.choice(DOES)} {draws.choice(nouns)} {draws.choice(nouns)}."


def garbled(draws: np.random.Generator) -> str:
    """A sentence whose letters are mixed up."""
    return "".join(draws.permutation(list(sentence(draws))))
