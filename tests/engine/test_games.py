"""Adversarial losses and penalties against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from pyod_gan.games import GAMES, get_game

FORMULAS = {
    "non-saturating": lambda r, f: -np.log(1 / (1 + np.exp(-r))) - np.log(1 - 1 / (1 + np.exp(-f))),
    "least-squares": lambda r, f: ((r - 1) ** 2 + f**2) / 2,
    "hinge": lambda r, f: max(0, 1 - r) + max(0, 1 + f),
    "wasserstein": lambda r, f: f - r,
    "relativistic": lambda r, f: np.log(1 + np.exp(f - r)),
}
FORMULAS["non-saturating-r1r2"] = FORMULAS["non-saturating"]


@pytest.mark.parametrize("name", sorted(GAMES))
@pytest.mark.parametrize(("real", "fake"), [(0.3, -1.2), (-2.0, 0.7), (3.0, 1.5)])
def test_duels_follow_the_papers(name: str, real: float, fake: float) -> None:
    duel = get_game(name).duel(torch.tensor(real), torch.tensor(fake))
    assert duel.item() == pytest.approx(FORMULAS[name](real, fake), rel=1e-5)


@pytest.mark.parametrize("name", sorted(GAMES))
def test_players_want_higher_logits(name: str) -> None:
    fake = torch.zeros(1, 4, 1, requires_grad=True)
    loss = get_game(name).player_loss(lambda logits: logits, torch.full((1, 4, 1), 0.5), fake)
    (gradient,) = torch.autograd.grad(loss.sum(), fake)
    assert (gradient < 0).all()


def test_penalties_of_a_linear_critic() -> None:
    slope = torch.tensor([3.0, 4.0])  # gradient norm 5 everywhere

    def critic(x: Tensor) -> Tensor:
        return (x * slope).sum(-1, keepdim=True)

    both = torch.cat([torch.zeros(1, 6, 2), torch.ones(1, 6, 2)], 1).requires_grad_()
    u = torch.rand(1, 6, 1)
    for name, expected in {
        "wasserstein": 16.0,
        "relativistic": 25.0,
        "non-saturating-r1r2": 25.0,
    }.items():
        assert get_game(name).penalty(critic, both, critic(both), u).item() == pytest.approx(
            expected
        )
