"""The one training loop: phases, per-member clipping, EMA, history, callbacks."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor

from .callbacks import Callback
from .exceptions import TrainingCollapsedError
from .gans import BaseGAN, Batch, Phase, Settings
from .health import REMEDY, finite_mean, finite_members, spread
from .nets import Networks
from .sampling import BatchSampler
from .scoring import score_views
from .speccheck import check_spec, fixed_generators

HISTORY_ROWS = 50  # a run logs about this many rows
MAX_GRAD_NORM = 10.0  # per member; only guards against explosions


class Trainer:
    """Trains the networks of E members; callbacks see this object.

    Parameters
    ----------
    gan : BaseGAN
        What to train.
    net : Networks
        Its networks; after :meth:`run` they hold the averaged weights.
    phases : sequence of Phase
        In the order of one step.
    sampler : BatchSampler
        Batches of each member.
    settings : Settings
        Steps, learning rate, averaging.
    callbacks : sequence of Callback
        Called in order.
    goes_on : bool
        True where earlier training is continued: every phase takes part all the time, as late in a
        run, whatever its ``start`` and ``stop``.

    Attributes
    ----------
    history : list of dict
        One row per logged step, means over members: ``step``, ``<phase>_loss``,
        ``<phase>_grad_norm``, ``spread`` (standard deviation of generated over real columns),
        ``seconds`` since the start, ``n_alive`` members with finite weights.
    ema : list of Tensor
        Exponential moving average of the weights, in the order of ``net.parameters()``.
    step : int
        Steps done.
    stop_training : bool
        Set by a callback to end the run.
    """

    def __init__(
        self,
        gan: BaseGAN,
        net: Networks,
        phases: Sequence[Phase],
        sampler: BatchSampler,
        settings: Settings,
        callbacks: Sequence[Callback] = (),
        *,
        goes_on: bool = False,
    ) -> None:
        self.gan, self.net, self.sampler = gan, net, sampler
        self.phases = [p._replace(start=0.0, stop=1.0) for p in phases] if goes_on else phases
        self.goes_on = goes_on
        self.settings = settings
        self.callbacks = callbacks
        self.rows = sampler.rows
        self.history: list[dict[str, float]] = []
        self.ema = [p.detach().clone() for p in net.parameters()]
        self.step = 0
        self.logged = False
        self.stop_training = False
        self._latest: dict[str, tuple[Tensor, Tensor]] = {}  # losses and gradient norms, (E,)
        self._log_every = max(1, settings.max_iter // HISTORY_ROWS)

    def run(self) -> Networks:
        """Train; ``net`` ends with the averaged weights."""
        self._started = time.perf_counter()
        self._call("on_train_begin")
        try:
            for batch in islice(self.sampler, self.settings.max_iter):
                if self.step == 0:
                    self._begin(batch)
                self._train_step(batch)
                self._call("on_batch_end")
                if self.stop_training:
                    break
        finally:
            self._call("on_train_end")
        for p, average in zip(self.net.parameters(), self.ema, strict=True):
            p.data.copy_(average)
        return self.net

    def member_scores(self, n_rows: int) -> Tensor:
        """Scores by the averaged weights of up to n_rows evenly spaced training rows, (E, ·)."""
        net = copy.deepcopy(self.net)
        for p, average in zip(net.parameters(), self.ema, strict=True):
            p.data = average
        with torch.no_grad():
            self.gan.prepare(net, self.rows, fixed_generators(net))
            some = self.rows[:: math.ceil(len(self.rows) / n_rows)]
            return score_views(self.gan, net, some).amax(-1)

    def _begin(self, batch: Batch) -> None:
        """Check the spec on the first batch, then make the optimisers."""
        settings = self.settings
        check_spec(self.gan, self.net, self.phases, batch, settings.max_iter)
        self._params = {p.name: self.net.parameters_of(p.trains) for p in self.phases}
        self._optimisers = {
            name: torch.optim.Adam(params, settings.lr, betas=settings.betas, fused=True)
            for name, params in self._params.items()
        }

    def _train_step(self, batch: Batch) -> None:
        self.logged = (self.step + 1) % self._log_every == 0 or self.step == 0
        progress = 1.0 if self.goes_on else self.step / self.settings.max_iter
        batch = batch._replace(progress=progress)
        for phase in self.phases:
            if phase.due(self.step, self.settings.max_iter):
                self._latest[phase.name] = self._phase_step(phase, batch)
        self._average()
        self.step += 1
        if self.logged:
            self._log(batch)

    def _phase_step(self, phase: Phase, batch: Batch) -> tuple[Tensor, Tensor]:
        """One optimiser step; returns losses (E,) and gradient norms (E,)."""
        loss = self.net.over_pairs(phase.loss, batch)
        params = self._params[phase.name]
        gradients = torch.autograd.grad(loss.sum(), params)
        norms = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()  # (E,)
        shrink = (MAX_GRAD_NORM / norms.clamp_min(MAX_GRAD_NORM)).unsqueeze(-1)  # (E, 1)
        for p, g in zip(params, gradients, strict=True):
            p.grad = g * shrink.view(-1, *[1] * (g.ndim - 1))
        self._call("on_grad_computed", phase.name, norms)
        self._optimisers[phase.name].step()
        return loss.detach(), norms

    def _average(self) -> None:
        """Exponential moving average with a warm-up, so that short runs forget their start."""
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self.ema, [p.data for p in self.net.parameters()], 1 - decay)

    def _log(self, batch: Batch) -> None:
        """Add a history row; a phase that was not due shows its latest step."""
        alive, row = finite_members(self.net), {}
        for name, (loss, norms) in self._latest.items():
            row[f"{name}_loss"], row[f"{name}_grad_norm"] = finite_mean(loss), finite_mean(norms)
        row["spread"] = finite_mean(spread(self.gan, self.net, batch))
        row["seconds"] = time.perf_counter() - self._started
        row["n_alive"] = int(alive.sum())
        self.history.append({"step": self.step, **row})
        if not alive.any():
            raise TrainingCollapsedError(
                f"All {len(alive)} members diverged (not-a-number weights) by step {self.step}. "
                f"{REMEDY}"
            )

    def _call(self, event: str, *args: object) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self, *args)
