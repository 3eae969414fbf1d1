"""The estimator GANDetector. ``fit`` and ``decision_function`` show the way of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._support.rollback import restored_on_failure
from .api.conformal import ConformalMixin
from .api.explaining import ExplainMixin
from .api.exporting import OnnxMixin
from .api.fitted import model_of
from .api.negatives import augmented_rows, other_rows, read_anomalies
from .api.parameters import (
    CONSTRAINTS,
    ParametersMixin,
    all_callbacks,
    number_of_members,
    resolve_settings,
)
from .api.partial_fit import PartialFitMixin
from .api.pyod_base import PyODBase
from .api.reservoir import first_rows
from .api.saving import SaveMixin
from .api.summary import SummaryMixin
from .api.thresholds import use_scores
from .engine.callbacks import Callback
from .engine.devices import find_device
from .engine.network_spec import NetworkSpec
from .engine.networks import Networks
from .engine.spec import BaseGAN, Settings
from .engine.training import member_streams
from .front_ends.augmentations import Augmentation
from .front_ends.batches import TableLike
from .front_ends.dask_tables import is_dask, map_partitions, without_rows
from .front_ends.front_end import Rows
from .front_ends.samples import check_same_rows, sample_of
from .front_ends.table import TableFrontEnd
from .front_ends.table_encoder import TableEncoder
from .front_ends.table_reader import TableReader
from .gans.registry import get_gan
from .model import Negatives, fit_model


class GANDetector(
    PartialFitMixin,
    ExplainMixin,
    SaveMixin,
    OnnxMixin,
    ConformalMixin,
    SummaryMixin,
    ParametersMixin,
    PyODBase,
):
    """Anomaly detection by generative adversarial networks, for scikit-learn and PyOD.

    An ensemble of small GANs is trained together and learns what normal rows look like. Rows that
    the GANs cannot make score high. Columns are standardised inside, so raw tables can be passed.

    Parameters
    ----------
    gan : str or BaseGAN, default="auto"
        A name of :data:`pyod_gan.gans.GANS`, such as ``"alad"``, or a GAN spec, such as
        ``ALAD(latent_dim=8)``. ``"auto"`` and ``"views"`` are :class:`ViewGAN`. Parameters of a
        GAN spec are reached by names such as ``gan__latent_dim``.
    n_estimators : int, default=None
        Number of ensemble members, which are trained together. None takes the GAN's own number, 2
        for :class:`ViewGAN` and 8 for the others.
    contamination : float in (0, 0.5], "auto" or thresholder, default=0.1
        A number is the share of anomalies in the training data. "auto" flags scores that are more
        than 3.5 robust standard deviations above the median. A thresholder is an object that finds
        the threshold, such as PyThresh's; a clone of it is used. The parameter sets ``threshold_``
        and ``labels_``, never the scores.
    max_iter : int, default=None
        Number of training steps. None takes the GAN's own setting, also in the next three
        parameters.
    batch_size : int, default=None
        Rows per step and member.
    lr : float, default=None
        Learning rate of Adam.
    hidden_layer_sizes : sequence of int, default=None
        Units of each hidden layer of every network.
    network : {"mlp", "conv1d", "conv2d"} or NetworkSpec, default=None
        Kind of the networks, such as ``Conv2d(shape=(1, 16, 16))`` for images of 16 × 16 pixels,
        see :mod:`pyod_gan.networks`. Rows stay flat. None takes the GAN's own, which is "mlp".
        Parameters of a network spec are reached by names such as ``network__channels``.
    pairing : {"one", "all"}, default="one"
        "all" lets the players of each member meet the critics of all members, in training and in
        the score (Han et al. 2021). It costs as many times as much as there are members.
    early_stopping : bool, default=False
        Whether to stop without labels, by :class:`pyod_gan.callbacks.EarlyStopping`.
    callbacks : sequence of Callback, default=None
        Objects with skorch's method names, see :class:`pyod_gan.callbacks.Callback`.
    augmentations : sequence of str or callable, default=None
        Changes that make negatives of training rows, which critics learn to reject, as they do
        broad negatives. "cut-paste", "shuffled-patches", "reversed" and "warped", see
        :mod:`pyod_gan.augmentations`, are for windows and images, whose shape the ``network`` says.
        A callable gets rows (n, n_encoded), or windows (n, channels, ...) if rows have a shape, in
        the units of the table, and a ``RandomState``, and returns changed ones. With several, each
        makes as many negatives.
    preprocessing : {"auto", "joint", "table"} or TableReader, default="auto"
        "auto" reads data frames by :class:`pyod_gan.tables.TableReader`, and encodes those that
        have missing values or columns of other kinds than numbers, by
        :class:`pyod_gan.tables.TableEncoder` (extra ``tabular``). Other tables are taken as they
        are. A ``TableReader`` says how values are written, and what becomes of a value that cannot
        be read. "table" encodes every input, so that arrays may have missing values too. "joint" is
        for numbers that share a unit, such as pixels or embeddings: all columns get one scale, so
        that one that hardly varies counts little in distances and for networks.
    warm_start : bool, default=False
        Whether ``fit`` starts from the networks of the last fit, which must have the same sizes.
    reservoir_size : int, default=2048
        Number of rows kept for :meth:`partial_fit`. On average, each row is forgotten after this
        many new rows. 0 keeps no rows and makes the model smaller. The prototypes of the default
        GAN are training rows too, and stay in the model.
    n_jobs : int or None, default=None
        Number of jobs of joblib in which ``fit`` trains groups of members, such as processes; -1
        takes all. The scores are the same for every number. None means 1, unless
        :func:`joblib.parallel_config` says otherwise. Small networks train faster together in one
        job. With ``callbacks``, ``early_stopping``, ``verbose``, ``pairing="all"``, or batches that
        are no multiple of 16, there is one job.
    random_state : int, RandomState or None, default=None
        An int gives the same scores, bit for bit, on the same machine. None takes fresh entropy.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, …; ``"auto"`` takes CUDA if there is one.
    verbose : {0, 1, 2}, default=0
        0 is silent. 1 shows progress bars for training and for long scoring. 2 logs the history at
        level INFO to the logger ``pyod_gan``.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_samples,)
        Scores of the training rows, higher = more anomalous. They equal ``decision_function`` of
        the training rows. Of a table of Dask they are those of the sample that was learnt. After
        ``partial_fit`` they are the scores of ``reservoir_``.
    threshold_ : float
        Rows that score above it are labelled 1.
    labels_ : ndarray of shape (n_samples,)
        Labels of the same rows, 0 = inlier, 1 = outlier.
    flagged_share_ : float
        Share of outliers that the threshold stands for.
    conformal_scores_ : ndarray of shape (n_held_out,)
        Sorted scores of held-out rows, after ``calibrate``.
    model_ : FittedModel
        What was fitted: front end, networks and units. ``encoder_``, ``gan_``, ``networks_`` and
        ``settings_`` are parts of it.
    encoder_ : TableEncoder or None
        Encodes a data frame as numbers. None if all its values are numbers.
    gan_ : BaseGAN
        The GAN spec that was fitted.
    networks_ : Networks
        Networks and buffers of the GAN in double precision. The first axis of every tensor is the
        members that are left.
    settings_ : Settings
        The training settings that were used. Where a parameter is None, they are the GAN's own.
    history_ : list of dict
        One row per logged step of the last training. It has ``step``; the means over members of
        losses, gradient norms and ``spread`` of generated against real rows (1 = as wide);
        ``seconds``; and ``n_alive``.
    n_members_ : int
        Number of members that training began with. Those that diverged or collapsed were dropped.
    n_iter_ : int
        Number of steps trained, including those of ``partial_fit``.
    n_samples_seen_ : int
        Number of rows of ``fit`` and of every ``partial_fit`` since.
    steps_due_ : float
        Number of steps that ``partial_fit`` has saved up.
    reservoir_ : ndarray of shape (at most reservoir_size, n_encoded)
        Rows that are remembered, encoded as numbers.
    known_anomalies_ : ndarray of shape (n_anomalies, n_encoded)
        Known anomalies of ``fit`` and of every ``partial_fit`` since, encoded as numbers.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if ``fit`` got a data frame with string names.

    Notes
    -----
    The scores of a member are put on one scale by ``(score − median) / interquartile range`` of its
    scores of the training rows. The score of a row is the mean over members. If there are several
    views, the largest view counts. :class:`ViewGAN` has them weighed instead.

    Examples
    --------
    >>> import numpy as np
    >>> from pyod_gan import GANDetector
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> X[0] = 8
    >>> detector = GANDetector(contamination=0.01, random_state=0).fit(X)
    >>> detector.labels_[:3]
    array([1, 0, 0])
    """

    _parameter_constraints = CONSTRAINTS

    def __init__(
        self,
        gan: str | BaseGAN = "auto",
        *,
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
        preprocessing: str | TableReader = "auto",
        warm_start: bool = False,
        reservoir_size: int = 2048,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        verbose: int = 0,
    ) -> None:
        self.gan = gan
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
        self.preprocessing = preprocessing
        self.warm_start = warm_start
        self.reservoir_size = reservoir_size
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.device = device
        self.verbose = verbose

    def fit(
        self, X: TableLike, y: Any = None, *, known_anomalies: ArrayLike | None = None
    ) -> GANDetector:
        """Train on ``X`` and set threshold and labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or batches
            Training rows, at least 2. They are finite numbers, or a data frame of any columns. Rows
            that do not fit into memory come in batches: a path to Parquet files, a dataset of
            Arrow, a ``numpy.memmap``, or what :class:`pyod_gan.tables.Batches` takes. Of a table of
            more than 262,144 rows (fewer, if it has more than 128 columns) a sample is learnt, and
            all rows are scored. A DataFrame or an Array of Dask stays where its partitions are
            (extra ``dask``). Only the sample of it is scored.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_anomalies, n_features), default=None
            Rows that are known to be anomalies, one or more, with the columns of ``X``. They may be
            rows of ``X`` too. Critics learn to reject them, and :class:`ViewGAN` also weighs its
            views, and the columns, by what sets them apart from ``X``.

        Returns
        -------
        self : GANDetector
            The fitted detector. If ``fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError
            If a parameter or an input cannot be used, or if ``gan`` cannot learn from known
            anomalies.
        TrainingCollapsedError
            If no ensemble member could be trained.
        ImportError
            If a table has to be encoded without the extra ``tabular``.
        """
        with restored_on_failure(self):
            self._validate_params()
            scores = self._learn(X, known_anomalies)
            if scores is None:
                scores = self.model_.scores(X, progress=self.verbose == 1)
                check_same_rows(self.n_samples_seen_, len(scores))
            use_scores(self, scores)
        return self

    def _learn(self, X: TableLike, known_anomalies: Any) -> np.ndarray | None:
        """Fit a model. Returns the scores of the rows, or None if a sample of them was learnt."""
        gan = get_gan(self.gan)
        settings = resolve_settings(gan, self.get_params(deep=False))
        front_end = TableFrontEnd(self.preprocessing)
        sample = sample_of(X)
        with sample.errors_of_rows():
            values = front_end.fit_read(sample.rows).values
        known = read_anomalies(front_end, known_anomalies)
        learnt = other_rows(values, known)
        rows = front_end.scale(values)
        changed = augmented_rows(self, settings.network, values[learnt])
        n_members = number_of_members(gan, self.n_estimators)
        fit = fit_model(
            gan,
            settings,
            front_end,
            Rows(rows[learnt]),
            member_streams(self.random_state, n_members),
            all_callbacks(self.callbacks, self.early_stopping, self.verbose),
            find_device(self.device),
            negatives=Negatives(front_end.scale(known), front_end.scale(changed)),
            start=self._networks_to_start_from(),
            n_jobs=self.n_jobs,
            progress=self.verbose == 1,
        )
        self.model_ = fit.model
        self.history_ = fit.history
        self.n_members_ = n_members
        self.n_iter_ = fit.n_steps
        self.n_samples_seen_ = sample.n_rows
        self.steps_due_ = 0.0
        self.known_anomalies_ = known
        self.reservoir_ = first_rows(values[learnt], self.reservoir_size)
        if not sample.is_whole and not is_dask(X):
            return None
        return fit.scores if learnt.all() else fit.model.row_scores(rows)

    def _networks_to_start_from(self) -> Networks | None:
        """Return the networks of the last fit with ``warm_start``, else None."""
        if self.warm_start and hasattr(self, "model_"):
            return self.networks_
        return None

    def decision_function(self, X: TableLike) -> np.ndarray:
        """Anomaly score of each row, higher = more anomalous.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or batches
            Rows to score, with the columns of ``fit`` in the same order. Batches are as in ``fit``.

        Returns
        -------
        scores : ndarray of shape (n_samples,), float64
            A typical training row has a score of about 0. A score of 1 is one interquartile range
            above 0. Of a table of Dask it is a lazy Dask array.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If ``X`` has other columns than in ``fit``, an infinite value, or a value that cannot be
            read. A missing value is an error too, unless ``encoder_`` encodes the table.
        """
        model = model_of(self)
        if is_dask(X):
            self._table.check_columns(without_rows(X))
            return map_partitions(model.scores, X)
        return model.scores(X, progress=self.verbose == 1)

    @property
    def gan_(self) -> BaseGAN:
        """The GAN spec that was fitted."""
        return self.model_.gan

    @property
    def networks_(self) -> Networks:
        """The networks of the fitted GAN."""
        return self.model_.networks

    @property
    def settings_(self) -> Settings:
        """The training settings of the fitted GAN."""
        return self.model_.settings

    @property
    def encoder_(self) -> TableEncoder | None:
        """The encoder of a table that is not all numbers, or None."""
        return self._table.encoder_

    @property
    def n_features_in_(self) -> int:
        """Number of columns seen in ``fit``."""
        n_columns: int = self._table.n_features_in_
        return n_columns

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns seen in ``fit``. Raises an AttributeError if there were none."""
        return np.asarray(self._table.feature_names_in_)

    @property
    def _table(self) -> TableFrontEnd:
        """The front end of a detector that was fitted on a table."""
        front_end = self.model_.front_end
        if not isinstance(front_end, TableFrontEnd):
            raise AttributeError(f"A {type(front_end).__name__} has no columns.")
        return front_end
