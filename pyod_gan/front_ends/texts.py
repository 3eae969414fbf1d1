"""Reads texts: lists, arrays and columns of strings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .frames import is_frame

NAMED = 5  # positions that an error names at most


def read_texts(X: Any) -> list[str]:
    """Read texts from a list, an array, a column, or a data frame of one column.

    Raises
    ------
    ValueError
        If there are none, if ``X`` is one text or a frame of several columns, or if some are
        missing or no strings. The error names their positions.
    """
    if isinstance(X, str | bytes):
        raise ValueError("X must hold several texts, as in a list. Got one text; pass [text].")
    if is_frame(X):
        if X.shape[1] != 1:
            raise ValueError(
                f"X must be one column of texts. Got a data frame of {X.shape[1]} columns; pass "
                "one of them, as in X['text']."
            )
        X = X[X.columns[0]]
    if isinstance(X, np.ndarray) and (X.ndim not in (1, 2) or X.shape[1:] not in ((), (1,))):
        raise ValueError(f"X must be one column of texts. Got an array of shape {X.shape}.")
    if isinstance(X, set | frozenset | dict) or not hasattr(X, "__iter__"):
        raise ValueError(f"X must be a list or a column of texts. Got a {type(X).__name__}.")
    texts = list(X.ravel() if isinstance(X, np.ndarray) else X)
    if not texts:
        raise ValueError("X must hold at least one text. Got none.")
    wrong = [i for i, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        more = f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        places = ", ".join(map(str, wrong[:NAMED]))
        raise ValueError(
            f"X must hold strings. Got {texts[wrong[0]]!r:.50} and the like at positions {places}"
            f"{more}; leave them out, or write '' for a missing text."
        )
    return [str.__str__(text) for text in texts]  # of members of an Enum, too


def fingerprints(texts: Sequence[str]) -> np.ndarray:
    """Numbers of 64 bits that tell texts apart, (n,) uint64."""
    encoded = (text.encode("utf-8", "surrogatepass") for text in texts)
    digests = b"".join(hashlib.blake2b(e, digest_size=8).digest() for e in encoded)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)
