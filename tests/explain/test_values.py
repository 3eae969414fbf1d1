"""Numbers in words."""

from __future__ import annotations

import numpy as np
import pytest

from pyod_gan.explain.values import Digits, number


@pytest.mark.parametrize(
    ("value", "decimals", "said"),
    [
        (33000.0, 0, "33000"),
        (1925032450.0, 0, "1925032450"),
        (-1.776e-08, 6, "0"),
        (-0.0, 0, "0"),
        (12.5, 2, "12.5"),
        (123456.78, 2, "123456.78"),
        (1.4736483, 6, "1.4736"),
        (1500.1234567, 6, "1500.123"),
        (0.000123456789, 10, "0.00012346"),
        (1.23456789e-9, 15, "1.2346e-09"),
        (1.5e20, 0, "1.5e+20"),
        (np.inf, 3, "inf"),
    ],
)
def test_numbers(value: float, decimals: int, said: str) -> None:
    assert number(value, decimals) == said


@pytest.mark.parametrize(
    ("numbers", "decimals"),
    [
        ([1.0, 2000.0], 0),
        ([0.1, 0.1 + 0.2, 7.0], 1),
        ([123456.78, 5.0], 2),
        (np.float32([39.1, 40.7]).astype(float), 1),
        ([0.0, 0.0], 0),
        (np.full(3, 1 / 3), 7),
    ],
)
def test_decimals_of_a_column(numbers: object, decimals: int) -> None:
    assert Digits.of(np.asarray(numbers, dtype=float)).decimals == decimals


def test_one_more_value_may_need_more_decimals() -> None:
    digits = Digits.of(np.arange(10.0))
    assert digits.beside(4.0) == 0
    assert digits.beside(0.25) == 2
    assert digits.beside(1 / 3) == digits.most
    assert digits.beside(np.nan) == digits.decimals


def test_an_expected_value_below_the_least_is_0() -> None:
    digits = Digits.of(np.array([0, 1 / 3, 2.5]), least=1e-4)
    assert digits.rounded(-1e-5) == 0
    assert digits.rounded(-1e-3) == -1e-3
    assert Digits.of(np.array([1.5, 2.5])).rounded(1.26) == 1.3
