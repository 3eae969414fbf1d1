"""Settings of other libraries that a program may have changed, as this package needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import local

import numpy as np
import torch
from sklearn import config_context

_INSIDE = local()  # of each thread: whether it is in a block


@contextmanager
def own_settings() -> Iterator[None]:
    """Run a block, or a decorated function, as if no global setting had been changed.

    Inside, scikit-learn's transformers return arrays, NumPy's floating-point errors are silent
    (results are checked for finite values), and torch works on the CPU unless told otherwise,
    without autocast and outside of inference mode. The program's settings are as they were
    afterwards. All of them belong to one thread, so other threads notice nothing. A block inside
    of another, in the same thread, changes nothing.
    """
    if getattr(_INSIDE, "a_block", False):
        yield
        return
    with ExitStack() as stack:
        stack.callback(setattr, _INSIDE, "a_block", False)
        _INSIDE.a_block = True
        stack.enter_context(config_context(transform_output="default"))
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(torch.inference_mode(False))
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.empty(0).device.type != "cpu":  # by a default, or by a block of the program's
            stack.enter_context(torch.device("cpu"))
        yield
