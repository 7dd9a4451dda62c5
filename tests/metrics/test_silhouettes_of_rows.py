"""Silhouettes of rows and clusters, written out and by scikit-learn, noise included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_samples as by_scikit_learn

from clusterbench.errors import RequestError
from clusterbench.metrics import cluster_silhouettes, score_labelings, silhouette_samples

POLICIES = ["zero", "drop", "cluster", "nearest"]


@pytest.fixture(scope="module")
def table():
    X = np.random.default_rng(21).normal(size=(220, 3))
    X[:80] += 2.5
    X[200:] -= 3.0
    return X


@pytest.fixture(scope="module")
def noisy(table):
    return np.where(np.abs(table[:, 1]) > 1.2, -1, np.digitize(table[:, 0], [-2.0, 1.0]))


def row_by_row(X, labels):
    """Rousseeuw's definition, one row at a time; NaN for rows labelled -1."""
    found = np.full(len(X), np.nan)
    for i in np.flatnonzero(labels >= 0):
        lengths = np.sqrt(((X - X[i]) ** 2).sum(axis=1))
        own = labels == labels[i]
        b = min(lengths[labels == c].mean() for c in set(labels[labels >= 0]) - {labels[i]})
        a = lengths[own].sum() / max(own.sum() - 1, 1)
        found[i] = 0.0 if own.sum() == 1 or max(a, b) == 0 else (b - a) / max(a, b)
    return found


def with_policy(X, labels, policy):
    """The labels that are scored and the value of rows that take no part."""
    noise, k = labels < 0, labels.max() + 1
    if policy == "cluster":
        return np.where(noise, k, labels), None
    if policy == "nearest":
        centroids = np.array([X[labels == c].mean(axis=0) for c in range(k)])
        return np.where(noise, cdist(X, centroids).argmin(axis=1), labels), None
    return labels, 0.0 if policy == "zero" else np.nan


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_row_by_row(table, noisy, policy):
    labels, of_noise = with_policy(table, noisy, policy)
    expected = row_by_row(table, labels)
    if of_noise is not None:
        expected[labels < 0] = of_noise
    found = silhouette_samples(table, [noisy], noise=policy)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
    if of_noise is None:
        np.testing.assert_allclose(found, by_scikit_learn(table, labels), rtol=1e-7, atol=1e-9)
    else:
        part = labels >= 0
        np.testing.assert_allclose(found[part], by_scikit_learn(table[part], labels[part]), rtol=1e-7, atol=1e-9)


@given(
    X=hnp.arrays(np.int64, st.tuples(st.integers(3, 16), st.just(2)), elements=st.integers(-5, 5)),
    data=st.data(),
)
def test_lattice_points_with_duplicates_and_single_rows(X, data):
    labels = data.draw(hnp.arrays(np.int64, len(X), elements=st.integers(-1, 3)))
    found = silhouette_samples(X, [labels], noise="drop")[0]
    clusters = np.unique(labels[labels >= 0])
    if len(clusters) < 2 or len(clusters) == (labels >= 0).sum():
        assert np.isnan(found).all()
    else:
        np.testing.assert_allclose(found, row_by_row(X.astype(float), labels), rtol=1e-9, atol=1e-12)
        assert (np.abs(found[labels >= 0]) <= 1.0).all()


def test_single_rows_have_silhouette_zero_whatever_their_distance():
    X = np.array([[0.0], [1.0], [1e6], [-1e6], [0.5]])
    found = silhouette_samples(X, [[0, 0, 1, 2, 3]])[0]
    assert found[2:].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(found[:2], [-0.5, -0.5])  # a 1, b 0.5: the row at 0.5


@pytest.mark.parametrize("memory_mb", [1e-9, 0.02, 1, 512])
@pytest.mark.parametrize("threads", [1, 2])
def test_neither_budget_nor_threads_move_a_bit(table, noisy, memory_mb, threads):
    labelings = [noisy, noisy[::-1], np.arange(220) % 7, noisy, np.zeros(220, int)]
    expected = silhouette_samples(table, labelings, threads=2)
    found = silhouette_samples(table, labelings, memory_mb=memory_mb, threads=threads)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found[3], found[0])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_labeling_alone_and_among_others_has_the_same_bits(table, noisy, policy):
    labelings = [np.arange(220) % 5, noisy, np.where(noisy == 2, 1, noisy)]
    together = silhouette_samples(table, labelings, noise=policy)
    for labels, row in zip(labelings, together, strict=True):
        np.testing.assert_array_equal(silhouette_samples(table, [labels], noise=policy)[0], row)


def test_shapes_follow_the_labelings(table, noisy):
    assert silhouette_samples(table, noisy).shape == (1, 220)
    assert silhouette_samples(table, np.stack([noisy, noisy])).shape == (2, 220)
    assert silhouette_samples(table, []).shape == (0, 220)


def test_clusters_of_noisy_labelings_are_means_of_their_rows(table, noisy):
    named = np.array([-1, 40, 7, 19])[noisy + 1]
    frame = cluster_silhouettes(table, [named, np.arange(220) % 2])
    first = frame[frame["labeling"] == 0].set_index("cluster")
    rows = row_by_row(table, noisy)
    assert first.index.tolist() == [7, 19, 40]
    for cluster, name in enumerate([40, 7, 19]):
        members = noisy == cluster
        assert first.loc[name, "size"] == members.sum()
        assert first.loc[name, "silhouette"] == pytest.approx(rows[members].mean(), rel=1e-10)
    assert frame[frame["labeling"] == 1]["size"].tolist() == [110, 110]


def test_sizes_times_cluster_silhouettes_are_the_score(table, noisy):
    frame = cluster_silhouettes(table, [noisy], threads=1, memory_mb=1)
    score = score_labelings(table, [noisy], metrics=["silhouette"], noise=["drop", "zero"])["value"].tolist()
    total = (frame["size"] * frame["silhouette"]).sum()
    assert total / frame["size"].sum() == pytest.approx(score[0], rel=1e-12)
    assert total / len(table) == pytest.approx(score[1], rel=1e-12)


def test_a_labeling_of_noise_alone_has_no_clusters(table, noisy):
    frame = cluster_silhouettes(table, [np.full(220, -1), noisy])
    assert frame["labeling"].unique().tolist() == [1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": [[0.0], [np.inf], [1.0]]}, "missing or infinite values in column 0"),
        ({"X": [0.0, 1.0, 2.0]}, r"X has shape \(3,\)"),
        ({"labelings": [[0, 1]]}, r"labeling 0 has shape \(2,\) \(allowed: \(3,\), one label per row\)"),
        ({"labelings": [[0, 1, 1], ["a", "b", "c"]]}, "labeling 1"),
        ({"noise": "zeros"}, "unknown noise policy 'zeros', did you mean 'zero'"),
    ],
)
def test_wrong_requests_are_named(change, message):
    request = {"X": [[0.0], [1.0], [2.0]], "labelings": [[0, 1, 1]]} | change
    with pytest.raises(RequestError, match=message):
        silhouette_samples(**request)
    if "noise" not in change:
        with pytest.raises(RequestError, match=message):
            cluster_silhouettes(**request)
