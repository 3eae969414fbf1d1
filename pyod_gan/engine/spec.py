"""The base class of GAN specs, and the parts that a GAN spec is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple, dataclass_transform

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import Tensor

from .combination import Judge
from .games import Game, get_game
from .mlp import MLP
from .network_spec import NetworkSpec
from .networks import Network, NetworkMaker, Networks


class Batch(NamedTuple):
    """The data of one training step. Every member has its own draws."""

    x: Tensor  # (E, B, D) training rows
    z: Tensor  # (E, B, Z) standard normal
    u: Tensor  # (E, B, 1) uniform on [0, 1), for penalties
    negatives: Tensor | None = None  # (E, B, D) rows for critics to reject, if any
    progress: Tensor = torch.zeros((), dtype=torch.float64)  # share of the run that is done

    def at(self, progress: float) -> Batch:
        """Return the same draws with another ``progress``."""
        return self._replace(progress=torch.tensor(progress, dtype=torch.float64))


class Pair(NamedTuple):
    """Two batches that one critic compares."""

    critic: str  # name of the critic
    real: Tensor  # (E, B, ·)
    fake: Tensor  # (E, B, ·), same shape as real
    weight: float = 1.0  # weight of the players' adversarial term; at 0 only the critic learns


class Play(NamedTuple):
    """The pairs that the critics compare, and what else the players minimise."""

    pairs: tuple[Pair, ...]
    extra: Tensor | float = 0.0  # (E,) loss that is added to the players' adversarial terms


class Phase(NamedTuple):
    """A training step of some of the networks, with its loss and its schedule."""

    name: str
    trains: tuple[str, ...]  # names of the networks that are updated
    loss: Callable[[Networks, Batch], Tensor]  # -> (E,)
    every: int = 1  # steps from one turn to the next
    start: float = 0.0  # share of the run before the first turn
    stop: float = 1.0  # share of the run after which there are no more turns

    def due(self, step: int, n_steps: int) -> bool:
        """Tell whether the phase has a turn in this step of a run of ``n_steps`` steps."""
        return step % self.every == 0 and self.start * n_steps <= step < self.stop * n_steps


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingSettings:
    """Training settings. They are parameters of every GAN, which may change the defaults.

    Parameters
    ----------
    max_iter : int, default=500
        Number of training steps.
    batch_size : int, default=64
        Rows per step and member.
    lr : float, default=1e-3
        Learning rate of Adam.
    hidden_layer_sizes : sequence of int, default=(64, 64)
        Units of each hidden layer of every network.
    betas : tuple of two floats, default=(0.5, 0.999)
        Adam's decay rates of the mean gradient and of its square.
    ema_decay : float, default=0.99
        Decay per step of the averaged weights, which are the weights that score.
    """

    max_iter: int = 500
    batch_size: int = 64
    lr: float = 1e-3
    hidden_layer_sizes: Sequence[int] = (64, 64)
    betas: tuple[float, float] = (0.5, 0.999)
    ema_decay: float = 0.99


@dataclass(kw_only=True)
class Settings(TrainingSettings):
    """Training settings of one run.

    A parameter of the estimator that is not None replaces the setting of the GAN.

    Parameters
    ----------
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        See :class:`TrainingSettings`.
    network : NetworkSpec, default=MLP()
        Kind of the networks.
    pairing : {"one", "all"}, default="one"
        With "one" the players of a member meet its own critics. With "all" they meet the critics
        of all members.
    """

    network: NetworkSpec = field(default_factory=MLP)
    pairing: str = "one"


@dataclass_transform(kw_only_default=True, eq_default=False)
class BaseGAN(TrainingSettings, BaseEstimator, ABC):
    """Base class of every GAN spec. It has hyper-parameters and no weights.

    A subclass writes its parameters as annotated class attributes with defaults. It becomes a
    dataclass without a decorator. It must have a ``score``. It also has ``play``, ``players`` and
    ``critics``, unless a generator and a critic of rows are all that it needs. ``clone``,
    ``get_params`` and ``set_params(gan__...)`` use the parameters.

    Some choices are the same for all GANs. Their docstrings do not repeat them as departures from
    the papers:

    - All networks are multi-layer perceptrons with LeakyReLU and the same hidden layers, unless
      the parameter ``network`` of the detector says otherwise.
    - Adam has one learning rate for all networks.
    - Gradients are clipped at norm 10 per member. This only catches explosions.
    - The weights that score are averaged over steps. The decay of 0.99 suits these short runs.
      ALAD's code has 0.999 and EGBAD's code has 0.9999.
    - Distances are means over columns, features or codes, so that weights do not depend on the
      number of columns, features or codes.
    - With broad negatives, known anomalies or augmented rows, real rows face two kinds of fake
      rows. So they count twice in the critic's loss.

    Parameters
    ----------
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`TrainingSettings`. Parameters of the same names of
        :class:`pyod_gan.GANDetector` take precedence.

    Attributes
    ----------
    series_network : str
        Kind of networks for windows of a series, where the user names none.
    n_views : int
        Number of views of a row that :meth:`score` returns.
    needs_wide_generator : bool
        Whether a member whose generator makes one point is of no use, so that it is dropped.
    game : str or Game
        The adversarial loss, see :data:`pyod_gan.games.GAMES`. This attribute and the next four
        are parameters only of GANs that declare them in their class body.
    n_critic : int
        Critic steps per player step.
    latent_dim : int
        Size Z of the latent space.
    broad_negatives : bool
        Whether a critic also sees rows that are far from the data in many ways. Then its value
        there is defined and low; see :meth:`reject`.
    negatives_weight : float
        Weight of broad and other negatives in the loss of the critics. Generated rows have the
        weight 1.
    """

    n_estimators: ClassVar[int] = 8  # where the estimator's parameter is None
    series_network: ClassVar[str] = "mlp"
    n_views: ClassVar[int] = 1
    needs_wide_generator: ClassVar[bool] = True
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
        "negatives_weight": [Interval(Real, 0, None, closed="neither")],
    }

    game: str | Game = "non-saturating"
    n_critic: int = 1
    latent_dim: int = 16
    broad_negatives: bool = False
    negatives_weight: float = 1.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the subclass a dataclass that has the parameter constraints of its bases too."""
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("_parameter_constraints", {})
        inherited = super(cls, cls)._parameter_constraints
        cls._parameter_constraints = {**inherited, **own}
        dataclass(repr=False, eq=False, kw_only=True)(cls)

    @property
    def settings(self) -> Settings:
        """The GAN's training settings, which count where the estimator's parameters are None."""
        own = {field.name: getattr(self, field.name) for field in fields(TrainingSettings)}
        return Settings(**own)

    def noise_dim(self, n_columns: int) -> int:
        """Size Z of the noise ``z`` that :meth:`play` gets, by default that of the latent space."""
        return self.latent_dim

    def players(self, make: NetworkMaker) -> dict[str, Network]:
        """Make the players by name: networks that make rows or codes."""
        return {"gen": make.generator(self.latent_dim)}

    def critics(self, make: NetworkMaker) -> dict[str, Network]:
        """Make the critics by name: networks that judge rows or codes."""
        return {"critic": make.critic()}

    def play(self, net: Networks, x: Tensor, z: Tensor) -> Play:
        """Play one step of the game, (E, B, D), (E, B, Z) -> Play.

        By default the critic tells rows from generated rows.
        """
        return Play((Pair("critic", x, net.gen(z)),))

    @abstractmethod
    def score(self, net: Networks, x: Tensor) -> Tensor:
        """Anomaly score, higher = more anomalous. (E, B, D) -> (E, B).

        A GAN with ``n_views`` V above 1 returns (E, B, V). All views have one unit. After the mean
        over members the largest view of a row counts.
        """

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        """Pairs of rows and negatives that critics compare, (E, B, D), (E, B, D) -> pairs.

        Negatives are broad negatives, known anomalies and augmented rows. A GAN whose score asks
        no critic of rows has no pairs.
        """
        return (Pair("critic", x, negatives, weight=0.0),)

    def generate(self, net: Networks, z: Tensor) -> Tensor | None:
        """Generated rows, (E, B, Z) -> (E, B, D), or None for a GAN that cannot generate."""
        return net.gen(z) if hasattr(net, "gen") else None

    def expected(self, net: Networks, x: Tensor) -> Tensor:
        """Rows that the GAN expected in place of each row, K opinions, (E, B, D) -> (K, B, D).

        Explanations start from these rows. By default they are the reconstructions. For a GAN
        without an encoder they are the mean of each column, which is 0.
        """
        if hasattr(net, "enc") and hasattr(net, "gen"):
            return net.gen(net.enc(x))
        return torch.zeros_like(x)

    def by_column(self, net: Networks, x: Tensor) -> Tensor | None:
        """Terms of a score that is a sum over columns, (E, B, D) -> (E, B, D), or None."""
        return None

    def prepare(self, net: Networks, rows: Tensor, streams: Sequence[torch.Generator]) -> None:
        """Register the buffers (E, ...) that the score needs besides the weights.

        This runs after training and before scoring. ``rows`` (n, D) are training rows, and
        ``streams`` are the members' random streams. By default there is nothing to register.
        """

    def prepared(self, n_columns: int) -> dict[str, tuple[int, ...]]:
        """Shapes of the buffers of :meth:`prepare` by name, without their first axis E.

        The file of a GAN that is built in must hold these buffers and no others.
        """
        return {}

    def judge(self, rows: np.ndarray, anomalies: np.ndarray) -> Judge | None:
        """Make what weighs the views, from scaled training rows (n, D).

        ``anomalies`` (k, D) are scaled rows that are known to be anomalies; there may be none. By
        default there is no judge, and the largest view is the score.
        """
        return None

    def load_judge(self, arrays: Mapping[str, np.ndarray]) -> Judge | None:
        """Make the judge again from its arrays, which may come from a file of somebody else."""
        return None

    def floats_per_row(self, net: Networks) -> int:
        """Number of floats that scoring one row holds at once, for the memory budget."""
        return net.floats_per_row

    def phases(self, players: tuple[str, ...], critics: tuple[str, ...]) -> tuple[Phase, ...]:
        """Phases of a run.

        By default there is a critic step in every step, and a player step every ``n_critic`` steps.
        """
        return (
            Phase("critic", critics, self.critic_loss),
            Phase("player", players, self.player_loss, every=self.n_critic),
        )

    def critic_loss(self, net: Networks, batch: Batch) -> Tensor:
        """Sum of the losses of the critics, (E,)."""
        game = get_game(self.game)
        with torch.no_grad():  # the players do not learn here
            pairs = [(pair, 1.0) for pair in self.play(net, batch.x, batch.z).pairs]
            if batch.negatives is not None:
                rejected = self.reject(net, batch.x, batch.negatives)
                pairs += [(pair, self.negatives_weight) for pair in rejected]
        losses = []
        for pair, weight in pairs:
            self._check(net, pair)
            critic = net.network(pair.critic)
            losses.append(weight * game.critic_loss(critic, pair.real, pair.fake, batch.u))
        return torch.stack(losses).sum(0)

    def player_loss(self, net: Networks, batch: Batch) -> Tensor:
        """Loss of the players, (E,)."""
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
        """Raise a ValueError unless a pair names a critic and has batches of one shape."""
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
    """Raise a ValueError that names ``owner`` unless all sizes are whole numbers of at least 1."""
    if not len(sizes) or not all(isinstance(size, Integral) and size >= 1 for size in sizes):
        raise ValueError(
            f"The 'hidden_layer_sizes' parameter of {owner} must be a sequence of ints of at "
            f"least 1, such as (64, 32). Got {sizes!r} instead."
        )
