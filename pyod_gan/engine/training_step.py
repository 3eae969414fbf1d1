"""One training step: a batch goes in, losses and gradient norms come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .networks import Networks
from .spec import Batch, Phase, Settings

MAX_GRAD_NORM = 10.0  # per member; it only guards against explosions


class PhaseResult(NamedTuple):
    """Losses and gradient norms of one phase in one training step."""

    loss: Tensor  # (E,)
    norms: Tensor  # (E,) norms of the gradients before clipping


class TrainingStep:
    """Updates the weights of all networks by one step of Adam for each phase that is due.

    It only reads and writes tensors. It calls no callback, keeps no history and draws no random
    number. The gradient of each member is clipped by itself, so that a member with a large gradient
    does not disturb the others.

    Fused Adam reads memory in order, whatever the strides of a tensor are. So weights and gradients
    are made contiguous. A second backward pass, for example, gives gradients that are transposed.
    """

    def __init__(self, net: Networks, phases: Sequence[Phase], settings: Settings) -> None:
        self.net = net
        for param in net.parameters():
            param.data = param.data.contiguous()
        self._params = {phase.name: net.parameters_of(phase.trains) for phase in phases}
        self._optimisers = {
            name: torch.optim.Adam(params, settings.lr, betas=settings.betas, fused=True)
            for name, params in self._params.items()
        }

    def __call__(self, due: Sequence[Phase], batch: Batch) -> dict[str, PhaseResult]:
        """Train the networks of the phases on a batch (E, B, ·). Return the results by phase."""
        return {phase.name: self._train(phase, batch) for phase in due}

    def _train(self, phase: Phase, batch: Batch) -> PhaseResult:
        """Take one step of Adam on the loss of a phase."""
        params = self._params[phase.name]
        loss = self.net.mean_over_pairings(phase.loss, batch)
        gradients = torch.autograd.grad(loss.sum(), params)
        squares = [gradient.flatten(1).square().sum(1) for gradient in gradients]
        norms = torch.stack(squares).sum(0).sqrt()  # (E,)
        shrink = (MAX_GRAD_NORM / norms.clamp_min(MAX_GRAD_NORM)).unsqueeze(-1)  # (E, 1)
        for param, gradient in zip(params, gradients, strict=True):
            other_axes = [1] * (gradient.ndim - 1)
            param.grad = (gradient * shrink.view(-1, *other_axes)).contiguous()
        self._optimisers[phase.name].step()
        return PhaseResult(loss.detach(), norms)


def average_weights(averages: Sequence[Tensor], weights: Sequence[Tensor], decay: Tensor) -> None:
    """Move each average towards its weight by the share 1 − decay, in place."""
    share = 1 - decay
    for average, weight in zip(averages, weights, strict=True):
        average.lerp_(weight, share.to(average))
