"""Groups of members that are trained apart, as jobs of joblib."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone

from pyod_gan import GAN, GANDetector, TrainingCollapsedError, TrainingCollapseWarning
from pyod_gan.callbacks import Callback
from pyod_gan.engine.member_groups import groups_of
from tests.helpers import QUICK, table

SETTINGS = GAN().settings


class Fragile(GAN):
    """Diverges in groups of the sizes ``bad``."""

    bad: tuple[int, ...] = ()

    def critic_loss(self, net, batch):
        factor = np.inf if net.n_members in self.bad else 1.0
        return super().critic_loss(net, batch) * factor


@pytest.fixture(autouse=True)
def threads():
    with parallel_config(backend="threading"):
        yield


@pytest.mark.parametrize(
    ("n_members", "n_jobs", "sizes"),
    [
        (8, None, [8]),
        (8, 1, [8]),
        (8, 3, [3, 3, 2]),
        (8, 20, [2, 2, 2, 2]),
        (5, 4, [3, 2]),
        (3, 2, [3]),
        (1, 4, [1]),
    ],
)
def test_members_are_divided_into_groups_of_two_at_least(n_members, n_jobs, sizes) -> None:
    groups = groups_of(n_members, SETTINGS, [], n_jobs)
    assert [len(group) for group in groups] == sizes
    assert np.concatenate(groups).tolist() == list(range(n_members))


@pytest.mark.parametrize(
    ("settings", "callbacks"),
    [({"pairing": "all"}, []), ({"batch_size": 50}, []), ({}, [Callback()])],
)
def test_members_that_cannot_be_told_apart_are_one_group(settings, callbacks) -> None:
    assert len(groups_of(8, replace(SETTINGS, **settings), callbacks, 4)) == 1


@pytest.mark.parametrize(
    "params", [{"pairing": "all"}, {"batch_size": 50}, {"early_stopping": True}, {"verbose": 2}]
)
def test_scores_are_the_same_where_there_is_one_group(params) -> None:
    detector = GANDetector("gan", **QUICK | params | {"n_estimators": 4})
    apart = clone(detector).set_params(n_jobs=2).fit(table())
    np.testing.assert_array_equal(apart.decision_scores_, detector.fit(table()).decision_scores_)


def test_a_group_that_diverged_is_dropped_alone() -> None:
    given = QUICK | {"n_estimators": 5, "n_jobs": 2}
    with pytest.warns(TrainingCollapseWarning, match="3 of 5 members diverged") as caught:
        ill = GANDetector(Fragile(bad=(3,)), **given).fit(table())
    assert len(caught) == 1
    assert ill.networks_.n_members == 2
    assert ill.history_[-1]["n_alive"] == 2
    assert all(np.isfinite(list(row.values())).all() for row in ill.history_[1:])
    healthy = GANDetector(Fragile(), **given).fit(table()).networks_.to_arrays()
    for name, array in ill.networks_.to_arrays().items():
        np.testing.assert_array_equal(array, healthy[name][3:], err_msg=name)


def test_nothing_is_fitted_if_all_groups_diverged() -> None:
    detector = GANDetector(Fragile(bad=(2, 3)), **QUICK | {"n_estimators": 5, "n_jobs": 2})
    with pytest.raises(TrainingCollapsedError, match="5 of 5 members diverged"):
        detector.fit(table())
    assert not hasattr(detector, "model_")


@pytest.mark.parametrize("before", [4, 2, 3])
def test_a_warm_start_in_groups_goes_on_with_each_member(before: int) -> None:
    """Also where the last fit had fewer members, the rest of which begin untrained."""
    first = QUICK | {"n_estimators": before}
    one, two = (GANDetector("gan", **first, warm_start=True).fit(table()) for _ in range(2))
    one.set_params(n_estimators=4).fit(table())
    two.set_params(n_estimators=4, n_jobs=2).fit(table())
    np.testing.assert_array_equal(one.decision_scores_, two.decision_scores_)


def test_partial_fit_goes_on_where_groups_were_trained() -> None:
    given = QUICK | {"n_estimators": 4}
    one, two = GANDetector("gan", **given), GANDetector("gan", **given, n_jobs=2)
    for detector in (one, two):
        detector.fit(table()).partial_fit(table(150, seed=1))
    np.testing.assert_array_equal(one.decision_scores_, two.decision_scores_)
