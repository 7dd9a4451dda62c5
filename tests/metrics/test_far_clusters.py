"""A cluster far from all others leaves the digits of their distances alone; exact partitions have the best values."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from clusterbench.metrics import (
    METRICS,
    calibrate,
    random_partitions,
    score_labelings,
)

ALL = ["silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"]
# Rows 1, 2 | 11, 12 | f, f: a = 1, b = 10.5 and 9.5; the far rows have a = 0.
SILHOUETTES = [1 - 1 / 10.5, 1 - 1 / 9.5, 1 - 1 / 9.5, 1 - 1 / 10.5, 1, 1]
PAIRS = [0, 0, 1, 1, 2, 2]


def scores(X, labels, **options):
    return score_labelings(X, [labels], metrics=ALL, **options)["value"].tolist()


@pytest.mark.parametrize("f", [1e9, 1e12, 1e15, 1e17, -(2**63), 1e100, 1e150])
def test_a_far_cluster(f):
    centres = [Fraction(3, 2), Fraction(23, 2), Fraction(f)]
    between = sum(2 * (centre - sum(centres) / 3) ** 2 for centre in centres)
    found = scores([[1], [2], [11], [12], [f], [f]], PAIRS)
    # Davies-Bouldin: (0.5 + 0.5) / 10 twice, and 0.5 / f. Calinski-Harabasz: within 4 * 0.25, n - k = 3, k - 1 = 2.
    assert found[:2] == pytest.approx([np.mean(SILHOUETTES)] * 2, rel=1e-12)
    assert found[2:] == pytest.approx([0.2 / 3 + 0.5 / abs(f) / 3, float(between * 3 / 2)], rel=1e-8)


@pytest.mark.parametrize("offset", [0.0, 5.0, 1e6, 1e9])
@pytest.mark.parametrize("far_rows", [1, 2, 50])
def test_neither_an_offset_nor_the_number_of_far_rows_matters(offset, far_rows):
    X = [[offset + x] for x in (1, 2, 11, 12)] + [[1e17]] * far_rows
    found = scores(X, [0, 0, 1, 1, *[2] * far_rows])
    assert found[2] == pytest.approx(0.2 / 3)
    assert found[1] == pytest.approx((np.mean(SILHOUETTES[:4]) * 2 + float(far_rows > 1)) / 3)


def test_far_clusters_on_both_sides_and_far_clusters_with_a_spread():
    both = scores([[1], [2], [11], [12], [1e17], [1e17], [-1e17], [-1e17]], [*PAIRS, 3, 3])
    assert both[2] == pytest.approx(0.2 / 4)
    # Far rows 1024 apart, 64 units in the last place: spread 512 over 1e17 adds nothing to the other ratios.
    wide = scores([[1], [2], [11], [12], [1e17], [1e17 + 1024]], PAIRS)
    assert wide[2] == pytest.approx(0.2 / 3)
    within = Fraction(1) + 2 * 512**2
    centres = [Fraction(3, 2), Fraction(23, 2), Fraction(10**17 + 512)]
    between = sum(2 * (centre - sum(centres) / 3) ** 2 for centre in centres)
    assert wide[3] == pytest.approx(float(between / within * 3 / 2), rel=1e-12)


def test_a_far_value_in_one_column_leaves_the_other_columns_alone():
    X = np.array([[1, 5], [2, 5], [11, 6], [12, 6], [13, 5], [14, 9]])
    assert scores(X + np.array([0, 1e12]), PAIRS) == pytest.approx(scores(X, PAIRS), rel=1e-12)
    far = scores([[1, 5], [2, 5], [11, 6], [12, 6], [1e17, 5], [1e17, 7]], PAIRS)
    # Centroids (1.5, 5) and (11.5, 6), each with spread 0.5.
    assert far[2] == pytest.approx(2 / 3 * 1 / math.sqrt(101))


def test_noise_joins_the_nearest_cluster_and_random_partitions_tell_near_rows_apart():
    X = [[1], [2], [11], [12], [1e17], [1e17]]
    for far in (1e17, -1e17):
        rows = [*X[:4], [far], [far], [13]]
        nearest = scores(rows, [*PAIRS, -1], noise="nearest")
        assert nearest == scores(rows, [*PAIRS, 1])
    drawn = [tuple(part) for part in random_partitions(X, 3, n_centroid=30, n_growth=30)]
    assert all(part[4] == part[5] for part in drawn)
    assert any(part[0] == part[1] != part[2] == part[3] != part[4] for part in drawn)
    values = calibrate(X, [3], metrics=["silhouette"], n_random=30)["value"]
    assert values.max() == pytest.approx(np.mean(SILHOUETTES))


EXACT = np.repeat([[0.0, 0.0], [3.0, 1.0], [10.0, 2.0]], 4, axis=0)
GROUPS = np.repeat([0, 1, 2], 4)


@pytest.mark.parametrize("shift", [0.0, 0.1, 1e9])
def test_an_exact_partition_has_the_best_value_of_every_metric(shift):
    assert scores(EXACT + shift, GROUPS) == [METRICS[name].best for name in ALL] == [1.0, 1.0, 0.0, math.inf]
    merged = scores(EXACT + shift, np.minimum(GROUPS, 1))
    assert merged[0] < 1
    assert merged[2] > 0
    assert math.isfinite(merged[3])


def test_an_exact_partition_with_noise_and_one_with_a_split_group():
    assert scores(EXACT, np.where(GROUPS == 2, -1, GROUPS), noise="drop") == [1.0, 1.0, 0.0, math.inf]
    assert scores(EXACT, np.where(GROUPS == 2, -1, GROUPS), noise="zero") == [2 / 3, 2 / 3, 0.0, math.inf]
    split = score_labelings(EXACT, [np.where(np.arange(12) == 11, 3, GROUPS)], metrics=ALL)
    assert split["reason"].tolist() == ["", "", "two centroids coincide", ""]
