"""Public names of the adversarial losses, see :mod:`pyod_gan.engine.games`."""

from __future__ import annotations

from .engine.games import GAMES, Game, cross_entropy, get_game, gradient_penalty, r1_r2

__all__ = ["GAMES", "Game", "cross_entropy", "get_game", "gradient_penalty", "r1_r2"]
