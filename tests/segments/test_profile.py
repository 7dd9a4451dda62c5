"""Profiles of segments, against values computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.segments import Segmentation, compare_segments, profile_frame, profile_segments


@pytest.fixture(scope="module")
def small(make_segmentation: Any) -> Segmentation:
    table = pd.DataFrame(
        {
            "SPENT": [10.0, 20.0, 30.0, 100.0, 140.0, np.nan],
            "FULL": [0.0, 0.5, 1.0, 0.0, 0.0, 1.0],
            "GAIN": [-1.0, 1.0, 3.0, 5.0, 7.0, 9.0],
        },
        index=list("abcdef"),
    )
    features = ("SPENT", "GAIN")
    return make_segmentation(table, [1, 1, 1, 2, 2, 0], features=features, units={"FULL": "share of months"})


def test_numbers_of_a_segment_are_in_the_units_of_the_table(small: Segmentation) -> None:
    one, two = profile_segments(small)
    assert (one.size, two.size, one.share) == (3, 2, 0.5)
    spent = one.columns[0]
    assert (spent.column, spent.n, spent.mean, spent.median) == ("SPENT", 3, 20.0, 20.0)
    assert spent.quantiles == pytest.approx((11.0, 15.0, 25.0, 29.0))
    assert spent.rest_mean == 120.0
    assert spent.share_of_total == pytest.approx(60 / 300)
    assert spent.effect.value == -1.0
    values = np.array([10.0, 20.0, 30.0, 100.0, 140.0])
    assert spent.deviation == pytest.approx((20.0 - values.mean()) / values.std())
    assert two.columns[0].share_of_total == pytest.approx(240 / 300)
    assert one.columns[1].zero_share == pytest.approx(1 / 3)


def test_a_total_is_shown_only_where_it_means_something(small: Segmentation) -> None:
    totals = {column.column: column.share_of_total for column in profile_segments(small)[0].columns}
    assert totals["FULL"] is None  # a share
    assert totals["GAIN"] is None  # has negative values
    (_, two) = profile_segments(small)
    assert [column.column for column in two.concentrated] == ["SPENT"]


def test_columns_that_were_not_used_are_marked(small: Segmentation) -> None:
    (one, _) = profile_segments(small)
    assert [column.used for column in one.columns] == [True, False, True]
    frame = profile_frame(profile_segments(small), ("x", "y"))
    assert frame.loc[frame["column"] == "FULL", "role"].unique().tolist() == ["profile only"]
    assert frame.shape[0] == 2 * 3


def test_medoid_has_the_least_squared_distances_and_borderline_rows_the_smallest_margins(planted: Segmentation) -> None:
    for profile in profile_segments(planted):
        rows = np.flatnonzero(planted.segment == profile.segment)
        at = planted.space[rows]
        sums = ((at[:, None, :] - at) ** 2).sum(axis=(1, 2))
        assert profile.medoid == planted.table.index[rows[sums.argmin()]]
        margins = [margin for _, _, margin in profile.borderline]
        assert margins == sorted(planted.margin[rows])[:5]


def test_two_segments_are_compared_by_the_largest_effect_first(planted: Segmentation) -> None:
    compared = compare_segments(planted, 2, 3)
    assert (compared[0].column, compared[0].effect.value) == ("VISITS", -1.0)
    back = {one.column: one for one in compare_segments(planted, 3, 2)}
    for one in compared:
        assert back[one.column].effect.value == pytest.approx(-one.effect.value)
        assert back[one.column].mean == one.other_mean


def test_skewed_columns_deviate_on_a_logarithmic_scale(make_segmentation: Any) -> None:
    values = np.expm1(np.linspace(0.0, 12.0, 60))
    segmentation = make_segmentation(pd.DataFrame({"AMOUNT": values}), np.repeat([1, 2], 30))
    (one, _) = profile_segments(segmentation)
    logged = np.log1p(values)
    assert one.columns[0].scale == "log1p"
    assert one.columns[0].deviation == pytest.approx((logged[:30].mean() - logged.mean()) / logged.std())
