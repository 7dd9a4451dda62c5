"""Every case without a value, with the reason given, under every policy and for every metric."""

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import cluster_silhouettes, score_labelings

ALL = ["silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"]
POLICIES = ["zero", "drop", "cluster", "nearest"]
ALONE = "every row is a cluster of its own"
SAME = "two centroids coincide"
NOISE = "all rows are noise"
PLUS = "one cluster plus noise is not a clustering"
FINE = ["", "", "", ""]


def under_all(reasons):
    return dict.fromkeys(POLICIES, reasons)


def outcome(X, labels, noise, **options):
    table = score_labelings(np.asarray(X, dtype=float), [labels], metrics=ALL, noise=noise, **options)
    return table.set_index("metric").loc[ALL]


@pytest.mark.parametrize(
    ("X", "labels", "reasons"),
    [
        # Reasons in the order of the metrics; one entry per policy where they differ.
        ([[0], [1], [2]], [-1, -1, -1], under_all([NOISE] * 4)),
        ([[0], [1], [2]], [-5, -1, -2], under_all([NOISE] * 4)),
        ([[0], [1], [2]], [8, 8, 8], under_all(["one cluster"] * 4)),
        ([[0]], [0], under_all(["one cluster"] * 4)),
        ([[0]], [-1], under_all([NOISE] * 4)),
        ([[0], [5]], [0, 1], under_all([ALONE, ALONE, ALONE, ALONE])),
        # Two single rows, two noise rows that scatter: as a cluster, or where they go, they bring scatter.
        (
            [[0], [5], [1], [6]],
            [0, 1, -1, -1],
            {
                "zero": [ALONE, ALONE, ALONE, ALONE],
                "drop": [ALONE, ALONE, ALONE, ALONE],
                "cluster": FINE,
                "nearest": FINE,
            },
        ),
        # One row of a cluster, one of noise.
        (
            [[0], [5]],
            [0, -1],
            {"zero": [PLUS] * 4, "drop": [PLUS] * 4, "cluster": [ALONE, ALONE, ALONE, ALONE], "nearest": [PLUS] * 4},
        ),
        # Concentric clusters, in one and in two dimensions.
        ([[-2], [-1], [1], [2]], [0, 1, 1, 0], under_all(["", "", SAME, ""])),
        (
            [[1, 1], [-1, -1], [1, -1], [-1, 1], [9, 0], [9, 1]],
            [0, 0, 1, 1, 2, 2],
            under_all(["", "", SAME, ""]),
        ),
        # Equal clusters of equal rows.
        ([[7], [7], [7], [7]], [0, 1, 0, 1], under_all(["", "", SAME, "all rows are equal"])),
        # Noise whose centroid is that of a cluster.
        (
            [[0], [2], [10], [11], [-1], [3]],
            [0, 0, 1, 1, -1, -1],
            {"zero": FINE, "drop": FINE, "cluster": ["", "", SAME, ""], "nearest": FINE},
        ),
    ],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_reasons(X, labels, reasons, policy):
    table = outcome(X, labels, policy)
    assert table["reason"].tolist() == reasons[policy]
    assert table["status"].tolist() == ["undefined" if reason else "ok" for reason in reasons[policy]]
    assert table["value"].isna().tolist() == [bool(reason) for reason in reasons[policy]]
    assert table["standard_error"].isna().tolist() == [bool(reason) for reason in reasons[policy]]


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1.0, 1e9, 1e200])
def test_what_coincides_or_is_exact_does_so_at_any_scale(scale):
    around = np.array([[-2.0], [-1.0], [1.0], [2.0]]) * scale
    assert outcome(around, [0, 1, 1, 0], "zero").loc["davies_bouldin", "reason"] == SAME
    exact = np.array([[0.0], [0.0], [3.0], [3.0]]) * scale
    assert outcome(exact, [0, 0, 1, 1], "zero")["value"].tolist() == [1.0, 1.0, 0.0, np.inf]
    plain = np.array([[0.0], [1.0], [10.0], [11.0]]) * scale
    assert outcome(plain, [0, 0, 1, 1], "zero")["reason"].tolist() == FINE


def test_centroids_that_are_near_but_apart_have_a_davies_bouldin_index():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0 + 2e-6]])
    value = outcome(X, [0, 1, 1, 0], "zero").loc["davies_bouldin", "value"]
    assert value == pytest.approx((2.0 + 1e-6 + 1.0) / 1e-6, rel=1e-8)


def test_a_tight_cluster_beside_a_wide_one_is_defined():
    found = outcome([[0], [0], [4], [6]], [0, 0, 1, 1], "zero")["value"]
    assert found["davies_bouldin"] == pytest.approx((0 + 1) / 5)
    assert found["calinski_harabasz"] == pytest.approx(25 / 2 * 2)
    assert found["silhouette"] == pytest.approx((1 + 1 + 2 / 4 + 4 / 6) / 4)


@pytest.mark.parametrize("policy", POLICIES)
def test_undefined_labelings_leave_the_others_of_the_list_alone(policy):
    X = np.random.default_rng(0).normal(size=(12, 2))
    fine = np.arange(12) % 3
    alone = score_labelings(X, [fine], metrics=ALL, noise=policy).drop(columns="labeling")
    mixed = score_labelings(X, [[-1] * 12, fine, [0] * 12, np.arange(12)], metrics=ALL, noise=policy)
    part = mixed[mixed["labeling"] == 1].drop(columns="labeling").reset_index(drop=True)
    pd.testing.assert_frame_equal(part, alone, check_exact=True)
    assert (mixed[mixed["labeling"] != 1]["status"] == "undefined").all()


@pytest.mark.parametrize("labels", [[-1] * 5, [0] * 5, [0, 0, 0, -1, -1], [0, 1, 2, 3, 4], [3, 1, -1, -1, -1]])
def test_the_silhouettes_of_clusters_are_undefined_with_the_score(labels):
    X = np.arange(10.0).reshape(5, 2) ** 1.5
    assert np.isnan(score_labelings(X, [labels], metrics=["silhouette"])["value"].item())
    assert cluster_silhouettes(X, [labels])["silhouette"].isna().all()


def test_a_sampled_table_gives_the_same_reasons():
    X = np.repeat(np.arange(40.0), 2)[:, None]
    for labels in ([-1] * 80, [0] * 80, [0] * 40 + [-1] * 40, np.arange(80), np.arange(80) // 2):
        exact, drawn = outcome(X, labels, "zero"), outcome(X, labels, "zero", exact_rows=10, anchors=8)
        pd.testing.assert_frame_equal(drawn[["status", "reason"]], exact[["status", "reason"]])
