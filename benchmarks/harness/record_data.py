"""Labelled records of a table row, a text and an image, odd in one part or slightly in all."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

from .labelled import Array, Labelled
from .text_data import garbled, other_words, sentence

N_NORMAL = 170
N_ODD = 40
DIGIT = 3  # of the normal images
SLIGHT = 0.35  # of a row or an image that is another one's
PARTS = ("table", "text", "image")
SETS = (*(f"odd {part}" for part in PARTS), "all slightly odd")


def generated() -> list[Labelled]:
    """Make four sets of records. Rows are of benign tumours, and images are of one digit."""
    return [Labelled(name, *_records(seed, name)) for seed, name in enumerate(SETS)]


def _records(seed: int, name: str) -> tuple[Array, Array]:
    """Records of a set, and their labels."""
    draws = np.random.default_rng(seed)
    rows, benign = load_breast_cancer(return_X_y=True)
    digits = load_digits()
    images, threes = digits.images / 16.0, digits.target == DIGIT
    table, other_rows = (draws.permutation(rows[benign == kind]) for kind in (1, 0))
    photos, other_photos = (draws.permutation(images[threes == kind]) for kind in (True, False))
    records = np.empty(N_NORMAL + N_ODD, dtype=object)
    y = np.r_[np.zeros(N_NORMAL, dtype=int), np.ones(N_ODD, dtype=int)]
    for i in range(len(records)):
        odd, k = bool(y[i]), i - N_NORMAL
        j = i if not odd else int(draws.integers(N_NORMAL))
        row, text, photo = table[j], sentence(draws), photos[j]
        if odd and name == "odd table":
            row = other_rows[k]
        elif odd and name == "odd text":
            text = other_words(draws) if k % 2 else garbled(draws)
        elif odd and name == "odd image":
            photo = other_photos[k]
        elif odd:
            row = (1 - SLIGHT) * row + SLIGHT * other_rows[k]
            photo = (1 - SLIGHT) * photo + SLIGHT * other_photos[k]
            words = text.split(" ")
            words[int(draws.integers(len(words)))] = other_words(draws).split(" ")[-1]
            text = " ".join(words)
        records[i] = (row, text, photo)
    return records, y
