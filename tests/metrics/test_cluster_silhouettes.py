"""Mean silhouettes of clusters, written out, noise left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clusterbench.errors import RequestError
from clusterbench.metrics import cluster_silhouettes, score_labelings


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
    frame = cluster_silhouettes(table, [noisy])
    score = score_labelings(table, [noisy], metrics=["silhouette"], noise=["drop", "zero"])["value"].tolist()
    total = (frame["size"] * frame["silhouette"]).sum()
    assert total / frame["size"].sum() == pytest.approx(score[0], rel=1e-12)
    assert total / len(table) == pytest.approx(score[1], rel=1e-12)


def test_a_labeling_of_noise_alone_has_no_clusters(table, noisy):
    frame = cluster_silhouettes(table, [np.full(220, -1), noisy])
    assert frame["labeling"].unique().tolist() == [1]


@given(X=hnp.arrays(np.int64, st.tuples(st.integers(3, 16), st.just(2)), elements=st.integers(-5, 5)), data=st.data())
@settings(max_examples=40)
def test_lattice_points_with_duplicates_and_single_rows(X, data):
    labels = data.draw(hnp.arrays(np.int64, len(X), elements=st.integers(-1, 3)))
    frame = cluster_silhouettes(X, [labels])
    clusters = np.unique(labels[labels >= 0])
    assert frame["cluster"].tolist() == clusters.tolist()
    if len(clusters) < 2 or len(clusters) == (labels >= 0).sum():
        assert frame["silhouette"].isna().all()
    else:
        rows = row_by_row(X.astype(float), labels)
        expected = [rows[labels == cluster].mean() for cluster in clusters]
        np.testing.assert_allclose(frame["silhouette"], expected, rtol=1e-9, atol=1e-12)


def test_names_stay_as_given_and_equal_partitions_have_equal_values(table, noisy):
    frame = cluster_silhouettes(table, [noisy, np.array([-1, 2**40, 0, 7])[noisy + 1], np.zeros(220, int)])
    assert frame.columns.tolist() == ["labeling", "cluster", "size", "silhouette"]
    first, second = (frame[frame["labeling"] == labeling].set_index("cluster") for labeling in (0, 1))
    assert second.index.tolist() == [0, 7, 2**40]
    np.testing.assert_array_equal(second.loc[[2**40, 0, 7]], first.assign(labeling=1))
    assert frame["silhouette"].isna().tolist() == [False] * 6 + [True]
    assert cluster_silhouettes(table, []).empty


def test_wrong_requests_are_named():
    with pytest.raises(RequestError, match=r"labeling 0 has shape"):
        cluster_silhouettes([[0.0], [1.0], [2.0]], [[0, 1]])
