"""One training step: a batch goes in, losses and gradient norms come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from .functional import whole_vectors
from .networks import Network, Networks
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

    All weights of a network are views of one tensor (E, W), which a few operations update at once.
    Its rows end with zeros up to whole vectors. So a member has the same weights, bit for bit,
    whichever members are trained with it.

    Attributes
    ----------
    weights : dict of str to Tensor
        The weights (E, W) of each network.
    """

    def __init__(self, net: Networks, phases: Sequence[Phase], settings: Settings) -> None:
        self.net = net
        both = {name: _in_one_tensor(network) for name, network in net.by_name().items()}
        self.weights = {name: weights for name, (weights, _) in both.items()}
        self._gradients = {name: gradients for name, (_, gradients) in both.items()}
        self._optimisers = {
            phase.name: torch.optim.Adam(
                [self.weights[name] for name in phase.trains],
                settings.lr,
                betas=settings.betas,
                fused=True,
            )
            for phase in phases
        }

    def __call__(self, due: Sequence[Phase], batch: Batch) -> dict[str, PhaseResult]:
        """Train the networks of the phases on a batch (E, B, ·). Return the results by phase."""
        return {phase.name: self._train(phase, batch) for phase in due}

    def _train(self, phase: Phase, batch: Batch) -> PhaseResult:
        """Take one step of Adam on the loss of a phase."""
        loss = self.net.mean_over_pairings(phase.loss, batch)
        of_all = iter(torch.autograd.grad(loss.sum(), self.net.parameters_of(phase.trains)))
        gradients = []  # (E, W) of each network
        for name in phase.trains:
            n_parameters = len(list(self.net.network(name).parameters()))
            _side_by_side(islice(of_all, n_parameters), self._gradients[name])
            gradients.append(self._gradients[name])
        squares = torch.stack([gradient.square().sum(1) for gradient in gradients], 1)
        norms = squares.sum(1).sqrt()  # (E,)
        shrink = (MAX_GRAD_NORM / norms.clamp_min(MAX_GRAD_NORM)).unsqueeze(1)
        for gradient in gradients:
            gradient.mul_(shrink)
        self._optimisers[phase.name].step()
        return PhaseResult(loss.detach(), norms)


def _in_one_tensor(network: Network) -> tuple[Tensor, Tensor]:
    """Make the parameters of a network views of one tensor (E, W), and their gradients too."""
    params = list(network.parameters())
    size = whole_vectors(sum(param[0].numel() for param in params))
    weights = params[0].detach().new_zeros(len(params[0]), size)
    gradients = weights.grad = torch.zeros_like(weights)
    _side_by_side((param.detach() for param in params), weights)
    parts = zip(params, views_of(weights, params), views_of(gradients, params), strict=True)
    for param, values, gradient in parts:
        param.data, param.grad = values, gradient
    return weights, gradients


def _side_by_side(tensors: Iterable[Tensor], out: Tensor) -> None:
    """Write tensors (E, ...) side by side into the first columns of ``out`` (E, W)."""
    flat = [tensor.flatten(1) for tensor in tensors]
    torch.cat(flat, 1, out=out[:, : sum(tensor.shape[1] for tensor in flat)])


def views_of(weights: Tensor, params: Iterable[Tensor]) -> list[Tensor]:
    """Cut a tensor (E, W) into views of the shapes of ``params`` (E, ...)."""
    views, start = [], 0
    for param in params:
        n = param[0].numel()
        views.append(weights[:, start : start + n].view(param.shape))
        start += n
    return views
