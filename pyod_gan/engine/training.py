"""Training of a GAN on rows, which ends with networks that are ready to score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import Tensor

from .._support.exceptions import TrainingCollapsedError
from .._support.own_settings import own_settings
from .batches import BatchSampler
from .callbacks import Callback
from .member_groups import groups_of, run_jobs
from .member_health import REMEDY, Health, health_of, warn_of
from .networks import Network, Networks
from .row_source import RowSource
from .spec import BaseGAN, Settings
from .spec_check import check_spec
from .threads import on_one_thread
from .trainer import Trainer, mean_history


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
    seeds = random_numbers(random_state).randint(2**31 - 1, size=n_members)
    return [torch.Generator().manual_seed(int(seed) + after) for seed in seeds]


def random_numbers(random_state: int | np.random.RandomState | None) -> np.random.RandomState:
    """Make a source of random numbers. With ``None`` it is fresh, and not NumPy's global one."""
    if random_state is None:
        return np.random.RandomState(np.random.MT19937())
    numbers: np.random.RandomState = check_random_state(random_state)
    return numbers


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
        :class:`Network`, if rows do not fit the kind of network, or if the networks need more than
        ``most_weights`` weights.
    """
    make = settings.network.maker(n_columns, settings.hidden_layer_sizes, streams)
    make.most_weights = most_weights
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
    n_jobs: int | None = None,
) -> Trained:
    """Train all members on the device of the rows, and make their networks ready to score.

    Members that diverge or collapse are dropped with a warning.

    Parameters
    ----------
    gan : BaseGAN
        GAN spec to train.
    source : RowSource
        Scaled training rows (n, D).
    settings : Settings
        Training settings.
    streams : sequence of torch.Generator
        One random stream per member.
    callbacks : sequence of Callback, default=()
        Callbacks, see :class:`Callback`.
    start : Networks or None, default=None
        Networks to begin with, whose weights are copied. Members beyond them begin untrained.
    n_jobs : int or None, default=None
        Number of jobs of joblib that train groups of members apart, see
        :mod:`pyod_gan.engine.member_groups`.

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
    jobs = [
        (gan, source, settings, [streams[i] for i in group], callbacks, _some_of(start, group))
        for group in groups_of(len(streams), settings, callbacks, n_jobs)
    ]
    groups = run_jobs(_train_group, jobs, n_jobs)
    health = Health(*map(torch.cat, zip(*(run.health for _, run in groups), strict=True)))
    networks = [net for net, _ in groups if net is not None]
    if not networks:
        raise TrainingCollapsedError(f"No member is left: {health}. {REMEDY}")
    if not health.sound.all():
        warn_of(health, "they were dropped")
    net = networks[0].joined_with(networks[1:]) if len(networks) > 1 else networks[0]
    history = mean_history([run.history for _, run in groups])
    return Trained(net, history, max(run.n_steps for _, run in groups))


@own_settings()  # a worker has its own
def _train_group(
    gan: BaseGAN,
    source: RowSource,
    settings: Settings,
    streams: Sequence[torch.Generator],
    callbacks: Sequence[Callback],
    start: Networks | None,
) -> tuple[Networks | None, _Run]:
    """Train members. Returns networks of the sound ones, ready to score, or None if none is."""
    net = _begin(gan, source, settings, streams, start)
    run = _train(gan, net, source, settings, streams, callbacks)
    sound = run.health.sound
    if not sound.any():
        return None, run
    if not sound.all():
        net.keep(sound)
    _make_ready(gan, net, source, _some(streams, sound))
    return net, run


def _some_of(start: Networks | None, members: Sequence[int]) -> Networks | None:
    """Those of the networks to begin with that are of some members. None if there are none."""
    if start is None or start.n_members <= members[0]:
        return None
    return start.of([member for member in members if member < start.n_members])


def continue_members(
    gan: BaseGAN,
    source: RowSource,
    settings: Settings,
    streams: Sequence[torch.Generator],
    callbacks: Sequence[Callback],
    start: Networks,
    n_steps: int,
    *,
    renews: bool,
) -> Trained:
    """Train fitted members further, and make their networks ready to score. No failure ends it.

    Every phase takes part in the whole run, whatever its ``start`` and ``stop``, and the run counts
    as late from its first step on. A member that diverges goes back to its weights of before.

    Parameters
    ----------
    gan, source, settings, streams, callbacks
        As in :func:`fit_members`.
    start : Networks
        Networks to go on with, whose weights are copied.
    n_steps : int
        Number of steps. With 0 the networks are not trained.
    renews : bool
        Whether lost members begin anew. Lost are members that diverged or collapsed, and those of
        the streams that ``start`` does not have. New members are trained as in :func:`fit_members`.
        If none of them is sound, all members stay.

    Returns
    -------
    trained : Trained
        The networks, and history and number of steps of the members that went on.

    Raises
    ------
    ValueError
        If the parts of the GAN do not fit together, or if ``start`` has networks of other sizes.
    """
    own, others = streams[: start.n_members], streams[start.n_members :]
    net = _begin(gan, source, settings, own, start)
    if not n_steps:
        _make_ready(gan, net, source, own)
        return Trained(net, [], 0)
    before = [p.detach().clone() for p in net.parameters()]
    run = _train(
        gan, net, source, replace(settings, max_iter=n_steps), own, callbacks, goes_on=True
    )
    diverged = ~run.health.finite
    for p, old in zip(net.parameters(), before, strict=True):
        p.data[diverged] = old[diverged]
    if renews:
        net, own = _renewed(gan, net, source, settings, own, others, callbacks, run.health)
    elif diverged.any():
        warn_of(run.health, "those that diverged have their weights of before")
    _make_ready(gan, net, source, own)
    return Trained(net, run.history, run.n_steps)


class _Run(NamedTuple):
    """What is known of the members after a run."""

    health: Health
    history: list[dict[str, float]]
    n_steps: int


def _begin(
    gan: BaseGAN,
    source: RowSource,
    settings: Settings,
    streams: Sequence[torch.Generator],
    start: Networks | None = None,
) -> Networks:
    """Make networks for the rows of a source, untrained or with the weights of ``start``."""
    net = build(gan, source.n_columns, settings, streams)
    if start is not None:
        net.take_over(start)
    return net.to(source.sample())  # device and type of the rows


def _train(
    gan: BaseGAN,
    net: Networks,
    source: RowSource,
    settings: Settings,
    streams: Sequence[torch.Generator],
    callbacks: Sequence[Callback],
    *,
    goes_on: bool = False,
) -> _Run:
    """Train all members for ``max_iter`` steps, and look at their health."""
    phases = gan.phases(net.players, net.critics)
    if goes_on:
        phases = tuple(phase._replace(start=0.0, stop=1.0) for phase in phases)
    sampler = BatchSampler(source, gan, settings.batch_size, streams)

    def run() -> _Run:
        batches = iter(sampler)
        first = next(batches)
        check_spec(gan, net, phases, first, settings.max_iter)
        trainer = Trainer(gan, net, phases, source, settings, callbacks, goes_on=goes_on)
        trainer.run(chain([first], batches))
        health = health_of(gan, net, next(iter(sampler)), source.sample())
        return _Run(health, trainer.history, trainer.step)

    return on_one_thread(net, run)


def _renewed(
    gan: BaseGAN,
    net: Networks,
    source: RowSource,
    settings: Settings,
    own: Sequence[torch.Generator],
    others: Sequence[torch.Generator],
    callbacks: Sequence[Callback],
    health: Health,
) -> tuple[Networks, Sequence[torch.Generator]]:
    """Train new members in place of lost ones. Return the networks and streams of all members."""
    sound = health.sound
    lost = [*_some(own, ~sound), *others]
    if not lost:
        return net, own
    new = _begin(gan, source, settings, lost)
    new_sound = _train(gan, new, source, settings, lost, callbacks).health.sound
    if not sound.all():
        end = "they began anew" if new_sound.any() else "they go on, as no new member is better"
        warn_of(health, end)
    if not new_sound.any():
        return net, own
    new.keep(new_sound)
    if sound.any():
        net.keep(sound)
        new = net.joined_with([new])
    return new, [*_some(own, sound), *_some(lost, new_sound)]


def _make_ready(
    gan: BaseGAN, net: Networks, source: RowSource, streams: Sequence[torch.Generator]
) -> None:
    """Prepare the score, in double precision."""
    net.double()

    def prepare() -> None:
        with torch.no_grad():
            gan.prepare(net, source.sample().double(), streams)

    on_one_thread(net, prepare)


def _some(streams: Sequence[torch.Generator], members: Tensor) -> list[torch.Generator]:
    """Streams of some of the members, by a boolean mask (E,)."""
    return [stream for stream, chosen in zip(streams, members, strict=True) if chosen]
