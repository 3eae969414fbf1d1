"""Settings of other libraries that a program may have changed, as this package needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from sklearn import config_context, get_config


@contextmanager
def own_settings() -> Iterator[None]:
    """Run a block, or a decorated function, as if no global setting had been changed.

    Inside, scikit-learn's transformers return arrays, NumPy's floating-point errors are silent
    (results are checked for finite values), and torch works on the CPU unless told otherwise,
    without autocast and outside of inference mode. The program's settings are as they were
    afterwards. All of them belong to one thread, so other threads notice nothing. What is set
    already is not set again, so a block inside of another costs next to nothing.
    """
    with ExitStack() as stack:  # nothing is remembered here: an interrupt could leave it wrong
        if get_config()["transform_output"] != "default":
            stack.enter_context(config_context(transform_output="default"))
        if set(np.geterr().values()) != {"ignore"}:
            stack.enter_context(np.errstate(all="ignore"))
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.empty(0).device.type != "cpu":  # by a default, or by a block of the program's
            stack.enter_context(torch.device("cpu"))
        yield
