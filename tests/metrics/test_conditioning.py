"""No shift, scale or tight cluster breaks the agreement; float32 is kept only where it is safe."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

from clusterbench.metrics import score_labelings

NAMES = ["silhouette", "davies_bouldin", "calinski_harabasz"]


def exact(X, labels):
    """Scikit-learn's values; X must be well conditioned."""
    silhouette = silhouette_score(cdist(X, X), labels, metric="precomputed")
    return [silhouette, davies_bouldin_score(X, labels), calinski_harabasz_score(X, labels)]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2300, 4))
    X[:800] += 2.0
    return X, np.digitize(X[:, 0], [0.0, 2.0])


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1.0, 1e12, 1e300])
def test_scores_do_not_depend_on_the_scale(table, scale):
    X, labels = table
    found = score_labelings(X * scale, [labels], metrics=NAMES)["value"].to_numpy()
    np.testing.assert_allclose(found, exact(X, labels), rtol=1e-8)


def test_a_scale_by_a_power_of_two_moves_no_bit(table):
    X, labels = table
    expected = score_labelings(X, [labels], metrics=NAMES)
    assert score_labelings(X * 2.0**-400, [labels], metrics=NAMES).equals(expected)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_scores_do_not_depend_on_the_offset(table, offset):
    X, labels = table
    shifted = X + offset
    recovered = shifted - offset  # what float64 has kept of the table
    found = score_labelings(shifted, [labels], metrics=NAMES)["value"].to_numpy()
    np.testing.assert_allclose(found, exact(recovered, labels), rtol=1e-7)


def test_clusters_far_tighter_than_the_table_keep_their_silhouettes():
    # Two pairs of clusters, a million apart; within a pair everything happens on the scale of 1.
    rng = np.random.default_rng(1)
    near = rng.normal(size=(2400, 3))
    labels = rng.integers(0, 2, 2400)
    near[labels == 1] += 1.5
    far = near + np.array([1e6, 0.0, 0.0])
    X, both = np.concatenate([near, far]), np.concatenate([labels, labels + 2])
    found = score_labelings(X, [both], metrics=["silhouette"])["value"].item()
    recovered = far - np.array([1e6, 0.0, 0.0])
    halves = [silhouette_score(part, labels) for part in (near, recovered)]
    assert found == pytest.approx(np.mean(halves), rel=1e-6)


def test_columns_of_very_different_scale(table):
    X, labels = table
    stretched = X * np.array([1e6, 1.0, 1e-3, 1e3])
    found = score_labelings(stretched, [labels], metrics=NAMES)["value"].to_numpy()
    np.testing.assert_allclose(found, exact(stretched, labels), rtol=1e-6)


@pytest.mark.parametrize("distinct", [3, 50, 1500])
def test_duplicate_rows_keep_the_promise(distinct):
    rng = np.random.default_rng(distinct)
    X = rng.normal(size=(distinct, 2))[rng.integers(0, distinct, 4000)]
    labels = rng.integers(0, 3, 4000)  # a silhouette close to 0, where a bias of 1e-8 would show
    found = score_labelings(X, [labels], metrics=["silhouette"])["value"].item()
    assert found == pytest.approx(silhouette_score(cdist(X, X), labels, metric="precomputed"), rel=1e-6, abs=1e-9)


def test_averages_over_few_rows_or_near_zero_are_scored_again_in_float64():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(3000, 3))
    outlier = np.zeros(3000, int)
    outlier[17] = 1  # the macro silhouette rests on the distances to one row
    halves = np.repeat([0, 1, 2], 1000)
    halves[X[:, 0] > 1.0] = 3
    labelings = [rng.integers(0, 2, 3000), outlier, halves]
    names = ["silhouette", "silhouette_macro"]
    auto, single, double = (
        score_labelings(X, labelings, metrics=names, dtype=dtype)["value"].to_numpy()
        for dtype in ("auto", "float32", "float64")
    )
    np.testing.assert_allclose(auto, double, rtol=1e-6)
    again = auto == double
    assert again[:2].all()  # a random split scores next to nothing
    assert again[3]
    np.testing.assert_array_equal(auto[~again], single[~again])
    assert not again[2:].all()
    alone = score_labelings(X, labelings, metrics=names[:1])["value"].to_numpy()
    np.testing.assert_array_equal(alone, auto[::2])  # asking for the other metric moves no bit
