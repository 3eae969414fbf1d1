"""What a GAN declares: networks, who plays whom (:class:`Play`), and the score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple, dataclass_transform

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import Tensor

from .games import Game, get_game
from .networks import Network, NetworkMaker, Networks


class Batch(NamedTuple):
    """What one training step sees; every member has its own draws."""

    x: Tensor  # (E, B, D) training rows
    z: Tensor  # (E, B, Z) standard normal
    u: Tensor  # (E, B, 1) uniform on [0, 1), for penalties
    negatives: Tensor | None = None  # (E, B, D) broad negatives, where the GAN asks for them
    progress: Tensor = torch.zeros((), dtype=torch.float64)  # share of the run that is done

    def at(self, progress: float) -> Batch:
        """The same draws at another time of the run."""
        return self._replace(progress=torch.tensor(progress, dtype=torch.float64))


class Pair(NamedTuple):
    """What one critic compares."""

    critic: str  # name of the judging network
    real: Tensor  # (E, B, ·)
    fake: Tensor  # (E, B, ·), same shape as real
    weight: float = 1.0  # of the players' adversarial term; with 0 only the critic learns from it


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
        """Whether the phase has a turn in this step of a run of ``n_steps``."""
        return step % self.every == 0 and self.start * n_steps <= step < self.stop * n_steps


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingSettings:
    """How to train: parameters of every GAN, each with its own defaults.

    Parameters
    ----------
    max_iter : int
        Training length in optimiser steps.
    batch_size : int
        Rows per step and member.
    lr : float
        Learning rate of Adam.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer of every network.
    betas : tuple of two floats
        Adam's decay rates of the mean gradient and of its square.
    ema_decay : float
        Decay per step of the averaged weights, which are the ones that score.
    """

    max_iter: int = 500
    batch_size: int = 64
    lr: float = 1e-3
    hidden_layer_sizes: Sequence[int] = (64, 64)
    betas: tuple[float, float] = (0.5, 0.999)
    ema_decay: float = 0.99


@dataclass(kw_only=True)
class Settings(TrainingSettings):
    """The settings of one training: the GAN's, or the estimator's where it has its own.

    Parameters
    ----------
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        See :class:`TrainingSettings`.
    pairing : {"one", "all"}
        With "all" the players of each member meet the critics of all members.
    """

    pairing: str = "one"


@dataclass_transform(kw_only_default=True, eq_default=False)
class BaseGAN(TrainingSettings, BaseEstimator, ABC):
    """Base of every GAN: hyper-parameters only, no weights.

    A subclass writes its parameters as annotated class attributes with defaults, as in a dataclass
    (which it becomes without a decorator), and has ``play``, ``score`` and, where they differ from
    a generator and a critic of rows, ``players`` and ``critics``. ``clone``, ``get_params`` and
    ``set_params(gan__...)`` work from the parameters.

    What is the same for all and not said again where a paper does otherwise: networks are plain
    multi-layer perceptrons of one width with LeakyReLU; Adam has one learning rate for all of them;
    gradients are clipped at norm 10 per member, which only catches explosions; the weights that
    score are averaged over steps (decay 0.99, which suits these short runs; ALAD's code has 0.999
    and EGBAD's 0.9999); distances are means over columns, features or codes, so that weights do not
    depend on how many there are. With broad negatives real rows face two kinds of fake rows and
    count twice in the critic's loss.

    Parameters
    ----------
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`TrainingSettings`. The parameters of the same names of
        :class:`pyod_gan.GANDetector` go before them.

    Attributes
    ----------
    n_views : int
        Views of a row that :meth:`score` returns.
    game : str or Game
        The adversarial loss, see :data:`pyod_gan.games.GAMES`. This and the next three are
        parameters of those GANs that write them so.
    n_critic : int
        Critic steps per player step.
    latent_dim : int
        Size Z of the latent space.
    broad_negatives : bool
        Also show a critic rows that are far from the data in many ways, so that it has a defined
        low value there; see :meth:`reject`.
    """

    n_views: ClassVar[int] = 1
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "hidden_layer_sizes": ["array-like"],
        "betas": [tuple, list],
        "ema_decay": [Interval(Real, 0, 1, closed="left")],
        "game": [Game, str],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "latent_dim": [Interval(Integral, 1, None, closed="left")],
        "broad_negatives": ["boolean"],
    }

    game: str | Game = "non-saturating"
    n_critic: int = 1
    latent_dim: int = 16
    broad_negatives: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make every subclass a dataclass that knows the constraints of its bases."""
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("_parameter_constraints", {})
        inherited = super(cls, cls)._parameter_constraints
        cls._parameter_constraints = {**inherited, **own}
        dataclass(repr=False, eq=False, kw_only=True)(cls)

    @property
    def settings(self) -> Settings:
        """What the estimator trains by where its own parameters are None."""
        own = {field.name: getattr(self, field.name) for field in fields(TrainingSettings)}
        return Settings(**own)

    def noise_dim(self, n_columns: int) -> int:
        """Size Z of the noise ``z`` that :meth:`play` gets; the latent space unless replaced."""
        return self.latent_dim

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        """Networks that make things, by name."""
        return {"gen": make.generator(self.latent_dim)}

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        """Networks that judge, by name."""
        return {"critic": make.critic()}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        """By default the critic tells rows from generated rows. (E, B, D), (E, B, Z) -> Play."""
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

        This is the start of an explanation. By default it is the reconstruction, or for a GAN
        without an encoder the mean of each column, which is 0.
        """
        if hasattr(net, "enc") and hasattr(net, "gen"):
            return net.gen(net.enc(x))
        return torch.zeros_like(x)

    def by_column(self, net: Networks, x: Tensor) -> Tensor | None:
        """Terms of a score that is a sum over columns, (E, B, D) -> (E, B, D); else None."""
        return None

    def prepare(self, net: Networks, rows: Tensor, streams: Sequence[torch.Generator]) -> None:
        """Register, once after training, the buffers (E, ...) that the score needs besides weights.

        ``rows`` (n, D) are training rows and ``streams`` are the members' random streams. By
        default there is nothing to register.
        """

    def floats_per_row(self, net: Networks) -> int:
        """Numbers that scoring one row holds at once, for the memory budget."""
        return net.floats_per_row

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        """By default a critic step every step, and a player step every ``n_critic`` steps."""
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
        losses = []
        for pair in pairs:
            self._check(net, pair)
            critic = net.network(pair.critic)
            losses.append(game.critic_loss(critic, pair.real, pair.fake, batch.u))
        return torch.stack(losses).sum(0)

    def player_loss(self, net: Networks, batch: Batch) -> Tensor:
        """What the players minimise, (E,)."""
        game = get_game(self.game)
        play = self.play(net, batch.x, batch.z)
        losses = []
        for pair in play.pairs:
            if pair.weight:
                critic = net.network(pair.critic)
                losses.append(pair.weight * game.player_loss(critic, pair.real, pair.fake))
        if not losses:
            return torch.as_tensor(play.extra)
        return torch.stack(losses).sum(0) + play.extra

    def _validate_params(self) -> None:
        super()._validate_params()
        owner = type(self).__name__
        check_layer_sizes(self.hidden_layer_sizes, owner)
        if isinstance(self.game, str):
            get_game(self.game, f"'game' parameter of {owner}")

    def _check(self, net: Networks, pair: Pair) -> None:
        """A pair must name a critic and compare batches of one shape."""
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


def check_layer_sizes(sizes: Sequence[int], owner: str) -> None:
    """Raise a ValueError that names the owner of sizes that are no whole numbers of at least 1."""
    if not len(sizes) or not all(isinstance(size, Integral) and size >= 1 for size in sizes):
        raise ValueError(
            f"The 'hidden_layer_sizes' parameter of {owner} must be a sequence of ints of at "
            f"least 1, such as (64, 32). Got {sizes!r} instead."
        )
