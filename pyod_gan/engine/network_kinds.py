"""The kinds of networks that come with the package, by name."""

from __future__ import annotations

from sklearn.base import clone

from .._support.suggestions import unknown_name
from .conv import Conv1d, Conv2d
from .mlp import MLP
from .network_spec import NetworkSpec

NETWORKS: dict[str, type[NetworkSpec]] = {"mlp": MLP, "conv1d": Conv1d, "conv2d": Conv2d}


def get_network(network: str | NetworkSpec) -> NetworkSpec:
    """Return a validated copy of a network spec, or the named kind with its default parameters.

    Parameters
    ----------
    network : str or NetworkSpec
        A name of :data:`NETWORKS`, or a network spec.

    Returns
    -------
    network : NetworkSpec
        A network spec of its own.

    Raises
    ------
    ValueError
        If the name is unknown, or a parameter of the spec cannot be used.
    """
    if not isinstance(network, str):
        copy: NetworkSpec = clone(network)
        copy._validate_params()
        return copy
    if network not in NETWORKS:
        raise unknown_name("'network' parameter must be a NetworkSpec object or", network, NETWORKS)
    return NETWORKS[network]()
