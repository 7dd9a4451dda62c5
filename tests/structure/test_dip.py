"""The dip against its definition, published values and published quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from clusterbench.errors import RequestError
from clusterbench.structure import dip_statistic, dip_test, spread_ties

# Quality of 63 statistics departments, the example of Hartigan & Hartigan (1985).
FACULTY = [
    *[30, 33, 35, 36, 37, 37, 39, 39, 39, 39, 39, 40, 40, 40, 40, 41, 42, 43, 43, 43, 44, 44, 45, 45, 46, 46],
    *[47, 47, 48, 48, 48, 49, 50, 50, 51, 52, 52, 53, 53, 53, 53, 53, 54, 54, 57, 57, 59, 60, 60, 60, 61, 61],
    *[61, 61, 62, 62, 62, 62, 63, 66, 70, 72, 72],
]


def dip_by_definition(sample: list[float]) -> float:
    """The smallest distance to a distribution that is convex, then concave, by one linear program per mode.

    Unknowns: the distribution at every value (left of the jump at the mode), right of that jump, the distance.
    """
    values, counts = np.unique(sample, return_counts=True)
    upper = np.cumsum(counts) / len(sample)
    lower = upper - counts / len(sample)
    m = len(values)
    best = np.inf
    for mode in range(m):
        rows, limits = [], []

        def demand(limit, rows=rows, limits=limits, **terms):
            row = np.zeros(m + 2)
            for name, factor in terms.items():
                row[int(name[1:])] += factor
            rows.append(row)
            limits.append(limit)

        for i in range(m):
            right = m if i == mode else i
            demand(lower[i], **{f"g{i}": 1, f"d{m + 1}": -1})  # at most lower + distance, left of the jump
            demand(-upper[i], **{f"g{right}": -1, f"d{m + 1}": -1})  # at least upper - distance, right of it
            if i == mode:
                demand(-lower[i], **{f"g{i}": -1, f"d{m + 1}": -1})
                demand(upper[i], **{f"g{m}": 1, f"d{m + 1}": -1})
                demand(0.0, **{f"g{i}": 1, f"h{m}": -1})
        slopes = []
        for i in range(m - 1):
            row = np.zeros(m + 2)
            row[i + 1] += 1 / (values[i + 1] - values[i])
            row[m if i == mode else i] -= 1 / (values[i + 1] - values[i])
            slopes.append(row)
            rows.append(-row)
            limits.append(0.0)
        for i in range(m - 2):
            if i + 1 != mode:
                rows.append(slopes[i] - slopes[i + 1] if i + 1 < mode else slopes[i + 1] - slopes[i])
                limits.append(0.0)
        cost = np.zeros(m + 2)
        cost[-1] = 1.0
        bounds = [(0.0, 1.0)] * (m + 1) + [(0.0, None)]
        solved = linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=bounds)
        best = min(best, solved.fun if solved.status == 0 else np.inf)
    return best


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=3, max_size=12).filter(lambda sample: len(set(sample)) > 1))
def test_the_dip_is_the_distance_to_the_nearest_unimodal_distribution(sample):
    assert dip_statistic(sample) == pytest.approx(dip_by_definition(sample), abs=1e-8)


def test_the_published_example_of_hartigan_and_hartigan():
    assert dip_statistic(FACULTY) == pytest.approx(0.05952381, abs=1e-8)
    assert dip_test(FACULTY, n_boot=500).p == pytest.approx(0.087, abs=0.035)


@pytest.mark.parametrize(
    ("n", "median", "upper"), [(10, 0.0978, 0.1396), (50, 0.04885, 0.07027), (200, 0.02558, 0.03684)]
)
def test_quantiles_of_uniform_samples_agree_with_the_published_table(n, median, upper):
    rng = np.random.default_rng(0)
    dips = [dip_statistic(rng.random(n)) for _ in range(1500)]
    assert np.quantile(dips, 0.5) == pytest.approx(median, rel=0.03)
    assert np.quantile(dips, 0.95) == pytest.approx(upper, rel=0.04)


@pytest.mark.parametrize("n", [2, 3, 10, 101])
def test_evenly_spaced_values_have_the_smallest_dip(n):
    assert dip_statistic(np.arange(n)) == pytest.approx(1 / (2 * n))


def test_equal_values_are_unimodal_and_two_far_heaps_are_as_bimodal_as_can_be():
    assert dip_statistic([3.0, 3.0, 3.0]) == 0.0
    assert dip_statistic([0.0] * 50 + [1.0] * 50) == pytest.approx(0.25)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-100, 100), min_size=4, max_size=40),
    st.floats(0.01, 100),
    st.floats(-1000, 1000),
    st.randoms(use_true_random=False),
)
def test_shift_scale_reflection_and_order_change_nothing(sample, scale, shift, random):
    dip = dip_statistic(sample)
    shuffled = list(sample)
    random.shuffle(shuffled)
    assert dip_statistic(shuffled) == dip
    assert dip_statistic(np.array(sample) * scale + shift) == pytest.approx(dip, abs=1e-9)
    assert dip_statistic(-np.array(sample)) == pytest.approx(dip, abs=1e-9)


def test_two_groups_are_found_and_one_is_not():
    rng = np.random.default_rng(3)
    one, two = rng.normal(size=2000), np.concatenate([rng.normal(size=1000), rng.normal(6, 1, size=1000)])
    assert dip_test(one, n_boot=100).p > 0.2
    assert dip_test(two, n_boot=100).p == pytest.approx(1 / 101)


def test_a_large_sample_is_tested_against_scaled_samples():
    rng = np.random.default_rng(4)
    assert dip_test(rng.random(20_000), n_boot=60).p > 0.05
    assert dip_test(np.concatenate([rng.random(9_000), rng.random(9_000) + 3]), n_boot=60).p < 0.02


def test_the_same_seed_gives_the_same_p():
    sample = np.random.default_rng(5).random(300)
    assert dip_test(sample, n_boot=50, seed=2) == dip_test(sample, n_boot=50, seed=2)


@pytest.mark.parametrize("bad", [[], [[1.0, 2.0]], [1.0, np.nan], [1.0, np.inf]])
def test_what_is_not_a_sample_is_refused(bad):
    with pytest.raises(RequestError, match="dip"):
        dip_statistic(bad)


def test_no_bootstrap_is_refused():
    with pytest.raises(RequestError, match="n_boot = 0"):
        dip_test([1.0, 2.0], n_boot=0)


def test_values_that_differ_by_rounding_alone_are_one_value():
    base = np.repeat(np.linspace(0.0, 1e6, 20), 3)
    jitter = np.nextafter(base, np.inf)
    both = np.concatenate([base, jitter])
    assert dip_statistic(both) == pytest.approx(dip_statistic(np.concatenate([base, base])), abs=1e-9)
    assert dip_statistic([5e-324, 1e-300, 0.0, 1.0]) > 0


def test_equal_values_are_spread_half_way_to_their_neighbours():
    # 1 twice: from 0.5 to 2 in two halves; 3 alone stays; 0 twice: its gap is 1 on the right, and so on the left.
    values = [3.0, 1, 1, 0, 0, *range(5, 20)]
    np.testing.assert_allclose(spread_ties(values), [-0.25, 0.25, 0.875, 1.625, 3.0, *range(5, 20)])


@pytest.mark.parametrize(
    "values", [[2.0, 2.0], [0, 0, 3, 3, 10, 10], np.repeat(range(9), 20), [0] * 60 + [*range(1, 41)]]
)
def test_few_values_are_groups_and_stay(values):
    np.testing.assert_array_equal(spread_ties(values), np.sort(values))


@given(st.lists(st.integers(-9, 9), min_size=20, max_size=60))
@settings(max_examples=25)
def test_spread_values_keep_their_order_and_their_number(numbers):
    values = np.array(numbers, dtype=np.float64)
    spread = spread_ties(values)
    assert len(spread) == len(values)
    assert (np.diff(spread) >= 0).all()
    assert (np.abs(spread - np.sort(values)) <= 9).all()


@pytest.mark.parametrize("scale", [4.0, 15.0])
def test_rounded_numbers_of_one_cloud_have_one_mode(scale):
    rounded = np.round(np.random.default_rng(0).normal(scale=scale, size=4000))
    assert dip_test(rounded, n_boot=100).p < 0.05
    assert dip_test(spread_ties(rounded), n_boot=100).p > 0.5


@pytest.mark.parametrize("atoms", [2, 3, 5, 9])
def test_equal_groups_of_one_value_each_are_modes(atoms):
    # Of m equal atoms, the nearest unimodal distribution is half an atom away.
    groups = np.repeat(np.cumsum(np.arange(atoms) ** 2), 40)
    dip, p = dip_test(spread_ties(groups))
    assert dip == pytest.approx(0.25 if atoms == 2 else 1 / (2 * atoms), abs=0.02)
    assert p == pytest.approx(1 / 501)
