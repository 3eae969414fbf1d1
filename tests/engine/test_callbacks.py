"""History, callbacks, early stopping, progress."""

from __future__ import annotations

import logging
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from pyod_gan import ALAD, GAN, GANDetector
from pyod_gan.callbacks import Callback, EarlyStopping, score_entropy
from pyod_gan.gans import BaseGAN
from tests.helpers import QUICK, table


def test_history_has_what_a_user_needs() -> None:
    detector = GANDetector(n_estimators=2, max_iter=100, random_state=0).fit(table())
    assert detector.n_iter_ == 100
    assert detector.history_[0]["step"] == 1 and detector.history_[-1]["step"] == 100
    for row in detector.history_:
        assert set(row) >= {"critic_loss", "player_loss", "critic_grad_norm", "player_grad_norm"}
        assert row["n_alive"] == 2
    seconds = [row["seconds"] for row in detector.history_]
    assert seconds == sorted(seconds)
    assert 0.3 < detector.history_[-1]["spread"] < 3


class Recorder(Callback):
    """Writes down what happened."""

    def __init__(self, stop_at: int | None = None, interrupt_at: int | None = None) -> None:
        self.events: list[str] = []
        self.stop_at, self.interrupt_at = stop_at, interrupt_at

    def on_train_begin(self, trainer) -> None:
        self.events.append("begin")

    def on_grad_computed(self, trainer, phase: str, norms: Tensor) -> None:
        assert norms.shape == (trainer.net.n_members,)
        self.events.append(phase)

    def on_batch_end(self, trainer) -> None:
        if trainer.step == self.interrupt_at:
            raise KeyboardInterrupt
        trainer.stop_training = trainer.step == self.stop_at

    def on_train_end(self, trainer) -> None:
        self.events.append("end")


def test_callbacks_see_every_phase_and_can_stop() -> None:
    recorder = Recorder(stop_at=4)
    detector = GANDetector(GAN(n_critic=2), **QUICK, callbacks=[recorder]).fit(table())
    assert detector.n_iter_ == 4
    assert recorder.events == ["begin", *["critic", "player", "critic"] * 2, "end"]


def test_interrupting_leaves_the_detector_as_it_was() -> None:
    recorder = Recorder(interrupt_at=5)
    detector = GANDetector(**QUICK, callbacks=[recorder])
    with pytest.raises(KeyboardInterrupt):
        detector.fit(table())
    assert recorder.events[-1] == "end"
    assert not [name for name in vars(detector) if name.endswith("_")]
    detector.set_params(callbacks=None).fit(table())
    before = detector.decision_scores_
    detector.set_params(callbacks=[Recorder(interrupt_at=5)])
    with pytest.raises(KeyboardInterrupt):
        detector.fit(table(50, 3))
    np.testing.assert_array_equal(before, detector.decision_function(table()))


def test_score_entropy() -> None:
    flat, spiked = torch.arange(8.0) % 2, torch.eye(8)[0]
    entropy = score_entropy(torch.stack([flat, spiked]))
    assert entropy[0].item() == pytest.approx(np.log(4), abs=1e-4)
    assert entropy[1].item() == pytest.approx(0, abs=1e-4)


def test_early_stopping_goes_back_to_the_lowest_entropy(gan_class: type[BaseGAN]) -> None:
    stopping = EarlyStopping(patience=2, every=5)
    detector = GANDetector(
        gan_class(), n_estimators=2, max_iter=400, random_state=0, callbacks=[stopping]
    ).fit(table())
    assert detector.n_iter_ < 400
    assert np.isfinite(detector.decision_scores_).all()
    with_flag = GANDetector(gan_class(), **QUICK, early_stopping=True).fit(table())
    assert with_flag.n_iter_ <= 20


class Weights(Callback):
    """Keeps the weights and their average after every step."""

    def on_train_begin(self, trainer) -> None:
        self.steps = [[p.detach().clone() for p in trainer.net.parameters()]]

    def on_batch_end(self, trainer) -> None:
        self.steps.append([p.detach().clone() for p in trainer.net.parameters()])
        self.average = [p.clone() for p in trainer.ema]


def test_the_average_forgets_at_its_rate() -> None:
    weights = Weights()
    GANDetector(GAN(), **QUICK, callbacks=[weights]).fit(table())
    for i, average in enumerate(weights.average):
        expected = weights.steps[0][i]
        for step, now in enumerate(weights.steps[1:]):
            decay = min(0.99, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * now[i]
        torch.testing.assert_close(average, expected, rtol=1e-4, atol=1e-6)


def test_early_stopping_restores_the_weights_of_the_lowest_check() -> None:
    class Checks(EarlyStopping):
        seen: ClassVar[list] = []

        def _check(self, trainer) -> None:
            super()._check(trainer)
            self.seen.append((self._lowest.clone(), [w.clone() for w in trainer.ema]))

    stopping = Checks(patience=3, every=5)
    detector = GANDetector(
        GAN(), n_estimators=3, max_iter=300, random_state=0, callbacks=[stopping]
    ).fit(table())
    first = next(detector.networks_.parameters())
    for e in range(3):
        lowest = stopping.seen[-1][0][e]
        best = next(weights for low, weights in stopping.seen if low[e] == lowest)
        torch.testing.assert_close(first[e].float(), best[0][e])


def test_early_stopping_does_not_overrule_another_callback() -> None:
    detector = GANDetector(
        n_estimators=2, max_iter=60, random_state=0, callbacks=[Recorder(stop_at=25)]
    ).set_params(early_stopping=True)
    assert detector.fit(table()).n_iter_ == 25


def test_early_stopping_keeps_short_training() -> None:
    plain = GANDetector(**QUICK).fit(table()).networks_.critic.layers[0].weight
    short = GANDetector(**QUICK, early_stopping=True).fit(table()).networks_.critic.layers[0].weight
    torch.testing.assert_close(plain, short)


def test_history_shows_every_phase_at_every_row() -> None:
    detector = GANDetector(GAN(n_critic=3), n_estimators=2, max_iter=200).fit(table())
    assert all("player_loss" in row and "critic_loss" in row for row in detector.history_)


def test_progress_bar_and_log_lines(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    GANDetector(ALAD(), **QUICK, verbose=1).fit(table())
    bar = capfd.readouterr().err
    assert "fit ALAD" in bar and "critic_loss" in bar
    GANDetector(**QUICK, verbose=1).fit(table(11000))
    assert "score" in capfd.readouterr().err
    with caplog.at_level(logging.INFO, logger="pyod_gan"):
        GANDetector(**QUICK, verbose=2).fit(table())
    assert len(caplog.records) == 20 and "player_loss=" in caplog.text
    assert capfd.readouterr().err == ""
