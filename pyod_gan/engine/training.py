"""Training of a GAN on rows, which ends with networks that are ready to score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from sklearn.utils import check_random_state

from .batches import BatchSampler
from .callbacks import Callback
from .member_health import drop_dead_members, varied_columns
from .mlp import MLPMaker
from .networks import Network, Networks
from .row_source import RowSource
from .spec import BaseGAN, Settings
from .spec_check import check_spec
from .threads import one_thread
from .trainer import Trainer


class Trained(NamedTuple):
    """Result of a training run."""

    networks: Networks  # those of the members that are left, in double precision
    history: list[dict[str, float]]  # see Trainer
    n_steps: int


def member_streams(
    random_state: int | np.random.RandomState | None, n_members: int, *, after: int = 0
) -> list[torch.Generator]:
    """Make one random stream per member.

    The stream of a member does not depend on the number of members. With ``None`` the seeds are
    fresh entropy, and NumPy's global state stays as it is. Streams ``after`` some steps of training
    differ from the streams before those steps.
    """
    if random_state is None:
        random_state = np.random.RandomState(np.random.MT19937())
    seeds = check_random_state(random_state).randint(2**31 - 1, size=n_members)
    return [torch.Generator().manual_seed(int(seed) + after) for seed in seeds]


def build(
    gan: BaseGAN,
    n_columns: int,
    settings: Settings,
    streams: Sequence[torch.Generator],
    most_weights: float = math.inf,
) -> Networks:
    """Make untrained networks with one member per random stream.

    Raises
    ------
    ValueError
        If a player and a critic have the same name, if a network does not derive from
        :class:`Network`, or if the networks need more than ``most_weights`` weights.
    """
    make = MLPMaker(n_columns, settings.hidden_layer_sizes, streams, most_weights)
    players, critics = gan.players(make), gan.critics(make)
    owner = type(gan).__name__
    if both := sorted(players.keys() & critics.keys()):
        raise ValueError(
            f"{owner} has {', '.join(both)} as a player and as a critic. Give every network a name "
            "of its own."
        )
    for name, network in {**players, **critics}.items():
        if not isinstance(network, Network):
            raise ValueError(
                f"The network {name!r} of {owner} must be made by `make` or derive from "
                f"pyod_gan.gans.Network. Got a {type(network).__name__} instead."
            )
    return Networks(players, critics, all_pairs=settings.pairing == "all")


def fit_members(
    gan: BaseGAN,
    source: RowSource,
    settings: Settings,
    streams: Sequence[torch.Generator],
    callbacks: Sequence[Callback] = (),
    start: Networks | None = None,
    *,
    goes_on: bool = False,
) -> Trained:
    """Train all members on the device of the rows, and make their networks ready to score.

    Parameters
    ----------
    gan : BaseGAN
        GAN spec to train.
    source : RowSource
        Scaled training rows (n, D).
    settings : Settings
        Training settings. With ``max_iter`` 0 the networks are not trained.
    streams : sequence of torch.Generator
        One random stream per member.
    callbacks : sequence of Callback, default=()
        Callbacks, see :class:`Callback`.
    start : Networks or None, default=None
        Networks to begin with, whose weights are copied. Members beyond them begin untrained.
    goes_on : bool, default=False
        Whether earlier training is continued. Then every phase takes part in the whole run,
        whatever its ``start`` and ``stop``, and the run counts as late from its first step on.

    Returns
    -------
    trained : Trained
        Networks of the members that are left, the history and the number of steps.

    Raises
    ------
    ValueError
        If the parts of the GAN do not fit together, or if ``start`` has networks of other sizes.
    TrainingCollapsedError
        If no member is left.
    """
    net = build(gan, source.n_columns, settings, streams)
    if start is not None:
        net.take_over(start)
    net.to(source.sample())  # device and type of the rows
    phases = gan.phases(net.players, net.critics)
    if goes_on:
        phases = tuple(phase._replace(start=0.0, stop=1.0) for phase in phases)
    sampler = BatchSampler(source, gan, settings.batch_size, streams)
    history: list[dict[str, float]] = []
    n_steps = 0
    with one_thread(net):
        if settings.max_iter:
            batches = iter(sampler)
            first = next(batches)
            check_spec(gan, net, phases, first, settings.max_iter)
            trainer = Trainer(gan, net, phases, source, settings, callbacks, goes_on=goes_on)
            trainer.run(chain([first], batches))
            history, n_steps = trainer.history, trainer.step
        alive = drop_dead_members(gan, net, next(iter(sampler)), varied_columns(source.sample()))
        left = [stream for stream, lives in zip(streams, alive, strict=True) if lives]
        net.double()  # scores are computed in double precision
        with torch.no_grad():
            gan.prepare(net, source.sample().double(), left)
    return Trained(net, history, n_steps)
