"""Random partitions: what they are by definition, that seeds fix them, that one calibration leaves others alone."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from clusterbench.errors import RequestError
from clusterbench.metrics import CENTROIDS, GROWTH, calibrate, random_partitions, score_labelings
from clusterbench.seeding import stable_rng


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(1).normal(size=(300, 3))


def test_random_centroids_are_rows_and_each_row_joins_the_nearest(table):
    rng = stable_rng(0, CENTROIDS, 4)
    for labels in random_partitions(table, 4, n_centroid=5, n_growth=0):
        centroids = table[rng.permutation(len(table))[:4]]
        np.testing.assert_array_equal(labels, cdist(table, centroids).argmin(axis=1))


def test_partitions_have_k_clusters_and_every_row(table):
    found = random_partitions(table, 6, n_centroid=4, n_growth=3)
    assert len(found) == 7
    for labels in found:
        assert labels.shape == (300,)
        assert np.unique(labels).tolist() == list(range(6))


def test_a_longer_list_begins_with_the_shorter_one(table):
    few = random_partitions(table, 3, n_centroid=2, n_growth=2, seed=4)
    many = random_partitions(table, 3, n_centroid=5, n_growth=3, seed=4)
    np.testing.assert_array_equal(few, [*many[:2], *many[5:7]])
    other = random_partitions(table, 3, n_centroid=2, n_growth=2, seed=5)
    assert not np.array_equal(few, other)


def test_no_two_clusters_start_from_equal_rows():
    X = np.repeat([[0.0], [1.0], [5.0]], [200, 2, 2], axis=0)
    for labels in random_partitions(X, 3, n_centroid=5, n_growth=5):
        assert labels.max() == 2
        assert len(np.unique(np.column_stack([X[:, 0], labels]), axis=0)) == 3
    with pytest.raises(RequestError, match="k = 4, but only 3 rows are distinct"):
        random_partitions(X, 4)
    with pytest.raises(RequestError, match="k = 1"):
        random_partitions(X, 1)


def test_calibration_is_the_scores_of_the_random_partitions(table):
    frame = calibrate(table, [2, 4], n_random=3, seed=9)
    assert frame.columns.tolist() == ["k", "generator", "replicate", "smallest", "largest", "metric", "value"]
    assert len(frame) == 2 * 2 * 3 * 3
    expected = score_labelings(table, random_partitions(table, 4, n_centroid=3, n_growth=3, seed=9))
    part = frame[frame["k"] == 4]
    np.testing.assert_allclose(part["value"], expected["value"], rtol=1e-12)
    assert part["generator"].tolist() == [CENTROIDS] * 9 + [GROWTH] * 9
    assert part[part["generator"] == GROWTH]["replicate"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_adding_a_k_or_a_metric_moves_no_number(table):
    alone = calibrate(table, [3], metrics=["silhouette"], n_random=4)
    more = calibrate(table, [5, 3, 2], metrics=["davies_bouldin", "silhouette"], n_random=4, memory_mb=1)
    part = more[(more["k"] == 3) & (more["metric"] == "silhouette")].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, alone, check_exact=True)
    assert calibrate(table, [], n_random=4).empty
