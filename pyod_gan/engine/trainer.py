"""The one training loop: phases, averaged weights, history and callbacks."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import torch
from torch import Tensor

from .callbacks import Callback
from .member_health import finite_mean, finite_members, spread, varied_columns
from .networks import Networks
from .row_source import RowSource
from .scoring import score_views
from .spec import BaseGAN, Batch, Phase, Settings
from .spec_check import fixed_streams
from .training_step import PhaseResult, TrainingStep, views_of

HISTORY_ROWS = 50  # approximate number of rows that a run adds to the history


class Trainer:
    """Trains the networks of E members. Callbacks see this object.

    Parameters
    ----------
    gan : BaseGAN
        GAN spec to train.
    net : Networks
        Networks of the GAN. After :meth:`run` they hold the averaged weights.
    phases : sequence of Phase
        Phases in the order of one step.
    source : RowSource
        Training rows.
    settings : Settings
        Training settings.
    callbacks : sequence of Callback, default=()
        Callbacks, which are called in this order.
    goes_on : bool, default=False
        Whether earlier training is continued. Then the run counts as late from its first step on.

    Attributes
    ----------
    history : list of dict
        One row per logged step. It has ``step``; the means over members of ``<phase>_loss``,
        ``<phase>_grad_norm`` and ``spread`` (standard deviation of generated columns over that of
        real columns); ``seconds`` since the start; and ``n_alive``, the number of members with
        finite weights.
    ema : list of Tensor
        Exponential moving average of the weights, in the order of ``net.parameters()``.
    step : int
        Number of steps done.
    logged : bool
        Whether the last step added a row to the history.
    stop_training : bool
        A callback sets it to True to end the run. It is set, too, when all members have diverged.
    """

    def __init__(
        self,
        gan: BaseGAN,
        net: Networks,
        phases: Sequence[Phase],
        source: RowSource,
        settings: Settings,
        callbacks: Sequence[Callback] = (),
        *,
        goes_on: bool = False,
    ) -> None:
        self.gan, self.net, self.phases, self.source = gan, net, phases, source
        self.settings = settings
        self.callbacks = callbacks
        self.goes_on = goes_on
        self.history: list[dict[str, float]] = []
        self.step = 0
        self.logged = False
        self.stop_training = False
        self._training_step = TrainingStep(net, phases, settings)
        self._averages = [weights.clone() for weights in self._training_step.weights.values()]
        self.ema = [
            view
            for average, network in zip(self._averages, net.by_name().values(), strict=True)
            for view in views_of(average, network.parameters())
        ]
        self._latest: dict[str, PhaseResult] = {}  # latest step of each phase
        self._varied = varied_columns(source.sample())
        self._log_every = max(1, settings.max_iter // HISTORY_ROWS)

    def run(self, batches: Iterator[Batch]) -> None:
        """Train on at most ``max_iter`` batches. The networks end with the averaged weights."""
        self._started = time.perf_counter()
        for callback in self.callbacks:
            callback.on_train_begin(self)
        try:
            for batch in islice(batches, self.settings.max_iter):
                self._train_on(batch)
                for callback in self.callbacks:
                    callback.on_batch_end(self)
                if self.stop_training:
                    break
        finally:
            for callback in self.callbacks:
                callback.on_train_end(self)
        for p, average in zip(self.net.parameters(), self.ema, strict=True):
            p.data.copy_(average)

    def member_scores(self, n_rows: int) -> Tensor:
        """Scores of at most n_rows evenly spaced training rows by the averaged weights, (E, ·)."""
        net = copy.deepcopy(self.net)
        for p, average in zip(net.parameters(), self.ema, strict=True):
            p.data = average
        n = len(self.source)
        some = self.source.take(torch.arange(0, n, math.ceil(n / n_rows)))
        with torch.no_grad():
            self.gan.prepare(net, self.source.sample(), fixed_streams(net))
            return score_views(self.gan, net, some).amax(-1)

    def _train_on(self, batch: Batch) -> None:
        """Take one step of every phase that is due."""
        n_steps = self.settings.max_iter
        self.logged = (self.step + 1) % self._log_every == 0 or self.step == 0
        batch = batch.at(1.0 if self.goes_on else self.step / n_steps)
        due = [phase for phase in self.phases if phase.due(self.step, n_steps)]
        results = self._training_step(due, batch)
        self._latest |= results
        for name, result in results.items():
            for callback in self.callbacks:
                callback.on_grad_computed(self, name, result.norms)
        self._average()
        self.step += 1
        if self.logged:
            self._log(batch)

    def _average(self) -> None:
        """Move the averages. The decay starts low, so that short runs forget their start."""
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        weights = self._training_step.weights.values()
        for average, weight in zip(self._averages, weights, strict=True):
            average.lerp_(weight, 1 - decay)

    def _log(self, batch: Batch) -> None:
        """Add a row to the history. A phase that was not due shows its latest step."""
        alive = finite_members(self._training_step.weights.values())
        row: dict[str, float] = {"step": self.step}
        for name, (loss, norms) in self._latest.items():
            row[f"{name}_loss"] = finite_mean(loss)
            row[f"{name}_grad_norm"] = finite_mean(norms)
        row["spread"] = finite_mean(spread(self.gan, self.net, batch, self._varied))
        row["seconds"] = time.perf_counter() - self._started
        row["n_alive"] = int(alive.sum())
        self.history.append(row)
        self.stop_training |= not alive.any()


def mean_history(of_groups: Sequence[list[dict[str, float]]]) -> list[dict[str, float]]:
    """History of all members, from those of groups. A group that diverged ends early."""
    if len(of_groups) == 1:
        return of_groups[0]
    by_step: dict[float, list[dict[str, float]]] = {}
    for row in chain(*of_groups):
        by_step.setdefault(row["step"], []).append(row)
    return [_mean_row(rows) for rows in by_step.values()]


def _mean_row(rows: list[dict[str, float]]) -> dict[str, float]:
    """Row of a history from those of groups: means over all members that are alive."""
    mean = {}
    for name in rows[0]:
        of_groups = [(row[name], row["n_alive"]) for row in rows if math.isfinite(row[name])]
        total = sum(n for _, n in of_groups)
        mean[name] = sum(value * n for value, n in of_groups) / total if total else math.nan
    seconds, n_alive = max(row["seconds"] for row in rows), sum(row["n_alive"] for row in rows)
    return mean | {"step": rows[0]["step"], "seconds": seconds, "n_alive": n_alive}
