"""Each policy turns a labeling into the partition that is scored."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clusterbench.labeling import canonical
from clusterbench.metrics import NoisePolicy, score_labelings
from clusterbench.metrics.noise_policies import apply_policy, as_policies, compact

SPACE = np.array([[0.0], [1.0], [10.0], [11.0], [2.0], [9.0]])
LABELS = canonical([0, 0, 1, 1, -1, -1])


def test_nearest_sends_noise_to_the_nearest_centroid():
    partition = apply_policy(SPACE, LABELS, NoisePolicy.NEAREST)
    assert partition.labels.tolist() == [0, 0, 1, 1, 0, 1]


def test_cluster_makes_noise_one_more_cluster():
    partition = apply_policy(SPACE, LABELS, NoisePolicy.CLUSTER)
    assert (partition.labels.tolist(), partition.k) == ([0, 0, 1, 1, 2, 2], 3)


def test_zero_is_drop_times_the_share_of_clustered_rows():
    names = ["silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"]
    table = score_labelings(SPACE, [LABELS], metrics=names, noise=["drop", "zero"])
    dropped, zero = (table[table["noise"] == policy]["value"].to_numpy() for policy in ("drop", "zero"))
    np.testing.assert_allclose(zero, dropped * [4 / 6, 4 / 6, 1, 1], rtol=1e-15)
    np.testing.assert_allclose(dropped, score_labelings(SPACE[:4], [LABELS[:4]], metrics=names)["value"], rtol=1e-12)


def test_policies_agree_where_there_is_no_noise():
    table = score_labelings(SPACE, [[0, 0, 1, 1, 0, 1]], noise=list(NoisePolicy))
    assert (table.groupby("metric")["value"].nunique() == 1).all()


def test_noise_rows_given_to_drop_do_not_count_anywhere():
    far = np.concatenate([SPACE[:4], [[1e6], [-1e6]]])
    expected = score_labelings(SPACE, [LABELS], noise="drop")["value"]
    np.testing.assert_allclose(score_labelings(far, [LABELS], noise="drop")["value"], expected, rtol=1e-9)


def test_policies_are_taken_once_in_the_order_given():
    assert as_policies(["drop", "zero", "drop"]) == (NoisePolicy.DROP, NoisePolicy.ZERO)
    assert as_policies(NoisePolicy.NEAREST) == (NoisePolicy.NEAREST,)


@given(hnp.arrays(st.sampled_from([np.int64, np.int32, np.uint8]), st.integers(1, 40), elements=st.integers(0, 9)))
def test_compact_is_canonical(labels):
    np.testing.assert_array_equal(compact(labels), canonical(labels))


@pytest.mark.parametrize("labels", [[5, -3, 5, 10**15, -1], [-1, -1], [0], [3, 2, 1, 0, -9]])
def test_compact_is_canonical_for_large_and_negative_numbers(labels):
    np.testing.assert_array_equal(compact(np.array(labels)), canonical(labels))
