"""Each policy turns a labeling into the partition that is scored."""

import numpy as np
import pytest

from clusterbench.labeling import canonical
from clusterbench.metrics import NoisePolicy, score_labelings

SPACE = np.array([[0.0], [1.0], [10.0], [11.0], [2.0], [9.0]])
LABELS = canonical([0, 0, 1, 1, -1, -1])


@pytest.mark.parametrize(("policy", "labels"), [("nearest", [0, 0, 1, 1, 0, 1]), ("cluster", [0, 0, 1, 1, 2, 2])])
def test_noise_joins_the_nearest_centroid_or_is_one_more_cluster(policy, labels):
    found = score_labelings(SPACE, [LABELS], noise=policy)["value"]
    np.testing.assert_array_equal(found, score_labelings(SPACE, [labels])["value"])


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
    table = score_labelings(SPACE, [LABELS], metrics="silhouette", noise=["drop", "zero", "drop"])
    assert table["noise"].tolist() == ["drop", "zero"]
