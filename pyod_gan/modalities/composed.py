"""``save`` and ``load`` of estimators that are made of several detectors."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..api.saving import composed, detector_from, from_composed, what_to_save
from ..detector import GANDetector
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN
from ..persist.composed_file import (
    SavedComposed,
    composed_from,
    content_of_composed,
    read_composed,
    write_composed,
)
from ..persist.detector_file import content_of, refused, saved_from


class Content(NamedTuple):
    """What a file holds of an estimator, besides its parameters, scores and threshold."""

    detectors: list[Any]  # those that it is made of
    about: dict[str, Any]  # in types that JSON can hold
    arrays: dict[str, np.ndarray]


Code = dict[str, Any]  # parameters that are code, and not in a file


class ComposedMixin:
    """Adds ``save`` and ``load``."""

    _validate_params: Callable[[], None]  # scikit-learn's base class has it
    _made_of: ClassVar[tuple[type[Any], ...]] = (GANDetector,)  # kinds of its detectors

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
        write_composed(Path(path), _to_save(self))

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
        return load_composed(cls, path, {}, gans, networks)

    @classmethod
    def _from_saved(
        cls,
        saved: SavedComposed,
        code: Code,
        gans: Sequence[type[BaseGAN]],
        networks: Sequence[type[NetworkSpec]],
    ) -> Self:
        """Make a detector of what a file holds of it."""
        estimator: Self = from_composed(cls, saved)
        vars(estimator).update({name: code[name] for name in code.keys() & saved.params.keys()})
        known = {kind.__name__: kind for kind in cls._made_of}
        codes = cls._codes_of_parts(code, saved.about)
        detectors = []
        for number, (arrays, about) in enumerate(saved.parts):
            kind = about.get("kind", GANDetector.__name__)
            if kind not in known:
                raise ValueError(f"its parts must be of {[*known]}. Got {kind!r:.100}")
            if known[kind] is GANDetector:
                part = detector_from(GANDetector, saved_from(arrays, about, gans, networks))
            else:
                of_part = composed_from(arrays, about, gans, networks)
                part = known[kind]._from_saved(of_part, codes.get(number, {}), gans, networks)
            detectors.append(part)
        estimator._use_content(Content(detectors, saved.about, saved.arrays))
        return estimator

    @classmethod
    def _codes_of_parts(cls, code: Code, about: dict[str, Any]) -> dict[int, Code]:
        """Parameters of its detectors that are code, by number. By default there are none."""
        return {}

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
        estimator = load_composed(cls, path, code, gans, networks)
        estimator._check_embedding(f"{path}", "`embedding`")
        return estimator

    def _check_embedding(self, path: str, argument: str) -> None:
        """Raise a ValueError if the embedding is no such thing, or is needed and not there."""
        self._validate_params()
        if self.embedding is None and self._needs_embedding():
            raise ValueError(
                f"{path} has a detector of an embedding, which is not in the file. Pass the "
                f"{argument} that it was fitted with."
            )

    @abstractmethod
    def _needs_embedding(self) -> bool:
        """Whether a detector sees an embedding."""


C = TypeVar("C", bound=ComposedMixin)


def load_composed(
    cls: type[C],
    path: str | os.PathLike[str],
    code: Code,
    gans: Sequence[type[BaseGAN]],
    networks: Sequence[type[NetworkSpec]],
) -> C:
    """Read a detector, with parameters that are code and not in the file."""
    saved = read_composed(Path(path), cls.__name__, gans, networks)
    with refused(Path(path), saved.origin, cls.__name__):
        return cls._from_saved(saved, code, gans, networks)


def check_embeddings(path: str, detectors: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise a ValueError if detectors of parts lack their embeddings, or if there are more.

    ``given`` are the embeddings, by the name of their part.
    """
    embedding = {name for name, one in detectors.items() if isinstance(one, EmbeddingMixin)}
    if others := sorted(given.keys() - embedding):
        raise ValueError(f"{path} has no detector of an embedding for {others}.")
    for name in embedding:
        detectors[name]._check_embedding(path, f"`embeddings={{{name!r}: ...}}`")


def _to_save(estimator: Any) -> SavedComposed:
    """Collect everything of a fitted estimator."""
    check_is_fitted(estimator)
    estimator._check_params()
    content = estimator._content()
    parts = [_content_of(detector, type(estimator)) for detector in content.detectors]
    return _without_code(composed(estimator, parts, content.about, content.arrays))


def _content_of(detector: Any, owner: type[Any]) -> Any:
    """What a file holds of a fitted detector of an estimator.

    Raises
    ------
    ValueError
        If it is of a kind that cannot be saved.
    """
    if type(detector) not in owner._made_of:
        known = ", ".join(kind.__name__ for kind in owner._made_of)
        raise ValueError(
            f"A {owner.__name__} can be saved where its detectors are of {known}. Got a "
            f"{type(detector).__name__}; use joblib for this one."
        )
    if isinstance(detector, GANDetector):
        return content_of(what_to_save(detector))
    return content_of_composed(_to_save(detector))


def _without_code(saved: SavedComposed) -> SavedComposed:
    """Leave out an embedding that is no name, as it is code."""
    if isinstance(saved.params.get("embedding", ""), str):
        return saved
    return replace(saved, params=saved.params | {"embedding": None})
