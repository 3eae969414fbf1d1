"""What fails changes nothing, also not a random state of the caller's."""

from __future__ import annotations

import numpy as np
import pytest

from pyod_gan import GAN, GANDetector, GANOutlierDetector, TrainingCollapsedError
from pyod_gan.callbacks import Callback
from tests.helpers import QUICK, table


class Interrupt(Callback):
    """Raises in the third step."""

    def on_batch_end(self, trainer) -> None:
        if trainer.step == 3:
            raise KeyboardInterrupt


class Diverging(GAN):
    """A GAN whose loss is no number."""

    def critic_loss(self, net, batch):
        return GAN.critic_loss(self, net, batch) * np.nan


FAILURES = {
    "parameter": ({"n_estimators": 0}, ValueError),
    "device": ({"device": "nowhere"}, ValueError),
    "interrupt": ({"callbacks": [Interrupt()]}, KeyboardInterrupt),
    "collapse": ({"gan": Diverging()}, TrainingCollapsedError),
    "threshold": ({"contamination": object()}, Exception),
}


@pytest.mark.parametrize("estimator", [GANDetector, GANOutlierDetector])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_fit_leaves_the_random_state(failure: str, estimator: type) -> None:
    params, error = FAILURES[failure]
    random_state = np.random.RandomState(0)
    random_state.normal()  # a second number is in store
    before = repr(random_state.get_state(legacy=False))
    with pytest.raises(error):
        estimator(**QUICK | {"random_state": random_state} | params).fit(table())
    assert repr(random_state.get_state(legacy=False)) == before


def test_a_failed_partial_fit_leaves_the_random_state() -> None:
    random_state = np.random.RandomState(0)
    detector = GANDetector(**QUICK | {"random_state": random_state}).fit(table())
    before = repr(random_state.get_state(legacy=False))
    with pytest.raises(KeyboardInterrupt):
        detector.set_params(callbacks=[Interrupt()]).partial_fit(table())
    assert repr(random_state.get_state(legacy=False)) == before


def test_a_fit_that_succeeds_draws_from_the_random_state() -> None:
    random_state = np.random.RandomState(0)
    detector = GANDetector(**QUICK | {"random_state": random_state})
    first, second = (detector.fit(table()).decision_scores_ for _ in range(2))
    assert not np.array_equal(first, second)
