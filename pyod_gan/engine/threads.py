"""One CPU thread for training and scoring small networks, and gradients."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

import torch

from .networks import Networks

T = TypeVar("T")
SMALL = 512  # units of the widest layer up to which one thread is faster than several

# ``torch.set_num_threads`` also decides what threads get that are started meanwhile. So the number
# is set below torch, where each thread has its own. A build of torch may lack these functions.
_TORCH = ctypes.PyDLL(import_module("torch._C").__file__)  # and what it is linked with
_set_openmp_threads = getattr(_TORCH, "omp_set_num_threads", lambda n: None)
_set_mkl_threads = getattr(_TORCH, "MKL_Set_Num_Threads_Local", lambda n: 0)
_mkl_threads = getattr(_TORCH, "MKL_Get_Max_Threads", lambda: 1)


def on_one_thread(net: Networks, work: Callable[[], T]) -> T:
    """Return ``work()``, which may use gradients, and one CPU thread if the networks are small.

    On a busy machine several threads wait for each other in such small matrix products. Other
    threads of the program notice nothing, and the number does not change the results. This is no
    context manager, because an interrupt in the code of one would leave the number changed.
    """
    small = net.reference.device.type == "cpu" and net.width <= SMALL
    before = torch.get_num_threads()  # a new thread takes over torch's number here
    of_mkl = 1
    try:
        if small:
            _set_openmp_threads(1)
            of_mkl = _mkl_threads()  # also 1, unless torch.set_num_threads was called
            if of_mkl > 1:
                _set_mkl_threads(1)
        with torch.inference_mode(False), torch.enable_grad():
            return work()
    finally:  # Python lets an interrupt in after a call of C, not before it
        try:
            if of_mkl > 1:
                _set_mkl_threads(of_mkl)
        finally:
            if small:
                _set_openmp_threads(before)
