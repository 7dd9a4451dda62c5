"""A run: what is computed once, what is computed again, and what every table and the manifest hold."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from clusterbench.errors import RequestError
from clusterbench.labeling import Labeling
from clusterbench.results import LimitsRecord, PartitionCounts, StoredRun, load_stored_run, read_record, scores_table
from clusterbench.running import Settings
from clusterbench.store import Store

from .conftest import Workspace

HEAD = """
title = "Blobs"
seeds = [0, 1]
k = [2, 3, 4]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
[variants]
raw = []
standard = [{ step = "standardize" }]
[[algorithms]]
use = "kmeans"
n_init = 1
[[algorithms]]
use = "agglomerative"
linkage = ["ward", "single"]
[[algorithms]]
use = "dbscan"
"""
STATISTICS = """
[ranking]
random_partitions = 5
bootstraps = 20
[stability]
resamples = 2
[structure]
permutations = 1
"""
NONE = """
[ranking]
k_policies = ["silhouette"]
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 0
"""
TOML = HEAD + STATISTICS
KEY = ["variant", "algorithm", "params", "cut", "seed"]


def changed(old: str, new: str, text: str = HEAD) -> str:
    """Return a benchmark without statistics in which a part of the text is replaced."""
    assert old in text
    return text.replace(old, new) + NONE


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(150, 3)) + 5 * np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1]])[np.arange(150) % 3]
    values[0] = 60.0  # an outlier that single linkage splits off
    return values


@pytest.fixture(scope="module")
def study(table: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("blobs")
    return Workspace(folder, "blobs", blobs=pd.DataFrame(table, columns=["a", "b", "c"]))


@pytest.fixture(scope="module")
def first(study: Workspace) -> StoredRun:
    """The benchmark with all statistics, run in an empty store."""
    return study.run(TOML)


@pytest.fixture
def finished(study: Workspace, first: StoredRun, tmp_path: Path) -> Iterator[Workspace]:
    """The workspace with a copy of the store after the first run."""
    yield study.copy(tmp_path)
    shutil.rmtree(study.folder / "algorithms", ignore_errors=True)  # a plug-in costs every later run a probe


def test_every_cell_of_the_matrix_has_a_row_and_a_status(first):
    cells = first.cells
    # 2 variants x (k-means, Ward, single linkage with 3 cuts + DBSCAN with its own) x 2 seeds
    assert len(cells[cells["algorithm"] != "dbscan"]) == 2 * 3 * 3 * 2
    assert not cells.duplicated(KEY).any()
    assert set(cells["status"]) <= {"ok", "rejected", "undefined"}
    assert (cells.loc[cells["status"] != "ok", "reason"] != "").all()
    assert len(first.record.structure[0].drawn) == 1


def test_labels_and_scores_are_those_of_scikit_learn(first, table):
    space = StandardScaler().fit_transform(table)
    labels = KMeans(3, n_init=1, random_state=1).fit_predict(space)
    cells = first.cells
    chosen = (cells["algorithm"] == "kmeans") & (cells["variant"] == "standard")
    cell = cells[chosen & (cells["seed"] == 1) & (cells["k"] == 3)]
    assert cell["labels_sha256"].item() == Labeling.of(labels).sha256
    scores = first.scores
    same = scores[(scores["labels_sha256"] == cell["labels_sha256"].item()) & (scores["metric"] == "silhouette")]
    value = same.loc[same["space"] == "standard", "value"].iloc[0]
    assert value == pytest.approx(silhouette_score(space, labels), rel=1e-6)


def test_an_outlier_split_is_rejected_with_its_reason(first):
    cells = first.cells
    split = cells[(cells["params"].str.contains("single")) & (cells["k"] == 2)]
    assert (split["smallest"] == 1).all()
    assert set(split["status"]) == {"rejected"}
    assert set(split["reason"]) == {"smallest cluster has 1 of 150 rows, needs 10"}


def test_a_second_run_computes_nothing_and_gives_the_same_tables(first, finished):
    second = finished.run(TOML)
    assert first.computed > 0
    assert second.computed == 0
    pd.testing.assert_frame_equal(first.cells, second.cells)
    pd.testing.assert_frame_equal(first.scores, second.scores)
    pd.testing.assert_frame_equal(first.board.table, second.board.table)
    assert first.manifest == second.manifest


def test_a_stored_run_is_read_back_as_it_was(first, finished):
    back = load_stored_run(finished.results, "blobs")
    pd.testing.assert_frame_equal(first.board.table, back.board.table)
    assert (back.board.headline, back.board.alerts) == (first.board.headline, first.board.alerts)
    assert (back.record, back.manifest) == (first.record, first.manifest)


def test_a_further_k_fits_only_its_own_cells(finished):
    more = finished.run(changed("k = [2, 3, 4]", "k = [2, 3, 4, 5]"))
    # k-means: one cell per variant and seed; the two linkages: one per variant, the seed has no influence
    assert more.computed == 2 * 2 + 2 * 2


OPEN_GATE = "[gate]\nmin_rows = 1\nmin_share = 0.0\nmax_share = 1.0\nmax_noise = 1.0\n"


def test_another_gate_fits_nothing_and_judges_anew(first, finished):
    open_gate = finished.run(HEAD + NONE + OPEN_GATE)
    assert open_gate.computed == 0
    assert (first.cells["status"] == "rejected").any()
    assert not (open_gate.cells["status"] == "rejected").any()


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        (TOML + OPEN_GATE, (0, 1)),
        (TOML.replace("[ranking]", "[ranking]\nweights = { stability = 0.5 }"), (0, 1)),
        (TOML.replace('"Blobs"', '"Drops"'), (0, 1)),
        (TOML.replace("seeds = [0, 1]", "seeds = [0]"), (0,)),
    ],
    ids=["gate", "weights", "title", "seeds"],
)
def test_a_change_without_new_fits_is_in_the_manifest_and_keeps_the_environment_of_the_fits(
    first, finished, text, seeds
):
    fitted_elsewhere = replace(
        first.manifest,
        environment=replace(first.manifest.environment, cpu="another processor"),
        finished="2020-02-02T02:02:02+00:00",
    )
    with Store.writer(finished.results) as store:
        store.put_benchmark("blobs", first.record.to_json(), fitted_elsewhere.to_json())
    again = finished.run(text)
    assert again.computed == 0
    manifest = again.manifest
    assert manifest.benchmark_sha256 == hashlib.sha256(text.encode()).hexdigest() != first.manifest.benchmark_sha256
    assert (manifest.seeds, manifest.rules) == (seeds, again.record.rules)
    # Both variants: k-means 3 cuts per seed; two linkages with 3 cuts and DBSCAN once, whatever the seeds.
    n_dbscan = len(first.cells[(first.cells["algorithm"] == "dbscan") & (first.cells["seed"] == 0)])
    fixed = 2 * 2 * 3 + n_dbscan
    asked = len(seeds) * (2 * 3 + fixed)
    fitted = len(seeds) * 2 * 3 + fixed
    assert manifest.partitions == PartitionCounts(asked, fitted, asked - fitted)
    assert (manifest.environment, manifest.finished) == (fitted_elsewhere.environment, fitted_elsewhere.finished)
    assert manifest.seconds == first.manifest.seconds
    with finished.store() as store:
        assert read_record(store, "blobs") == (again.record, manifest)


def test_a_run_with_new_fits_has_its_own_environment_and_times(first, finished):
    old = replace(first.manifest, finished="2020-02-02T02:02:02+00:00", workers=99)
    with Store.writer(finished.results) as store:
        store.put_benchmark("blobs", first.record.to_json(), old.to_json())
    manifest = finished.run(changed("k = [2, 3, 4]", "k = [2, 3, 4, 6]")).manifest
    assert manifest.finished >= first.manifest.finished
    assert (manifest.workers, manifest.environment) == (0, first.manifest.environment)


def test_changed_data_refits_everything(first, finished):
    table = pd.read_csv(finished.folder / "blobs.csv", float_precision="round_trip")
    table.loc[5, "a"] += 1e-9
    table.to_csv(finished.folder / "moved.csv", index=False)
    assert finished.run(changed("blobs.csv", "moved.csv")).computed == first.computed


def test_a_seed_moves_no_other_seeds_labels(first, finished):
    wider = finished.run(changed("seeds = [0, 1]", "seeds = [0, 1, 7]"))
    both = first.cells.merge(wider.cells, on=KEY, suffixes=("", "_wider"))
    assert len(both) == len(first.cells)
    assert (both["labels_sha256"] == both["labels_sha256_wider"]).all()


def test_the_order_of_the_file_moves_no_label_and_no_score(first, study):
    head, *algorithms = HEAD.split("[[algorithms]]")
    turned = study.run("[[algorithms]]".join([head, *reversed(algorithms)]) + NONE, results="turned")
    assert turned.computed == first.computed
    for frames, key, values in [
        ((first.cells, turned.cells), KEY, ["labels_sha256", "status", "reason"]),
        ((first.scores, turned.scores), [*KEY, "space", "metric"], ["value"]),
    ]:
        left, right = (frame[[*key, *values]].sort_values(key).reset_index(drop=True) for frame in frames)
        pd.testing.assert_frame_equal(left, right)


def test_every_noise_policy_is_in_the_store(first, finished):
    cells = first.cells
    with finished.store() as store:
        frames = {
            policy.value: scores_table(store, first.record, cells, policy=policy) for policy in first.record.policies
        }
    assert set(frames) == {"zero", "drop", "cluster", "nearest"}
    assert len({len(frame) for frame in frames.values()}) == 1
    quiet = cells.loc[cells["noise_share"] == 0, "labels_sha256"]
    zero, drop = (frames[p][frames[p]["labels_sha256"].isin(quiet)]["value"].to_numpy() for p in ("zero", "drop"))
    np.testing.assert_array_equal(zero, drop)


EXOTIC = """
from clusterbench.plugins import Algorithm, Family
def build(X, seed):
    import no_such_package
ALGORITHM = Algorithm(name="exotic", family=Family.OTHER, summary="s", reference="r", build=build,
                      packages={"no_such_package": "no-such-package>=2"})
"""
BROKEN = """
from clusterbench.plugins import Algorithm, Family
def build(X, seed):
    def cut(k):
        if k == 3:
            raise RuntimeError("three is too many")
        return [0] * (len(X) // 2) + [1] * (len(X) - len(X) // 2)
    return cut
ALGORITHM = Algorithm(name="broken", family=Family.OTHER, summary="s", reference="r", build=build, packages={})
"""


def test_missing_packages_and_failures_are_rows_with_reasons_and_change_no_other_row(first, finished):
    finished.plugin("exotic", EXOTIC)
    finished.plugin("broken", BROKEN)
    done = finished.run(HEAD + '[[algorithms]]\nuse = "exotic"\n[[algorithms]]\nuse = "broken"\n' + NONE)
    skipped = done.cells[done.cells["algorithm"] == "exotic"]
    assert len(skipped) == 2 * 3 * 2
    assert set(skipped["status"]) == {"skipped"}
    assert "pip install" in skipped["reason"].iloc[0]
    failed = done.cells[(done.cells["algorithm"] == "broken") & (done.cells["status"] == "failed")]
    assert {json.loads(cut)["k"] for cut in failed["cut"]} == {3}
    assert failed["reason"].str.startswith("RuntimeError: three is too many (broken.py:").all()
    assert done.n_failed == len(failed) == 4
    others = done.cells[~done.cells["algorithm"].isin(["broken", "exotic"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, first.cells)


def test_a_quick_run_is_another_benchmark_with_fewer_rows_seeds_and_cuts(study):
    text = HEAD.replace('path = "blobs.csv"', 'use = "credit-card"').replace("raw = []\n", "")
    plan = study.plan(text.replace("standard = [", 'standard = [{ step = "impute" }, '), quick=True)
    assert plan.name == "blobs-quick"
    assert plan.datasets["credit-card"].n_rows == 2000
    assert plan.benchmark.seeds == (0,)


def test_a_plan_warns_where_categories_have_most_of_the_variance(tmp_path):
    frame = pd.DataFrame({"x": [0.0, 1, 2, 3] * 3, "a": list("kkllmmkkllmm"), "b": list("uvwuvwuvwuvw")})
    study = Workspace(tmp_path, "study", mixed=frame)
    text = """
        k = [2]
        reference_spaces = ["standard"]
        [[datasets]]
        path = "mixed.csv"
        roles = { a = "category", b = "category" }
        [variants]
        standard = [{ step = "one_hot" }, { step = "standardize" }]
        [[algorithms]]
        use = "kmeans"
    """
    (warning,) = study.plan(text).warnings  # of each category 1 - 3/9, of the number 1: 4/3 of 7/3
    assert "categories have 57 % of the variance of the space standard" in warning.text
    drop = text.replace('[{ step = "one_hot"', '[{ step = "drop", columns = "b" }, { step = "one_hot"')
    assert study.plan(drop).warnings == ()  # 2/3 of 5/3


def test_reference_spaces_that_were_not_declared_are_left_out_where_they_cannot_be_made(study):
    text = HEAD.replace('reference_spaces = ["standard"]\n', "")
    plan = study.plan(text)
    assert plan.references == {"blobs": ("standard",)}
    assert any("log1p" in warning.text for warning in plan.warnings)
    with pytest.raises(RequestError, match="log1p"):
        study.plan(HEAD.replace('["standard"]', '["standard", "log1p"]'))


def test_a_run_in_which_nothing_can_be_ranked_still_ends_with_its_tables(finished):
    done = finished.run(HEAD + NONE + "[gate]\nmin_rows = 140\n")
    assert done.board.table.empty
    assert len(done.board.rejected) > 0
    assert done.board.headline


def test_two_variants_of_one_space_are_fitted_once_and_counted_as_shared(first, study):
    twin = changed("raw = []\n", "raw = []\nsame = []\n")
    done = study.run(twin, results="twin")
    same, raw = (done.cells[done.cells["variant"] == name] for name in ("same", "raw"))
    assert same["labels_sha256"].tolist() == raw["labels_sha256"].tolist()
    assert done.computed == first.computed
    n_raw, n_standard = len(raw), int((done.cells["variant"] == "standard").sum())
    partitions = PartitionCounts(2 * n_raw + n_standard, first.computed, 2 * n_raw + n_standard - first.computed)
    assert done.manifest.partitions == partitions


def test_memory_is_limited_to_a_share_of_the_machine_where_nobody_set_a_limit(finished):
    watched = finished.run(HEAD + NONE, settings=Settings(workers=1))  # all is in the store: no worker starts
    assert watched.manifest.limits.memory_mb > 500


def test_without_workers_no_limit_is_kept_or_recorded(first):
    assert first.manifest.limits == LimitsRecord(seconds=None, memory_mb=None)
