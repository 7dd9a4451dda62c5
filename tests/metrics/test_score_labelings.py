"""What `score_labelings` promises besides the numbers."""

import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS, Metric, NoisePolicy, score_labelings

ALL = list(METRICS)


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(2600, 5))
    X[:900] += 2.5
    return X


@pytest.fixture(scope="module")
def labelings(blobs):
    rng = np.random.default_rng(8)
    cuts = [np.digitize(blobs[:, 0], np.linspace(-1, 3, k)) for k in range(2, 7)]
    return [*cuts, rng.integers(-1, 4, len(blobs)), np.zeros(len(blobs), int), np.full(len(blobs), -1)]


def test_one_row_per_labeling_policy_and_metric_in_the_order_given(blobs, labelings):
    table = score_labelings(blobs, labelings[:2], metrics=["davies_bouldin", "silhouette"], noise=["drop", "zero"])
    assert table.columns.tolist() == ["labeling", "metric", "noise", "value", "status", "reason", "standard_error"]
    assert table[["labeling", "noise", "metric"]].to_numpy().tolist() == [
        [labeling, noise, metric]
        for labeling in (0, 1)
        for noise in ("drop", "zero")
        for metric in ("davies_bouldin", "silhouette")
    ]


def test_default_metrics_are_the_three_of_the_headline(blobs, labelings):
    table = score_labelings(blobs, labelings[:1])
    assert table["metric"].tolist() == ["silhouette", "davies_bouldin", "calinski_harabasz"]
    assert table["noise"].unique().tolist() == ["zero"]


def test_adding_labelings_moves_no_bit_of_the_others(blobs, labelings):
    together = score_labelings(blobs, labelings, metrics=ALL, noise=list(NoisePolicy))
    for position, labels in enumerate(labelings):
        alone = score_labelings(blobs, [labels], metrics=ALL, noise=list(NoisePolicy)).drop(columns="labeling")
        part = together[together["labeling"] == position].drop(columns="labeling").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, alone, check_exact=True)


@pytest.mark.parametrize("option", [{"threads": 1}, {"threads": 3}, {"memory_mb": 1}])
def test_threads_and_memory_move_no_bit(blobs, labelings, option):
    expected = score_labelings(blobs, labelings, metrics=ALL, noise=list(NoisePolicy), threads=2)
    found = score_labelings(blobs, labelings, metrics=ALL, noise=list(NoisePolicy), **option)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_equal_clusters_of_different_labelings_keep_their_own_scores(blobs):
    # A tree's cuts: the finer one splits one cluster of the coarser, the rest is summed once for both.
    coarse = np.digitize(blobs[:, 0], [0.0, 1.0])
    fine = np.where((coarse == 2) & (blobs[:, 1] > 0), 3, coarse)
    both = score_labelings(blobs, [coarse, fine, coarse], metrics=ALL)["value"].to_numpy().reshape(3, -1)
    alone = [score_labelings(blobs, [labels], metrics=ALL)["value"].to_numpy() for labels in (coarse, fine)]
    np.testing.assert_array_equal(both, [alone[0], alone[1], alone[0]])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_names_of_clusters_and_order_of_rows_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(60, 3)), rng.integers(-1, 4, 60)
    names = np.array([-7, 900, 3, 10**12, 41])  # what is negative stays noise
    renamed = names[labels + 1]
    expected = score_labelings(X, [labels], metrics=ALL)
    pd.testing.assert_frame_equal(score_labelings(X, [renamed], metrics=ALL), expected, check_exact=True)
    order = rng.permutation(60)
    shuffled = score_labelings(X[order], [labels[order]], metrics=ALL)
    pd.testing.assert_frame_equal(shuffled, expected, rtol=1e-9)


def test_an_array_a_list_and_other_integer_types_are_the_same(blobs, labelings):
    expected = score_labelings(blobs, labelings[:2])
    for given_labels in (np.stack(labelings[:2]), [labels.astype(np.int16) for labels in labelings[:2]]):
        pd.testing.assert_frame_equal(score_labelings(blobs, given_labels), expected, check_exact=True)
    assert score_labelings(blobs, [labels.astype(float) for labels in labelings[:2]]).equals(expected)
    assert score_labelings(pd.DataFrame(blobs), labelings[0]).equals(expected[:3])


def test_no_labelings_give_an_empty_table(blobs):
    assert score_labelings(blobs, []).empty


def test_the_input_is_left_alone(blobs, labelings):
    before, labels = blobs.copy(), labelings[0].copy()
    score_labelings(blobs, [labels], noise=list(NoisePolicy))
    np.testing.assert_array_equal(blobs, before)
    np.testing.assert_array_equal(labels, labelings[0])


@pytest.mark.parametrize(
    ("labels", "policy", "reason"),
    [
        ([-1] * 6, "zero", "all rows are noise"),
        ([-1] * 6, "cluster", "all rows are noise"),
        ([0, 0, 0, -1, -1, -1], "zero", "one cluster plus noise is not a clustering"),
        ([0, 0, 0, -1, -1, -1], "drop", "one cluster plus noise is not a clustering"),
        ([0, 0, 0, -1, -1, -1], "nearest", "one cluster plus noise is not a clustering"),
        ([4] * 6, "zero", "one cluster"),
    ],
)
def test_too_few_clusters_leave_every_index_undefined(labels, policy, reason):
    table = score_labelings(np.arange(6.0)[:, None], [labels], metrics=ALL, noise=policy)
    assert table["status"].unique().tolist() == ["undefined"]
    assert table["reason"].unique().tolist() == [reason]
    assert table["value"].isna().all()


def test_one_cluster_and_noise_is_two_clusters_where_noise_counts_as_one():
    table = score_labelings(np.arange(6.0)[:, None], [[0, 0, 0, -1, -1, -1]], noise="cluster")
    assert (table["status"] == "ok").all()


def test_conventions_of_scikit_learn_are_undefined_here():
    X = np.array([[0.0], [0.0], [1.0], [1.0], [2.0], [2.0]])

    def reasons(labels, rows=slice(None)):
        return score_labelings(X[rows], [labels]).set_index("metric")["reason"].to_dict()

    around = reasons([0, 1, 1, 1, 1, 0])
    assert around["davies_bouldin"] == "two centroids coincide"
    assert around["silhouette"] == around["calinski_harabasz"] == ""
    alone = reasons([0, 1, 2], rows=[0, 2, 4])
    assert set(alone.values()) == {"every row is a cluster of its own"}


def test_clusters_named_by_hashes_score_as_those_named_by_counting():
    X, labels = np.arange(6.0)[:, None] ** 2, np.array([0, 0, 0, 1, 1, 1])
    hashes = np.array([2**64 - 59, 2**63], dtype=np.uint64)[labels]
    pd.testing.assert_frame_equal(score_labelings(X, [hashes]), score_labelings(X, [labels]), check_exact=True)


def test_rows_with_no_distance_to_anything_have_silhouette_zero():
    table = score_labelings(np.ones((6, 2)), [[0, 0, 0, 1, 1, 1]])
    assert table["value"].tolist()[0] == 0.0
    assert table["status"].tolist() == ["ok", "undefined", "undefined"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.ones(4)}, "X has shape"),
        ({"X": np.array([[1.0], [np.nan], [2.0], [3.0]])}, "missing or infinite values in column 0"),
        ({"X": np.ma.masked_equal(np.arange(4.0)[:, None], 3)}, "X is masked"),
        ({"labelings": [[0, 1, 0]]}, r"labeling 0 has shape \(3,\)"),
        ({"labelings": [[0.5, 1, 0, 1]]}, "labeling 0: labels must be integers"),
        ({"metrics": ["silhuette"]}, "did you mean 'silhouette'"),
        ({"noise": "ignore"}, "unknown noise policy"),
        ({"noise": []}, "no noise policy"),
        ({"dtype": "float16"}, "unknown dtype"),
        ({"memory_mb": 0}, "memory_mb = 0"),
        ({"anchors": 1}, "anchors = 1"),
        ({"threads": -2}, "threads = -2"),
    ],
)
def test_a_wrong_request_is_named(change, message):
    request = {"X": np.arange(4.0)[:, None], "labelings": [[0, 0, 1, 1]]} | change
    with pytest.raises(RequestError, match=message):
        score_labelings(**request)


def test_functions_of_plug_ins_run_in_the_calling_thread(blobs, labelings):
    seen = []

    def value(X, labels):
        seen.append(threading.current_thread())
        return 0.0

    own = Metric(name="own", direction="higher", formula="0", value=value)
    score_labelings(blobs, labelings, metrics=["silhouette", own, "mst_separation"], threads=2)
    assert set(seen) == {threading.current_thread()}


def test_calls_from_several_threads_do_not_disturb_each_other(blobs, labelings):
    expected = score_labelings(blobs, labelings)
    found = []
    callers = [threading.Thread(target=lambda: found.append(score_labelings(blobs, labelings))) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 4
    assert all(table.equals(expected) for table in found)
