"""The estimator ImageDetector: anomalies among images, and where in an image they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from numbers import Integral
from typing import TYPE_CHECKING, Any

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
from ..engine.mlp import MLP
from ..engine.network_kinds import get_network
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..explain.regions import Flagged, regions
from ..front_ends.augmentations import Augmentation
from ..front_ends.image_parts import PARTS, Embedding, part_from
from ..front_ends.images import ImageReader, Images
from .composed import Content, EmbeddingMixin
from .image_model import FittedPart, ImageModel, fit_images
from .items import for_each_item, skipped
from .parts import chosen_parts, mean_of_parts, unit_from

if TYPE_CHECKING:
    import pandas as pd

DEFAULT = ("shape", "sections", "texture", "detail")
# parameters that GANDetector does not have, or has for tables
OWN = ("parts", "embedding", "size", "resize", "on_error")


class ImageDetector(EmbeddingMixin, ConformalMixin, SummaryMixin, ParametersMixin, PyODBase):
    """Anomalies among images, and maps of where in an image they are, by GANs.

    An image is looked at in several *parts*, and for each of them a :class:`GANDetector` learns
    what is normal. "shape" sees the edges of the whole image, "sections" sees those of its four
    overlapping sections one by one, "texture" sees small patches of edges, and "detail" sees small
    patches of pixels. Each part's score is put in units of its training scores, and the score of an
    image is their mean. So no weights have to be downloaded, and few images are enough. Larger
    images are better seen through an embedding, any network that turns images into numbers.

    Parameters
    ----------
    gan : str or BaseGAN, default="auto"
        The GAN, as in :class:`GANDetector`.
    parts : "auto" or sequence of str, default="auto"
        Some of "shape", "sections", "texture", "detail", "pixels" and "embedding". "auto" is the
        first four.
        It is "embedding" if there is one, and "pixels", the values of the whole image, with other
        networks than multi-layer perceptrons, such as ``network="conv2d"``.
    embedding : callable, torch module, encoder or str, default=None
        What turns images into vectors (n_images, n_features), or into maps of vectors (n_images,
        n_features, height, width), whose places are then looked at one by one. A callable gets an
        array (n_images, height, width, n_channels). A torch module gets image by image as a tensor,
        (1, n_channels, height, width). An object with a method ``encode``, such as a PyOD encoder,
        or the name of one of PyOD's, gets a list of arrays of 8 bits. Of a callable or an encoder
        that returns slightly other numbers in another batch, the scores depend on the batch.
    size : int, default=32
        Longer side in pixels to which larger images are shrunk, other than for an embedding. Twice
        as many show finer textures and details, and cost four times as much.
    resize : tuple of int, default=None
        Height and width that all images are brought to first. None takes images that all have the
        same size.
    on_error : {"raise", "skip"}, default="raise"
        Whether an image that cannot be used is an error, or is left out with a warning. The errors
        name each of them.
    augmentations : sequence of str or callable, default=None
        Changes that make negatives of what the parts see, which critics learn to reject:
        "cut-paste", "shuffled-patches", "reversed" (upside down), "warped", see
        :mod:`pyod_gan.augmentations`, or a callable that gets windows (n, channels, height, width)
        of values or edges and a ``RandomState``. It does not change an embedding's vectors.
    n_estimators, contamination, max_iter, batch_size, lr, hidden_layer_sizes, network, pairing, \
early_stopping, callbacks, random_state, device, verbose
        As in :class:`GANDetector`. Kinds of networks without a shape, such as ``"conv2d"``, take
        that of the images.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_images,)
        Scores of the images of ``fit`` that were used, higher = more anomalous. They equal
        ``decision_function`` of the same images.
    threshold_ : float
        Images that score above it are labelled 1.
    labels_ : ndarray of shape (n_images,)
        Labels of the same images, 0 = inlier, 1 = outlier.
    flagged_share_ : float
        Share of outliers that the threshold stands for.
    conformal_scores_ : ndarray of shape (n_held_out,)
        Sorted scores of held-out images, after ``calibrate``.
    names_ : list of str or int
        Paths of the images of ``fit`` that were used, or their positions.
    skipped_ : list of str or int
        Those that could not be used, with ``on_error="skip"``.
    detectors_ : dict of str to list of GANDetector
        The fitted detectors, by part: one, or one for each of the four sections.
    image_shape_ : tuple of int
        Height, width and channels of the images, after ``resize``.
    n_features_in_ : int
        Number of values of an image.

    See Also
    --------
    GANDetector : The same for tables.

    Examples
    --------
    >>> import numpy as np
    >>> from pyod_gan import ImageDetector
    >>> rng = np.random.default_rng(0)
    >>> images = rng.normal(size=(60, 16, 16))
    >>> images[:, 4:12, 6:10] += 5
    >>> images[7, 4:12, 6:10] = 0
    >>> detector = ImageDetector(contamination=0.02, max_iter=50, random_state=0).fit(images)
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
        "size": [Interval(Integral, 8, None, closed="left")],
        "resize": ["array-like", None],
        "on_error": [StrOptions({"raise", "skip"})],
    }

    def __init__(
        self,
        gan: str | BaseGAN = "auto",
        *,
        parts: str | Sequence[str] = "auto",
        embedding: Callable[[np.ndarray], Any] | str | Any = None,
        size: int = 32,
        resize: tuple[int, int] | None = None,
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
        augmentations: Sequence[str | Augmentation] | None = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        verbose: int = 0,
    ) -> None:
        self.gan = gan
        self.parts = parts
        self.embedding = embedding
        self.size = size
        self.resize = resize
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
        self.augmentations = augmentations
        self.random_state = random_state
        self.device = device
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, *, known_anomalies: Any = None) -> ImageDetector:
        """Train on images, and set threshold and labels.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, n_channels]), list or path
            Images, at least 2: an array, a list of arrays, a list of paths of image files, or the
            path of a folder with image files in it or below it. Files need the extra ``images``.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_anomalies, height, width[, n_channels]), list or \
path, default=None
            Images that are known to be anomalies, one or more, which may be among those of ``X``.
            Each part learns from them, as in :meth:`GANDetector.fit`. Of those that look at small
            patches it is the patch that looks oddest without this knowledge.

        Returns
        -------
        self : ImageDetector
            The fitted detector. If ``fit`` fails or is interrupted, it stays as it was before.

        Raises
        ------
        ValueError
            If a parameter cannot be used, if images cannot be read, or have different sizes or
            channels, or missing values, or if ``gan`` cannot learn from known anomalies. All images
            that cannot be used are named.
        TrainingCollapsedError
            If no ensemble member could be trained.
        ImportError
            If files are read without the extra ``images``.
        """
        with restored_on_failure(self), own_settings():
            self._validate_params()
            names = self._part_names()
            reader = ImageReader(self._new_size())
            self._model, used, scores = fit_images(self, OWN, names, reader, X, known_anomalies)
            every = reader.names(X)
            self.names_ = [every[i] for i in used]
            self.skipped_ = skipped(every, used, "image")
            use_scores(self, scores)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Anomaly score of each image, higher = more anomalous.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, n_channels]), list or path
            Images of the size of ``fit``. Files of a folder are taken in the order of their paths.

        Returns
        -------
        scores : ndarray of shape (n_images,), float64
            A typical image of ``fit`` has a score of about 0. An image that cannot be used has NaN,
            with ``on_error="skip"``, and is never labelled 1.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError, ImportError
            As in :meth:`fit`, or if images have other channels or another range than in ``fit``.
        """
        check_is_fitted(self)
        with own_settings():
            model = self._model
            return self._by_image(X, (), lambda images: model.scores(model.seen(images)))

    def anomaly_maps(self, X: Any) -> np.ndarray:
        """Where in an image its score comes from, higher = more anomalous.

        The map of an image is the mean over its parts. In that of a part, a place has the mean
        score of the windows that it lies in. In the large windows of "shape" and "sections" a score
        is shared out, so that places have most that are least as expected. An embedding that makes
        one vector of an image has a map by occlusion (Zeiler and Fergus, "Visualizing and
        Understanding Convolutional Networks", ECCV 2014): how much the score falls if a place is
        covered by the image's mean.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, n_channels]), list or path
            Images as in :meth:`decision_function`.

        Returns
        -------
        maps : ndarray of shape (n_images, height, width), float64
            A map for each image, NaN if it cannot be used.

        Raises
        ------
        NotFittedError, ValueError, ImportError
            As in :meth:`decision_function`.
        """
        check_is_fitted(self)
        with own_settings():
            return self._by_image(X, self.image_shape_[:2], self._model.maps)

    def read_images(self, X: Any) -> np.ndarray:
        """Images as the detector reads them, after ``resize``, NaN for those that cannot be used.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, n_channels]), list or path
            Images as in :meth:`decision_function`.

        Returns
        -------
        images : ndarray of shape (n_images, height, width, n_channels), float64
            Values of 8 or 16 bits lie between 0 and 1.

        Raises
        ------
        NotFittedError, ValueError, ImportError
            As in :meth:`decision_function`.
        """
        check_is_fitted(self)
        with own_settings():
            return self._by_image(X, self.image_shape_, lambda images: images.values)

    def image_names(self, X: Any) -> list[str | int]:
        """Names of images: paths in their folder, or positions.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, n_channels]), list or path
            Images as in :meth:`decision_function`, with those that cannot be used.

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
        """Reasons for each image that is labelled 1: which parts are unusual, and where.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, n_channels]), list or path
            Images as in :meth:`decision_function`.
        flagged_only : bool, default=True
            Whether to leave out the images that are not labelled 1.

        Returns
        -------
        reasons : DataFrame
            One line per image and part, the part with the largest score first: ``image`` (path or
            position), ``score`` of the image, ``part``, ``part_score``, the place where the part's
            map is highest (``top``, ``left``, ``bottom`` and ``right``, in pixels), and ``reason``
            in words.

        Raises
        ------
        NotFittedError, ValueError
            As in :meth:`decision_function`.
        ImportError
            If pandas is not installed. The extra ``tabular`` has it.
        """
        check_is_fitted(self)
        with own_settings():
            model, flagged = self._model, []
            for images in model.reader.chunks(X, skips=self.on_error == "skip"):
                by_part = model.part_scores(model.seen(images))
                scores = mean_of_parts(by_part)
                chosen = scores > self.threshold_ if flagged_only else np.ones(len(scores), bool)
                for i in np.flatnonzero(chosen):
                    one = Images([0], [images.names[i]], images.values[i : i + 1])
                    maps = model.part_maps(one)[:, 0]
                    flagged.append(Flagged(images.names[i], scores[i], by_part[:, i], maps))
            return regions(model.names, flagged)

    @property
    def detectors_(self) -> dict[str, list[GANDetector]]:
        """The fitted detectors, by part."""
        return {fitted.part.name: fitted.detectors for fitted in self._model.parts}

    @property
    def image_shape_(self) -> tuple[int, int, int]:
        """Height, width and channels of the images."""
        return self._model.reader.shape

    @property
    def n_features_in_(self) -> int:
        """Number of values of an image."""
        return int(np.prod(self.image_shape_))

    def _part_names(self) -> tuple[str, ...]:
        """Names of the parts that the parameters ask for.

        Raises
        ------
        ValueError
            If there is no such part, if one is named twice, or if parts do not go with the
            embedding or the kind of network.
        """
        convolves = self.network is not None and not isinstance(get_network(self.network), MLP)
        default = ("pixels",) if convolves else DEFAULT
        names = chosen_parts(self, default, PARTS, Embedding.name)
        positions = [name for name in names if name in PARTS and PARTS[name].has_position]
        if convolves and positions:
            raise ValueError(
                f"Rows of {' and '.join(positions)} hold positions, which only an MLP can read. "
                f"Got network={self.network!r}; use parts=('pixels',)."
            )
        return names

    def _new_size(self) -> tuple[int, int] | None:
        """Height and width to resize to."""
        if self.resize is None:
            return None
        given: Any = self.resize
        if len(given) != 2 or not all(isinstance(n, Integral) and int(n) >= 1 for n in given):
            raise ValueError(
                "The 'resize' parameter of ImageDetector must be a height and a width in pixels. "
                f"Got {given!r}."
            )
        return int(given[0]), int(given[1])

    def _by_image(
        self, X: Any, shape: tuple[int, ...], compute: Callable[[Images], np.ndarray]
    ) -> np.ndarray:
        """Compute something for each image, chunk by chunk, NaN for those that cannot be used."""
        skips, reader = self.on_error == "skip", self._model.reader
        return for_each_item(reader, X, "image", shape, compute, skips=skips, stacklevel=5)

    def _check_params(self) -> None:
        self._validate_params()
        self._part_names()

    def _needs_embedding(self) -> bool:
        return Embedding.name in self._model.names

    def _content(self) -> Content:
        model = self._model
        about = {
            "images": model.reader.to_dict(),
            "size": model.size,
            "parts": [
                p.part.to_dict() | {"unit": list(p.unit), "n_detectors": len(p.detectors)}
                for p in model.parts
            ],
            "names": self.names_,
            "skipped": self.skipped_,
        }
        return Content([d for part in model.parts for d in part.detectors], about, {})

    def _use_content(self, content: Content) -> None:
        about, detectors = content.about, iter(content.detectors)
        if type(about["size"]) is not int or about["size"] < 8:
            raise ValueError("its 'size' must be a whole number of pixels")
        parts = []
        for entry in about["parts"]:
            own = list(islice(detectors, entry["n_detectors"]))
            parts.append(FittedPart(part_from(entry), own, unit_from(entry["unit"])))
        if not all(p.detectors for p in parts) or any(True for _ in detectors):
            raise ValueError("its parts must have all of its detectors")
        reader = ImageReader.from_dict(about["images"])
        self._model = ImageModel(reader, about["size"], self.embedding, parts)
        self.names_, self.skipped_ = list(about["names"]), list(about["skipped"])
        if len(self.names_) != len(self.decision_scores_):
            raise ValueError("it must have a name for each score")
