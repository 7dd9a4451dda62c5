"""The dip against its definition, published values and published quantiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from clusterbench.errors import RequestError
from clusterbench.structure import column_dips, dip_p_value, dip_statistic, invariant_coordinates, spread_ties

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
    assert dip_p_value(dip_statistic(FACULTY), len(FACULTY)) == pytest.approx(0.087, abs=0.02)


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


@pytest.mark.parametrize("n", [40, 700])
def test_p_is_the_share_of_uniform_samples(n):
    rng = np.random.default_rng(1)
    p = np.array([dip_p_value(dip_statistic(rng.random(n)), n) for _ in range(1500)])
    for level in (0.2, 0.1, 0.05, 0.01):
        assert np.mean(p <= level) == pytest.approx(level, abs=3 * np.sqrt(level / 1500) + 0.004)


def test_two_groups_are_found_and_one_is_not():
    rng = np.random.default_rng(3)
    one, two = rng.normal(size=2000), np.concatenate([rng.normal(size=1000), rng.normal(6, 1, size=1000)])
    assert dip_p_value(dip_statistic(one), 2000) > 0.2
    assert dip_p_value(dip_statistic(two), 2000) < 1e-6


@pytest.mark.parametrize("bad", [[], [[1.0, 2.0]], [1.0, np.nan], [1.0, np.inf]])
def test_what_is_not_a_sample_is_refused(bad):
    with pytest.raises(RequestError, match="dip"):
        dip_statistic(bad)


def test_values_that_differ_by_rounding_alone_are_one_value():
    base = np.repeat(np.linspace(0.0, 1e6, 20), 3)
    jitter = np.nextafter(base, np.inf)
    both = np.concatenate([base, jitter])
    assert dip_statistic(both) == pytest.approx(dip_statistic(np.concatenate([base, base])), abs=1e-9)
    assert dip_statistic([5e-324, 1e-300, 0.0, 1.0]) > 0


def test_rounded_values_are_spread_over_the_width_of_a_step():
    # Steps of 1, 2, 2 and 2 between values that two rows have: the width is 2, in two halves.
    values = [-9.0, 0, 0, 1, 1, 3, 3, 4.5, 5, 5, 7, 7, 99]
    spread = [-9, -0.5, 0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 4.5, 5.5, 6.5, 7.5, 99]
    np.testing.assert_allclose(spread_ties(values), np.sort(spread))


@pytest.mark.parametrize(("values", "left"), [([0, 0, 7, 8, 9, 9], [7, 8]), ([1, 2, 5, 5, 8, 9], [1, 2, 8, 9])])
def test_limits_and_an_imputed_value_are_left_out(values, left):
    np.testing.assert_array_equal(spread_ties(values), left)


@pytest.mark.parametrize("values", [[2.0, 2.0], [0, 0, 1, 1], [0, 0, 3, 3, 10, 10]])
def test_a_few_codes_are_one_value(values):
    np.testing.assert_array_equal(spread_ties(values), [0.0])


def p_values(table: np.ndarray) -> dict[str, float]:
    """Corrected p-values of the columns a, b, ... and of their combinations."""
    return {dip.column: dip.p for dip in column_dips(table, [*"abcdefghij"][: table.shape[1]])}


@pytest.mark.parametrize("scale", [0.8, 4.0, 15.0])
def test_rounded_numbers_of_one_cloud_have_one_mode(scale):
    rounded = np.round(np.random.default_rng(0).normal(scale=scale, size=1000))
    assert dip_p_value(dip_statistic(rounded), 1000) < 0.05
    assert p_values(rounded[:, None]) == {"a": 1.0}


def test_a_column_of_two_groups_is_found_among_others_and_p_is_corrected_for_their_number():
    rng = np.random.default_rng(7)
    table = rng.normal(size=(300, 31))  # too many columns for their combinations
    table[:, 2] += 4 * (np.arange(300) % 2)
    single = dip_p_value(dip_statistic(table[:, 2]), 300)
    (first, *others) = column_dips(table, [f"c{number}" for number in range(31)])
    assert (first.column, first.p) == ("c2", pytest.approx(31 * single))
    assert 1e-9 < first.p < 0.02
    assert len(others) == 30
    assert all(dip.p == 1 for dip in others)


def test_two_groups_apart_along_no_column_are_found_in_a_combination():
    rng = np.random.default_rng(9)
    table = rng.multivariate_normal([0, 0, 0], 0.05 * np.eye(3) + 0.95, size=400)
    table += np.outer(np.arange(400) % 2, [0.8, -0.8, 0])
    p = p_values(table)
    assert min(p[name] for name in "abc") == 1.0
    assert p["combination 1"] < 1e-6
    assert min(p_values(np.round(table)).values()) == 1.0  # sums of rounded numbers have many modes


def test_linear_maps_change_no_coordinate():
    rng = np.random.default_rng(10)
    table = np.stack([rng.random(300), rng.normal(size=300), rng.exponential(size=300)], axis=1)
    coordinates = invariant_coordinates(table)
    mapped = invariant_coordinates(table @ rng.normal(size=(3, 3)) + [1, 2, 3])
    signs = np.sign((coordinates * mapped).sum(axis=0))
    np.testing.assert_allclose(mapped * signs, coordinates, atol=1e-8)
    np.testing.assert_allclose(coordinates.T @ coordinates / 300, np.eye(3), atol=1e-9)
    kurtosis = (coordinates**4).mean(axis=0)
    assert (np.diff(kurtosis) > 0).all()
    assert invariant_coordinates(np.repeat(table[:, :1], 2, axis=1)).shape == (300, 1)
    assert invariant_coordinates(table[:20]).shape == (20, 0)


def test_the_correction_is_that_of_holm():
    rng = np.random.default_rng(5)
    table = rng.random((200, 21))
    table[:, :3] += [1.0, 1.1, 1.2] * (np.arange(200) % 2)[:, None]
    singles = sorted(dip_p_value(dip_statistic(column), 200) for column in table.T)
    corrected = [min(1.0, max(singles[j] * (21 - j) for j in range(i + 1))) for i in range(21)]
    assert sum(p < 1 for p in corrected) >= 2
    np.testing.assert_allclose([dip.p for dip in column_dips(table, list(map(str, range(21))))], corrected)


def test_a_value_that_many_rows_have_at_the_end_of_the_range_is_no_mode():
    rng = np.random.default_rng(6)
    spent = np.where(rng.random(600) < 0.4, 0.0, rng.normal(10, 1, size=600))
    capped = np.minimum(rng.normal(size=600), 1.0)
    groups = np.where(rng.random(600) < 0.4, 0.0, 10 + 6 * (rng.random(600) < 0.5) + rng.normal(size=600))
    p = p_values(np.stack([spent, capped, groups], axis=1))
    assert p == {"a": 1.0, "b": 1.0, "c": pytest.approx(0, abs=1e-6)}


def test_a_rounding_with_values_between_has_one_mode():
    # Shares of twelve months, and of eleven for a tenth of the customers.
    rng = np.random.default_rng(8)
    months = np.where(rng.random(2000) < 0.1, 11, 12)
    active = rng.binomial(months, np.clip(rng.beta(1, 4, size=2000), 0, 1))
    assert dip_p_value(dip_statistic(active / months), 2000) < 1e-6
    assert p_values((active / months)[:, None]) == {"a": 1.0}


@pytest.mark.parametrize("column", [np.ones(30), np.arange(30) % 2, np.arange(30) % 3])
def test_a_column_of_a_few_codes_or_of_one_value_has_no_two_modes(column):
    assert p_values(column[:, None]) == {"a": 1.0}
