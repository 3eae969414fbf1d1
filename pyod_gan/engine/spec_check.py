"""Checks before the first training step that the parts of a GAN fit together."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from .networks import Networks
from .scoring import score_views
from .spec import BaseGAN, Batch, Phase


def check_spec(
    gan: BaseGAN, net: Networks, phases: Sequence[Phase], batch: Batch, max_iter: int
) -> None:
    """Raise a ValueError for a GAN that would fail later or would leave a network untrained.

    The error names what is wrong. Weights and random streams stay as they are.
    """
    _check_names(gan, net, phases)
    _check_all_trained(gan, net, phases, max_iter)
    _check_negatives(gan, net, batch)
    for phase in phases:
        _check_loss(gan, net, phase, batch.at(phase.start))
    rows = batch.x[0]
    with torch.no_grad():
        ready = copy.deepcopy(net)
        gan.prepare(ready, rows, fixed_streams(net))
        score_views(gan, ready, rows[:2])


def fixed_streams(net: Networks) -> list[torch.Generator]:
    """Make random streams that do not touch the members' own streams."""
    return [torch.Generator().manual_seed(0) for _ in range(net.n_members)]


def _check_names(gan: BaseGAN, net: Networks, phases: Sequence[Phase]) -> None:
    """Raise a ValueError unless all phases train networks that exist."""
    known = sorted(name for name, _ in net.named_children())
    for phase in phases:
        for name in phase.trains:
            if name not in known:
                raise ValueError(
                    f"Phase {phase.name!r} of {type(gan).__name__} trains {name!r}, which is no "
                    f"network of it. It has {', '.join(known)}."
                )


def _check_all_trained(gan: BaseGAN, net: Networks, phases: Sequence[Phase], max_iter: int) -> None:
    """Raise a ValueError unless every network is updated by some phase, at some step."""
    name = type(gan).__name__
    idle = [p for p in phases if not any(p.due(step, max_iter) for step in range(max_iter))]
    trained = {network for phase in phases if phase not in idle for network in phase.trains}
    for network, _ in net.named_children():
        if network in trained:
            continue
        late = [phase for phase in idle if network in phase.trains]
        if not late:
            raise ValueError(f"No phase of {name} trains {network}.")
        raise ValueError(
            f"Phase {late[0].name!r} of {name} has no turn in {max_iter} steps, so {network} would "
            "not train. Raise `max_iter`, or let the phase begin earlier or more often."
        )


def _check_negatives(gan: BaseGAN, net: Networks, batch: Batch) -> None:
    """Raise a ValueError if there are negatives, and no critic can learn from them."""
    if batch.negatives is None:
        return
    with torch.no_grad():
        pairs = gan.reject(net, batch.x, batch.negatives)
    if not pairs:
        raise ValueError(
            f"{type(gan).__name__} cannot learn from known anomalies or augmentations, because its "
            "score does not ask a critic of rows. Use a GAN whose score does, such as the default."
        )


def _check_loss(gan: BaseGAN, net: Networks, phase: Phase, batch: Batch) -> None:
    """Raise a ValueError unless a phase has one loss per member that depends on its networks."""
    name = f"Phase {phase.name!r} of {type(gan).__name__}"
    loss = net.mean_over_pairings(phase.loss, batch)
    params = net.parameters_of(phase.trains)
    gradients: Sequence[Tensor | None] = [None] * len(params)
    if loss.requires_grad:
        if loss.shape != (net.n_members,):
            raise ValueError(
                f"{name} must have a loss of shape (members,) = ({net.n_members},). Got "
                f"{tuple(loss.shape)} instead."
            )
        gradients = torch.autograd.grad(loss.sum(), params, allow_unused=True)
    names = [n for n in phase.trains for _ in net.parameters_of((n,))]
    unused = sorted({n for n, g in zip(names, gradients, strict=True) if g is None})
    if unused:
        raise ValueError(
            f"{name} trains {', '.join(unused)}, but its loss does not depend on it. Use the "
            "network in play() or take it out of the phase."
        )
