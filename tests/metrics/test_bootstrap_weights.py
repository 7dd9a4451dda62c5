"""Resamples of rows: how they are drawn, and each index at given weights written out on repeated rows."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from clusterbench.errors import RequestError
from clusterbench.metrics import bootstrap_scores, bootstrap_weights, score_labelings
from clusterbench.seeding import stable_rng

ALL = ["silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"]
SUMS = ["davies_bouldin", "calinski_harabasz"]
SILHOUETTES = ["silhouette", "silhouette_macro"]
POLICIES = ["zero", "drop", "cluster", "nearest"]


@pytest.fixture(scope="module")
def table():
    X = np.random.default_rng(31).normal(size=(120, 3))
    X[:50] += 2.0
    return X


@pytest.fixture(scope="module")
def labelings(table):
    return [np.digitize(table[:, 0], [0.0, 2.0]), np.where(table[:, 1] > 1.0, -1, np.arange(120) % 3)]


@given(n=st.integers(1, 60), replicates=st.integers(0, 6), seed=st.integers(0, 100))
def test_weights_count_n_draws_of_n_rows(n, replicates, seed):
    found = list(bootstrap_weights(n, replicates, seed=seed))
    assert len(found) == replicates
    for weights in found:
        assert weights.shape == (n,)
        assert weights.sum() == n
        assert weights.min() >= 0
        assert weights.dtype.kind == "i"


def test_a_resample_depends_on_seed_size_and_number_alone():
    first = list(bootstrap_weights(50, 8, seed=3))
    np.testing.assert_array_equal(list(itertools.islice(bootstrap_weights(50, 100, seed=3), 8)), first)
    assert len({tuple(weights) for weights in first}) == 8
    assert not np.array_equal(next(bootstrap_weights(50, 1, seed=4)), first[0])
    drawn = stable_rng(3, "bootstrap", 50, 5).integers(50, size=50)
    np.testing.assert_array_equal(first[5], [np.count_nonzero(drawn == row) for row in range(50)])


def test_weights_have_the_moments_of_a_multinomial():
    found = np.array(list(bootstrap_weights(40, 2000, seed=1)), dtype=float)
    np.testing.assert_allclose(found.mean(axis=0), 1.0, atol=5 / np.sqrt(2000))
    np.testing.assert_allclose(found.var(axis=0).mean(), 1 - 1 / 40, rtol=0.03)
    # A row is missing from about 1 / e of the resamples.
    assert (found == 0).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.01)


@pytest.mark.parametrize("seed", [0, 1, 99])
def test_sums_are_scikit_learns_on_repeated_rows(table, labelings, seed):
    frame = bootstrap_scores(table, labelings, n_bootstrap=3, metrics=SUMS, noise="drop", seed=seed)
    found = frame.set_index(["labeling", "metric", "replicate"])["value"]
    for replicate, weights in enumerate(bootstrap_weights(120, 3, seed=seed)):
        for position, labels in enumerate(labelings):
            rows = np.repeat(np.arange(120), weights)
            rows = rows[labels[rows] >= 0]
            expected = [score(table[rows], labels[rows]) for score in (davies_bouldin_score, calinski_harabasz_score)]
            assert [found[position, name, replicate] for name in SUMS] == pytest.approx(expected, rel=1e-9)


@given(weights=hnp.arrays(np.int64, (2, 12), elements=st.integers(0, 4)).filter(lambda w: w.any(axis=1).all()))
@settings(max_examples=30)
def test_any_whole_weights_are_repeated_rows_for_the_sums(weights):
    X = np.arange(12.0)[:, None] ** 1.5
    labels = np.arange(12) // 4
    found = bootstrap_scores(X, [labels], weights=weights, metrics=SUMS)["value"].to_numpy().reshape(2, 2)
    for column, each in enumerate(weights):
        rows = np.repeat(np.arange(12), each)
        expected = score_labelings(X[rows], [labels[rows]], metrics=SUMS)["value"]
        np.testing.assert_allclose(found[:, column], expected, rtol=1e-9)


@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_davies_bouldin_asks_only_for_relative_weights(table, labelings, factor):
    weights = np.random.default_rng(0).uniform(0.5, 1.5, size=(3, 120))
    once, scaled = (
        bootstrap_scores(table, labelings, weights=w, metrics=["davies_bouldin"])["value"]
        for w in (weights, weights * factor)
    )
    np.testing.assert_allclose(scaled, once, rtol=1e-12)


def test_silhouettes_are_linear_in_the_weights(table, labelings):
    rng = np.random.default_rng(1)
    left, right = rng.uniform(0, 2, size=(2, 120))
    weights = np.array([left, right, (left + right) / 2, np.ones(120)])
    frame = bootstrap_scores(table, labelings, weights=weights, metrics=SILHOUETTES, noise=["drop", "nearest"])
    for values in frame["value"].to_numpy().reshape(-1, 4):
        assert values[2] == pytest.approx((values[0] + values[1]) / 2, rel=1e-11)
    exact = score_labelings(table, labelings, metrics=SILHOUETTES, noise=["drop", "nearest"])["value"]
    np.testing.assert_allclose(frame["value"].to_numpy().reshape(-1, 4)[:, 3], exact, rtol=1e-12)


@pytest.mark.parametrize("weight", [0.5, 1.0, 2.0, 3.0])
def test_a_common_weight_moves_the_silhouette_by_the_row_left_out_of_a(table, labelings, weight):
    # Only a(i), over size - 1 rows, feels a common weight w: its derivative at 1 is -a / (size - 1), so that of s is
    # (1 - |s|) / (size - 1).
    labels = labelings[0]
    s = silhouette_samples(table, labels)
    slope = (1 - np.abs(s)) / (np.bincount(labels)[labels] - 1)
    found = bootstrap_scores(table, [labels], weights=np.full((1, 120), weight), metrics=SILHOUETTES)["value"]
    moved = s + (weight - 1) * slope
    macro = np.mean([moved[labels == c].mean() for c in range(3)])
    np.testing.assert_allclose(found, [moved.mean(), macro], rtol=1e-10)


def test_rows_of_the_frame_are_labeling_policy_metric_replicate(table, labelings):
    frame = bootstrap_scores(table, labelings, n_bootstrap=2, metrics=["davies_bouldin", "silhouette"], noise=POLICIES)
    expected = itertools.product((0, 1), POLICIES, ("davies_bouldin", "silhouette"), (0, 1))
    found = frame[["labeling", "noise", "metric", "replicate"]].itertuples(index=False, name=None)
    assert list(found) == list(expected)
    assert frame.index.tolist() == list(range(len(frame)))
    assert bootstrap_scores(table, [], n_bootstrap=2).empty
    headline = bootstrap_scores(table, labelings[0], n_bootstrap=1)
    assert headline["metric"].tolist() == ["silhouette", "davies_bouldin", "calinski_harabasz"]


@pytest.mark.parametrize("options", [{"threads": 1}, {"threads": 3}, {"memory_mb": 1}])
def test_threads_and_memory_move_no_bit_under_any_policy(table, labelings, options):
    both = [
        bootstrap_scores(table, labelings, n_bootstrap=70, metrics=ALL, noise=POLICIES, **each)
        for each in ({"threads": 2}, options)
    ]
    pd.testing.assert_frame_equal(*both, check_exact=True)


def test_weights_that_were_drawn_are_the_same_as_drawing_them(table, labelings):
    weights = list(bootstrap_weights(120, 6, seed=8))
    given_weights = bootstrap_scores(table, labelings, weights=weights, metrics=ALL, noise=POLICIES)
    drawn = bootstrap_scores(table, labelings, n_bootstrap=6, metrics=ALL, noise=POLICIES, seed=8)
    pd.testing.assert_frame_equal(given_weights, drawn, check_exact=True)


def test_labelings_are_paired_so_that_their_difference_spreads_less(table):
    first = np.digitize(table[:, 0], [1.0])
    second = first.copy()
    second[:3] = 1 - second[:3]
    values = bootstrap_scores(table, [first, second], n_bootstrap=200, metrics=["silhouette"])["value"].to_numpy()
    left, right = values.reshape(2, 200)
    assert (left - right).std() < 0.7 * min(left.std(), right.std())
    assert np.corrcoef(left, right)[0, 1] > 0.8


@pytest.mark.parametrize("policy", POLICIES)
def test_a_metric_alone_has_the_bits_it_has_among_all(table, labelings, policy):
    together = bootstrap_scores(table, labelings, n_bootstrap=4, metrics=ALL, noise=policy)
    for name in ALL:
        alone = bootstrap_scores(table, labelings, n_bootstrap=4, metrics=[name], noise=policy)
        np.testing.assert_array_equal(alone["value"], together[together["metric"] == name]["value"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_bootstrap": -3}, r"n_bootstrap = -3 \(allowed: at least 1\)"),
        ({"weights": np.empty((0, 120))}, "n_bootstrap = 0"),
        ({"weights": np.ones((1, 119))}, r"weights of shape \(1, 119\) \(allowed: \(b, 120\), finite numbers of at"),
        ({"weights": np.full((1, 120), np.inf)}, "weights of shape"),
        ({"metrics": "calinski"}, "unknown metric 'calinski', did you mean 'calinski_harabasz'"),
        ({"noise": "closest"}, "unknown noise policy 'closest'"),
        ({"memory_mb": 0.5}, r"memory_mb = 0.5 \(allowed: at least 1\)"),
        ({"memory_mb": -1}, "memory_mb = -1"),
        ({"threads": -1}, "threads = -1"),
        ({"anchors": 0}, r"anchors = 0 \(allowed: at least 2\)"),
        ({"labelings": [np.zeros(119, int)]}, r"labeling 0 has shape \(119,\)"),
        ({"X": np.full((120, 2), np.nan)}, "missing or infinite values in column 0"),
    ],
)
def test_wrong_requests_are_named(table, labelings, change, message):
    request = {"X": table, "labelings": labelings, "n_bootstrap": 2} | change
    with pytest.raises(RequestError, match=message):
        bootstrap_scores(**request)
