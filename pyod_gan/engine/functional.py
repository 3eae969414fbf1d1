"""Tensor functions that several GANs use."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

LANES = 16  # numbers in the widest vector of a CPU


def l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference over the last axis, (E, B, D) -> (E, B)."""
    return (a - b).abs().mean(-1)


def l2(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared difference over the last axis, (E, B, D) -> (E, B)."""
    return (a - b).square().mean(-1)


def cat(*parts: Tensor) -> Tensor:
    """Join the inputs of a network, (E, B, a), (E, B, b) -> (E, B, a + b)."""
    return torch.cat(parts, -1)


def whole_vectors(n: int) -> int:
    """Round a number of numbers, or of rows, up to whole vectors of the CPU.

    Numbers that are left over at the end of a tensor may be rounded in another way. So results for
    a member depend on those beside it, in the last bit, unless members have whole vectors.
    """
    return -(-n // LANES) * LANES


def bounded(x: Tensor, bound: float) -> Tensor:
    """Limit values softly to ±bound by a tanh, any shape."""
    return (x / bound).tanh() * bound


def uniform_codes(z: Tensor, bound: float) -> Tensor:
    """Turn standard normal codes into uniform codes on [−bound, bound], any shape."""
    share: Tensor = torch.special.ndtr(z)  # share of normal codes that are smaller
    return (2 * share - 1) * bound


def sign_ascent(
    height: Callable[[Tensor], Tensor], start: Tensor, n_steps: int, step: float, bound: float
) -> Tensor:
    """Maximise ``height`` from ``start`` by steps of fixed size, within ±bound.

    Parameters
    ----------
    height : callable
        Function of points (E, B, Z), whose values may have any shape.
    start : Tensor
        Points to start from, (E, B, Z).
    n_steps : int
        Number of steps. With 0 the start is returned.
    step : float
        Length of a step in each coordinate, in the direction of the gradient's sign.
    bound : float
        Largest absolute value of a coordinate.

    Returns
    -------
    points : Tensor
        Points after the last step, (E, B, Z), without a gradient.
    """
    points = start
    with torch.enable_grad():
        for _ in range(n_steps):
            points = points.detach().requires_grad_()
            (slope,) = torch.autograd.grad(height(points).sum(), points)
            points = (points + step * slope.sign()).clamp(-bound, bound)
    return points.detach()
