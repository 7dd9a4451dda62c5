"""Every index equals scikit-learn's wherever both are defined, for any labels and every noise policy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from clusterbench.labeling import canonical
from clusterbench.metrics import NoisePolicy, score_labelings

ALL = ["silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"]


def reference(X, labels, policy):
    """The four indices by scikit-learn on the rows that `policy` leaves; None where it has no honest value."""
    labels = canonical(labels)
    k, noise = labels.max() + 1, labels < 0
    factor = 1.0
    if policy == "cluster" and noise.any():
        labels = np.where(noise, k, labels)
    elif k < 2:
        return dict.fromkeys(ALL)
    elif policy == "nearest" and noise.any():
        centroids = np.array([X[labels == c].mean(axis=0) for c in range(k)])
        distances = cdist(X, centroids)
        first_of_the_nearest = (distances <= distances.min(axis=1, keepdims=True) + 1e-9).argmax(axis=1)
        labels = np.where(noise, first_of_the_nearest, labels)
    else:
        factor = 1.0 - noise.mean() if policy == "zero" else 1.0
        X, labels = X[~noise], labels[~noise]
    return indices(X, labels, factor)


def indices(X, labels, factor):
    k = labels.max() + 1
    if k < 2:
        return dict.fromkeys(ALL)
    members = [X[labels == c] for c in range(k)]
    centroids = np.array([rows.mean(axis=0) for rows in members])
    within = sum(float(((rows - rows.mean(axis=0)) ** 2).sum()) for rows in members)
    gaps = cdist(centroids, centroids) + np.diag(np.full(k, np.inf))
    found = dict.fromkeys(ALL)
    if k < len(X):
        # Exact distances: scikit-learn's own are off by 1e-8 between equal rows.
        s = silhouette_samples(cdist(X, X), labels, metric="precomputed")
        found["silhouette"] = s.mean() * factor
        found["silhouette_macro"] = np.mean([s[labels == c].mean() for c in range(k)]) * factor
        if within > 1e-18:
            found["calinski_harabasz"] = calinski_harabasz_score(X, labels)
        elif np.ptp(centroids, axis=0).any():
            found["calinski_harabasz"] = np.inf  # scikit-learn says 1
        if gaps.min() > 1e-9:
            found["davies_bouldin"] = davies_bouldin_score(X, labels)
    return found


tables = hnp.arrays(np.int64, st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=st.integers(-20, 20)).map(
    lambda cells: cells / 4.0
)


@given(X=tables, data=st.data(), policy=st.sampled_from(list(NoisePolicy)))
@settings(max_examples=50, deadline=None)
def test_scores_equal_scikit_learns_or_are_undefined(X, data, policy):
    labels = data.draw(hnp.arrays(np.int64, len(X), elements=st.integers(-2, 5)))
    expected = reference(X, labels, policy)
    table = score_labelings(X, [labels], metrics=ALL, noise=policy)
    for row in table.itertuples():
        if expected[row.metric] is None:
            assert row.status == "undefined"
            assert row.reason
            assert np.isnan(row.value)
        else:
            assert row.status == "ok", (row.metric, row.reason)
            assert row.value == pytest.approx(expected[row.metric], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("d", [1, 17, 40])
def test_a_table_of_many_blocks_agrees_in_every_precision(d):
    rng = np.random.default_rng(d)
    X = rng.normal(size=(2100, d)) * rng.uniform(0.1, 30.0, size=d)
    X[:700] += 3.0
    labels = rng.integers(-1, 6, size=(2, 2100))
    labels[0] = np.digitize(X[:, 0], np.quantile(X[:, 0], [0.2, 0.5, 0.9]))
    expected = [value for each in labels for value in reference(X, each, "drop").values()]
    for dtype in ("auto", "float32", "float64"):
        table = score_labelings(X, labels, metrics=ALL, noise="drop", dtype=dtype)
        assert table["value"].tolist() == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_hand_computed_values():
    # Rows 0, 1 | 10, 11: a = 1; b = 10.5 and 9.5 on each side, so s = 19/21 and 17/19, twice each.
    # Centroids 0.5 and 10.5, mean distance to them 0.5: (0.5 + 0.5) / 10. Between 4 * 25, within 4 * 0.25.
    table = score_labelings([[0.0], [1.0], [10.0], [11.0]], [[5, 5, 3, 3]], metrics=ALL)
    values = dict(zip(table["metric"], table["value"], strict=True))
    assert values["silhouette"] == pytest.approx((19 / 21 + 17 / 19) / 2, rel=1e-14)
    assert values["silhouette_macro"] == pytest.approx((19 / 21 + 17 / 19) / 2, rel=1e-14)
    assert values["davies_bouldin"] == pytest.approx(0.1, rel=1e-14)
    assert values["calinski_harabasz"] == pytest.approx((100 / 1) / (1 / 2), rel=1e-14)


def test_the_only_row_of_a_cluster_has_silhouette_zero():
    table = score_labelings([[0.0], [1.0], [9.0]], [[0, 0, 1]], metrics=["silhouette", "silhouette_macro"])
    pair = (1 - 1 / 9) + (1 - 1 / 8)
    assert table["value"].tolist() == pytest.approx([pair / 3, pair / 4])


def test_hundreds_of_small_clusters():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(900, 2))
    labels = rng.permutation(np.arange(900) // 2)
    table = score_labelings(X, [labels], metrics=ALL)
    expected = reference(X, labels, "drop")
    assert table["value"].tolist() == pytest.approx([expected[name] for name in ALL], rel=1e-9)


def test_scores_of_the_real_table_agree_with_scikit_learn(real_table_folder):
    import pandas as pd

    frame = pd.read_csv(real_table_folder / "CC_GENERAL.csv").drop(columns="CUST_ID")
    X = frame.fillna(frame.median()).to_numpy(dtype=np.float64)[::3]
    raw = X.copy()
    X = np.log1p(X)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    rng = np.random.default_rng(0)
    for space in (raw, X):  # raw columns differ by five orders of magnitude and have heavy tails
        centroids = space[rng.choice(len(space), 5, replace=False)]
        labels = cdist(space, centroids).argmin(axis=1)
        labels[rng.random(len(labels)) < 0.05] = -1
        expected = reference(space, labels, "drop")
        table = score_labelings(space, [labels], metrics=ALL, noise="drop")
        assert table["value"].tolist() == pytest.approx([expected[name] for name in ALL], rel=1e-6)
