"""Threads: they share a detector, and each keeps its own number of threads of torch."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import joblib
import numpy as np
import pytest
import torch

from pyod_gan import GANDetector
from pyod_gan.callbacks import Callback
from pyod_gan.gans import BaseGAN
from tests.helpers import QUICK, table

N_THREADS = 3


@pytest.fixture(autouse=True)
def number_of_threads() -> Iterator[None]:
    """Torch has three threads in every test of this module, before and after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(N_THREADS)
    yield
    assert torch.get_num_threads() == N_THREADS
    torch.set_num_threads(before)


@contextmanager
def many_switches() -> Iterator[None]:
    """Python goes from thread to thread as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class Waiting(Callback):
    """Stops a fit in its middle until the test lets it go on."""

    def __init__(self) -> None:
        self.reached, self.may_end = threading.Event(), threading.Event()

    def on_batch_end(self, trainer) -> None:
        self.reached.set()
        assert self.may_end.wait(60)


@contextmanager
def a_fit_in_another_thread() -> Iterator[None]:
    """A fit has begun, and ends after the block."""
    waiting = Waiting()
    detector = GANDetector(callbacks=[waiting], **QUICK)
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(detector.fit, table())
        try:
            assert waiting.reached.wait(60)
            yield
        finally:
            waiting.may_end.set()
            fit.result()


def in_a_new_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@pytest.mark.parametrize("pairing", ["one", "all"])
def test_eight_threads_see_what_one_thread_sees(gan_class: type[BaseGAN], pairing: str) -> None:
    X = table(20)
    quick = QUICK | {"max_iter": 5, "pairing": pairing}
    detector = GANDetector(gan_class(), **quick).fit(X)

    def everything(_: int = 0) -> np.ndarray:
        seen = detector.decision_function(X), detector.predict_proba(X)[:, 1]
        return np.concatenate([*seen, detector.explain(X[:2]).ravel()])

    expected = everything()
    with many_switches(), ThreadPoolExecutor(8) as pool:
        for seen in pool.map(everything, range(8)):
            np.testing.assert_array_equal(seen, expected)
    np.testing.assert_array_equal(everything(), expected)


def test_fits_in_threads_leave_the_number_of_threads() -> None:
    @joblib.delayed
    def numbers(seed: int) -> tuple[int, int]:
        before = torch.get_num_threads()
        GANDetector(**QUICK | {"random_state": seed}).fit(table())
        return before, torch.get_num_threads()

    seen = joblib.Parallel(n_jobs=3, backend="threading")(numbers(seed) for seed in range(6))
    assert set(seen) == {(N_THREADS, N_THREADS)}


def test_a_fit_concerns_no_other_thread() -> None:
    detector = GANDetector(**QUICK).fit(table())

    def score() -> int:
        detector.decision_function(table())
        return torch.get_num_threads()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(score).result() == N_THREADS
        with a_fit_in_another_thread():
            assert torch.get_num_threads() == N_THREADS
            assert in_a_new_thread(torch.get_num_threads) == N_THREADS
            assert score() == pool.submit(score).result() == in_a_new_thread(score) == N_THREADS
        assert score() == pool.submit(score).result() == in_a_new_thread(score) == N_THREADS


def score_in_child(detector: GANDetector, answers) -> None:
    before = torch.get_num_threads()
    scores = detector.decision_function(table(3))
    answers.put((before, torch.get_num_threads(), scores.tolist()))


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs fork")
def test_a_process_forked_during_a_fit_scores_and_keeps_the_number() -> None:
    detector = GANDetector(**QUICK).fit(table())
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    child = fork.Process(target=score_in_child, args=(detector, answers))
    with a_fit_in_another_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of forks beside threads
        child.start()
        child.join(60)
    if child.is_alive():
        child.kill()
    assert child.exitcode == 0
    assert answers.get() == (N_THREADS, N_THREADS, detector.decision_function(table(3)).tolist())


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
def test_interrupts_leave_the_number_of_threads() -> None:
    detector, row = GANDetector(**QUICK).fit(table()), table(1)
    handler = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    kept = []  # the frames of an interrupt live on, as in notebooks
    try:
        for delay in np.linspace(1e-4, 3e-3, 50):
            signal.setitimer(signal.ITIMER_VIRTUAL, delay)
            try:
                for _ in range(100):
                    detector.decision_function(row)
            except KeyboardInterrupt as interrupt:
                kept.append(interrupt)
            assert torch.get_num_threads() == N_THREADS
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, handler)
    n_kept = len(kept)
    kept.clear()
    assert n_kept > 10  # Python drops those that come where nothing can be raised
