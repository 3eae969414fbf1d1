"""Public names of the kinds of networks, see :mod:`pyod_gan.engine.network_spec`."""

from __future__ import annotations

from .engine.conv import Conv1d, Conv2d
from .engine.mlp import MLP
from .engine.network_kinds import NETWORKS, get_network
from .engine.network_spec import NetworkSpec
from .engine.networks import Network, NetworkMaker

__all__ = [
    "MLP",
    "NETWORKS",
    "Conv1d",
    "Conv2d",
    "Network",
    "NetworkMaker",
    "NetworkSpec",
    "get_network",
]
