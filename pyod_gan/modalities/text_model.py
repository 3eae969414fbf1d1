"""What TextDetector has fitted: the parts of a text, and their detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..api.negatives import other_items
from ..detector import GANDetector
from ..engine.training import random_numbers
from ..front_ends.embeddings import embedded_texts
from ..front_ends.text_parts import PARTS, TextPart
from ..front_ends.texts import fingerprints
from .parts import fit_part, mean_of_parts, new_seed, unit_of

EMBEDDING = "embedding"


@dataclass
class FittedTextPart:
    """A part of a text, the detector of its rows, and the unit of its scores."""

    name: str
    part: TextPart | None  # None for an embedding
    detector: GANDetector
    unit: tuple[float, float] = (0.0, 1.0)

    @property
    def is_measured(self) -> bool:
        """Whether the columns of its rows, and not its words, say why a text is unusual."""
        return self.part is not None and self.part.columns != () and not self.part.has_words

    def in_unit(self, scores: np.ndarray) -> np.ndarray:
        """Scores of the detector in the unit of the part, (n,)."""
        return (scores - self.unit[0]) / self.unit[1]


@dataclass
class TextModel:
    """Everything that turns texts into scores.

    Parameters
    ----------
    known : ndarray of shape (n_known,)
        Sorted fingerprints of the texts of ``fit``.
    embedding : object
        The user's embedding, or None.
    parts : list of FittedTextPart
        The parts.
    """

    known: np.ndarray
    embedding: Any
    parts: list[FittedTextPart]

    @property
    def names(self) -> list[str]:
        """Names of the parts."""
        return [fitted.name for fitted in self.parts]

    def are_known(self, texts: Sequence[str]) -> np.ndarray:
        """Whether texts are among those of ``fit``, (n,)."""
        return np.isin(fingerprints(texts), self.known)

    def rows(self, fitted: FittedTextPart, texts: Sequence[str]) -> np.ndarray:
        """Rows of texts, (n, D)."""
        return _rows(fitted.part, texts, self.are_known(texts), self.embedding)

    def part_scores(self, texts: Sequence[str]) -> np.ndarray:
        """Scores of texts by each of the K parts, (K, n)."""
        found = []
        for fitted in self.parts:
            scores = fitted.detector.decision_function(self.rows(fitted, texts))
            found.append(fitted.in_unit(scores))
        return np.array(found)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Scores of texts, (n,)."""
        return mean_of_parts(self.part_scores(texts))


def fit_texts(
    estimator: BaseEstimator,
    own: Sequence[str],
    names: Sequence[str],
    texts: Sequence[str],
    anomalies: Sequence[str] = (),
) -> tuple[TextModel, np.ndarray]:
    """Fit a model to texts and known anomalies, with the parameters of an estimator.

    Returns
    -------
    model : TextModel
        The model.
    scores : ndarray of shape (n,)
        Scores of the texts.

    Raises
    ------
    ValueError
        If there are fewer than 2 texts, or if fewer are no known anomalies.
    """
    if len(texts) < 2:
        raise ValueError(f"There must be at least 2 texts. Got {len(texts)}.")
    params = estimator.get_params(deep=False)
    stays = other_items(texts, anomalies, "texts")
    learnt = [text for text, stay in zip(texts, stays, strict=True) if stay]
    draws = random_numbers(params["random_state"])
    model = TextModel(np.unique(fingerprints(learnt)), params["embedding"], [])
    all_known = np.ones(len(learnt), dtype=bool)
    for name in names:
        part = None if name == EMBEDDING else PARTS[name]().fit(learnt)
        rows = _rows(part, learnt, all_known, model.embedding)
        known = np.empty((0, 1, 0))  # (k, 1, D)
        if anomalies:
            known = _rows(part, anomalies, model.are_known(anomalies), model.embedding)[:, None]
        more = {"preprocessing": "joint" if part is None else part.preprocessing}
        detector = fit_part(estimator, own, rows, new_seed(draws), name, known, **more)
        unit = unit_of(detector.decision_scores_)
        model.parts.append(FittedTextPart(name, part, detector, unit))
    if not stays.all():
        return model, model.scores(texts)
    by_part = [fitted.in_unit(fitted.detector.decision_scores_) for fitted in model.parts]
    return model, mean_of_parts(np.array(by_part))


def _rows(
    part: TextPart | None, texts: Sequence[str], known: np.ndarray, embedding: Any
) -> np.ndarray:
    """Rows of texts, (n, D)."""
    return embedded_texts(embedding, texts) if part is None else part.rows(texts, known)
