"""The estimator RecordDetector: anomalies among records of several kinds of data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyod.models.base import BaseDetector
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._support.own_settings import own_settings
from .._support.rollback import restored_on_failure
from ..api.conformal import ConformalMixin
from ..api.parameters import CONSTRAINTS
from ..api.pyod_base import PyODBase
from ..api.summary import SummaryMixin
from ..api.thresholds import use_scores
from ..detector import GANDetector
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..explain.records import FlaggedPart, reasons_of_records
from ..front_ends.records import kind_of, read_records
from .audio import AudioDetector
from .composed import Code, ComposedMixin, Content, check_embeddings, load_composed
from .image import ImageDetector
from .parts import unit_from
from .record_model import Calibrated, RecordModel, fit_records
from .text import TextDetector

if TYPE_CHECKING:
    import pandas as pd

KINDS: dict[str, type[Any]] = {
    "table": GANDetector,
    "text": TextDetector,
    "image": ImageDetector,
    "audio": AudioDetector,
}


class RecordDetector(ComposedMixin, ConformalMixin, SummaryMixin, PyODBase):
    """Anomalies among records of several parts, such as a row of a table, a text and an image.

    Each part has a detector of its own. Its score becomes a *tail*: −log of the share of training
    records whose part is as odd, and the logarithm of how far it lies above most of them. So
    detectors of any unit and spread compare. The score of a record is the cubic mean of the tails
    of the parts that it has. So one very odd part is not drowned by usual ones, and several
    slightly odd parts add up.

    Parameters
    ----------
    detectors : "auto" or list of (str, detector), default="auto"
        Name and detector of each part. A detector is any of this package or of PyOD, which is
        cloned. "auto" takes all parts of a dict, and of a data frame those columns that hold texts
        (of four words or more, most of which differ), arrays, or paths of images or audio files;
        all other columns are the part "table". Tables have a :class:`GANDetector`, and the others a
        :class:`TextDetector`, an :class:`ImageDetector` or an :class:`AudioDetector`.
    contamination : float, "auto" or thresholder, default=0.1
        As in :class:`GANDetector`, for the records.
    random_state : int, RandomState or None, default=None
        Seed of detectors whose own ``random_state`` is None.
    verbose : {0, 1, 2}, default=0
        That of the detectors that "auto" makes.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_records,)
        Scores of the records of ``fit``, higher = more anomalous. They equal ``decision_function``
        of the same records, if that is so for each part's detector.
    threshold_ : float
        Records that score above it are labelled 1.
    labels_ : ndarray of shape (n_records,)
        Labels of the same records, 0 = inlier, 1 = outlier.
    flagged_share_ : float
        Share of outliers that the threshold stands for.
    conformal_scores_ : ndarray of shape (n_held_out,)
        Sorted scores of held-out records, after ``calibrate``.
    detectors_ : dict of str to detector
        The fitted detectors, by part.
    n_features_in_ : int
        Number of parts.

    See Also
    --------
    GANDetector : For tables alone, which may have columns of text.

    Examples
    --------
    >>> import numpy as np
    >>> from pyod_gan import RecordDetector
    >>> rng = np.random.default_rng(0)
    >>> numbers = rng.normal(size=(100, 3))
    >>> notes = [f"Parcel {i} was left with the neighbour." for i in range(100)]
    >>> notes[7] = "WIN a FREE prize!!! Call 0900 123456 now"
    >>> records = {"numbers": numbers, "note": notes}
    >>> detector = RecordDetector(contamination=0.02, random_state=0).fit(records)
    >>> int(detector.decision_scores_.argmax())
    7
    """

    _made_of = (*KINDS.values(),)
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "detectors": [StrOptions({"auto"}), list],
        "contamination": CONSTRAINTS["contamination"],
        "random_state": CONSTRAINTS["random_state"],
        "verbose": CONSTRAINTS["verbose"],
    }

    def __init__(
        self,
        detectors: str | Sequence[tuple[str, Any]] = "auto",
        *,
        contamination: float | Any = 0.1,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.detectors = detectors
        self.contamination = contamination
        self.random_state = random_state
        self.verbose = verbose

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with ``deep`` also the detectors, and theirs as ``<part>__<name>``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add those of the detectors.

        Returns
        -------
        params : dict
            The parameters.
        """
        params = {name: getattr(self, name) for name in self._get_param_names()}
        for name, detector in self._pairs() if deep else ():
            params[name] = detector
            if hasattr(detector, "get_params"):
                own = detector.get_params(deep=True)
                params |= {f"{name}__{key}": value for key, value in own.items()}
        return params

    def set_params(self, **params: Any) -> RecordDetector:
        """Set parameters, detectors by the name of their part, and theirs as ``<part>__<name>``.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a parameter is unknown. No parameter of this estimator is set then.
        """
        with restored_on_failure(self):
            if "detectors" in params:
                self.detectors = params.pop("detectors")
            pairs = self._pairs()
            if new := {name for name, _ in pairs} & params.keys():
                taken = {name: params.pop(name) for name in new}
                self.detectors = [(name, taken.get(name, own)) for name, own in pairs]
            BaseEstimator.set_params(self, **params)
        return self

    def fit(
        self, X: Any, y: Any = None, *, known_anomalies: Mapping[str, Any] | None = None
    ) -> RecordDetector:
        """Train a detector for each part, and set threshold and labels.

        Parameters
        ----------
        X : dict or data frame
            Records. A dict has the items of each part by its name: a table, an array, or a list,
            whose items may be None where a record lacks the part. In a data frame of pandas or
            polars a column is a part, and all columns that are none make the table.
        y : Ignored
            Present for API consistency.
        known_anomalies : dict, default=None
            Items that are known to be anomalies, by the name of their part: as many as there are of
            each, in the form that the part's detector takes. So that a record with an odd photo
            does not make its usual note an anomaly.

        Returns
        -------
        self : RecordDetector
            The fitted detector. If ``fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError
            If a parameter cannot be used, if a part is missing, of another length than the others,
            or of a kind that cannot be known, if a record has no part, if a part's detector refuses
            it, or if that cannot learn from known anomalies. The error names the part; positions in
            it count the records that have it.
        """
        with restored_on_failure(self), own_settings():
            self._validate_params()
            given = self._given()
            parts = read_records(X, None if given is None else [name for name, _ in given])
            detectors = dict(given or ())
            if given is None:
                kinds = {name: KINDS[kind_of(name, part)] for name, part in parts.items()}
                detectors = {name: kind(verbose=self.verbose) for name, kind in kinds.items()}
            self._model, scores = fit_records(
                X, parts, detectors, known_anomalies, self.random_state
            )
            use_scores(self, scores)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Anomaly score of each record, higher = more anomalous.

        Parameters
        ----------
        X : dict or data frame
            Records with the parts of ``fit``.

        Returns
        -------
        scores : ndarray of shape (n_records,), float64
            A typical record of ``fit`` has a score of about 0, and 1 is an interquartile range
            above.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            As in :meth:`fit`.
        """
        check_is_fitted(self)
        with own_settings():
            model = self._model
            return model.scores(model.tails(model.scored(X)))

    def part_tails(self, X: Any) -> np.ndarray:
        """How odd each part of each record is, about −log of the share of training records as odd.

        Parameters
        ----------
        X : dict or data frame
            Records as in :meth:`decision_function`.

        Returns
        -------
        tails : ndarray of shape (n_records, n_parts)
            In the order of ``detectors_``, NaN where a record lacks a part.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`decision_function`.
        """
        check_is_fitted(self)
        with own_settings():
            return self._model.tails(self._model.scored(X)).T

    def explain_frame(self, X: Any, *, flagged_only: bool = True) -> pd.DataFrame:
        """Reasons for each record that is labelled 1: which parts are odd, and why.

        Parameters
        ----------
        X : dict or data frame
            Records as in :meth:`decision_function`.
        flagged_only : bool, default=True
            Whether to leave out the records that are not labelled 1.

        Returns
        -------
        reasons : DataFrame
            One line per record and part, the oddest part first: ``record`` (position), ``score`` of
            the record, ``part``, ``share`` of the training records whose part is as odd, and
            ``reason`` in words, with that of the part's own detector, if it says any.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`decision_function`.
        ImportError
            If pandas is not installed. The extra ``tabular`` has it.
        """
        check_is_fitted(self)
        with own_settings():
            model = self._model
            scored = model.scored(X)
            tails = model.tails(scored)
            scores = model.scores(tails)
            chosen = scores > self.threshold_ if flagged_only else np.ones(len(scores), dtype=bool)
            shares = {name: model.shares(name, of) for name, of in scored.items()}
            said = {name: model.reasons(name, of.part, chosen) for name, of in scored.items()}
            names, flagged = list(scored), []
            for i in np.flatnonzero(chosen).tolist():
                there = np.flatnonzero(~np.isnan(tails[:, i]))
                for k in there[np.argsort(-tails[there, i], kind="stable")]:
                    name = names[k]
                    of_part = (name, float(shares[name][i]), said[name].get(i, ""))
                    flagged.append(FlaggedPart(i, float(scores[i]), *of_part))
            return reasons_of_records(flagged)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        What is left out, and what is refused, is as in :meth:`GANDetector.save`. Embeddings of
        parts that are no names are code, and are left out, too.

        Parameters
        ----------
        path : str or path-like
            Path of the file. An existing file is replaced.

        Raises
        ------
        NotFittedError, OSError
            As in :meth:`GANDetector.save`.
        ValueError
            As there, or if a part's detector is not of this package, such as one of PyOD's.
        """
        super().save(path)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        embeddings: Mapping[str, Any] | None = None,
        gans: Sequence[type[BaseGAN]] = (),
        networks: Sequence[type[NetworkSpec]] = (),
    ) -> RecordDetector:
        """Read a detector that :meth:`save` has written.

        Parameters
        ----------
        path : str or path-like
            Path of the file. No code in it is run.
        embeddings : dict, default=None
            By the name of their part, the embeddings that ``fit`` had, if they are no names.
        gans : sequence of BaseGAN classes, default=()
            GANs of your own that the file may name.
        networks : sequence of NetworkSpec classes, default=()
            Kinds of networks of your own that the file may name.

        Returns
        -------
        detector : RecordDetector
            The fitted detector, with the same scores. If ``detectors`` was a list, those in it are
            unfitted copies of the fitted ones.

        Raises
        ------
        ValueError, OSError
            As in :meth:`GANDetector.load`, or if an embedding is missing.
        """
        given = dict(embeddings or {})
        detector = load_composed(cls, path, {"embeddings": given}, gans, networks)
        check_embeddings(f"{path}", detector.detectors_, given)
        return detector

    def _content(self) -> Content:
        model = self._model
        if not all(isinstance(name, str) for name in model.columns):
            raise ValueError(
                f"A RecordDetector can be saved where the columns of its table are words. Got "
                f"{model.columns}; rename them, or use joblib."
            )
        about = {
            "parts": list(model.parts),
            "columns": list(model.columns),
            "unit": list(model.unit),
            "found": isinstance(self.detectors, str),
        }
        arrays = {f"{k}": part.ordered for k, part in enumerate(model.parts.values())}
        return Content(list(self.detectors_.values()), about, arrays)

    def _use_content(self, content: Content) -> None:
        about, (names, columns) = content.about, (content.about[n] for n in ("parts", "columns"))
        if self.detectors != "auto":
            raise ValueError("its parameters cannot hold detectors")
        are_words = all(type(name) is str for name in [*names, *columns])
        if not are_words or not len({*names}) == len(names) == len(content.detectors):
            raise ValueError("its parts must have names that differ, and its columns words")
        parts = {}
        for k, (name, detector) in enumerate(zip(names, content.detectors, strict=True)):
            ordered = content.arrays[f"{k}"]
            right = ordered.ndim == 1 and len(ordered) and ordered.dtype == np.float64
            if not right or not (np.isfinite(ordered).all() and (np.diff(ordered) >= 0).all()):
                raise ValueError("the scores of a part must be finite and ascend")
            parts[name] = Calibrated.known(detector, ordered)
        if len(content.arrays) > len(parts):
            raise ValueError("it has scores of more parts than it names")
        self._model = RecordModel(parts, list(columns), unit_from(about["unit"]))
        if about["found"] is not True:
            self.detectors = [(name, clone(part.detector)) for name, part in parts.items()]

    def _check_params(self) -> None:
        self._validate_params()
        self._given()

    @classmethod
    def _codes_of_parts(cls, code: Code, about: dict[str, Any]) -> dict[int, Code]:
        embeddings, names = code["embeddings"], list(about["parts"])
        return {names.index(n): {"embedding": e} for n, e in embeddings.items() if n in names}

    @property
    def detectors_(self) -> dict[str, Any]:
        """The fitted detectors, by part."""
        return {name: part.detector for name, part in self._model.parts.items()}

    @property
    def n_features_in_(self) -> int:
        """Number of parts."""
        return len(self._model.parts)

    def _given(self) -> list[tuple[str, Any]] | None:
        """Names and detectors of the parts that the user has given.

        Raises
        ------
        ValueError
            If they are no pairs of a name and a detector, or if two have one name.
        """
        if isinstance(self.detectors, str):
            return None
        pairs = self._pairs()
        usable = all(isinstance(detector, BaseDetector) for _, detector in pairs)
        if not pairs or not usable:
            raise ValueError(
                "The 'detectors' parameter of RecordDetector must be 'auto' or a list of pairs of "
                "a name and a detector of PyOD's kind, such as this package's. Got "
                f"{self.detectors!r:.200}."
            )
        names = [name for name, _ in pairs]
        taken = {*self._get_param_names()}
        bad = [n for n in names if names.count(n) > 1 or "__" in n or n in taken]
        if bad:
            raise ValueError(
                f"Names of parts must differ, have no '__', and be no parameter. Got {bad}."
            )
        return pairs

    def _pairs(self) -> list[tuple[str, Any]]:
        """Names and detectors, if the parameter holds such pairs."""
        given = self.detectors if isinstance(self.detectors, list | tuple) else []
        are_pairs = all(
            isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)
            for pair in given
        )
        return list(given) if are_pairs else []
