"""What a GAN declares: networks, who plays whom (:class:`Play`), and the score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn

from ..games import Game, get_game
from ..nets import MakeNetwork, Networks


class Batch(NamedTuple):
    """What one training step sees; every member has its own draws."""

    x: Tensor  # (E, B, D) training rows
    z: Tensor  # (E, B, Z) standard normal
    u: Tensor  # (E, B, 1) uniform on [0, 1), for penalties
    negatives: Tensor | None = None  # (E, B, D) broad negatives, where the GAN asks for them
    progress: float = 0.0  # share of the run that is done


class Pair(NamedTuple):
    """What one critic compares."""

    critic: str  # name of the judging network
    real: Tensor  # (E, B, ·)
    fake: Tensor  # (E, B, ·), same shape as real
    weight: float = (
        1.0  # of the adversarial term for the players; 0: only the critic learns from it
    )


class Play(NamedTuple):
    """One round of the game: what the critics compare and what else the players minimise."""

    pairs: tuple[Pair, ...]
    extra: Tensor | float = 0.0  # (E,)


class Phase(NamedTuple):
    """An optimiser step on some of the networks."""

    name: str
    trains: tuple[str, ...]  # networks updated
    loss: Callable[[Networks, Batch], Tensor]  # -> (E,)
    every: int = 1  # in steps
    start: float = 0.0  # fraction of the run
    stop: float = 1.0  # fraction of the run

    def due(self, step: int, n_steps: int) -> bool:
        return step % self.every == 0 and self.start * n_steps <= step < self.stop * n_steps


class Settings(NamedTuple):
    """How to train. A GAN's own are what ``None`` means in the estimator."""

    max_iter: int = 500  # optimiser steps
    batch_size: int = 64
    lr: float = 1e-3
    hidden_layer_sizes: tuple[int, ...] = (64, 64)
    betas: tuple[float, float] = (0.5, 0.999)  # of Adam
    ema_decay: float = 0.99  # of the weights that score
    pairing: str = "one"  # "all": the players of each member meet the critics of all members


class BaseGAN(BaseEstimator, ABC):
    """Base of every GAN: hyper-parameters only, no weights.

    A subclass is a dataclass with ``players``, ``play``, ``score`` and, where it has more than one
    critic, ``critics``. ``clone``, ``get_params`` and ``set_params(gan__...)`` work from its
    fields.

    What is the same for all and not said again where a paper does otherwise: networks are plain
    multi-layer perceptrons of the estimator's width with LeakyReLU; Adam has one learning rate for
    all of them; gradients are clipped at norm 10 per member, which only catches explosions; the
    weights that score are averaged over steps (decay 0.99, of an order with these short runs, where
    ALAD's code has 0.999 and EGBAD's 0.9999); distances are means over columns, features or codes,
    so that weights do not depend on how many there are. With broad negatives real rows face two
    kinds of fake rows and count twice in the critic's loss.

    Attributes
    ----------
    settings : Settings
        Of its training: what ``None`` means in the estimator.
    n_views : int
        Views of a row that :meth:`score` returns.
    blind_to : frozenset of str
        Kinds of anomalies that it does not see, as the contract tests plant them: "dependence",
        rows whose columns come from different rows, and "gaps", rows between two clusters.
    game : str or Game
        The adversarial loss, see :data:`pyod_gan.games.GAMES`.
    n_critic : int
        Critic steps per player step.
    latent_dim : int
        Size Z of the latent space.
    broad_negatives : bool
        Also show a critic rows that are far from the data in many ways, so that it has a defined
        low value there; see :meth:`reject`.
    """

    settings: ClassVar[Settings] = Settings()
    n_views: ClassVar[int] = 1
    blind_to: ClassVar[frozenset[str]] = frozenset()
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "game": [Game, str],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "latent_dim": [Interval(Integral, 1, None, closed="left")],
        "broad_negatives": ["boolean"],
    }

    game: str | Game = "non-saturating"
    n_critic: int = 1
    latent_dim: int = 16
    broad_negatives: bool = False

    def noise_dim(self, n_columns: int) -> int:
        """Size Z of the noise ``z`` that :meth:`play` gets; the latent space unless replaced."""
        return self.latent_dim

    def players(self, make: MakeNetwork, n_columns: int) -> dict[str, nn.Module]:
        """Networks that make things, by name."""
        return {"gen": make(self.latent_dim, n_columns)}

    def critics(self, make: MakeNetwork, n_columns: int) -> dict[str, nn.Module]:
        """Networks that judge, by name."""
        return {"critic": make(n_columns, 1)}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        """Default: the critic tells rows from generated rows. (E, B, D), (E, B, Z) -> Play."""
        return Play((Pair("critic", x, net.gen(z)),))

    @abstractmethod
    def score(self, net: Networks, x: Tensor) -> Tensor:
        """Anomaly score, higher = more anomalous. (E, B, D) -> (E, B).

        A GAN with ``n_views`` V above 1 returns (E, B, V), views in one unit; after the mean over
        members the largest counts.
        """

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        """What critics compare with broad negatives, (E, B, D), (E, B, D) -> pairs."""
        return (Pair("critic", x, negatives, weight=0.0),)

    def generate(self, net: Networks, z: Tensor) -> Tensor | None:
        """Generated rows, (E, B, Z) -> (E, B, D); None for a GAN that cannot."""
        return net.gen(z) if hasattr(net, "gen") else None

    def expected(self, net: Networks, x: Tensor) -> Tensor:
        """What the GAN would have made of each row, K opinions, (E, B, D) -> (K, B, D).

        The start of an explanation. By default the reconstruction; without an encoder the mean of
        each column, 0.
        """
        if hasattr(net, "enc") and hasattr(net, "gen"):
            made: Tensor = net.gen(net.enc(x))
            return made
        return torch.zeros_like(x)

    def by_column(self, net: Networks, x: Tensor) -> Tensor | None:
        """Terms of a score that is a sum over columns, (E, B, D) -> (E, B, D); else None."""

    def prepare(self, net: Networks, rows: Tensor, generators: Sequence[torch.Generator]) -> None:
        """Register, once after training, the buffers (E, ...) that the score needs besides weights.

        ``rows`` (n, D) are the training rows.
        """

    def floats_per_row(self, net: Networks) -> int:
        """Numbers that scoring one row holds at once, for the memory budget."""
        widths = [p.shape[-1] for p in net.parameters()]
        return net.n_members * sum(widths)

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        """Default: a critic step every step, a player step every ``n_critic`` steps."""
        return (
            Phase("critic", critics, self.critic_loss),
            Phase("player", players, self.player_loss, every=self.n_critic),
        )

    def critic_loss(self, net: Networks, batch: Batch) -> Tensor:
        """What the critics minimise together, (E,)."""
        game = get_game(self.game)
        pairs = self.play(net, batch.x, batch.z).pairs
        if batch.negatives is not None:
            pairs += self.reject(net, batch.x, batch.negatives)
        for pair in pairs:
            self._check(net, pair)
        losses = [
            game.critic_loss(net.get_submodule(p.critic), p.real, p.fake, batch.u) for p in pairs
        ]
        return torch.stack(losses).sum(0)

    def player_loss(self, net: Networks, batch: Batch) -> Tensor:
        """What the players minimise, (E,)."""
        game = get_game(self.game)
        play = self.play(net, batch.x, batch.z)
        losses = [
            p.weight * game.player_loss(net.get_submodule(p.critic), p.real, p.fake)
            for p in play.pairs
            if p.weight
        ]
        return torch.stack(losses).sum(0) + play.extra if losses else torch.as_tensor(play.extra)

    def _validate_params(self) -> None:
        super()._validate_params()
        if isinstance(self.game, str):
            get_game(self.game, f"'game' parameter of {type(self).__name__}")

    def _check(self, net: Networks, pair: Pair) -> None:
        if pair.critic not in net.critics:
            raise ValueError(
                f"A pair of {type(self).__name__} asks {pair.critic!r}, which is none of its "
                f"critics. They are {', '.join(net.critics) or 'none'}."
            )
        if pair.real.shape != pair.fake.shape:
            raise ValueError(
                f"A critic must compare batches of one shape. {pair.critic!r} of "
                f"{type(self).__name__} compares {tuple(pair.real.shape)} with "
                f"{tuple(pair.fake.shape)}."
            )
