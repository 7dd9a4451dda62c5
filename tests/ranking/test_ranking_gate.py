"""The gate rejects what is no clustering of the table, in words that say why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.ranking import Gate, gate_reason


@pytest.mark.parametrize(
    ("sizes", "n_noise", "n_rows", "reason"),
    [
        ([8949, 1], 0, 8950, "smallest cluster has 1 of 8950 rows, needs 90"),
        ([8860, 90], 0, 8950, "largest cluster has 8860 of 8950 rows, allowed 8502"),
        ([8500, 450], 0, 8950, None),
        ([40, 9], 1, 50, "smallest cluster has 9 of 50 rows, needs 10"),
        ([60], 40, 100, "40 of 100 rows are noise (40.0 %), allowed 30 %"),
        ([80], 20, 100, "1 cluster, needs 2"),
        ([], 100, 100, "100 of 100 rows are noise (100.0 %), allowed 30 %"),
        ([40, 30], 30, 100, None),
    ],
)
def test_a_labeling_is_rejected_with_the_limit_that_it_breaks(sizes, n_noise, n_rows, reason):
    assert gate_reason(sizes, n_noise, n_rows, Gate()) == reason


def test_an_outlier_split_is_rejected_whatever_the_order_of_its_sizes():
    assert gate_reason([1, 8949], 0, 8950, Gate()) == gate_reason([8949, 1], 0, 8950, Gate())


def test_a_share_that_is_a_whole_number_of_rows_is_not_rounded_up():
    # 0.07 * 100 is 7.000000000000001 in floating point.
    assert Gate(min_share=0.07, min_rows=1).smallest_allowed(100) == 7
    # 0.29 * 100 is 28.999999999999996.
    assert Gate(max_share=0.29, min_share=0.0).largest_allowed(100) == 29


@pytest.mark.parametrize(
    ("limits", "culprit"),
    [
        ({"min_share": 0.6, "max_share": 0.5}, "min_share = 0.6 is above max_share = 0.5"),
        ({"min_clusters": 5, "min_share": 0.25}, "5 clusters of at least 25 %"),
        ({"min_share": -0.1}, "min_share"),
        ({"max_noise": 1.5}, "max_noise"),
        ({"max_share": 0.0, "min_share": 0.0}, "rejects every cluster"),
        ({"min_rows": 0}, "min_rows"),
        ({"min_rows": 2.5}, "min_rows"),
        ({"min_rows": True}, "min_rows"),
        ({"min_clusters": 1}, "fewer than 2 clusters"),
        ({"max_noise": "much"}, "'much' is not a number"),
        ({"max_noise": float("nan")}, "nan is not a number"),
    ],
)
def test_a_contradictory_gate_is_refused_by_name(limits, culprit):
    with pytest.raises(RequestError, match="gate") as error:
        Gate(**limits)
    assert culprit in str(error.value)


@given(
    st.lists(st.integers(1, 500), min_size=2, max_size=8),
    st.integers(0, 200),
    st.floats(0, 0.4),
    st.floats(0, 0.1),
)
def test_a_stricter_gate_never_accepts_what_a_looser_one_rejects(sizes, n_noise, share, more):
    n_rows = sum(sizes) + n_noise
    loose = Gate(min_share=share, min_rows=1, max_share=1.0, max_noise=1.0)
    strict = Gate(min_share=share + more, min_rows=1, max_share=1.0, max_noise=1.0)
    if gate_reason(sizes, n_noise, n_rows, loose) is not None:
        assert gate_reason(sizes, n_noise, n_rows, strict) is not None
