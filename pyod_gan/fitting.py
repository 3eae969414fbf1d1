"""From a spec and a matrix to trained networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.utils import check_random_state

from .callbacks import Callback
from .gans import BaseGAN, Settings
from .health import drop_dead_members
from .nets import MakeNetwork, Networks
from .sampling import BatchSampler
from .threads import one_thread
from .train import Trainer


def member_generators(
    random_state: int | np.random.RandomState | None, n_members: int, *, after: int = 0
) -> list[torch.Generator]:
    """One random stream per member; member e's does not depend on how many there are.

    ``None`` takes fresh entropy; NumPy's global state, scikit-learn's meaning of it, stays. Streams
    ``after`` some steps of training differ from those before.
    """
    if random_state is None:
        random_state = np.random.RandomState(np.random.MT19937())
    seeds = check_random_state(random_state).randint(2**31 - 1, size=n_members)
    return [torch.Generator().manual_seed(int(seed) + after) for seed in seeds]


def build(
    gan: BaseGAN, n_columns: int, settings: Settings, generators: Sequence[torch.Generator]
) -> Networks:
    """Fresh networks of one member per generator."""
    make = MakeNetwork(settings.hidden_layer_sizes, generators)
    players, critics = gan.players(make, n_columns), gan.critics(make, n_columns)
    if both := sorted(players.keys() & critics.keys()):
        raise ValueError(
            f"{type(gan).__name__} has {', '.join(both)} as a player and as a critic. Give every "
            "network a name of its own."
        )
    return Networks(players, critics, all_pairs=settings.pairing == "all")


def fit_members(
    gan: BaseGAN,
    rows: np.ndarray,
    settings: Settings,
    generators: Sequence[torch.Generator],
    callbacks: Sequence[Callback],
    device: torch.device,
    start: Networks | None = None,
    *,
    goes_on: bool = False,
) -> tuple[Networks, Trainer]:
    """Train all members on ``rows`` (n, D) and make their networks ready to score.

    ``start`` has the weights to begin with, which stay as they are; members beyond it are fresh.
    ``goes_on``: see :class:`Trainer`.
    """
    net = build(gan, rows.shape[1], settings, generators)
    if start is not None:
        net.take_over(start)
    x = torch.from_numpy(rows).to(device)
    sampler = BatchSampler(x, gan, settings.batch_size, generators)
    phases = gan.phases(net.players, net.critics)
    trainer = Trainer(gan, net.to(x), phases, sampler, settings, callbacks, goes_on=goes_on)
    with one_thread(net):
        if settings.max_iter:
            trainer.run()
        alive = drop_dead_members(gan, net, next(iter(sampler)))
        left = [g for g, lives in zip(generators, alive, strict=True) if lives]
        with torch.no_grad():
            gan.prepare(net.double(), x.double(), left)
    return net, trainer
