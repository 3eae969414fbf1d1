"""What happens beside training: progress bars, logs, early stopping. Names follow skorch."""

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
    """Base of all callbacks; each method may be left out.

    A callback may read everything on the trainer
    (:class:`pyod_gan.engine.trainer.Trainer`) and may set ``trainer.stop_training = True``.
    """

    def on_train_begin(self, trainer: Trainer) -> None:
        """Before the first step."""

    def on_grad_computed(self, trainer: Trainer, phase: str, norms: Tensor) -> None:
        """After the step of one phase; ``norms`` (E,) are its gradients' before clipping."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """After every step; ``trainer.logged`` says whether it added a row to the history."""

    def on_train_end(self, trainer: Trainer) -> None:
        """After the last step, also when training was interrupted."""


class ProgressBar(Callback):
    """A tqdm bar with the latest losses."""

    def on_train_begin(self, trainer: Trainer) -> None:
        """Show the bar."""
        self.bar = tqdm(
            total=trainer.settings.max_iter, desc=f"fit {type(trainer.gan).__name__}", unit="step"
        )

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
    """Every history row as a line of the ``pyod_gan`` logger, level INFO."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """Log a new history row."""
        if trainer.logged:
            row = trainer.history[-1]
            logger.info("%s", "  ".join(f"{k}={v:.4g}" for k, v in row.items()))


class EarlyStopping(Callback):
    """Label-free early stopping: keep each member's weights where its scores' entropy is lowest.

    While a detector learns the bulk, the scores of normal rows fall and those of anomalies stay, so
    the entropy of the scores' distribution over rows falls; it rises again when anomalies are
    learnt too. Training ends when no member has reached a new lowest entropy for ``patience``
    checks, and every member goes back to its best weights.

    Parameters
    ----------
    patience : int, default=5
        Checks without a new minimum before a stop.
    every : int, default=25
        Steps between two checks.
    min_delta : float, default=1e-3
        Relative fall of the entropy that counts as a new minimum.
    n_rows : int, default=512
        Training rows, evenly spaced, that are scored at each check, the same ones each time.

    References
    ----------
    Huang et al., "EntropyStop: Unsupervised Deep Outlier Detection with Loss Entropy", KDD 2024,
    arXiv 2405.12502; the entropy is that of the scores divided by their sum. Departures: the lowest
    score is subtracted first, as scores here may be negative, and each member stops by itself.
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
        """Check every so many steps, and stop when no member improves."""
        if trainer.step % self.every == 0:
            self._check(trainer)
            trainer.stop_training |= bool((self._waited >= self.patience).all())

    def _check(self, trainer: Trainer) -> None:
        """Note the weights of members at a new lowest entropy, unless their patience has ended."""
        self._scored_last = trainer.step
        entropy = score_entropy(trainer.member_scores(self.n_rows))  # (E,)
        fall = self.min_delta * self._lowest.abs().nan_to_num(posinf=0.0)
        lower = (entropy < self._lowest - fall) & (self._waited < self.patience)
        self._lowest = torch.where(lower, entropy, self._lowest)
        self._waited = torch.where(lower, 0.0, self._waited + 1)
        for best, now in zip(self._best, trainer.ema, strict=True):
            best[lower] = now[lower]

    def on_train_end(self, trainer: Trainer) -> None:
        """Go back to the weights of the lowest entropy."""
        if trainer.step > self._scored_last:
            self._check(trainer)
        seen = self._lowest.isfinite()  # a diverged member keeps its weights, and is dropped later
        for best, now in zip(self._best, trainer.ema, strict=True):
            now[seen] = best[seen]


def score_entropy(scores: Tensor) -> Tensor:
    """Entropy of each member's scores as a distribution over rows, (E, n) -> (E,)."""
    share = (scores - scores.amin(1, keepdim=True)).double() + 1e-12
    share = share / share.sum(1, keepdim=True)
    entropy: Tensor = torch.special.entr(share)
    return entropy.sum(1).float()
