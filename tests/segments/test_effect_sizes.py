"""Cliff's delta and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from clusterbench.segments import cliffs_delta


def test_delta_counts_pairs() -> None:
    # Of the 6 pairs 4 are above, 1 is below, 1 is equal.
    assert cliffs_delta(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0])).value == pytest.approx(0.5)


def test_the_interval_is_that_of_the_pairs() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 8, 30).astype(float), rng.integers(2, 9, 20).astype(float)
    signs = np.sign(one[:, None] - other)
    delta, rows, columns = signs.mean(), signs.mean(axis=1), signs.mean(axis=0)
    m, n = signs.shape
    spread = n**2 * ((rows - delta) ** 2).sum() + m**2 * ((columns - delta) ** 2).sum() - ((signs - delta) ** 2).sum()
    variance, z = spread / (m * n * (m - 1) * (n - 1)), 1.959964
    width = z * np.sqrt(variance * ((1 - delta**2) ** 2 + z**2 * variance))
    ends = (delta - delta**3 + np.array([-width, width])) / (1 - delta**2 + z**2 * variance)
    effect = cliffs_delta(one, other)
    assert (effect.value, effect.low, effect.high) == pytest.approx((delta, *ends), rel=1e-6)


def test_groups_that_do_not_overlap_have_an_open_interval_on_one_side() -> None:
    effect = cliffs_delta(np.arange(10.0), np.arange(100.0, 130.0))
    assert (effect.value, effect.low) == (-1.0, -1.0)
    assert effect.high == pytest.approx(-(10 - 3.8415) / (10 + 3.8415), abs=1e-4)


def test_missing_values_are_left_out_and_too_few_give_nothing() -> None:
    with_gaps = cliffs_delta(np.array([1.0, np.nan, 3.0]), np.array([2.0, 0.0, np.nan]))
    assert with_gaps.value == cliffs_delta(np.array([1.0, 3.0]), np.array([2.0, 0.0])).value
    assert np.isnan(cliffs_delta(np.array([1.0, np.nan]), np.array([2.0, 0.0])).value)


def test_the_interval_covers_the_true_delta() -> None:
    rng = np.random.default_rng(3)
    true = 0.520499877813  # 2 P(X > Y) - 1 of normal variables whose means differ by one
    drawn = [cliffs_delta(rng.normal(1, 1, 60), rng.normal(0, 1, 40)) for _ in range(400)]
    covered = np.mean([one.low <= true <= one.high for one in drawn])
    assert 0.92 < covered < 0.985
