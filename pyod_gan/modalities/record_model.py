"""What RecordDetector has fitted: the detectors of parts, and one number of their scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from ..api.conformal import conformal_p_values
from ..api.negatives import is_about_anomalies
from ..detector import GANDetector
from ..engine.combination import DECIMALS
from ..engine.training import random_numbers
from ..front_ends.frames import is_frame
from ..front_ends.records import Part, read_records
from .audio import AudioDetector
from .image import ImageDetector
from .parts import new_seed, unit_of


class Calibrated(NamedTuple):
    """A fitted detector of a part, and the scores of the training records that have it."""

    detector: Any
    ordered: np.ndarray  # (m,) ascending
    upper: float  # their upper quartile
    scale: float  # their interquartile range

    @classmethod
    def of(cls, detector: Any, scores: np.ndarray) -> Calibrated:
        """Take a fitted detector and its training scores, of which some may be NaN, (m,)."""
        return cls.known(detector, np.sort(scores[~np.isnan(scores)]))

    @classmethod
    def known(cls, detector: Any, ordered: np.ndarray) -> Calibrated:
        """Take a fitted detector and its training scores, ascending, (m,)."""
        return cls(detector, ordered, float(np.quantile(ordered, 0.75)), unit_of(ordered)[1])

    def shares(self, scores: np.ndarray) -> np.ndarray:
        """Shares of the training records whose part is as odd, (n,). NaN stays NaN."""
        return conformal_p_values(scores, self.ordered)

    def tails(self, scores: np.ndarray) -> np.ndarray:
        """Tails of scores, (n,): −log of the share of training records whose part is as odd.

        What lies above their upper quartile adds the logarithm of its distance to it, in
        interquartile ranges, so that the oddest are still told apart.
        """
        above = np.maximum(scores - self.upper, 0) / self.scale
        return np.asarray(np.log1p(above) - np.log(self.shares(scores)))


class Scored(NamedTuple):
    """A part of n records, and the scores of those that have it."""

    part: Part
    scores: np.ndarray  # (m,)

    def by_record(self, values: np.ndarray) -> np.ndarray:
        """Values of the records that have it, (m,), and NaN for the others, (n,)."""
        found = np.full(len(self.part.present), np.nan)
        found[self.part.present] = values
        return found


@dataclass
class RecordModel:
    """Everything that turns records into scores.

    Parameters
    ----------
    parts : dict of str to Calibrated
        The parts, by name.
    columns : list of str
        Columns of the table, if the records of ``fit`` were a data frame that has one.
    unit : tuple of float
        Centre and scale of the cubic means of the training records.
    """

    parts: dict[str, Calibrated]
    columns: list[str]
    unit: tuple[float, float]

    def scored(self, X: Any) -> dict[str, Scored]:
        """Score each part of records."""
        scored = {}
        for name, part in read_records(X, list(self.parts), self.columns).items():
            present, scores = np.flatnonzero(part.present), np.empty(0)
            if len(present):
                with _named(name):
                    scores = self.parts[name].detector.decision_function(part.take(present))
            scored[name] = Scored(part, np.asarray(scores, dtype=float))
        return scored

    def tails(self, scored: dict[str, Scored]) -> np.ndarray:
        """Tails of the K parts of records, (K, n), NaN where there is none."""
        return np.array(
            [of.by_record(self.parts[name].tails(of.scores)) for name, of in scored.items()]
        )

    def scores(self, tails: np.ndarray) -> np.ndarray:
        """Scores of records from their tails, without the noise of rounding, (K, n) -> (n,)."""
        together = (cubic_mean(tails) - self.unit[0]) / self.unit[1]
        return together.round(DECIMALS) + 0.0

    def shares(self, name: str, scored: Scored) -> np.ndarray:
        """Shares of the training records whose part is as odd, (n,), NaN where there is none."""
        return scored.by_record(self.parts[name].shares(scored.scores))

    def reasons(self, name: str, part: Part, chosen: np.ndarray) -> dict[int, str]:
        """First reason that a part's own detector has for chosen records (n,), if it says any."""
        places = np.flatnonzero(chosen & part.present)
        return _first_reasons(self.parts[name].detector, part, places)


def fit_records(
    X: Any,
    parts: Mapping[str, Part],
    detectors: Mapping[str, Any],
    known_anomalies: Any,
    random_state: Any,
) -> tuple[RecordModel, np.ndarray]:
    """Fit clones of detectors to the parts of records ``X``, and to known anomalies.

    Returns
    -------
    model : RecordModel
        The model.
    scores : ndarray of shape (n,)
        Scores of the records.

    Raises
    ------
    ValueError
        If a part's detector refuses it, or cannot learn from known anomalies, or if a record has no
        part that can be used.
    """
    known = _known_by_part(known_anomalies, detectors)
    draws = random_numbers(random_state)
    fitted, scored = {}, {}
    for name, detector in detectors.items():
        own = clone(detector)
        if own.get_params(deep=False).get("random_state", 0) is None:
            own.set_params(random_state=new_seed(draws))
        items = parts[name].take(np.flatnonzero(parts[name].present))
        with _named(name):
            own.fit(items, **known.get(name, {}))
            scores = np.asarray(own.decision_scores_, dtype=float)
            if len(scores) < len(items):  # some could not be used, and have NaN
                scores = own.decision_function(items)
        fitted[name] = Calibrated.of(own, scores)
        scored[name] = Scored(parts[name], scores)
    tables = [part.items for part in parts.values() if is_frame(part.items)]
    columns = list(tables[0].columns) if is_frame(X) and tables else []
    model = RecordModel(fitted, columns, (0.0, 1.0))
    tails = model.tails(scored)
    together = cubic_mean(tails)
    if unusable := np.flatnonzero(np.isnan(together)).tolist():
        raise ValueError(
            f"{len(unusable)} record(s) have no part that can be used: {unusable[:5]}."
        )
    model.unit = unit_of(together)
    return model, model.scores(tails)


def cubic_mean(tails: np.ndarray) -> np.ndarray:
    """Cubic mean of the tails that are there, (K, n) -> (n,), NaN where there are none."""
    there = ~np.isnan(tails)
    cubes = np.where(there, tails, 0) ** 3
    return np.asarray(np.cbrt(cubes.sum(axis=0) / there.sum(axis=0)))


def _known_by_part(given: Any, detectors: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Arguments of ``fit`` of each part that has known anomalies.

    Raises
    ------
    ValueError
        If they are no dict, or if a part has no detector, or one that takes none.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(
            "`known_anomalies` of records must be a dict of items by the name of their part, such "
            f"as {{{next(iter(detectors))!r}: [...]}}. Got a {type(given).__name__}."
        )
    takes = {n: "known_anomalies" in signature(d.fit).parameters for n, d in detectors.items()}
    if wrong := [name for name in given if not takes.get(name, False)]:
        able = [name for name in detectors if takes[name]]
        raise ValueError(f"Known anomalies can be of the parts {able}. Got some of {wrong}.")
    return {name: {"known_anomalies": items} for name, items in given.items()}


def _first_reasons(detector: Any, part: Part, chosen: np.ndarray) -> dict[int, str]:
    """First reason of a part's detector for each of some records, if it says any."""
    if not len(chosen) or not hasattr(detector, "explain_frame"):
        return {}
    items = part.take(chosen)
    if isinstance(detector, GANDetector):
        if hasattr(items, "reset_index"):
            items = items.reset_index(drop=True)
        frame = detector.explain_frame(items, top=1)
    elif isinstance(detector, ImageDetector | AudioDetector):
        frame = detector.explain_frame(items, flagged_only=False)
    else:
        frame = detector.explain_frame(items)
    first = frame.groupby(frame.columns[0], sort=False)["reason"].first()
    names = list(range(len(chosen)))
    for kind in ("image", "clip"):
        if hasattr(detector, f"{kind}_names"):
            names = getattr(detector, f"{kind}_names")(items)
    return {
        i: str(first[name]) for i, name in zip(chosen.tolist(), names, strict=True) if name in first
    }


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Add the name of a part to an error that is raised inside."""
    try:
        yield
    except ValueError as error:
        what = "Known anomalies of the part" if is_about_anomalies(error) else "Part"
        raise ValueError(f"{what} {name!r}: {error}") from error
