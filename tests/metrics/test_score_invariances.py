"""What may be done to a table without moving a score, and what moves it in a known way."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

from clusterbench.metrics import METRICS, calibrate, random_partitions, score_labelings

ALL = list(METRICS)
POLICIES = ["zero", "drop", "cluster", "nearest"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(150, 4)) * [1.0, 0.5, 3.0, 2.0]
    X[:60] += 2.0
    return X


@pytest.fixture(scope="module")
def labelings(table):
    rng = np.random.default_rng(12)
    return [
        np.digitize(table[:, 2], [-1.0, 2.0]),
        rng.integers(-1, 3, 150),
        np.where(table[:, 0] > 2.5, -1, np.digitize(table[:, 3], [0.0])),
    ]


def values(X, labelings, **options):
    options = {"metrics": ALL, "noise": POLICIES} | options
    return score_labelings(X, labelings, **options)["value"].to_numpy()


@pytest.mark.parametrize("exponent", [-300, -40, -1, 1, 3, 40, 300])
def test_a_power_of_two_moves_no_bit_under_any_policy(table, labelings, exponent):
    scaled = np.ldexp(table, exponent)
    np.testing.assert_array_equal(values(scaled, labelings), values(table, labelings))
    sampled = {"exact_rows": 50, "anchors": 20}
    np.testing.assert_array_equal(values(scaled, labelings, **sampled), values(table, labelings, **sampled))


def test_a_power_of_two_moves_no_bit_of_random_partitions_and_calibration(table):
    scaled = table * 2.0**17
    drawn = [random_partitions(X, 5, n_centroid=3, n_growth=3, seed=2) for X in (table, scaled)]
    np.testing.assert_array_equal(*drawn)
    frames = [calibrate(X, [2, 5], metrics=ALL, n_random=3, seed=2) for X in (table, scaled)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


@given(
    seed=st.integers(0, 1000),
    shift=st.floats(-1e4, 1e4),
    scale=st.floats(1e-3, 1e3),
)
def test_similarities_of_the_plane_keep_every_score(seed, shift, scale):
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(30, 3)), [rng.integers(-1, 3, 30), np.arange(30) % 4]
    moved = X @ ortho_group.rvs(3, random_state=seed) * scale + shift * scale
    np.testing.assert_allclose(values(moved, labels), values(X, labels), rtol=1e-8, atol=1e-10)


def test_mirror_images_and_columns_in_another_order(table, labelings):
    expected = values(table, labelings)
    np.testing.assert_allclose(values(-table, labelings), expected, rtol=1e-10)
    np.testing.assert_allclose(values(table * [1, -1, 1, -1], labelings), expected, rtol=1e-10)
    np.testing.assert_allclose(values(table[:, [3, 1, 0, 2]], labelings), expected, rtol=1e-10)


def test_columns_without_information_change_nothing(table, labelings):
    metrics = [name for name in ALL if name != "dbcv"]  # whose core distances depend on the number of columns
    expected = values(table, labelings, metrics=metrics)
    wider = np.column_stack([np.full(150, 7.0), table, np.zeros(150)])
    np.testing.assert_allclose(values(wider, labelings, metrics=metrics), expected, rtol=1e-10)
    # A column twice is that column times the square root of two.
    twice, stretched = np.column_stack([table, table[:, 1]]), table * [1, np.sqrt(2), 1, 1]
    both = [values(X, labelings, metrics=metrics) for X in (twice, stretched)]
    np.testing.assert_allclose(*both, rtol=1e-10)


def test_memory_layout_and_types_of_the_table_change_nothing(table, labelings):
    single = table.astype(np.float32)
    expected = values(single.astype(np.float64), labelings)
    for same in (single, np.asfortranarray(single), single.tolist(), pd.DataFrame(single), single[::-1][::-1]):
        np.testing.assert_array_equal(values(same, labelings), expected)
    whole = np.arange(60).reshape(20, 3) ** 2 % 17
    labels = [np.arange(20) % 3]
    np.testing.assert_array_equal(values(whole, labels), values(whole.astype(float), labels))


@pytest.mark.parametrize("seed", range(4))
def test_rows_in_another_order_keep_all_scores(table, labelings, seed):
    order = np.random.default_rng(seed).permutation(150)
    shuffled = [labels[order] for labels in labelings]
    np.testing.assert_allclose(values(table[order], shuffled), values(table, labelings), rtol=1e-9)


@pytest.mark.parametrize("names", [[1, 2, 0], [2, 0, 1], [100, 50, 75], [2**31 - 1, 0, 2**40]])
def test_other_names_of_clusters_move_no_bit(table, labelings, names):
    renamed = [np.where(labels < 0, -1, np.array(names)[labels]) for labels in labelings]
    np.testing.assert_array_equal(values(table, renamed), values(table, labelings))


@pytest.mark.parametrize("noise_name", [-2, -100, -(2**40)])
def test_every_negative_label_is_noise(table, labelings, noise_name):
    renamed = [np.where(labels < 0, noise_name, labels) for labels in labelings]
    np.testing.assert_array_equal(values(table, renamed), values(table, labelings))


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_of_the_whole_table_move_the_indices_as_their_formulas_say(table, labelings, copies):
    n, labels = len(table), labelings[0]
    k = labels.max() + 1
    once = dict(zip(ALL, values(table, [labels], noise="drop"), strict=True))
    many = dict(zip(ALL, values(np.tile(table, (copies, 1)), [np.tile(labels, copies)], noise="drop"), strict=True))
    assert many["davies_bouldin"] == pytest.approx(once["davies_bouldin"], rel=1e-10)
    expected = once["calinski_harabasz"] * (copies * n - k) / (n - k)
    assert many["calinski_harabasz"] == pytest.approx(expected, rel=1e-10)
    assert many["silhouette"] > once["silhouette"]  # each row gains neighbours at distance 0


def test_drawing_the_clusters_apart_brings_silhouettes_to_one_and_davies_bouldin_to_zero(table, labelings):
    labels = labelings[0]
    away = np.eye(4)[labels]
    found = [values(table + gap * away, [labels], noise="drop", metrics=ALL[:4]) for gap in (10.0, 100.0, 1e4, 1e6)]
    found = np.array(found)
    assert (np.diff(found, axis=0) * [1, 1, -1, 1] > 0).all()
    np.testing.assert_allclose(found[-1, :3], [1.0, 1.0, 0.0], atol=1e-5)


@given(st.integers(0, 1000), st.sampled_from(POLICIES))
def test_scores_stay_in_their_ranges(seed, noise):
    rng = np.random.default_rng(seed)
    X = rng.integers(-3, 4, size=(rng.integers(2, 25), 2)).astype(float)
    frame = score_labelings(X, rng.integers(-1, 5, size=(3, len(X))), metrics=ALL, noise=noise)
    for row in frame[frame["status"] == "ok"].itertuples():
        assert METRICS[row.metric].lower - 1e-12 <= row.value <= METRICS[row.metric].upper + 1e-12
