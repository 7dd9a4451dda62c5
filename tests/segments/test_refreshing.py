"""Refreshing: ids are kept from an overlap on, never used twice, and a log says what changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clusterbench.segments import (
    ChangeKind,
    Fit,
    Provenance,
    change_log,
    continued_ids,
    load_bundle,
    make_program,
    write_bundle,
)

# A bundle of one column X: segment 2 below 50, 3 up to 150, 5 up to 250, 7 above; 1 and 9 are retired.
CENTRES, IDS = [0.0, 100.0, 200.0, 300.0], (2, 3, 5, 7)


@pytest.fixture(scope="module")
def previous(make_segmentation, tmp_path_factory):
    values = np.repeat(CENTRES, 10) + np.tile(np.arange(10.0), 4)
    table = pd.DataFrame({"X": values}, index=[str(row) for row in range(40)])
    segmentation = make_segmentation(table, np.repeat([1, 2, 3, 4], 10), ids=IDS)
    centres = [[one] for one in CENTRES]
    operations = [{"op": "nearest", "segments": [1, 2, 3, 4], "centres": centres, "metric": "euclidean"}]
    fit = Fit(make_program(["X"], operations, where="X"), "by hand", 1.0, (1.0,) * 4)
    names = ["none", "some", "much", "most"]
    folder = tmp_path_factory.mktemp("previous")
    write_bundle(segmentation, fit, names, Provenance("d", "l", "2026-01-02", "0"), folder, retired=(1, 9))
    return load_bundle(folder)


@pytest.fixture(scope="module")
def refreshed(make_segmentation, previous):
    """Make the segmentation of rows with given earlier segments and clusters, and its change log."""

    def of(earlier, clusters, overlap=0.5):
        values = np.array(CENTRES)[[IDS.index(one) for one in earlier]]
        given = np.array(continued_ids(np.array(clusters), np.array(earlier), previous, overlap))
        number = np.append(0, np.argsort(np.argsort(given)) + 1)[np.array(clusters)]
        table = pd.DataFrame({"X": values + np.linspace(0, 1, len(values))})
        segmentation = make_segmentation(table, number, ids=tuple(sorted(given.tolist())))
        names = [f"name {one}" for one in segmentation.ids]
        return given.tolist(), change_log(previous, segmentation, names, overlap)

    return of


def kinds(log):
    return [(change.kind.value, change.before, change.after) for change in log.changes]


def test_a_bundle_gives_the_ids_of_its_segments(previous):
    assert previous.assign(np.array([[1.0], [104.0], [201.0], [999.0]])).segment.tolist() == [2, 3, 5, 7]
    assert previous.names == {2: "none", 3: "some", 5: "much", 7: "most"}
    assert previous.manifest.retired == (1, 9)


def test_equal_segments_keep_their_ids_whatever_their_order(refreshed):
    earlier = np.repeat([2, 3, 5, 7], [4, 5, 6, 7])
    given, log = refreshed(earlier, np.repeat([4, 3, 2, 1], [4, 5, 6, 7]))
    assert given == [7, 5, 3, 2]
    assert [change.overlap for change in log.changes] == [1.0] * 4
    assert (log.retired, log.migration.stayed) == ((1, 9), 1.0)


def test_pairs_are_chosen_for_the_largest_sum_of_similarities(refreshed):
    """Cluster 1 is nearest to 2 (6/10) and cluster 2 too (4/10), so that cluster 2 is new."""
    given, log = refreshed([2] * 10 + [3] * 5 + [5] * 5 + [7] * 5, [1] * 6 + [2] * 4 + [3] * 5 + [4] * 5 + [5] * 5)
    assert given == [2, 10, 3, 5, 7]
    assert kinds(log)[-1] == ("split", (2,), (2, 10))


def test_a_new_id_was_never_used(refreshed):
    """9 is retired and 7 is in use, so the next id is 10."""
    given, log = refreshed([2] * 5 + [3] * 5 + [5] * 5 + [7] * 5, [1, 2, 3, 4] * 5)
    assert given == [10, 11, 12, 13]
    assert log.retired == (1, 2, 3, 5, 7, 9)
    assert {change.kind for change in log.changes} == {ChangeKind.NEW, ChangeKind.GONE}


def test_the_declared_overlap_decides(refreshed):
    earlier, clusters = [2] * 10 + [3] * 5 + [5] * 5 + [7] * 5, [1] * 6 + [2] * 9 + [3] * 5 + [4] * 5
    given, log = refreshed(earlier, clusters)
    assert given == [2, 3, 5, 7]
    assert [change.overlap for change in log.changes] == pytest.approx([6 / 10, 5 / 9, 1.0, 1.0])
    given, log = refreshed(earlier, clusters, overlap=0.58)
    assert given == [2, 10, 5, 7]
    assert log.retired == (1, 3, 9)


def test_merged_segments_are_named_with_their_parts(refreshed):
    given, log = refreshed([2] * 8 + [3] * 5 + [5] * 5 + [7] * 5, [1] * 13 + [2] * 5 + [3] * 5)
    assert given == [2, 5, 7]
    assert kinds(log)[-1] == ("merged", (2, 3), (2,))
    assert log.retired == (1, 3, 9)


def test_the_migration_matrix_counts_every_row(refreshed):
    _, log = refreshed([2] * 8 + [3] * 5 + [5] * 5 + [7] * 5, [1] * 13 + [2] * 5 + [3] * 5)
    assert (log.migration.before, log.migration.after) == ((0, 2, 3, 5, 7), (0, 2, 5, 7))
    assert log.migration.counts == ((0,) * 4, (0, 8, 0, 0), (0, 5, 0, 0), (0, 0, 5, 0), (0, 0, 0, 5))


def test_a_segment_of_none_of_the_earlier_ones_is_new(refreshed):
    """A third of cluster 4 comes from each of three segments."""
    earlier = [2] * 9 + [3] * 9 + [5] * 9 + [7] * 9
    clusters = ([1] * 6 + [4] * 3) + ([2] * 6 + [4] * 3) + ([3] * 6 + [4] * 3) + [5] * 9
    given, log = refreshed(earlier, clusters)
    assert given == [2, 3, 5, 10, 7]
    assert kinds(log)[-1] == ("new", (), (10,))
