"""``save`` and ``load`` of estimators that are made of several detectors."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..api.saving import composed, detector_from, from_composed, what_to_save
from ..detector import GANDetector
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..persist.composed_file import SavedComposed, read_composed, write_composed
from ..persist.detector_file import refused


class Content(NamedTuple):
    """What a file holds of an estimator, besides its parameters, scores and threshold."""

    detectors: list[GANDetector]
    about: dict[str, Any]  # in types that JSON can hold
    arrays: dict[str, np.ndarray]


class ComposedMixin:
    """Adds ``save`` and ``load``."""

    _validate_params: Callable[[], None]  # scikit-learn's base class has it

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        What is left out, and what is refused, is as in :meth:`GANDetector.save`.

        Parameters
        ----------
        path : str or path-like
            Path of the file. An existing file is replaced.

        Raises
        ------
        NotFittedError, ValueError, OSError
            As in :meth:`GANDetector.save`.
        """
        check_is_fitted(self)
        self._check_params()
        content = self._content()
        detectors = [what_to_save(detector) for detector in content.detectors]
        saved = composed(self, detectors, content.about, content.arrays)
        write_composed(Path(path), _without_code(saved))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        gans: Sequence[type[BaseGAN]] = (),
        networks: Sequence[type[NetworkSpec]] = (),
    ) -> Self:
        """Read a detector that :meth:`save` has written.

        Parameters
        ----------
        path : str or path-like
            Path of the file. No code in it is run.
        gans : sequence of BaseGAN classes, default=()
            GANs of your own that the file may name.
        networks : sequence of NetworkSpec classes, default=()
            Kinds of networks of your own that the file may name.

        Returns
        -------
        detector : object
            The fitted detector, with the same scores.

        Raises
        ------
        ValueError, OSError
            As in :meth:`GANDetector.load`.
        """
        return cls._load(path, {}, gans, networks)

    @classmethod
    def _load(
        cls,
        path: str | os.PathLike[str],
        code: dict[str, Any],
        gans: Sequence[type[BaseGAN]],
        networks: Sequence[type[NetworkSpec]],
    ) -> Self:
        """Read a detector, with parameters that are code and not in the file."""
        saved = read_composed(Path(path), cls.__name__, gans, networks)
        with refused(Path(path), saved.origin, cls.__name__):
            estimator: Self = from_composed(cls, saved)
            vars(estimator).update(code)
            detectors = [detector_from(GANDetector, part) for part in saved.parts]
            estimator._use_content(Content(detectors, saved.about, saved.arrays))
        return estimator

    def _check_params(self) -> None:
        """Raise a ValueError if a parameter cannot be used."""
        self._validate_params()

    @abstractmethod
    def _content(self) -> Content:
        """Collect everything learnt."""

    @abstractmethod
    def _use_content(self, content: Content) -> None:
        """Take what a file holds.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is not what an estimator has learnt.
        """


class EmbeddingMixin(ComposedMixin):
    """Adds ``save`` and ``load`` of estimators with the parameter ``embedding``."""

    embedding: Any

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        What is left out, and what is refused, is as in :meth:`GANDetector.save`. An ``embedding``
        that is no name is code, and is left out too.

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

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        embedding: Any = None,
        gans: Sequence[type[BaseGAN]] = (),
        networks: Sequence[type[NetworkSpec]] = (),
    ) -> Self:
        """Read a detector that :meth:`save` has written.

        Parameters
        ----------
        path : str or path-like
            Path of the file. No code in it is run.
        embedding : callable, torch module or encoder, default=None
            The embedding that ``fit`` had, if it had one that is no name.
        gans : sequence of BaseGAN classes, default=()
            GANs of your own that the file may name.
        networks : sequence of NetworkSpec classes, default=()
            Kinds of networks of your own that the file may name.

        Returns
        -------
        detector : object
            The fitted detector, with the same scores.

        Raises
        ------
        ValueError, OSError
            As in :meth:`GANDetector.load`, or if the embedding is missing.
        """
        code = {} if embedding is None else {"embedding": embedding}
        estimator = cls._load(path, code, gans, networks)
        estimator._validate_params()
        if estimator.embedding is None and estimator._needs_embedding():
            raise ValueError(
                f"{path} has a detector of an embedding, which is not in the file. Pass the "
                "`embedding` that it was fitted with."
            )
        return estimator

    @abstractmethod
    def _needs_embedding(self) -> bool:
        """Whether a detector sees an embedding."""


def _without_code(saved: SavedComposed) -> SavedComposed:
    """Leave out an embedding that is no name, as it is code."""
    if isinstance(saved.params.get("embedding", ""), str):
        return saved
    return replace(saved, params=saved.params | {"embedding": None})
