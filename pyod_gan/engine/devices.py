"""Which device a parameter stands for."""

from __future__ import annotations

import torch


def find_device(device: str) -> torch.device:
    """The device that torch uses; ``"auto"`` is CUDA where there is one, else the CPU.

    Raises
    ------
    ValueError
        If torch cannot use the device on this machine.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"The 'device' parameter of GANDetector must be 'auto' or a device that torch can use "
            f"here. Got {device!r} instead ({str(error).splitlines()[0]}). Use 'auto' or 'cpu'."
        ) from error
    return found


def device_here(device: str) -> str:
    """The device of a model that comes from another machine; "auto" where this one lacks it."""
    try:
        find_device(device)
    except ValueError:
        return "auto"
    return device
