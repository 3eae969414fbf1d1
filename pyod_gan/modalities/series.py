"""The estimator SeriesDetector: points and patterns of time series."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._support.own_settings import own_settings
from .._support.rollback import restored_on_failure
from ..api.conformal import ConformalMixin
from ..api.negatives import marked_points
from ..api.parameters import CONSTRAINTS, ParametersMixin
from ..api.pyod_base import PyODBase
from ..api.summary import SummaryMixin
from ..api.thresholds import use_scores
from ..detector import GANDetector
from ..engine.callbacks import Callback
from ..engine.mlp import MLP
from ..engine.network_kinds import get_network
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..engine.training import random_numbers
from ..explain.windows import Names, in_words, joined, stretches
from ..front_ends.augmentations import Augmentation, on_windows
from ..front_ends.series import SeriesReader
from ..front_ends.table_reader import TableReader
from ..front_ends.windows import WindowFrontEnd
from ..gans.registry import get_gan
from .composed import ComposedMixin, Content
from .parts import fit_part, mean_of_parts, new_seed
from .window_scores import Stream, check_step, point_scores

if TYPE_CHECKING:
    import pandas as pd

SIZES = (32, 96, 288)  # points of the windows, if the user has no wish
LEAST = 4  # points of a series
SEGMENTS = 12  # of longer windows than the first of these, for perceptrons
MOST_WINDOWS = 2048  # windows to train on
MOST_KNOWN = 256  # windows that are known anomalies
FEWEST = 32  # windows without a known anomaly, of a size that was not asked for
# parameters that GANDetector does not have, or has for tables
OWN = (
    "time",
    "window_size",
    "n_segments",
    "step",
    "latency",
    "missing",
    "irregular",
    "preprocessing",
)


class SeriesDetector(ComposedMixin, ConformalMixin, SummaryMixin, ParametersMixin, PyODBase):
    """Anomalies in time series, single points and whole patterns, by GANs on windows.

    Windows of one or several lengths are cut out of the series, and for each length a
    :class:`GANDetector` learns what windows look like. A point has the largest score of the windows
    that it lies in, focused on the points of the window that are not as expected, and on those
    whose windows are all unusual. The score of a point is the mean over the lengths: short windows
    see points, and long ones see patterns.

    Parameters
    ----------
    gan : str or BaseGAN, default="auto"
        The GAN, as in :class:`GANDetector`.
    time : str, default=None
        Name of the column that holds the times of a data frame. None takes the times of its index,
        if it has any.
    window_size : "auto", int or sequence of int, default="auto"
        Points of a window. "auto" takes 32, 96 and 288 points, as far as the series of ``fit`` is
        at least twice as long.
    n_segments : "auto", int or None, default="auto"
        Windows of more than 32 points are summarised by the means and ranges of so many segments.
        "auto" takes 12 for multi-layer perceptrons. Other kinds of networks see the points
        themselves, as all networks do with None.
    step : int, default=1
        Points from the start of a window to the start of the next. The last window always ends at
        the last point.
    latency : int, default=None
        How many points after a point its score may see. With 0 a score depends only on the point
        and those before it, but for the points before the first window is complete, which have that
        window's score. None takes all windows that the point lies in, so a point's score is
        final when the longest window that begins at it is complete.
    missing : {"error", "interpolate"}, default="error"
        What becomes of a missing value: an error that says where it is, or the linear interpolation
        of its neighbours in time.
    irregular : {"error", "ignore"}, default="error"
        What becomes of times that are missing, doubled, unsorted or not equally spaced: an error
        that says where they are, or nothing, so that the points count as equally spaced in the
        order in which they come.
    preprocessing : "auto" or TableReader, default="auto"
        How columns of a data frame are written, if their numbers or times are texts. "auto" is
        ``TableReader()``.
    augmentations : sequence of str or callable, default=None
        Changes that make negatives of windows, which critics learn to reject: "cut-paste",
        "shuffled-patches", "reversed", "warped", see :mod:`pyod_gan.augmentations`, or a callable
        that gets windows (n, channels, length) and a ``RandomState``. Windows of segments have the
        means and the ranges of each channel as channels.
    n_estimators, contamination, max_iter, batch_size, lr, hidden_layer_sizes, network, pairing, \
early_stopping, callbacks, random_state, device, verbose
        As in :class:`GANDetector`. Kinds of networks without a shape, such as ``"conv1d"``, take
        that of the windows. ``network=None`` is "conv1d" for :class:`TadGAN` and :class:`MADGAN`,
        which are made for series, and "mlp" for the others.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_points,)
        Scores of the points of ``fit``, higher = more anomalous. They equal ``decision_function``
        of the same series.
    threshold_ : float
        Points that score above it are labelled 1.
    labels_ : ndarray of shape (n_points,)
        Labels of the same points, 0 = inlier, 1 = outlier.
    flagged_share_ : float
        Share of outliers that the threshold stands for.
    conformal_scores_ : ndarray of shape (n_held_out,)
        Sorted scores of held-out points, after ``calibrate``. Neighbours in time have similar
        scores, so p-values hold for points that are drawn apart from each other.
    window_sizes_ : tuple of int
        Points of the windows, in ascending order.
    detectors_ : list of GANDetector
        The fitted detectors, one per window size.
    latency_ : int
        How many points after a point its score is final.
    channels_ : list of str
        Names of the channels, x0, x1, … for an array.
    spacing_ : str
        Time from one point to the next, or "" if the series had no times.
    n_features_in_ : int
        Number of channels.

    See Also
    --------
    GANDetector : The same for tables.

    Examples
    --------
    >>> import numpy as np
    >>> from pyod_gan import SeriesDetector
    >>> rng = np.random.default_rng(0)
    >>> series = np.sin(np.arange(600) / 5) + 0.1 * rng.normal(size=600)
    >>> series[400] += 3
    >>> detector = SeriesDetector(window_size=32, random_state=0).fit(series)
    >>> int(detector.decision_scores_.argmax())
    400
    """

    _parameter_constraints = {
        name: allowed
        for name, allowed in CONSTRAINTS.items()
        if name not in ("warm_start", "reservoir_size", "n_jobs")
    } | {
        "time": [str, None],
        "preprocessing": [StrOptions({"auto"}), TableReader],
        "window_size": [
            StrOptions({"auto"}),
            Interval(Integral, 2, None, closed="left"),
            "array-like",
        ],
        "n_segments": [
            StrOptions({"auto"}),
            Interval(Integral, 1, SIZES[0], closed="both"),
            None,
        ],
        "step": [Interval(Integral, 1, None, closed="left")],
        "latency": [Interval(Integral, 0, None, closed="left"), None],
        "missing": [StrOptions({"error", "interpolate"})],
        "irregular": [StrOptions({"error", "ignore"})],
    }

    _reader: SeriesReader
    n_features_in_: int

    def __init__(
        self,
        gan: str | BaseGAN = "auto",
        *,
        time: str | None = None,
        window_size: str | int | Sequence[int] = "auto",
        n_segments: str | int | None = "auto",
        step: int = 1,
        latency: int | None = None,
        missing: str = "error",
        irregular: str = "error",
        preprocessing: str | TableReader = "auto",
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
        augmentations: Sequence[str | Augmentation] | None = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        verbose: int = 0,
    ) -> None:
        self.gan = gan
        self.time = time
        self.window_size = window_size
        self.n_segments = n_segments
        self.step = step
        self.latency = latency
        self.missing = missing
        self.irregular = irregular
        self.preprocessing = preprocessing
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
        self.augmentations = augmentations
        self.random_state = random_state
        self.device = device
        self.verbose = verbose

    def fit(
        self, X: ArrayLike, y: Any = None, *, known_anomalies: ArrayLike | None = None
    ) -> SeriesDetector:
        """Train on a series, and set threshold and labels.

        Parameters
        ----------
        X : array-like of shape (n_points,) or (n_points, n_channels)
            Equally spaced points, in the order of time: an array, a list, or a series or data frame
            of pandas or polars.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_points,), default=None
            True or 1 at points of ``X`` that are known to be anomalous, False or 0 at others.
            Windows with such a point are no example of what is normal, and those that hold half of
            an anomaly, or are half full of it, are known anomalies, as in :meth:`GANDetector.fit`.

        Returns
        -------
        self : SeriesDetector
            The fitted detector. If ``fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError
            If a parameter cannot be used, if the series is shorter than a window, has missing or
            infinite values, or has times that are not equally spaced, if ``known_anomalies`` has
            another length or leaves hardly a window free, or if ``gan`` cannot learn from them.
        TrainingCollapsedError
            If no ensemble member could be trained.
        """
        with restored_on_failure(self), own_settings():
            self._validate_params()
            reader = self._new_reader()
            values = reader.fit_read(X)
            front_ends = self._front_ends_for(len(values))
            draws = random_numbers(self.random_state)
            marked = marked_points(known_anomalies, len(values))
            front_ends = self._with_free_windows(front_ends, marked)
            self.detectors_ = [self._fitted(f, values, marked, draws) for f in front_ends]
            self._use(reader, front_ends)
            use_scores(self, self._scores(values))
        return self

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Anomaly score of each point, higher = more anomalous.

        Parameters
        ----------
        X : array-like of shape (n_points,) or (n_points, n_channels)
            A series with the channels of ``fit``, as long as the longest window or longer.

        Returns
        -------
        scores : ndarray of shape (n_points,), float64
            A window that is typical of ``fit`` has a score of about 0. A score of 1 is one
            interquartile range above 0.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If the series is shorter than the longest window, has other channels or another spacing
            than in ``fit``, or as in ``fit``.
        """
        check_is_fitted(self)
        with own_settings():
            values = self._reader.read(X)
            longest = self.window_sizes_[-1]
            if len(values) < longest:
                raise ValueError(
                    f"A series must be as long as the longest window, which has {longest} points. "
                    f"Got {len(values)} points; pass more of the series, or fit with a smaller "
                    "window_size."
                )
            return self._scores(values)

    def explain_frame(self, X: ArrayLike, *, top: int = 3) -> pd.DataFrame:
        """Reasons in words and numbers for each stretch of points that are labelled 1.

        They are those of the window with the largest score at the peak of the stretch, of the
        length whose score is largest there.

        Parameters
        ----------
        X : array-like of shape (n_points,) or (n_points, n_channels)
            A series as in :meth:`decision_function`.
        top : int, default=3
            Largest number of reasons per stretch.

        Returns
        -------
        reasons : DataFrame
            One line per stretch and reason: ``stretch`` (0, 1, …), its ``start``, ``end`` and
            ``peak`` (times, or positions if the series has no times), ``score`` at the peak,
            ``channel``, and ``share``, ``observed``, ``expected``, ``low``, ``high`` and ``reason``
            as in :meth:`GANDetector.explain_frame`. In a long window the values are means and
            ranges of segments, as the reason says.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`decision_function`, or if ``top`` is less than 1.
        ImportError
            If pandas is not installed. The extra ``tabular`` has it.
        """
        if not isinstance(top, Integral) or isinstance(top, bool) or top < 1:
            raise ValueError(f"`top` must be a whole number of at least 1. Got {top!r} instead.")
        scores = self.decision_function(X)
        with own_settings():
            values = self._reader.read(X)
            names = Names(self._reader.names, self._reader.labels(X))
            lines = []
            found = stretches(scores > self.threshold_, scores)
            for number, stretch in enumerate(found):
                detector, front_end, start = self._window_of(values, stretch.peak)
                row = front_end.rows(values, np.array([start]))
                reasons = detector.explain_frame(row, top=top)
                score = float(scores[stretch.peak])
                lines.append(in_words(number, stretch, score, reasons, front_end, start, names))
        return joined(lines)

    def _window_of(self, values: np.ndarray, point: int) -> tuple[GANDetector, WindowFrontEnd, int]:
        """Detector, front end and first point of the window that a point's score comes from."""
        found = []
        for detector, front_end in zip(self.detectors_, self._front_ends, strict=True):
            starts = front_end.seeing(point, len(values))
            scores = detector.decision_function(front_end.rows(values, starts))
            found.append((scores.max(), detector, front_end, int(starts[scores.argmax()])))
        return max(found, key=lambda one: one[0])[1:]

    def score_next(self, x: ArrayLike) -> float:
        """Take the next point of a series, and score the point ``latency_`` points before it.

        The score is the one that :meth:`decision_function` gives to the same point in one go. With
        a ``step`` above 1 this holds if more than ``latency_`` points follow. The first call after
        ``fit``, or after :meth:`restart`, begins a new series.

        Parameters
        ----------
        x : float or array-like of shape (n_channels,)
            The next point.

        Returns
        -------
        score : float
            NaN for the first ``latency_`` points, and until the longest window is complete.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If ``x`` is no point of finite numbers, or has other labels than the channels of
            ``fit``. The series goes on without it.
        """
        check_is_fitted(self)
        point = self._reader.read_point(x)
        if not hasattr(self, "_stream"):
            self.restart()
        with own_settings():
            return self._stream.score_next(point)

    def restart(self) -> SeriesDetector:
        """Forget the points of :meth:`score_next`, so that the next one begins a new series.

        Returns
        -------
        self : SeriesDetector
            The detector.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        """
        check_is_fitted(self)
        self._stream = Stream(self.detectors_, self._front_ends, self.n_features_in_)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        What is left out, and what is refused, is as in :meth:`GANDetector.save`. A series begun by
        :meth:`score_next` is not in the file.

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

    def read_otherwise(self, *, missing: str | None = None, irregular: str | None = None) -> None:
        """Change how series are read from now on, without a new fit. None leaves it as it is.

        The parameters of these names are set, too.

        Parameters
        ----------
        missing, irregular : str, default=None
            As the parameters of these names.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If a value is none of these.
        """
        check_is_fitted(self)
        with restored_on_failure(self):
            self.missing = self.missing if missing is None else missing
            self.irregular = self.irregular if irregular is None else irregular
            self._validate_params()
            reader = copy(self._reader)
            if missing is not None:
                reader.interpolate = missing == "interpolate"
            if irregular is not None:
                reader.checks_times = irregular == "error"
            self._reader = reader

    @property
    def table_reader_(self) -> TableReader | None:
        """Reads the columns of data frames. None if the detector was fitted to an array."""
        return self._reader.reader

    def __copy__(self) -> SeriesDetector:
        """Copy the detector, without the series that :meth:`score_next` follows."""
        twin = object.__new__(type(self))
        twin.__dict__.update({n: v for n, v in vars(self).items() if n != "_stream"})
        return twin

    def _fitted_parts(self) -> dict[str, GANDetector]:
        sizes = zip(self.window_sizes_, self.detectors_, strict=True)
        return {f"windows of {size}": detector for size, detector in sizes}

    def _content(self) -> Content:
        about = {
            "series": self._reader.to_dict(),
            "window_sizes": list(self.window_sizes_),
            "n_segments": [front_end.n_segments for front_end in self._front_ends],
            "step": self._front_ends[0].step,
            "latency": self.latency_,
        }
        return Content(self.detectors_, about, {})

    def _use_content(self, content: Content) -> None:
        about = content.about
        reader = SeriesReader.from_dict(about["series"])
        self.detectors_ = content.detectors
        front_ends = [
            WindowFrontEnd(size, n_segments, about["step"], about["latency"])
            for size, n_segments in zip(about["window_sizes"], about["n_segments"], strict=True)
        ]
        if about["window_sizes"] != sorted(set(about["window_sizes"])):
            raise ValueError("its window sizes must ascend")
        check_step(front_ends)
        shapes = [front_end.shape(len(reader.names)) for front_end in front_ends]
        if [a * b for a, b in shapes] != [p.n_features_in_ for p in self.detectors_]:
            raise ValueError("its window sizes and channels do not fit its detectors")
        self._use(reader, front_ends)

    def _new_reader(self) -> SeriesReader:
        """Make a reader of series as the parameters say."""
        given = self.preprocessing
        table_reader = TableReader() if isinstance(given, str) else given
        return SeriesReader(
            self.time,
            interpolate=self.missing == "interpolate",
            checks_times=self.irregular == "error",
            table_reader=table_reader,
        )

    def _front_ends_for(self, n_points: int) -> list[WindowFrontEnd]:
        """Make a front end for each window size, for a series of ``n_points``.

        Raises
        ------
        ValueError
            If a size is no whole number of at least 2, if the series is too short, or if points
            would lie in no window that they may see.
        """
        least = LEAST if isinstance(self.window_size, str) else 2
        if n_points < least:
            raise ValueError(f"A series must have at least {least} points. Got {n_points}.")
        sizes = self._sizes(n_points)
        longest = max(sizes)
        if n_points < longest + 1:
            raise ValueError(
                f"A series must be longer than its windows. The longest has {longest} points, and "
                f"the series {n_points}. Give a smaller window_size, or more points."
            )
        latency = longest - 1 if self.latency is None else int(self.latency)
        step = int(self.step)
        front_ends = [WindowFrontEnd(s, self._segments_of(s), step, latency) for s in sizes]
        check_step(front_ends)
        return front_ends

    def _with_free_windows(
        self, front_ends: list[WindowFrontEnd], marked: np.ndarray
    ) -> list[WindowFrontEnd]:
        """Leave out sizes that were not asked for, if hardly a window has no marked point (T,)."""
        if not isinstance(self.window_size, str) or not marked.any():
            return front_ends
        kept = [f for f in front_ends if len(f.starts_beside(marked)[0]) >= FEWEST]
        return kept or front_ends[:1]

    def _network(self) -> NetworkSpec:
        """Kind of the networks."""
        own = get_gan(self.gan).series_network
        return get_network(own if self.network is None else self.network)

    def _segments_of(self, size: int) -> int | None:
        """Number of segments of a window."""
        if self.n_segments is None or size <= SIZES[0]:
            return None
        if isinstance(self.n_segments, str):
            return SEGMENTS if isinstance(self._network(), MLP) else None
        return int(self.n_segments)

    def _sizes(self, n_points: int) -> list[int]:
        """Window sizes for a series, in ascending order."""
        if isinstance(self.window_size, str):
            long_enough = [size for size in SIZES if size <= n_points // 2]
            return long_enough or [n_points // 2]
        given: Any = self.window_size
        sizes = [given] if isinstance(given, Integral) else list(given)
        whole = all(isinstance(size, Integral) and int(size) >= 2 for size in sizes)
        if not sizes or not whole or len(set(sizes)) < len(sizes):
            raise ValueError(
                "The 'window_size' parameter of SeriesDetector must be 'auto', an int of at least "
                f"2, or several that differ. Got {given!r}."
            )
        return sorted(int(size) for size in sizes)

    def _fitted(
        self,
        front_end: WindowFrontEnd,
        values: np.ndarray,
        marked: np.ndarray,
        draws: np.random.RandomState,
    ) -> GANDetector:
        """Fit a detector on windows of one size, at most ``MOST_WINDOWS`` of them.

        ``marked`` (T,) are points that are known to be anomalous.
        """
        seed = new_seed(draws)
        starts, of_anomalies = front_end.starts_beside(marked)
        if len(starts) < 2:
            raise ValueError(
                f"{len(starts)} window(s) of {front_end.size} points have no known anomaly, and at "
                "least 2 are needed. Pass a longer series, or a smaller window_size."
            )
        if len(starts) > MOST_WINDOWS:
            starts = np.sort(draws.choice(starts, MOST_WINDOWS, replace=False))
        if len(of_anomalies) > MOST_KNOWN:
            of_anomalies = np.sort(draws.choice(of_anomalies, MOST_KNOWN, replace=False))
        shape = front_end.shape(values.shape[1])
        return fit_part(
            self,
            OWN,
            front_end.rows(values, starts),
            seed,
            f"windows of {front_end.size}",
            front_end.rows(values, of_anomalies)[:, None],
            network=self._network().for_rows(shape),
            augmentations=on_windows(self.augmentations, shape),
        )

    def _use(self, reader: SeriesReader, front_ends: list[WindowFrontEnd]) -> None:
        """Set what is known of the series of ``fit``."""
        self.__dict__.pop("_stream", None)
        self._front_ends = front_ends
        self._reader = reader
        self.window_sizes_ = tuple(front_end.size for front_end in front_ends)
        self.latency_ = max(front_end.latency for front_end in front_ends)
        self.channels_ = list(reader.names)
        self.spacing_ = reader.spacing
        self.n_features_in_ = len(reader.names)

    def _scores(self, values: np.ndarray) -> np.ndarray:
        """Scores of the points of a series, (T, C) -> (T,)."""
        pairs = zip(self.detectors_, self._front_ends, strict=True)
        by_size = [point_scores(detector, front_end, values) for detector, front_end in pairs]
        return mean_of_parts(np.array(by_size))
