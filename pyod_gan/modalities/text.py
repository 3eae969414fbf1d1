"""The estimator TextDetector: anomalies among texts, with the words that make them so."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._support.own_settings import own_settings
from .._support.rollback import restored_on_failure
from ..api.conformal import ConformalMixin
from ..api.negatives import about_anomalies, are_none
from ..api.parameters import CONSTRAINTS, ParametersMixin
from ..api.pyod_base import PyODBase
from ..api.summary import SummaryMixin
from ..api.thresholds import use_scores
from ..detector import GANDetector
from ..engine.callbacks import Callback
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..explain.reasons import check_top
from ..explain.texts import FlaggedText, reasons_of
from ..front_ends.text_parts import PARTS
from ..front_ends.texts import read_texts
from .composed import Content, EmbeddingMixin
from .parts import chosen_parts, mean_of_parts, unit_from
from .text_model import EMBEDDING, FittedTextPart, TextModel, fit_texts

if TYPE_CHECKING:
    import pandas as pd

DEFAULT = ("style", "words", "characters")
OWN = ("parts", "embedding")  # parameters that GANDetector does not have


class TextDetector(EmbeddingMixin, ConformalMixin, SummaryMixin, ParametersMixin, PyODBase):
    """Anomalies among texts, such as messages, titles or log lines, by GANs.

    A text is looked at in several *parts*, and for each of them a :class:`GANDetector` learns what
    is normal. "style" is how it is written: lengths, digits, capitals and marks. "words" is how
    rare its words are, and "characters" how rare its pairs and triples of characters are, in the
    other texts of ``fit``. Each part's score is put in units of its training scores, and the score
    of a text is their mean. Nothing is downloaded, and no language is assumed.

    Parameters
    ----------
    gan : str or BaseGAN, default="auto"
        The GAN, as in :class:`GANDetector`.
    parts : "auto" or sequence of str, default="auto"
        Some of "style", "words", "characters", "topics" and "embedding". "auto" is the first three,
        or "embedding" if there is one. "topics" are at most 32 directions of TF-IDF (latent
        semantic analysis), one for each 20 texts.
    embedding : callable, encoder or str, default=None
        What turns a list of texts into vectors (n_texts, n_features): a callable, an object with a
        method ``encode``, such as a PyOD encoder, or the name of one of PyOD's. Of one that returns
        slightly other numbers in another batch, the scores depend on the batch.
    n_estimators, contamination, max_iter, batch_size, lr, hidden_layer_sizes, network, pairing, \
early_stopping, callbacks, random_state, device, verbose
        As in :class:`GANDetector`.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_texts,)
        Scores of the texts of ``fit``, higher = more anomalous. They equal ``decision_function`` of
        the same texts.
    threshold_ : float
        Texts that score above it are labelled 1.
    labels_ : ndarray of shape (n_texts,)
        Labels of the same texts, 0 = inlier, 1 = outlier.
    flagged_share_ : float
        Share of outliers that the threshold stands for.
    conformal_scores_ : ndarray of shape (n_held_out,)
        Sorted scores of held-out texts, after ``calibrate``.
    detectors_ : dict of str to GANDetector
        The fitted detectors, by part.
    n_features_in_ : int
        1, the column of texts.

    See Also
    --------
    GANDetector : The same for tables, which may have columns of text.

    Examples
    --------
    >>> from pyod_gan import TextDetector
    >>> texts = [f"Your parcel {i} arrives on day {i % 28 + 1}." for i in range(200)]
    >>> texts[7] = "WIN a FREE prize!!! Call 0900 123456 now"
    >>> detector = TextDetector(contamination=0.01, random_state=0).fit(texts)
    >>> int(detector.decision_scores_.argmax())
    7
    """

    _parameter_constraints = {
        name: allowed
        for name, allowed in CONSTRAINTS.items()
        if name not in ("warm_start", "reservoir_size", "n_jobs", "preprocessing")
    } | {
        "parts": [StrOptions({"auto"}), "array-like"],
        "embedding": [callable, str, None, HasMethods(["encode"])],
    }

    def __init__(
        self,
        gan: str | BaseGAN = "auto",
        *,
        parts: str | Sequence[str] = "auto",
        embedding: Callable[[list[str]], Any] | str | Any = None,
        n_estimators: int | None = None,
        contamination: float | Any = 0.1,
        max_iter: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        hidden_layer_sizes: Sequence[int] | None = None,
        network: str | NetworkSpec | None = None,
        pairing: str = "one",
        early_stopping: bool = False,
        callbacks: Sequence[Callback] | None = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        verbose: int = 0,
    ) -> None:
        self.gan = gan
        self.parts = parts
        self.embedding = embedding
        self.n_estimators = n_estimators
        self.contamination = contamination
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.lr = lr
        self.hidden_layer_sizes = hidden_layer_sizes
        self.network = network
        self.pairing = pairing
        self.early_stopping = early_stopping
        self.callbacks = callbacks
        self.random_state = random_state
        self.device = device
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, *, known_anomalies: Any = None) -> TextDetector:
        """Train on texts, and set threshold and labels.

        Parameters
        ----------
        X : array-like of shape (n_texts,)
            Strings, at least 2: a list, an array, a column of pandas or polars, or a data frame of
            one column.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_anomalies,), default=None
            Texts that are known to be anomalies, one or more, which may be among those of ``X``.
            Each part learns from them, as in :meth:`GANDetector.fit`.

        Returns
        -------
        self : TextDetector
            The fitted detector. If ``fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError
            If a parameter cannot be used, if texts are missing or no strings, or if ``gan`` cannot
            learn from known anomalies.
        TrainingCollapsedError
            If no ensemble member could be trained.
        """
        with restored_on_failure(self), own_settings():
            self._validate_params()
            names = chosen_parts(self, DEFAULT, PARTS, EMBEDDING)
            texts, anomalies = read_texts(X), []
            if not are_none(known_anomalies):
                with about_anomalies():
                    anomalies = read_texts(known_anomalies)
            self._model, scores = fit_texts(self, OWN, names, texts, anomalies)
            use_scores(self, scores)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Anomaly score of each text, higher = more anomalous.

        Parameters
        ----------
        X : array-like of shape (n_texts,)
            Texts. One that was among those of ``fit`` is left out of the counts that it is measured
            by.

        Returns
        -------
        scores : ndarray of shape (n_texts,), float64
            A typical text of ``fit`` has a score of about 0.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            As in :meth:`fit`.
        """
        check_is_fitted(self)
        with own_settings():
            return self._model.scores(read_texts(X))

    def explain_frame(self, X: Any, *, top: int = 3) -> pd.DataFrame:
        """Reasons for each text that is labelled 1: which parts are unusual, and which words.

        Parameters
        ----------
        X : array-like of shape (n_texts,)
            Texts as in :meth:`decision_function`.
        top : int, default=3
            Largest number of words, or of measures of style, in a reason.

        Returns
        -------
        reasons : DataFrame
            One line per text and part, the part with the largest score first: ``text`` (position),
            ``score`` of the text, ``part``, ``part_score``, ``rarest`` (list of words or runs of
            characters) and ``reason`` in words.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`decision_function`, or if ``top`` is less than 1.
        ImportError
            If pandas is not installed. The extra ``tabular`` has it.
        """
        check_top(top)
        check_is_fitted(self)
        with own_settings():
            model, texts = self._model, read_texts(X)
            by_part = model.part_scores(texts)
            scores = mean_of_parts(by_part)
            known = model.are_known(texts)
            flagged = [
                FlaggedText(i, texts[i], bool(known[i]), scores[i], by_part[:, i])
                for i in np.flatnonzero(scores > self.threshold_).tolist()
            ]
            said = [text.text for text in flagged]
            parts = [(p.name, p.part, p.detector) for p in model.parts]
            rows = {p.name: model.rows(p, said) for p in model.parts if said and p.is_measured}
            return reasons_of(parts, flagged, rows, top)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        What is left out, and what is refused, is as in :meth:`GANDetector.save`. An ``embedding``
        that is no name is code, and is left out too. Words and their counts are in the file. Of the
        texts of ``fit`` there are only fingerprints, by which one can find out that a text was
        among them.

        Parameters
        ----------
        path : str or path-like
            Path of the file. An existing file is replaced.

        Raises
        ------
        NotFittedError, ValueError, OSError
            As in :meth:`GANDetector.save`.
        """
        super().save(path)

    @property
    def detectors_(self) -> dict[str, GANDetector]:
        """The fitted detectors, by part."""
        return {fitted.name: fitted.detector for fitted in self._model.parts}

    @property
    def n_features_in_(self) -> int:
        """Number of columns: that of the texts."""
        check_is_fitted(self)
        return 1

    def _check_params(self) -> None:
        self._validate_params()
        chosen_parts(self, DEFAULT, PARTS, EMBEDDING)

    def _needs_embedding(self) -> bool:
        return EMBEDDING in self._model.names

    def _content(self) -> Content:
        entries, arrays = [], {"known": self._model.known}
        for fitted in self._model.parts:
            about, learnt = ({}, {}) if fitted.part is None else fitted.part.to_saved()
            entries.append({"name": fitted.name, "unit": list(fitted.unit), "learnt": about})
            arrays |= {f"{fitted.name}.{name}": array for name, array in learnt.items()}
        return Content([p.detector for p in self._model.parts], {"parts": entries}, arrays)

    def _use_content(self, content: Content) -> None:
        arrays = content.arrays
        model = TextModel(arrays["known"], self.embedding, [])
        if model.known.dtype != np.uint64 or model.known.ndim != 1:
            raise ValueError("its 'known' must be fingerprints of texts")
        for entry, detector in zip(content.about["parts"], content.detectors, strict=True):
            model.parts.append(_part_from(entry, arrays, detector))
        known = {f"{fitted.name}." for fitted in model.parts}
        strange = {name for name in arrays if not name.startswith((*known, "known"))}
        if strange or len(known) < len(model.parts):
            raise ValueError("it must have each part once, and arrays of its parts only")
        self._model = model


def _part_from(
    entry: dict[str, Any], arrays: dict[str, np.ndarray], detector: GANDetector
) -> FittedTextPart:
    """Make a part from what a file holds of it."""
    name, unit = entry["name"], unit_from(entry["unit"])
    own = {n.partition(".")[2]: a for n, a in arrays.items() if n.startswith(f"{name}.")}
    if any(array.dtype != np.float64 or not np.isfinite(array).all() for array in own.values()):
        raise ValueError(f"its part {name!r} must have finite numbers")
    if name == EMBEDDING:
        return FittedTextPart(name, None, detector, unit)
    if name not in PARTS:
        raise ValueError(f"its parts must be of {', '.join(PARTS)}")
    part = PARTS[name].from_saved(entry["learnt"], own)
    n_columns = part.rows([""], np.zeros(1, dtype=bool)).shape[1]
    if n_columns != detector.n_features_in_:
        raise ValueError(f"its part {name!r} does not fit its detector")
    return FittedTextPart(name, part, detector, unit)
