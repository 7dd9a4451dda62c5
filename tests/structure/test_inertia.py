"""Elbow and gap statistic on curves whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.structure import elbow_k, gap_statistic, inertia_curves


def test_the_elbow_is_where_the_curve_bends():
    assert elbow_k([2, 3, 4, 5, 6], [100.0, 50.0, 20.0, 18.0, 16.0]) == 4
    assert elbow_k([6, 5, 4, 3, 2], [16.0, 18.0, 20.0, 50.0, 100.0]) == 4


@pytest.mark.parametrize("inertia", [[3.0, 2.0, 1.0], [5.0, 5.0, 5.0], [9.0, 8.0, 1.0]])
def test_a_curve_that_does_not_bend_inwards_has_no_elbow(inertia):
    assert elbow_k([2, 3, 4], inertia) is None


def test_two_points_have_no_elbow():
    assert elbow_k([2, 3], [2.0, 1.0]) is None


@given(st.lists(st.floats(0.1, 10), min_size=3, max_size=8), st.floats(0.1, 100), st.floats(0, 50))
def test_scale_and_offset_of_the_inertia_move_no_elbow(drops, scale, offset):
    inertia = 1.0 + np.cumsum(sorted(drops))[::-1]
    ks = np.arange(2, 2 + len(inertia))
    first = elbow_k(ks, inertia)
    second = elbow_k(ks, inertia * scale + offset)
    if first != second:  # equally deep bends, told apart by rounding only
        line = inertia[0] + (inertia[-1] - inertia[0]) * (ks - ks[0]) / (ks[-1] - ks[0])
        depth = dict(zip(ks.tolist(), line - inertia, strict=True))
        assert depth.get(first, 0.0) == pytest.approx(depth.get(second, 0.0), abs=1e-6)


def test_the_gap_by_hand():
    reference = np.array([[100.0, 50.0, 40.0], [100.0, 50.0, 30.0]])
    result = gap_statistic([1, 2, 3], [100.0, 20.0, 18.0], reference)
    spread = (np.log(40.0) - np.log(30.0)) / 2
    assert result.curve["gap"].tolist() == pytest.approx(
        [0.0, np.log(2.5), (np.log(40.0) + np.log(30.0)) / 2 - np.log(18.0)]
    )
    assert result.curve["error"].tolist() == pytest.approx([0.0, 0.0, spread * np.sqrt(1.5)])
    assert result.k == 2


def test_the_order_of_k_changes_no_gap():
    reference = np.array([[100.0, 50.0, 40.0], [100.0, 50.0, 30.0]])
    straight = gap_statistic([1, 2, 3], [100.0, 20.0, 18.0], reference)
    mixed = gap_statistic([3, 1, 2], [18.0, 100.0, 20.0], reference[:, [2, 0, 1]])
    pd.testing.assert_frame_equal(straight.curve, mixed.curve)


def test_a_gap_that_only_grows_suggests_nothing():
    assert gap_statistic([1, 2], [10.0, 1.0], [[10.0, 9.0], [10.0, 9.0]]).k is None


@pytest.mark.parametrize(
    ("ks", "inertia", "reference"),
    [
        ([1, 2], [2.0, 1.0], [[1.0]]),
        ([1, 2], [2.0, 0.0], [[1.0, 1.0]]),
        ([1, 1], [2.0, 1.0], [[1.0, 1.0]]),
        ([1, 2], [2.0, np.nan], [[1.0, 1.0]]),
        ([1, 2, 3], [2.0, 1.0], [[1.0, 1.0]]),
    ],
)
def test_curves_that_are_no_curves_are_refused(ks, inertia, reference):
    with pytest.raises(RequestError):
        gap_statistic(ks, inertia, reference)


def test_curves_are_means_over_seeds_of_what_was_computed():
    levels = {2: 100.0, 3: 30.0, 4: 25.0, 5: 20.0}
    rows = [("kmeans", k, "ok", level + seed) for k, level in levels.items() for seed in (0, 1)]
    rows += [("kmeans", 6, "failed", 5.0), ("dbscan", 3, "ok", None), ("kmeans", None, "ok", 7.0)]
    cells = pd.DataFrame(rows, columns=["algorithm", "k", "status", "inertia"])
    curves = inertia_curves(cells.assign(dataset="table", params="{}", variant="raw"))
    assert curves["algorithm"].unique().tolist() == ["kmeans"]
    assert curves["inertia"].tolist() == [100.5, 30.5, 25.5, 20.5]
    assert curves.loc[curves["elbow"], "k"].tolist() == [3]
