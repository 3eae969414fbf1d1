"""Settings of torch for training and scoring: the number of CPU threads, and gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

from .networks import Networks

SMALL = 512  # units of the widest layer up to which one thread is faster than several


class _OneThread:
    """The one-thread setting of torch, which all users in a process share.

    The first user that enters saves the earlier setting, and the last user that leaves restores it.
    """

    def __init__(self) -> None:
        self.lock, self.users, self.before = Lock(), 0, 1

    def enter(self) -> None:
        with self.lock:
            if self.users == 0:
                self.before = torch.get_num_threads()
            self.users += 1
            torch.set_num_threads(1)

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0:
                torch.set_num_threads(self.before)


_ONE_THREAD = _OneThread()


@contextmanager
def one_thread(net: Networks) -> Iterator[None]:
    """Use one CPU thread for small networks, and allow gradients. Both are restored at the end.

    On a busy machine several threads wait for each other in such small matrix products.
    """
    small = net.reference.device.type == "cpu" and net.width <= SMALL
    if small:
        _ONE_THREAD.enter()
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        if small:
            _ONE_THREAD.leave()
