"""Why images are flagged: which parts of them are unusual, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import find_objects, label

from .reasons import reasons_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("image", "score", "part", "part_score", "top", "left", "bottom", "right", "reason"),
)  # fmt: skip
PEAK = 0.5  # share of the largest value of a map down to which a region reaches
WORDS = {
    "shape": "shape",
    "sections": "shape of sections",
    "texture": "texture",
    "detail": "detail",
    "pixels": "values of pixels",
    "embedding": "features",
}


class Flagged(NamedTuple):
    """An image that is flagged."""

    name: str | int
    score: float
    part_scores: np.ndarray  # (K,)
    maps: np.ndarray  # (K, H, W)


def regions(parts: Sequence[str], flagged: Sequence[Flagged]) -> pd.DataFrame:
    """One line per image and part, the part with the largest score first."""
    lines = []
    for image in flagged:
        for k in np.argsort(-image.part_scores, kind="stable"):
            top, left, bottom, right = region(image.maps[k])
            score = float(image.part_scores[k])
            reason = (
                f"{WORDS[parts[k]]} in rows {top} to {bottom} and columns {left} to {right}: "
                f"{score:.3g} interquartile ranges above typical images"
            )
            if score <= 0:
                reason = f"{WORDS[parts[k]]}: as in typical images"
            place = (top, left, bottom, right)
            lines.append((image.name, float(image.score), parts[k], score, *place, reason))
    return reasons_table(lines, COLUMNS)


def region(scores: np.ndarray) -> tuple[int, int, int, int]:
    """First row and column, and last row and column, around the largest value of a map (H, W)."""
    peak = np.unravel_index(scores.argmax(), scores.shape)
    low = float(np.median(scores))
    level = low + PEAK * (float(scores[peak]) - low)
    numbered, _ = label(scores >= level)
    rows, columns = find_objects((numbered == numbered[peak]).astype(int))[0]
    return rows.start, columns.start, rows.stop - 1, columns.stop - 1
