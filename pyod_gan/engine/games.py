"""Adversarial losses: a game is one function of (winner's logit, loser's logit).

A critic minimises ``duel(real, fake)``, and the players minimise ``duel(fake, real)``. So the two
sides of a game are one function with its arguments swapped. Terms that do not depend on a side's
parameters give that side no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from .._support.suggestions import unknown_name

Critic = Callable[[Tensor], Tensor]  # (E, B, D) -> logits (E, B, 1)
Duel = Callable[[Tensor, Tensor], Tensor]
Penalty = Callable[[Critic, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Game:
    """The losses of critics and players.

    Parameters
    ----------
    duel : callable
        Function (win, lose) of logits (E, B, 1) -> loss (E, B, 1).
    player : callable, default=None
        Loss (win, lose) -> loss of the players. None takes the duel with its arguments swapped.
    penalty : callable, default=None
        Function (critic, both, logits, u) -> (E,). ``both`` (E, 2B, D) are the real rows, then the
        fake rows, and ``logits`` are their logits. ``u`` (E, B, 1) is uniform on [0, 1).
    weight : float, default=0.0
        Weight of the penalty.
    """

    duel: Duel
    player: Duel | None = None
    penalty: Penalty | None = None
    weight: float = 0.0

    def critic_loss(self, critic: Critic, real: Tensor, fake: Tensor, u: Tensor) -> Tensor:
        """Loss of a critic on real and fake rows, (E, B, D), (E, B, D) -> (E,)."""
        both = torch.cat([real, fake], 1).detach().requires_grad_()  # for the penalty's gradients
        logits = critic(both)  # one pass of all rows serves the duel and the penalty
        loss = self.duel(*logits.chunk(2, 1)).mean((1, 2))
        if self.penalty is not None and self.weight:
            loss = loss + self.weight * self.penalty(critic, both, logits, u)
        return loss

    def player_loss(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """Loss of the players on real and fake rows, (E, B, D), (E, B, D) -> (E,)."""
        return (self.player or self.duel)(critic(fake), critic(real)).mean((1, 2))


def cross_entropy(logit: Tensor, target: Tensor | float) -> Tensor:
    """Cross-entropy of σ(logit) to a target between 0 and 1, elementwise."""
    return softplus(logit) - target * logit


def _squared_gradient(logits: Tensor, x: Tensor) -> Tensor:
    """Squared norm of the gradient at x of the mean logit, (E, B, ·), (E, B, D) -> (E, B)."""
    (gradient,) = torch.autograd.grad(logits.mean(-1).sum(), x, create_graph=True)
    return gradient.square().sum(-1)


def gradient_penalty(critic: Critic, both: Tensor, logits: Tensor, u: Tensor) -> Tensor:
    """Penalty (‖∇D(x̃)‖ − 1)² at x̃ between real and fake rows (Gulrajani et al. 2017, eq. 3)."""
    real, fake = both.detach().chunk(2, 1)
    between = torch.lerp(real, fake, u).requires_grad_()
    norm = (_squared_gradient(critic(between), between) + 1e-12).sqrt()
    return (norm - 1).square().mean(1)


def r1_r2(critic: Critic, both: Tensor, logits: Tensor, u: Tensor) -> Tensor:
    """Zero-centred penalty ½(‖∇D(x)‖² + ‖∇D(G(z))‖²) (Huang et al. 2024, eq. 5, 6)."""
    return _squared_gradient(logits, both).mean(1)


def _non_saturating(win: Tensor, lose: Tensor) -> Tensor:
    return softplus(-win) + softplus(lose)


def _least_squares(win: Tensor, lose: Tensor) -> Tensor:
    return ((win - 1).square() + lose.square()) / 2


def _hinge(win: Tensor, lose: Tensor) -> Tensor:
    return relu(1 - win) + relu(1 + lose)


def _difference(win: Tensor, lose: Tensor) -> Tensor:
    return lose - win


def _relativistic(win: Tensor, lose: Tensor) -> Tensor:
    return softplus(lose - win)


GAMES: dict[str, Game] = {
    # Goodfellow et al. 2014, section 3, with the non-saturating player
    "non-saturating": Game(_non_saturating),
    # The same with a regularised critic, Mescheder et al. 2018, eq. 9 and 10, with their γ = 10
    "non-saturating-r1r2": Game(_non_saturating, penalty=r1_r2, weight=10.0),
    # Mao et al. 2017, eq. 9 with a=0, b=c=1
    "least-squares": Game(_least_squares),
    # Lim and Ye 2017; Miyato et al. 2018, eq. 16, 17
    "hinge": Game(_hinge, player=_difference),
    # Arjovsky et al. 2017 with the gradient penalty of Gulrajani et al. 2017
    "wasserstein": Game(_difference, penalty=gradient_penalty, weight=10.0),
    # Jolicoeur-Martineau 2019, paired, with R1 and R2 of Huang et al. 2024 (R3GAN)
    "relativistic": Game(_relativistic, penalty=r1_r2, weight=10.0),
}


def get_game(game: str | Game, parameter: str = "'game' parameter") -> Game:
    """Look up a game by its name. A :class:`Game` is returned as it is.

    Parameters
    ----------
    game : str or Game
        A name of :data:`GAMES`, or a game.
    parameter : str, default="'game' parameter"
        Name of the parameter in the error.

    Returns
    -------
    game : Game
        The game.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if isinstance(game, Game):
        return game
    if game not in GAMES:
        raise unknown_name(f"{parameter} must be a Game or", game, GAMES)
    return GAMES[game]
