"""Callbacks of training: progress bars, logs and early stopping. Names follow skorch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from tqdm.auto import tqdm

if TYPE_CHECKING:
    from .trainer import Trainer

logger = logging.getLogger("pyod_gan")


class Callback:
    """Base class of all callbacks. A subclass may leave out any method.

    A callback may read everything on the trainer
    (:class:`pyod_gan.engine.trainer.Trainer`) and may set ``trainer.stop_training = True``.
    """

    def on_train_begin(self, trainer: Trainer) -> None:
        """Run before the first step."""

    def on_grad_computed(self, trainer: Trainer, phase: str, norms: Tensor) -> None:
        """Run after a training step, for each phase. ``norms`` (E,) are those before clipping."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """Run after every step. ``trainer.logged`` tells whether the step added a history row."""

    def on_train_end(self, trainer: Trainer) -> None:
        """Run after the last step, also if training was interrupted."""


class ProgressBar(Callback):
    """Shows a tqdm bar with the latest losses.

    Parameters
    ----------
    name : str or None, default=None
        What stands beside the bar; None means the name of the GAN's class.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def on_train_begin(self, trainer: Trainer) -> None:
        """Show the bar."""
        name = self.name or type(trainer.gan).__name__
        self.bar = tqdm(total=trainer.settings.max_iter, desc=f"fit {name}", unit="step")

    def on_batch_end(self, trainer: Trainer) -> None:
        """Move the bar."""
        self.bar.update()
        if trainer.logged:
            row = trainer.history[-1]
            losses = {k: f"{v:.3g}" for k, v in row.items() if k.endswith("_loss")}
            self.bar.set_postfix(losses, refresh=False)

    def on_train_end(self, trainer: Trainer) -> None:
        """Close the bar."""
        self.bar.close()


class PrintLog(Callback):
    """Writes every history row to the logger ``pyod_gan`` at level INFO."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """Log a new history row."""
        if trainer.logged:
            row = trainer.history[-1]
            logger.info("%s", "  ".join(f"{k}={v:.4g}" for k, v in row.items()))


class EarlyStopping(Callback):
    """Early stopping without labels: each member keeps its weights of lowest score entropy.

    While a detector learns the bulk, the scores of normal rows fall and the scores of anomalies
    stay. So the entropy of the scores' distribution over rows falls. It rises again when the
    detector learns the anomalies too. Training ends when no member has reached a new lowest entropy
    for ``patience`` checks. Then every member goes back to its best weights.

    The entropy is that of the scores divided by their sum. Departures from the paper:

    - The lowest score is subtracted first, because scores here may be negative.
    - Each member stops by itself.

    Parameters
    ----------
    patience : int, default=5
        Number of checks without a new minimum before a stop.
    every : int, default=25
        Number of steps between two checks.
    min_delta : float, default=1e-3
        Relative fall of the entropy that counts as a new minimum.
    n_rows : int, default=512
        Number of training rows that are scored at each check. They are evenly spaced, and the same
        each time.

    References
    ----------
    Huang et al., "EntropyStop: Unsupervised Deep Outlier Detection with Loss Entropy", KDD 2024,
    arXiv 2405.12502.
    """

    def __init__(
        self, patience: int = 5, every: int = 25, min_delta: float = 1e-3, n_rows: int = 512
    ) -> None:
        self.patience = patience
        self.every = every
        self.min_delta = min_delta
        self.n_rows = n_rows

    def on_train_begin(self, trainer: Trainer) -> None:
        """Forget earlier runs."""
        self._lowest = trainer.net.reference.new_full((trainer.net.n_members,), torch.inf)
        self._waited = torch.zeros_like(self._lowest)
        self._best = [w.clone() for w in trainer.ema]
        self._scored_last = 0

    def on_batch_end(self, trainer: Trainer) -> None:
        """Check every ``every`` steps, and stop when no member improves."""
        if trainer.step % self.every == 0:
            self._check(trainer)
            trainer.stop_training |= bool((self._waited >= self.patience).all())

    def _check(self, trainer: Trainer) -> None:
        """Keep the weights of members at a new lowest entropy, unless their patience has ended."""
        self._scored_last = trainer.step
        entropy = score_entropy(trainer.member_scores(self.n_rows))  # (E,)
        fall = self.min_delta * self._lowest.abs().nan_to_num(posinf=0.0)
        lower = (entropy < self._lowest - fall) & (self._waited < self.patience)
        self._lowest = torch.where(lower, entropy, self._lowest)
        self._waited = torch.where(lower, 0.0, self._waited + 1)
        for best, now in zip(self._best, trainer.ema, strict=True):
            best[lower] = now[lower]

    def on_train_end(self, trainer: Trainer) -> None:
        """Give each member its weights of the lowest entropy."""
        if trainer.step > self._scored_last:
            self._check(trainer)
        seen = self._lowest.isfinite()  # a diverged member keeps its weights and is dropped later
        for best, now in zip(self._best, trainer.ema, strict=True):
            now[seen] = best[seen]


def score_entropy(scores: Tensor) -> Tensor:
    """Entropy of each member's scores, taken as a distribution over rows, (E, n) -> (E,)."""
    share = (scores - scores.amin(1, keepdim=True)).double() + 1e-12
    share = share / share.sum(1, keepdim=True)
    entropy: Tensor = torch.special.entr(share)
    return entropy.sum(1).float()
