"""The base class of network specs: what kind of networks a GAN is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from sklearn.base import BaseEstimator

from .networks import NetworkMaker


class NetworkSpec(BaseEstimator, ABC):
    """Base class of every network spec. It has hyper-parameters and no weights.

    A subclass has its parameters in ``__init__``, as every scikit-learn estimator, and makes a
    :class:`NetworkMaker`. ``clone``, ``get_params`` and ``set_params(network__...)`` use the
    parameters.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    @abstractmethod
    def maker(
        self, n_columns: int, hidden_layer_sizes: Sequence[int], streams: Sequence[torch.Generator]
    ) -> NetworkMaker:
        """Make what makes the networks of one GAN.

        Parameters
        ----------
        n_columns : int
            Size D of a row.
        hidden_layer_sizes : sequence of int
            Units of the hidden layers of multi-layer perceptrons.
        streams : sequence of torch.Generator
            One random stream per member, for the first weights.

        Raises
        ------
        ValueError
            If rows of ``n_columns`` columns do not fit the parameters.
        """

    def __eq__(self, other: object) -> bool:
        """Tell whether another spec is of the same kind and has the same parameters."""
        return type(self) is type(other) and repr(self.get_params()) == repr(other.get_params())

    def __hash__(self) -> int:
        return hash((type(self), repr(self.get_params())))

    def for_rows(self, shape: tuple[int, ...]) -> NetworkSpec:
        """Return the same spec for rows of a shape, if it has none. By default shapes do not count.

        ``shape`` is (channels, length) for a window of a series and (channels, height, width) for
        an image.
        """
        return self

    def shape_of(self, n_columns: int) -> tuple[int, ...] | None:
        """Shape of a row of ``n_columns`` columns, as in :meth:`for_rows`. By default it has none.

        Raises
        ------
        ValueError
            If the spec must say what the columns are, and does not.
        """
        return None
