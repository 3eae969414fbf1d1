"""Why stretches of a series are flagged: reasons of the window that a score comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.ndimage import find_objects, label

from .._support.optional_imports import import_optional
from ..front_ends.frames import EXTRA
from ..front_ends.windows import WindowFrontEnd
from .reasons import reasons_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("stretch", "start", "end", "peak", "score", "channel", "share"),
    *("observed", "expected", "low", "high", "reason"),
)
NUMBERED = re.compile(r"\bx(\d+)\b")  # columns of a window, as a detector of arrays names them


class Stretch(NamedTuple):
    """Consecutive points that are flagged."""

    start: int
    end: int  # the last point
    peak: int  # the point with the largest score


def stretches(flagged: np.ndarray, scores: np.ndarray) -> list[Stretch]:
    """Find the stretches of flagged points, (T,), (T,)."""
    found = [s for (s,) in find_objects(label(flagged)[0])]
    return [Stretch(s.start, s.stop - 1, s.start + int(scores[s].argmax())) for s in found]


class Names(NamedTuple):
    """Names of what the columns of a window hold."""

    channels: list[str]
    labels: Sequence[Any]  # times or positions of the points of the series

    def channel(self, front_end: WindowFrontEnd, column: int) -> str:
        """Channel that a column comes from."""
        n_columns = front_end.shape(1)
        return self.channels[column // (n_columns[0] * n_columns[1])]

    def of(self, front_end: WindowFrontEnd, start: int, column: int) -> str:
        """What a column of the window that begins at ``start`` holds, in words."""
        channel, part = self.channel(front_end, column), column % front_end.shape(1)[1]
        first, last = front_end.points_of(part)
        if front_end.n_segments is None:
            return f"{channel} at {self.labels[start + first]}"
        kind = "range" if (column // front_end.n_segments) % 2 else "mean"
        ends = f"{self.labels[start + first]} to {self.labels[start + last]}"
        return f"{kind} of {channel} from {ends}"


def in_words(
    number: int,
    stretch: Stretch,
    score: float,
    reasons: pd.DataFrame,
    front_end: WindowFrontEnd,
    start: int,
    names: Names,
) -> pd.DataFrame:
    """Lines of one stretch, the ``number``-th, of the window that begins at ``start``.

    ``reasons`` are those of :meth:`pyod_gan.GANDetector.explain_frame`, where columns have numbers.
    """
    columns = [int(name[1:]) for name in reasons["column"]]
    said = [
        NUMBERED.sub(lambda match: names.of(front_end, start, int(match[1])), reason)
        for reason in reasons["reason"]
    ]
    lines = reasons.assign(
        channel=[names.channel(front_end, column) for column in columns], reason=said
    )
    places = {name: names.labels[place] for name, place in stretch._asdict().items()}
    return lines.assign(stretch=number, **places, score=score)[list(COLUMNS)]


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One frame of the lines of all stretches, which may be none."""
    if not parts:
        return reasons_table([], COLUMNS)
    together = import_optional("pandas", EXTRA).concat(parts, ignore_index=True)
    return reasons_table(together, COLUMNS)
