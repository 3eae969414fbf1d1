"""The estimator AudioDetector: anomalies among clips of sound, and when in a clip they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
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
from ..explain.clips import FlaggedClip, around_peak, reasons_of_clips
from ..front_ends.audio import AudioReader
from ..front_ends.audio_parts import BANDS, PARTS, band_edges, frame_samples, part_from
from .audio_model import EMBEDDING, AudioModel, FittedAudioPart, Sounds, fit_clips
from .composed import Content, EmbeddingMixin
from .items import for_each_item, left_out, skipped, warn_of
from .parts import chosen_parts, mean_of_parts, unit_from

if TYPE_CHECKING:
    import pandas as pd

DEFAULT = tuple(PARTS)
# parameters that GANDetector does not have, or has for tables
OWN = ("parts", "embedding", "sample_rate", "on_error")


class FrameScores(NamedTuple):
    """A clip frame by frame: scores, and the spectrogram that they are of.

    Attributes
    ----------
    times : ndarray of shape (n_frames,)
        Middles of the frames in seconds.
    scores : ndarray of shape (n_frames,)
        Scores of the frames, higher = more anomalous.
    frequencies : ndarray of shape (32,)
        Middles of the bands in Hz.
    levels : ndarray of shape (32, n_frames)
        Power of each band in decibels, 0 = the loudest of the clip.
    """

    times: np.ndarray
    scores: np.ndarray
    frequencies: np.ndarray
    levels: np.ndarray


class AudioDetector(EmbeddingMixin, ConformalMixin, SummaryMixin, ParametersMixin, PyODBase):
    """Anomalies among clips of sound, and scores of the times in a clip, by GANs.

    A clip is heard as a log-mel spectrogram, in several *parts*, and for each of them a
    :class:`GANDetector` learns what is normal. "events" hears windows of a tenth of a second, the
    oddest of which counts. "texture" hears how the power rises and falls in windows of a fifth of a
    second, and their mean counts. "spectrum" hears the mean power of fine bands over the whole
    clip. Each part's score is put in units of its training scores, and the score of a clip is their
    mean. Clips may have different lengths. It needs the extra ``audio``.

    Parameters
    ----------
    gan : str or BaseGAN, default="auto"
        The GAN, as in :class:`GANDetector`.
    parts : "auto" or sequence of str, default="auto"
        Some of "events", "texture", "spectrum" and "embedding". "auto" is the first three, or
        "embedding" if there is one.
    embedding : callable, torch module, encoder or str, default=None
        What turns clips into vectors (n_clips, n_features). A callable gets a list of arrays
        (n_samples,). A torch module gets clip by clip as a tensor, (1, n_samples). An object with a
        method ``encode``, such as a PyOD encoder, or the name of one of PyOD's, gets a list of
        pairs of an array and its sample rate. Of a callable or an encoder that returns slightly
        other numbers in another batch, the scores depend on the batch.
    sample_rate : int, default=None
        Samples per second that all clips are brought to, and that arrays without a rate have. None
        takes the rate of the clips, which must all have the same.
    on_error : {"raise", "skip"}, default="raise"
        Whether a clip that cannot be used is an error, or is left out with a warning. The errors
        name each of them.
    n_estimators, contamination, max_iter, batch_size, lr, hidden_layer_sizes, network, pairing, \
early_stopping, callbacks, random_state, device, verbose
        As in :class:`GANDetector`. Kinds of networks without a shape, such as ``"conv1d"``, take
        that of the windows. What has no windows, such as "spectrum", is always for a perceptron.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_clips,)
        Scores of the clips of ``fit`` that were used, higher = more anomalous. They equal
        ``decision_function`` of the same clips.
    threshold_ : float
        Clips that score above it are labelled 1.
    labels_ : ndarray of shape (n_clips,)
        Labels of the same clips, 0 = inlier, 1 = outlier.
    flagged_share_ : float
        Share of outliers that the threshold stands for.
    conformal_scores_ : ndarray of shape (n_held_out,)
        Sorted scores of held-out clips, after ``calibrate``.
    names_ : list of str or int
        Paths of the clips of ``fit`` that were used, or their positions.
    skipped_ : list of str or int
        Those that could not be used, with ``on_error="skip"``.
    detectors_ : dict of str to GANDetector
        The fitted detectors, by part.
    sample_rate_ : int
        Samples per second of the clips.
    n_features_in_ : int
        1, the column of clips.

    See Also
    --------
    SeriesDetector : Points and patterns of one long series.

    Examples
    --------
    >>> import numpy as np
    >>> from pyod_gan import AudioDetector
    >>> rng, time = np.random.default_rng(0), np.arange(4000) / 8000
    >>> clips = [np.sin(2 * np.pi * rng.normal(440, 5) * time) for _ in range(40)]
    >>> clips = [clip + 0.1 * rng.normal(size=4000) for clip in clips]
    >>> clips[7][2000:2400] = rng.normal(size=400)
    >>> detector = AudioDetector(sample_rate=8000, max_iter=50, random_state=0).fit(clips)
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
        "sample_rate": [Interval(Integral, 1, None, closed="left"), None],
        "on_error": [StrOptions({"raise", "skip"})],
    }

    def __init__(
        self,
        gan: str | BaseGAN = "auto",
        *,
        parts: str | Sequence[str] = "auto",
        embedding: Callable[[list[np.ndarray]], Any] | str | Any = None,
        sample_rate: int | None = None,
        on_error: str = "raise",
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
        self.sample_rate = sample_rate
        self.on_error = on_error
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

    def fit(self, X: Any, y: Any = None, *, known_anomalies: Any = None) -> AudioDetector:
        """Train on clips, and set threshold and labels.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_samples), list or path
            Clips, at least 2: a list of arrays (n_samples,) or (n_samples, n_channels), a list of
            pairs of an array and its sample rate, an array of clips of one length, a list of paths
            of audio files, or the path of a folder with audio files in it or below it. Channels are
            mixed to one.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_anomalies, n_samples), list or path, default=None
            Clips that are known to be anomalies, one or more, which may be among those of ``X``.
            Each part learns from them, as in :meth:`GANDetector.fit`. Of those that hear short
            windows it is the window that sounds oddest without this knowledge.

        Returns
        -------
        self : AudioDetector
            The fitted detector. If ``fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError
            If a parameter cannot be used, if arrays have no sample rate, if clips cannot be read,
            have different rates, less than 256 samples, or missing values, or if ``gan`` cannot
            learn from known anomalies. All clips that cannot be used are named.
        TrainingCollapsedError
            If no ensemble member could be trained.
        ImportError
            If the extra ``audio`` is not installed.
        """
        with restored_on_failure(self), own_settings():
            self._validate_params()
            names = chosen_parts(self, DEFAULT, PARTS, EMBEDDING)
            reader = AudioReader(self.sample_rate)
            self._model, used, scores = fit_clips(self, OWN, names, reader, X, known_anomalies)
            every = reader.names(X)
            self.names_ = [every[i] for i in used]
            self.skipped_ = skipped(every, used, "clip")
            use_scores(self, scores)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Anomaly score of each clip, higher = more anomalous.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_samples), list or path
            Clips as in :meth:`fit`. Files of a folder are taken in the order of their paths.

        Returns
        -------
        scores : ndarray of shape (n_clips,), float64
            A typical clip of ``fit`` has a score of about 0. A clip that cannot be used has NaN,
            with ``on_error="skip"``, and is never labelled 1.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError, ImportError
            As in :meth:`fit`, or if clips have another rate or another range than in ``fit``.
        """
        check_is_fitted(self)
        with own_settings():
            model = self._model
            return for_each_item(
                model.reader,
                X,
                "clip",
                (),
                lambda clips: model.scores(model.sounds(clips)),
                skips=self.on_error == "skip",
            )

    def frame_scores(self, X: Any) -> list[FrameScores]:
        """When in a clip its score comes from: scores of frames, a hundred a second.

        The score of a frame is the mean over the parts, and in a part over the windows that the
        frame lies in. A part without windows, such as "spectrum", has one score for all frames.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_samples), list or path
            Clips as in :meth:`decision_function`.

        Returns
        -------
        frames : list of FrameScores
            For each clip ``times``, ``scores``, ``frequencies`` and ``levels``. A clip that cannot
            be used has no frames.

        Raises
        ------
        NotFittedError, ValueError, ImportError
            As in :meth:`decision_function`.
        """
        check_is_fitted(self)
        with own_settings():
            model = self._model
            names = model.reader.names(X)
            found = [self._frames(np.empty(0), np.empty((BANDS, 0)))] * len(names)
            used: list[int] = []
            for clips in model.reader.chunks(X, skips=self.on_error == "skip"):
                sounds = model.sounds(clips)
                by_frame = zip(clips.places, model.by_frame(sounds), sounds.heard, strict=True)
                for place, by_part, heard in by_frame:
                    found[place] = self._frames(mean_of_parts(by_part), heard.frames)
                used += clips.places
            warn_of(left_out(names, used), "clip", stacklevel=3)
            return found

    def clip_names(self, X: Any) -> list[str | int]:
        """Names of clips: paths in their folder, or positions.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_samples), list or path
            Clips as in :meth:`decision_function`, with those that cannot be used.

        Returns
        -------
        names : list of str or int
            The names, in the order of the scores.

        Raises
        ------
        NotFittedError, ValueError, ImportError
            As in :meth:`decision_function`.
        """
        check_is_fitted(self)
        return self._model.reader.names(X)

    def explain_frame(self, X: Any, *, flagged_only: bool = True) -> pd.DataFrame:
        """Reasons for each clip that is labelled 1: which parts are unusual, when, and where.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_samples), list or path
            Clips as in :meth:`decision_function`.
        flagged_only : bool, default=True
            Whether to leave out the clips that are not labelled 1.

        Returns
        -------
        reasons : DataFrame
            One line per clip and part, the part with the largest score first: ``clip`` (path or
            position), ``score`` of the clip, ``part``, ``part_score``, the stretch where the part's
            frames score highest (``start`` and ``end``, in seconds), the bands that are least as
            expected there (``low`` and ``high``, in Hz, NaN for an embedding), and ``reason`` in
            words.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`decision_function`.
        ImportError
            If pandas is not installed. The extra ``tabular`` has it.
        """
        check_is_fitted(self)
        with own_settings():
            model, lines = self._model, []
            for clips in model.reader.chunks(X, skips=self.on_error == "skip"):
                sounds = model.sounds(clips)
                by_part = model.part_scores(sounds)
                scores = mean_of_parts(by_part)
                chosen = scores > self.threshold_ if flagged_only else np.ones(len(scores), bool)
                for i in np.flatnonzero(chosen):
                    one = Sounds([sounds.heard[i]], sounds.features[[i]])
                    for k in np.argsort(-by_part[:, i], kind="stable"):
                        stretch = self._stretch(model.parts[k], one)
                        ends = (float(scores[i]), model.names[k], float(by_part[k, i]), *stretch)
                        lines.append(FlaggedClip(clips.names[i], *ends))
            return reasons_of_clips(lines)

    @property
    def detectors_(self) -> dict[str, GANDetector]:
        """The fitted detectors, by part."""
        return {fitted.name: fitted.detector for fitted in self._model.parts}

    @property
    def sample_rate_(self) -> int:
        """Samples per second of the clips."""
        return self._model.reader.rate

    @property
    def n_features_in_(self) -> int:
        """Number of columns: that of the clips."""
        check_is_fitted(self)
        return 1

    def _frames(self, scores: np.ndarray, levels: np.ndarray) -> FrameScores:
        """Scores and levels of frames with their times and frequencies."""
        rate = self._model.reader.rate
        size, hop = frame_samples(rate)
        times = (np.arange(len(scores)) * hop + size / 2) / rate
        return FrameScores(times, scores, band_edges(rate, BANDS)[:, 1], levels)

    def _stretch(self, fitted: FittedAudioPart, one: Sounds) -> tuple[float, float, float, float]:
        """Where a part of one clip is least as expected: start and end in s, lowest and highest Hz.

        The bands are those of the window that scores highest.
        """
        rate = self._model.reader.rate
        size, hop = frame_samples(rate)
        (by_frame,) = fitted.by_frame(one)
        first, last = around_peak(by_frame)
        seconds = (first * hop / rate, (last * hop + size) / rate)
        if fitted.part is None:
            return (*seconds, np.nan, np.nan)
        (scores,) = fitted.window_scores(one)
        by_band = fitted.misfits(one.heard[0])[scores.argmax()]
        lowest, highest = around_peak(by_band)
        edges = band_edges(rate, fitted.part.n_bands)
        return (*seconds, float(edges[lowest, 0]), float(edges[highest, 2]))

    def _check_params(self) -> None:
        self._validate_params()
        chosen_parts(self, DEFAULT, PARTS, EMBEDDING)

    def _needs_embedding(self) -> bool:
        return EMBEDDING in self._model.names

    def _content(self) -> Content:
        model, entries = self._model, []
        for fitted in model.parts:
            learnt = {"name": EMBEDDING} if fitted.part is None else fitted.part.to_dict()
            entries.append(learnt | {"unit": list(fitted.unit)})
        about = {
            "clips": model.reader.to_dict(),
            "mean_power": model.mean_power,
            "parts": entries,
            "names": self.names_,
            "skipped": self.skipped_,
        }
        return Content([fitted.detector for fitted in model.parts], about, {})

    def _use_content(self, content: Content) -> None:
        about, parts = content.about, []
        if type(about["mean_power"]) is not float or not 0 <= about["mean_power"] < np.inf:
            raise ValueError("its clips must have a mean power")
        for entry, detector in zip(about["parts"], content.detectors, strict=True):
            part = None if entry["name"] == EMBEDDING else part_from(entry)
            unit = unit_from(entry["unit"])
            parts.append(FittedAudioPart(entry["name"], part, detector, unit))
        reader = AudioReader.from_dict(about["clips"])
        self._model = AudioModel(reader, about["mean_power"], self.embedding, parts)
        self.names_, self.skipped_ = list(about["names"]), list(about["skipped"])
        if len(self.names_) != len(self.decision_scores_):
            raise ValueError("it must have a name for each score")
