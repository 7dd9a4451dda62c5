"""Draws: which rows they hold, how partitions of them are compared, and that their fits are cached like any job."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler

from clusterbench.labeling import canonical
from clusterbench.ranking import Draws
from clusterbench.results import StoredRun, draw_tables
from clusterbench.running import Settings, compare_labels, draw_rows

from .conftest import Workspace

TOML = """
title = "Two blobs and a cloud"
seeds = [0]
k = [2, 5]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
[variants]
standard = [{ step = "standardize" }]
[ranking]
k_policies = ["fixed"]
fixed_k = K
random_partitions = 0
bootstraps = 0
[stability]
resamples = 4
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 2
"""


@given(st.integers(2, 400), st.integers(0, 10), st.integers(0, 20))
def test_two_draws_are_the_halves_of_a_shuffle_and_depend_on_seed_and_number_alone(n_rows, seed, pair):
    halves = [draw_rows(n_rows, seed, number) for number in (2 * pair, 2 * pair + 1)]
    assert [len(rows) for rows in halves] == [(n_rows + 1) // 2, n_rows // 2]
    assert all((np.diff(rows) > 0).all() for rows in halves)
    assert sorted(np.concatenate(halves)) == list(range(n_rows))
    np.testing.assert_array_equal(halves[0], draw_rows(n_rows, seed, 2 * pair))


def test_draws_of_a_long_table_are_disjoint_parts_of_25_000_rows():
    one, other = (draw_rows(50_003, 0, number) for number in (0, 1))
    assert len(one) == len(other) == 25_000
    assert np.intersect1d(one, other).size == 0


def test_every_shuffle_is_another():
    halves = {tuple(draw_rows(40, seed, 2 * pair)) for seed in range(3) for pair in range(5)}
    assert len(halves) == 15


def test_jaccard_by_hand():
    before = np.array([0, 0, 0, 1, 1, 2])
    after = np.array([5, 5, 1, 1, 1, 0])
    _, jaccards = compare_labels(canonical(before), canonical(after), 3)
    # {0,1,2} against {0,1}: 2/3; {3,4} against {2,3,4}: 2/3; {5} against {5}: 1
    np.testing.assert_allclose(sorted(jaccards), [2 / 3, 2 / 3, 1.0])


def test_a_cluster_that_was_not_drawn_has_no_similarity():
    _, jaccards = compare_labels(np.array([0, 0, 1], dtype=np.int32), np.array([0, 0, 1], dtype=np.int32), 3)
    np.testing.assert_array_equal(np.isnan(jaccards), [False, False, True])


def test_noise_is_no_cluster_to_be_reproduced():
    before = np.array([0, 0, 1, 1], dtype=np.int32)
    _, jaccards = compare_labels(before, np.array([-1, -1, 0, 0], dtype=np.int32), 2)
    np.testing.assert_array_equal(jaccards, [0.0, 1.0])
    np.testing.assert_array_equal(compare_labels(before, np.full(4, -1, dtype=np.int32), 2)[1], [0.0, 0.0])


LABELS = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=40)


@given(LABELS)
def test_the_index_is_that_of_scikit_learn_with_every_noise_row_a_group_of_its_own(pairs):
    before, after = (canonical([pair[side] for pair in pairs]) for side in (0, 1))
    apart = [np.where(labels < 0, -1 - np.arange(len(labels)), labels) for labels in (before, after)]
    ari, jaccards = compare_labels(before, after, int(before.max()) + 1)
    assert ari == pytest.approx(adjusted_rand_score(*apart), abs=1e-12)
    assert ((jaccards >= 0) & (jaccards <= 1)).all()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_a_partition_is_reproduced_by_itself_under_any_names(labels):
    ordered = canonical(labels)
    ari, jaccards = compare_labels(ordered, canonical([9 - label for label in labels]), int(ordered.max()) + 1)
    assert ari == 1.0
    np.testing.assert_array_equal(jaccards, 1.0)


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(240, 2)) + 12 * (np.arange(240) % 2)[:, None]


@pytest.fixture(scope="module")
def study(blobs: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("blobs"), "blobs", blobs=pd.DataFrame(blobs, columns=["x", "y"]))


@pytest.fixture(scope="module")
def five(study: Workspace) -> StoredRun:
    """The first run of the store, at k = 5."""
    return study.run(at(5))


def at(k: int) -> str:
    return TOML.replace("fixed_k = K", f"fixed_k = {k}")


def draws_of(study: Workspace, run: StoredRun) -> Draws:
    with study.store() as store:
        draws = draw_tables(store, run.record)
    assert draws is not None
    return draws


def test_every_cut_that_passes_is_fitted_to_every_draw_compared_and_scored(study, blobs, five):
    space = StandardScaler().fit_transform(blobs)
    draws = draws_of(study, five)
    cells = draws.cells.set_index(["cut", "draw"])
    scores = draws.scores.set_index(["metric", "draw", "labels_sha256"])["value"]
    assert len(cells) == 2 * 4
    for k in (2, 5):
        whole = KMeans(k, n_init=2, random_state=0).fit_predict(space)
        for number in range(4):
            rows = draw_rows(len(space), 0, number)
            refit = KMeans(k, n_init=2, random_state=0).fit_predict(space[rows])
            cell = cells.loc[(json.dumps({"k": k}), number)]
            assert cell["ari"] == pytest.approx(adjusted_rand_score(whole[rows], refit), abs=1e-12)
            scores = draws.scores[
                (draws.scores["labels_sha256"] == cell["labels_sha256"]) & (draws.scores["draw"] == number)
            ]
            silhouette = scores.set_index("metric")["value"]["silhouette"]
            assert silhouette == pytest.approx(silhouette_score(space[rows], refit), rel=1e-6)
    five_aris = [cells.loc[('{"k": 5}', number), "ari"] for number in range(4)]
    row = five.board.table.iloc[0]
    assert row["stability"] == pytest.approx(np.mean(five_aris), abs=1e-12)
    assert row["stability_min"] == pytest.approx(min(five_aris), abs=1e-12)


def test_draws_are_cached_like_any_job_and_their_cuts_share_it(study, five):
    with study.store() as store:
        before = len(store.timings())
    again = study.run(at(5))
    pd.testing.assert_frame_equal(again.board.table, five.board.table)
    with study.store() as store:
        assert len(store.timings()) == before == 1 + 4


def test_a_metric_more_is_scored_in_the_draws_without_a_fit(study, five):
    with study.store() as store:
        before = len(store.timings())
    more = study.run(at(5).replace("title =", 'metrics = ["silhouette", "silhouette_macro"]\ntitle ='))
    scores = draws_of(study, more).scores
    assert (scores["metric"] == "silhouette_macro").sum() == (scores["metric"] == "silhouette").sum() > 0
    with study.store() as store:
        assert len(store.timings()) == before


def test_workers_change_no_draw(study, five, tmp_path):
    with_workers = study.run(at(5), results="workers", settings=Settings(workers=2))
    measured = ["fit_seconds", "peak_mb"]
    pd.testing.assert_frame_equal(
        with_workers.board.table.drop(columns=measured), five.board.table.drop(columns=measured), check_exact=True
    )


def test_the_gate_of_a_draw_asks_for_half_as_many_rows(study, five):
    gated = study.run(at(5) + "[gate]\nmin_rows = 31\n")
    cells = draws_of(study, gated).cells
    sizes = cells.groupby("status")["cut"].agg(set).to_dict()
    assert sizes == {"ok": {'{"k": 2}'}}  # of five clusters of 240 rows one has less than 31


HALVES = """
from clusterbench.plugins import Algorithm, Family

def by(column):
    return lambda X, seed: lambda k: (X[:, column] > 0).astype(int)

ALGORITHM = Algorithm(name="halves", family=Family.OTHER, summary="cuts at a mean", reference="none", build=by(0),
    refit=by(1), deterministic=True, packages={})
"""


def test_draws_are_fitted_by_the_refit_of_an_algorithm_and_whole_tables_by_its_build(tmp_path):
    square = np.array([[x, y] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for _ in range(60)])
    study = Workspace(tmp_path, "square", blobs=pd.DataFrame(square, columns=["x", "y"]))
    (tmp_path / "algorithms").mkdir()
    (tmp_path / "algorithms" / "halves.py").write_text(HALVES)
    run = study.run(at(2).replace('use = "kmeans"\nn_init = 2', 'use = "halves"').replace("k = [2, 5]", "k = [2]"))
    cells = draws_of(study, run).cells
    with study.store() as store:
        [whole] = store.labelings(run.cells["labels_sha256"]).values()
        drawn = store.labelings(cells["labels_sha256"])
    np.testing.assert_array_equal(whole, canonical(square[:, 0] > 0))
    for _, cell in cells.iterrows():
        rows = draw_rows(len(square), 0, cell["draw"])
        np.testing.assert_array_equal(drawn[cell["labels_sha256"]], canonical(square[rows, 1] > 0))


FRAGILE = """
from clusterbench.plugins import Algorithm, CutRange, Family

def build(X, seed):
    if len(X) < 240 and abs(X).sum() > 190.0:
        raise RuntimeError("not this table")
    return lambda k: (X[:, 0] > -0.95).astype(int)

ALGORITHM = Algorithm(name="fragile", family=Family.CENTROID, summary="fails on some tables", reference="none",
                      build=build, cuts=(CutRange("k"),), deterministic=True)
"""


def test_blobs_are_stable_slices_are_not_and_an_entry_of_which_a_draw_failed_says_so(study, five):
    study.plugin("fragile", FRAGILE)
    table = study.run(at(2) + '[[algorithms]]\nuse = "fragile"\n').board.table.set_index("algorithm")
    assert (table.loc["kmeans", "stability"], table.loc["kmeans", "jaccard"]) == (1.0, 1.0)
    slices = five.board.table.iloc[0]
    assert slices["stability_min"] <= slices["stability"] < 0.95
    assert pd.isna(table.loc["fragile", "stability"])
    assert table.loc["fragile", "flags"].count("of 4 refits on halves of the rows failed") == 1
    assert table.loc["fragile", "rank"] > table.loc["kmeans", "rank"]


FRAIL = """
from pathlib import Path
from clusterbench.plugins import Algorithm, Family

def build(X, seed):
    if len(X) < 200 and not Path({place!r}).exists():
        raise OSError(28, "No space left on device")
    return lambda k: X[:, 0].argsort().argsort() * k // len(X)

ALGORITHM = Algorithm("frail", Family.OTHER, "slices", "none", build, packages={{}})
"""


def test_draws_that_failed_are_tried_again_on_request(tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["a", "b"])
    study = Workspace(tmp_path, "frail", blobs=frame)
    study.plugin("frail", FRAIL.format(place=str(tmp_path / "mended")))
    text = at(2).replace('use = "kmeans"\nn_init = 2', 'use = "frail"')

    def drawn(*, retry: bool) -> pd.DataFrame:
        return draws_of(study, study.run(text, settings=Settings(workers=0, retry=retry))).cells

    first = drawn(retry=False)
    assert first["ari"].isna().all()
    assert set(first["status"]) == {"failed"}
    (tmp_path / "mended").touch()
    pd.testing.assert_frame_equal(drawn(retry=False), first)
    assert drawn(retry=True)["ari"].notna().all()
