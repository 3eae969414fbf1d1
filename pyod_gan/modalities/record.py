"""The estimator RecordDetector: anomalies among records of several kinds of data."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pyod.models.base import BaseDetector
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._support.own_settings import own_settings
from .._support.rollback import restored_on_failure
from ..api.conformal import ConformalMixin
from ..api.negatives import is_about_anomalies
from ..api.parameters import CONSTRAINTS
from ..api.pyod_base import PyODBase
from ..api.summary import SummaryMixin
from ..api.thresholds import use_scores
from ..detector import GANDetector
from ..engine.combination import DECIMALS
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..engine.training import random_numbers
from ..explain.reasons import reasons_table
from ..front_ends.frames import is_frame
from ..front_ends.records import Part, kind_of, read_records
from .audio import AudioDetector
from .composed import Code, ComposedMixin, Content, check_embeddings, load_composed
from .image import ImageDetector
from .parts import new_seed, unit_from, unit_of
from .record_model import Calibrated, Scored, cubic_mean
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
            if given is None:
                given = [
                    (name, KINDS[kind_of(name, part)](verbose=self.verbose))
                    for name, part in parts.items()
                ]
            known = _known_by_part(known_anomalies, dict(given))
            draws = random_numbers(self.random_state)
            fitted, scored = {}, {}
            for name, detector in given:
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
            self._parts = fitted
            tables = [part.items for part in parts.values() if is_frame(part.items)]
            self._columns = list(tables[0].columns) if is_frame(X) and tables else []
            together = cubic_mean(self._tails(scored))
            if unusable := np.flatnonzero(np.isnan(together)).tolist():
                raise ValueError(
                    f"{len(unusable)} record(s) have no part that can be used: {unusable[:5]}."
                )
            self._unit = unit_of(together)
            use_scores(self, self._in_unit(together))
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
            return self._in_unit(cubic_mean(self._tails(self._scored(X))))

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
            return self._tails(self._scored(X)).T

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
            scored = self._scored(X)
            tails = self._tails(scored)
            scores = self._in_unit(cubic_mean(tails))
            flagged = scores > self.threshold_ if flagged_only else np.ones(len(scores), dtype=bool)
            reasons, shares = [], []
            for name, (part, own) in scored.items():
                calibrated = self._parts[name]
                shares.append(scored[name].by_record(calibrated.shares(own)))
                chosen = np.flatnonzero(flagged & part.present)
                reasons.append(_reasons(calibrated.detector, part, chosen))
            lines, names = [], list(scored)
            for i in np.flatnonzero(flagged).tolist():
                for k in np.argsort(-tails[:, i], kind="stable"):  # NaN comes last
                    if np.isnan(tails[k, i]):
                        break
                    share, said = float(shares[k][i]), reasons[k].get(i)
                    reason = f"{names[k]}: as odd as {share:.2%} of the training records"
                    reason += f" ({said})" if said else ""
                    lines.append((i, float(scores[i]), names[k], share, reason))
            columns = ["record", "score", "part", "share", "reason"]
            return reasons_table(lines, columns)

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
        if not all(isinstance(name, str) for name in self._columns):
            raise ValueError(
                f"A RecordDetector can be saved where the columns of its table are words. Got "
                f"{self._columns}; rename them, or use joblib."
            )
        about = {
            "parts": list(self._parts),
            "columns": list(self._columns),
            "unit": list(self._unit),
            "found": isinstance(self.detectors, str),
        }
        arrays = {f"{k}": part.ordered for k, part in enumerate(self._parts.values())}
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
        self._parts, self._columns, self._unit = parts, list(columns), unit_from(about["unit"])
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
        return {name: part.detector for name, part in self._parts.items()}

    @property
    def n_features_in_(self) -> int:
        """Number of parts."""
        return len(self._parts)

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

    def _scored(self, X: Any) -> dict[str, Scored]:
        """Score each part of records."""
        scored = {}
        for name, part in read_records(X, list(self._parts), self._columns).items():
            present, scores = np.flatnonzero(part.present), np.empty(0)
            if len(present):
                with _named(name):
                    scores = self._parts[name].detector.decision_function(part.take(present))
            scored[name] = Scored(part, np.asarray(scores, dtype=float))
        return scored

    def _tails(self, scored: dict[str, Scored]) -> np.ndarray:
        """Tails of the parts of records, (K, n), NaN where there is none."""
        return np.array(
            [of.by_record(self._parts[name].tails(of.scores)) for name, of in scored.items()]
        )

    def _in_unit(self, together: np.ndarray) -> np.ndarray:
        """Scores in the unit of the training records, without the noise of rounding."""
        scores: np.ndarray = ((together - self._unit[0]) / self._unit[1]).round(DECIMALS) + 0.0
        return scores


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Add the name of a part to an error that is raised inside."""
    try:
        yield
    except ValueError as error:
        what = "Known anomalies of the part" if is_about_anomalies(error) else "Part"
        raise ValueError(f"{what} {name!r}: {error}") from error


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


def _reasons(detector: Any, part: Part, chosen: np.ndarray) -> dict[int, str]:
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
