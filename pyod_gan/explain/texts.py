"""Why texts are flagged: which parts of them are unusual, and their rarest words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..front_ends.text_parts import TextPart
from .reasons import reasons_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("text", "score", "part", "part_score", "rarest", "reason")
NUMBERED = re.compile(r"\bx(\d+)\b")  # columns of rows, as a detector of arrays names them
KINDS = {"words": "rarest words", "characters": "rarest runs of characters"}


class FlaggedText(NamedTuple):
    """A text that is flagged."""

    place: int
    text: str
    known: bool
    score: float
    part_scores: np.ndarray  # (K,)


def reasons_of(
    parts: Sequence[tuple[str, TextPart | None, Any]],
    flagged: Sequence[FlaggedText],
    rows: Mapping[str, np.ndarray],
    top: int,
) -> pd.DataFrame:
    """One line per text and part, the part with the largest score first.

    Parameters
    ----------
    parts : sequence of tuple
        Name, part and detector of each of the K parts.
    flagged : sequence of FlaggedText
        The texts.
    rows : dict of str to ndarray of shape (n, D)
        Their rows, by the names of the parts whose columns say why a text is unusual.
    top : int
        Largest number of words, or of measures, in a reason.
    """
    lines = []
    for i, text in enumerate(flagged):
        for k in np.argsort(-text.part_scores, kind="stable"):
            name, part, detector = parts[k]
            score = float(text.part_scores[k])
            rarest: list[str] = []
            if part is not None and score > 0:
                rarest = part.rarest(text.text, text.known, top)
            if score <= 0:
                reason = f"{name}: as in typical texts"
            elif rarest:
                reason = f"{KINDS[name]}: {', '.join(map(repr, rarest))}"
            elif part is not None and name in rows:
                frame = detector.explain_frame(rows[name][i : i + 1], top=top)
                reason = "; ".join(_named(reason, part) for reason in frame["reason"])
            else:
                reason = f"{name}: {score:.3g} interquartile ranges above typical texts"
            lines.append((text.place, float(text.score), name, score, rarest, reason))
    return reasons_table(lines, COLUMNS)


def _named(reason: str, part: TextPart) -> str:
    """A reason with the names of a part's columns."""
    return NUMBERED.sub(lambda match: part.columns[int(match[1])], reason)
