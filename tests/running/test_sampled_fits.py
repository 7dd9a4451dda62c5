"""Algorithms that take fewer rows than a table has: fitted to a sample, the other rows assigned by their rule."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin

from clusterbench.labeling import canonical
from clusterbench.ranking import AlertKind
from clusterbench.report import build_report
from clusterbench.running import compare_labels, draw_rows
from clusterbench.seeding import RowSample
from clusterbench.verification import reproduce

from .conftest import DBSCAN, HEAD, KMEANS, RANKING, TABLES, WARD, Workspace

FIT = "[fit]\nsample = 60\nmax_rows = { kmeans = 100, agglomerative = 100, dbscan = 40 }\n"
PARTS = (RANKING, FIT, KMEANS, WARD, DBSCAN)
SAMPLE = RowSample(60, 0)
FITTED = {"agglomerative": {60}, "dbscan": {40}, "kmeans": {60}}


@pytest.fixture(scope="module")
def sampled(shared):
    return shared.run(*PARTS)


def labels_of(shared, run, algorithm, cut):
    cells = run.cells[(run.cells["algorithm"] == algorithm) & (run.cells["cut"] == cut)]
    with shared.store() as store:
        return store.labels(cells["labels_sha256"].iloc[0])


def test_a_model_predicts_the_rows_outside_the_sample(shared, sampled, space):
    model = KMeans(3, n_init=1, random_state=0).fit(space[SAMPLE.chosen(len(space))])
    np.testing.assert_array_equal(labels_of(shared, sampled, "kmeans", '{"k": 3}'), canonical(model.predict(space)))


def test_a_tree_assigns_them_to_the_nearest_centroid(shared, sampled, space):
    labels = labels_of(shared, sampled, "agglomerative", '{"k": 3}')
    chosen = SAMPLE.chosen(len(space))
    centroids = np.stack([space[chosen & (labels == cluster)].mean(axis=0) for cluster in range(3)])
    np.testing.assert_array_equal(labels[~chosen], pairwise_distances_argmin(space[~chosen], centroids))


def test_a_density_gives_them_the_label_of_the_nearest_row_of_the_sample_noise_too(shared, sampled, space):
    labels = labels_of(shared, sampled, "dbscan", '{"eps_quantile": 0.7}')
    chosen = RowSample(40, 0).chosen(len(space))
    assert (labels[chosen] == -1).any()
    nearest = pairwise_distances_argmin(space[~chosen], space[chosen])
    np.testing.assert_array_equal(labels[~chosen], labels[chosen][nearest])


def test_a_sampled_fit_is_marked_wherever_it_is_shown(sampled):
    rows = dict(zip(sampled.board.table["algorithm"], sampled.board.table["fitted_rows"], strict=True))
    assert rows["kmeans"] == rows["agglomerative"] == 60
    texts = {alert.text for alert in sampled.board.alerts if alert.kind is AlertKind.SAMPLED_FITS}
    start = "kmeans and agglomerative: fitted to 60 random rows of 125"
    assert any(text.startswith(start) for text in texts)
    assert sampled.cells.groupby("algorithm")["fitted_rows"].agg(set).to_dict() == FITTED
    [board] = build_report(sampled).boards
    assert "fitted_rows" in [heading.name for heading in board.table.headings]
    assert all("sampled" in one.entry.badges for one in board.details)
    facts = dict(next(one.facts for one in board.details if one.entry.algorithm == "kmeans"))
    assert facts["Sampled"] == "fitted to 60 random rows; the others assigned by: predict"


def test_a_board_of_fits_to_all_rows_has_no_column_for_samples(shared):
    assert "fitted_rows" not in shared.run(RANKING, KMEANS).board.table


def test_without_a_sample_the_algorithm_is_skipped(workspace):
    done = workspace.run(RANKING, "[fit]\nsample = 0\nmax_rows = { kmeans = 100 }\n", KMEANS)
    assert set(done.cells["status"]) == {"skipped"}
    assert "125 rows are more than the 100 that kmeans is declared for" in done.cells["reason"].iloc[0]
    assert done.board.table.empty


def test_a_sampled_fit_is_fitted_again_to_the_same_sample(shared):
    shared.run(*PARTS)
    again = reproduce("agglomerative/standard/3", results=shared.results, workspace=shared.folder)
    assert [row.differences for row in again.rows] == [()]


def test_a_draw_with_more_rows_than_the_sample_is_fitted_to_a_sample_of_its_own(shared, space):
    """Halves have 63 and 62 rows; the agreement is that of fits to 30 of them, compared on the rows of the half."""
    text = (
        HEAD
        + TABLES.replace("resamples = 0", "resamples = 2")
        + RANKING
        + "[fit]\nsample = 30\nmax_rows = { kmeans = 100 }\n"
        + KMEANS
    )
    done = Workspace.run(shared, text)
    first, again = done.details.jaccards, done.board.table["stability"].iloc[0]
    labels = labels_of(shared, done, "kmeans", done.board.table["cut"].iloc[0])
    k, sample, aris = int(labels.max()) + 1, RowSample(30, 0), []
    for number in range(2):
        rows = draw_rows(len(space), 0, number)
        half = np.ascontiguousarray(space[rows])
        drawn = KMeans(k, n_init=1, random_state=0).fit(half[sample.chosen(len(half))]).predict(half)
        aris.append(compare_labels(labels[rows], canonical(drawn), k)[0])
    assert first
    assert again == pytest.approx(np.mean(aris))
    facts = dict(build_report(done).boards[0].details[0].facts)
    assert facts["Sampled"].endswith(f"agreement with other samples: {again:.3f}")
