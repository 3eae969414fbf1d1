"""The device that a ``device`` parameter stands for."""

from __future__ import annotations

import torch


def find_device(device: str) -> torch.device:
    """Return the device that torch uses. ``"auto"`` is CUDA if there is one, else the CPU.

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
    """Return ``device``, or "auto" if this machine lacks the device of a loaded model."""
    try:
        find_device(device)
    except ValueError:
        return "auto"
    return device
