"""From members' views to one score."""

from __future__ import annotations

import numpy as np
import pytest

from pyod_gan.engine.combination import Units, combine, find_units


def test_members_of_any_unit_count_alike() -> None:
    scores = np.random.default_rng(0).normal(size=(1, 100, 1))
    members = np.concatenate([scores, 1e6 * scores + 5, 1e-3 * scores - 1])
    np.testing.assert_allclose(
        combine(members, find_units(members)), combine(scores, find_units(scores))
    )


@pytest.mark.parametrize("constant", [0.0, 1e9])
def test_a_constant_member_adds_nothing(constant: float) -> None:
    scores = np.r_[np.arange(10.0), 100.0][:, None]
    members = np.stack([scores, np.full((11, 1), constant)])
    alone = combine(scores[None], find_units(scores[None]))
    np.testing.assert_allclose(combine(members, find_units(members)), alone / 2)


def test_mostly_equal_scores_fall_back_to_a_deviation_that_no_score_decides() -> None:
    scores = np.r_[np.zeros(20), -3.0, 2.0, 4.0][None, :, None]
    alike = np.r_[np.zeros(20), -3.0, 3.0, 3.0]  # the median of 2, 3 and 4
    found = combine(scores, find_units(scores))
    np.testing.assert_allclose(found, scores.ravel() / np.sqrt((alike**2).mean()))
    scores[0, -1] = 1e9
    np.testing.assert_array_equal(found[:-1], combine(scores, find_units(scores))[:-1])


def test_the_largest_view_counts_after_the_mean_over_members() -> None:
    views = np.zeros((2, 9, 2))
    views[:, 0] = [[4.0, 0.0], [0.0, 3.0]]  # members disagree: mean (2, 1.5)
    views[:, 1] = [[0.0, 3.0], [0.0, 3.0]]  # both members, second view
    scores = combine(views, find_units(views)._replace(scale=np.ones((2, 1, 1))))
    np.testing.assert_allclose(scores[:3], [2, 3, 0])


def test_rounding_of_the_networks_is_removed() -> None:
    one = Units(np.zeros((1, 1, 1)), np.ones((1, 1, 1)))
    scores = np.array([0.0, 1e-14, -1e-14, 0.3, 0.1 + 0.2, 1e-6, 40.0])
    rounded = combine(scores[None, :, None], one)
    assert rounded.tobytes() == np.array([0.0, 0.0, 0.0, 0.3, 0.3, 1e-6, 40.0]).tobytes()
