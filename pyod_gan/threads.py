"""Threads of the CPU kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .nets import Networks

SMALL = 512  # units of the widest layer up to which one thread is faster than several


@contextmanager
def one_thread(net: Networks) -> Iterator[None]:
    """Use one CPU thread for small networks, and restore the setting.

    On a busy machine several threads on matrix products this small wait for each other.
    """
    before = torch.get_num_threads()
    parameter = next(net.parameters())
    widest = max(p.shape[-1] for p in net.parameters())
    if parameter.device.type == "cpu" and widest <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
