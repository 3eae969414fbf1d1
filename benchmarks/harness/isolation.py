"""Run somebody else's detector so that it leaves no trace: output, warnings, threads, seeds."""

from __future__ import annotations

import contextlib
import io
import os
import random
import warnings
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import torch
from threadpoolctl import threadpool_limits


@contextlib.contextmanager
def isolated(seed: int) -> Iterator[None]:
    """One thread, no output, no warnings, seeded global random states; all restored afterwards.

    Parameters
    ----------
    seed : int
        For NumPy's, torch's and Python's global generators: some of PyOD's deep detectors have no
        seed of their own.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_one_thread())
        stack.enter_context(_seeded(seed))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Small networks and small tables are fastest, and timed most fairly, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generators and restore their states."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(), patch.dict(os.environ):  # some of PyOD's set PYTHONHASHSEED
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
