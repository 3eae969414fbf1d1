"""The estimator SeriesDetector: points and patterns of time series."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._support.own_settings import own_settings
from .._support.rollback import restored_on_failure
from ..api.conformal import ConformalMixin
from ..api.parameters import CONSTRAINTS, ParametersMixin
from ..api.pyod_base import PyODBase
from ..api.summary import SummaryMixin
from ..api.thresholds import use_scores
from ..detector import GANDetector
from ..engine.callbacks import Callback
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..explain.reasons import check_top
from ..explain.windows import Names, in_words, joined, stretches
from ..front_ends.augmentations import Augmentation
from ..front_ends.series import SeriesReader
from ..front_ends.table_reader import TableReader
from ..front_ends.windows import WindowFrontEnd
from .composed import ComposedMixin, Content
from .series_model import SIZES, SeriesModel, fit_series
from .window_scores import check_step

if TYPE_CHECKING:
    import pandas as pd

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
            self._model, scores = fit_series(self, OWN, reader, values, known_anomalies)
            self.__dict__.pop("_stream", None)
            use_scores(self, scores)
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
            values = self._model.reader.read(X)
            longest = self.window_sizes_[-1]
            if len(values) < longest:
                raise ValueError(
                    f"A series must be as long as the longest window, which has {longest} points. "
                    f"Got {len(values)} points; pass more of the series, or fit with a smaller "
                    "window_size."
                )
            return self._model.scores(values)

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
        check_top(top)
        scores = self.decision_function(X)
        with own_settings():
            model, reader = self._model, self._model.reader
            values = reader.read(X)
            names = Names(reader.names, reader.labels(X))
            lines = []
            found = stretches(scores > self.threshold_, scores)
            for number, stretch in enumerate(found):
                detector, front_end, start = model.window_of(values, stretch.peak)
                row = front_end.rows(values, np.array([start]))
                reasons = detector.explain_frame(row, top=top)
                score = float(scores[stretch.peak])
                lines.append(in_words(number, stretch, score, reasons, front_end, start, names))
        return joined(lines)

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
        point = self._model.reader.read_point(x)
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
        self._stream = self._model.stream()
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
            reader = copy(self._model.reader)
            if missing is not None:
                reader.interpolate = missing == "interpolate"
            if irregular is not None:
                reader.checks_times = irregular == "error"
            self._model = replace(self._model, reader=reader)

    @property
    def window_sizes_(self) -> tuple[int, ...]:
        """Points of the windows, in ascending order."""
        return self._model.sizes

    @property
    def detectors_(self) -> list[GANDetector]:
        """The fitted detectors, one per window size."""
        return self._model.detectors

    @property
    def latency_(self) -> int:
        """How many points after a point its score is final."""
        return self._model.latency

    @property
    def channels_(self) -> list[str]:
        """Names of the channels."""
        return list(self._model.reader.names)

    @property
    def spacing_(self) -> str:
        """Time from one point to the next, or "" if the series had no times."""
        return self._model.reader.spacing

    @property
    def table_reader_(self) -> TableReader | None:
        """Reads the columns of data frames. None if the detector was fitted to an array."""
        return self._model.reader.reader

    @property
    def n_features_in_(self) -> int:
        """Number of channels."""
        return len(self.channels_)

    def __copy__(self) -> SeriesDetector:
        """Copy the detector, without the series that :meth:`score_next` follows."""
        twin = object.__new__(type(self))
        twin.__dict__.update({n: v for n, v in vars(self).items() if n != "_stream"})
        return twin

    def _fitted_parts(self) -> dict[str, GANDetector]:
        sizes = zip(self.window_sizes_, self.detectors_, strict=True)
        return {f"windows of {size}": detector for size, detector in sizes}

    def _content(self) -> Content:
        model = self._model
        about = {
            "series": model.reader.to_dict(),
            "window_sizes": list(model.sizes),
            "n_segments": [front_end.n_segments for front_end in model.front_ends],
            "step": model.front_ends[0].step,
            "latency": model.latency,
        }
        return Content(model.detectors, about, {})

    def _use_content(self, content: Content) -> None:
        about = content.about
        reader = SeriesReader.from_dict(about["series"])
        front_ends = [
            WindowFrontEnd(size, n_segments, about["step"], about["latency"])
            for size, n_segments in zip(about["window_sizes"], about["n_segments"], strict=True)
        ]
        if about["window_sizes"] != sorted(set(about["window_sizes"])):
            raise ValueError("its window sizes must ascend")
        check_step(front_ends)
        shapes = [front_end.shape(len(reader.names)) for front_end in front_ends]
        if [a * b for a, b in shapes] != [p.n_features_in_ for p in content.detectors]:
            raise ValueError("its window sizes and channels do not fit its detectors")
        self._model = SeriesModel(reader, front_ends, content.detectors)

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
