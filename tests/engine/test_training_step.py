"""The training step: what fused Adam reads from memory."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pyod_gan import GAN
from pyod_gan.engine.networks import Network, Networks
from pyod_gan.engine.spec import Batch, Phase
from pyod_gan.engine.training_step import TrainingStep

SLOPES = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))  # of both signs


class Weights(Network):
    """Nothing but weights (E, 3, 4)."""

    def __init__(self, start: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(start)


def straight(net: Networks, batch: Batch) -> Tensor:
    return (net.critic.weight * SLOPES).sum((1, 2))


def transposed(net: Networks, batch: Batch) -> Tensor:
    """The same loss, whose gradient comes out with transposed strides."""
    return (net.critic.weight.mT * SLOPES.mT.contiguous()).sum((1, 2))


LAYOUTS = {
    "contiguous": lambda: torch.zeros(2, 3, 4),
    "transposed": lambda: torch.zeros(2, 4, 3).mT,
    "every other number": lambda: torch.zeros(2, 3, 8)[..., ::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", [straight, transposed])
def test_every_weight_moves_down_its_own_slope(loss, layout: str) -> None:
    """Whatever the layout of weights and gradients in memory is."""
    net = Networks({}, {"critic": Weights(LAYOUTS[layout]())})
    (gradient,) = torch.autograd.grad(loss(net, None).sum(), net.critic.weight)
    assert gradient.is_contiguous() == (loss is straight)
    phase = Phase("critic", ("critic",), loss)
    step = TrainingStep(net, [phase], GAN().settings)
    for _ in range(3):
        step([phase], None)
    torch.testing.assert_close(net.critic.weight.detach(), -3 * GAN().lr * SLOPES.sign())
