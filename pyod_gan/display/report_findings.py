"""What a report says of a fitted detector: the numbers and sentences that a page is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import _safe_indexing

from ..api.conformal import conformal_p_values
from ..api.fitted import inner_detector, model_of, typical_score
from ..api.reservoir import first_rows
from ..explain.sentences import explain_kept
from ..front_ends.batches import in_memory
from ..front_ends.decoding import tell_all
from ..front_ends.table import TableFrontEnd
from .displays import losses_of
from .report_drift import Distance, Moved, moved_columns

MOST_POINTS = 5000  # of rows, and of training rows, that are drawn and compared
N_REASONS = 3


class Row(NamedTuple):
    """One of the rows that score highest."""

    label: str
    score: float
    p_value: float | None  # None if the detector is not calibrated
    is_flagged: bool
    reasons: list[str]  # the largest share first


class Points(NamedTuple):
    """Rows on the map."""

    places: np.ndarray  # (n, 2)
    labels: list[str]
    scores: np.ndarray  # (n,)


class Map(NamedTuple):
    """Rows in two principal components, of the scaled training rows that are not flagged."""

    shares: np.ndarray  # (2,) of the variance
    training: np.ndarray  # (k, 2) places of training rows beneath the others
    rows: Points  # those of the table come last, in its order


class Drift(NamedTuple):
    """How far rows have moved from the training rows."""

    scores: Distance  # from those of `calibrate` if it was called, else from the training rows'
    columns: list[Moved]  # the farthest first; empty if the model keeps no training rows


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a report says.

    Parameters
    ----------
    gan : str
        Name of the GAN.
    n_members, n_columns, n_learnt : int
        Number of members, of columns and of training rows.
    threshold : float
        Rows that score above it are flagged.
    training_scores : ndarray of shape (n_training,)
        Scores of the training rows.
    held_out_scores : ndarray of shape (n_held_out,) or None
        Scores of the rows of ``calibrate``.
    scores : ndarray of shape (n_samples,) or None
        Scores of the rows that were passed. None if the report is about the training rows.
    top : list of Row
        The rows that score highest, the highest first.
    row_header : str
        What their labels are.
    map : Map or None
        Rows in two components.
    drift : Drift or None
        How far the rows that were passed have moved.
    steps, losses : ndarray of shape (n_steps,), and dict of such arrays
        Training steps, and the loss of each phase.
    about_rows : list of str
        Which rows are in the table, on the map and in the comparison, and why others are not.
    """

    gan: str
    n_members: int
    n_columns: int
    n_learnt: int
    threshold: float
    training_scores: np.ndarray
    held_out_scores: np.ndarray | None
    scores: np.ndarray | None
    top: list[Row]
    row_header: str
    map: Map | None
    drift: Drift | None
    steps: np.ndarray
    losses: dict[str, np.ndarray]
    about_rows: list[str]


class _Rows(NamedTuple):
    """The rows of the table and the map. What is not known of them is None."""

    scores: np.ndarray  # (n,)
    labels: Sequence[Any]
    header: str = "Row"
    read: Callable[[np.ndarray], np.ndarray] | None = None  # gives chosen rows as numbers
    explain: Callable[[np.ndarray], Any] | None = None  # gives the reasons of chosen rows
    are_training: bool = False


def find(estimator: Any, X: Any, top: int) -> Findings:
    """Find what a report says of a fitted detector and of rows, or of its training rows.

    Raises
    ------
    NotFittedError, TypeError, ValueError
        As in :func:`pyod_gan.report`.
    """
    detector, given = inner_detector(estimator, X)
    model = getattr(detector, "model_", None)
    if model is None or not isinstance(model.front_end, TableFrontEnd):
        raise TypeError(
            f"A report is about a detector of tables. Got {type(estimator).__name__} instead. Of "
            "other data, ScoreDisplay shows the scores, AnomalyMapDisplay where in an image they "
            "come from, and FrameScoreDisplay when in a clip of sound."
        )
    model_of(detector)  # on its device
    if X is None:
        rows = _training_rows(detector)
    else:
        rows = _given_rows(detector, in_memory(given, "`X`"), X)
    highest = np.argsort(-rows.scores, kind="stable")[:top]
    drawn = first_rows(np.arange(len(rows.scores)), MOST_POINTS)
    shown = np.union1d(drawn, highest)
    values = None if rows.read is None else rows.read(shown)
    found_map, drift = None, None
    if values is not None:
        found_map = _map(detector, rows, shown, values, highest)
    if values is not None and X is not None:
        drift = _drift(detector, rows.scores, values[np.isin(shown, drawn)])
    steps, losses = losses_of(detector.history_)
    return Findings(
        gan=type(detector.gan_).__name__,
        n_members=model.n_members,
        n_columns=len(model.front_end.names),
        n_learnt=detector.n_samples_seen_,
        threshold=float(detector.threshold_),
        training_scores=detector.decision_scores_,
        held_out_scores=getattr(detector, "conformal_scores_", None),
        scores=None if X is None else rows.scores,
        top=_top(detector, rows, highest),
        row_header=rows.header,
        map=found_map,
        drift=drift,
        steps=steps,
        losses=losses,
        about_rows=list(_about(detector, rows, len(drawn), len(highest))),
    )


def _given_rows(detector: Any, table: Any, X: Any) -> _Rows:
    """Rows that a user passed, as the detector takes them, and as they came."""
    scores = np.asarray(detector.decision_function(table))
    labels, header = range(len(scores)), "Row"
    if hasattr(X, "iloc"):
        labels, header = X.index, str(X.index.name or header)

    def read(chosen: np.ndarray) -> np.ndarray:
        return np.asarray(detector.model_.front_end.read(_safe_indexing(table, chosen)).values)

    def explain(chosen: np.ndarray) -> Any:
        some = _safe_indexing(table, chosen)
        some = some.reset_index(drop=True) if hasattr(some, "reset_index") else some
        return detector.explain_frame(some, top=N_REASONS)

    return _Rows(scores, labels, header, read, explain)


def _training_rows(detector: Any) -> _Rows:
    """The training rows that the model keeps. If it keeps none, only scores are known."""
    front_end, kept = detector.model_.front_end, detector.reservoir_
    scores = detector.decision_scores_
    if not len(kept):
        return _Rows(scores, range(len(scores)), are_training=True)
    kept_scores = detector.model_.row_scores(front_end.scale(kept))
    header = "Row" if np.array_equal(kept_scores, scores) else "Kept row"

    def explain(chosen: np.ndarray) -> Any:
        typical = typical_score(detector)
        return explain_kept(detector.model_, kept[chosen], typical, N_REASONS, kept)

    return _Rows(
        kept_scores, range(len(kept)), header, kept.__getitem__, explain, are_training=True
    )


def _top(detector: Any, rows: _Rows, highest: np.ndarray) -> list[Row]:
    """The rows with the highest scores, with their reasons."""
    scores = rows.scores[highest]
    reasons: list[list[str]] = [[] for _ in highest]
    if rows.explain is not None:
        frame = rows.explain(highest)
        for i, reason in zip(frame["row"], frame["reason"], strict=True):
            reasons[i].append(reason)
    p_values: list[float | None] = [None] * len(highest)
    if hasattr(detector, "conformal_scores_"):
        p_values = conformal_p_values(scores, detector.conformal_scores_).tolist()
    labels = [str(rows.labels[i]) for i in highest]
    flagged = (scores > detector.threshold_).tolist()
    found = zip(labels, scores.tolist(), p_values, flagged, reasons, strict=True)
    return [Row(*row) for row in found]


def _map(
    detector: Any, rows: _Rows, shown: np.ndarray, values: np.ndarray, highest: np.ndarray
) -> Map | None:
    """Rows in two components, which are those of the training rows if the model keeps any."""
    model, kept = detector.model_, detector.reservoir_
    training = kept[:0] if rows.are_training else first_rows(kept, MOST_POINTS)
    of_training, of_shown = (model.front_end.scale(some) for some in (training, values))
    base = of_training if len(training) else of_shown
    usual = base[model.row_scores(base) <= detector.threshold_]
    base = usual if len(usual) > 1 else base  # anomalies would turn the axes to themselves
    if min(base.shape) < 2:
        return None
    with np.errstate(invalid="ignore"):  # where all rows are equal
        components = PCA(2, random_state=0).fit(base)
    others = np.setdiff1d(shown, highest)
    others = others[np.argsort(rows.scores[others], kind="stable")]  # flagged rows above the others
    chosen = np.concatenate([others, highest])
    return Map(
        shares=np.nan_to_num(components.explained_variance_ratio_),
        training=components.transform(of_training) if len(training) else np.empty((0, 2)),
        rows=Points(
            components.transform(of_shown[np.searchsorted(shown, chosen)]),
            [str(rows.labels[i]) for i in chosen],
            rows.scores[chosen],
        ),
    )


def _drift(detector: Any, scores: np.ndarray, values: np.ndarray) -> Drift:
    """How far rows have moved: scores from those of ``calibrate`` if known, columns of a sample."""
    before = getattr(detector, "conformal_scores_", detector.decision_scores_)
    front_end, kept = detector.model_.front_end, detector.reservoir_
    columns = []
    if len(kept):
        columns = moved_columns(front_end.names, front_end.outputs, kept, values)
    return Drift(Distance.between(before, scores), columns)


def _about(detector: Any, rows: _Rows, n_drawn: int, n_top: int) -> Iterator[str]:
    """Say which rows are shown where, if these are not all."""
    n_rows, n_kept, n_learnt = len(rows.scores), len(detector.reservoir_), detector.n_samples_seen_
    where = "on the map" if rows.are_training else "on the map and in the comparison of columns"
    if not n_kept:
        lost = "only their scores are known"
        if not rows.are_training:
            lost = "they are not on the map, and columns are not compared with them"
        yield f"The model keeps no training rows (reservoir_size=0), so that {lost}."
    elif n_kept < n_learnt:
        in_table = "in the table and " * rows.are_training
        yield (
            f"Of the {n_learnt:,} training rows the model keeps {n_kept:,}. Only these are "
            f"{in_table}{where}."
        )
    if n_drawn < n_rows:
        yield (
            f"Of the {n_rows:,} rows {n_drawn:,}, drawn at random, are {where}; the {n_top:,} of "
            "the table are always on the map."
        )
    if n_kept and rows.are_training and not tell_all(detector.model_.front_end.outputs):
        yield (
            "The model keeps its training rows as numbers. In their reasons … stands for a text, "
            "and the minutes of a date may be off."
        )
