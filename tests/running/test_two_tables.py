"""A run over two tables: common spaces, a board of each and one of both, and what is told on the way."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.preprocessing import StandardScaler

from clusterbench import run
from clusterbench.errors import RequestError
from clusterbench.ranking import AlertKind
from clusterbench.results import (
    PartitionCounts,
    RunRecord,
    StoredRun,
    cells_table,
    load_stored_run,
    read_record,
    row_ids,
    store_status,
)
from clusterbench.running import Settings, prepare
from clusterbench.store import Store
from clusterbench.tables import CELL_COLUMNS

TOML = """
title = "Two tables"
seeds = [0, 1]
k = [2, 3, 4]
[[datasets]]
path = "pair.csv"
id = "customer"
truth = "kind"
[[datasets]]
path = "trio.csv"
truth = "kind"
[variants]
raw = []
standard = [{ step = "standardize" }]
[ranking]
k_policies = ["oracle", "silhouette"]
order = "mean_rank"
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
[[algorithms]]
use = "agglomerative"
linkage = "ward"
"""
ENTRY_KEY = ["algorithm", "params", "variant"]
FEATURES = ["a", "b"]
N = 90
CUT_4 = '{"k": 4}'


class Recording:
    """Progress that is kept."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, list[int]]] = []
        self.notes: list[str] = []
        self.lines: list[str] = []

    def stage(self, name: str, total: int) -> None:
        self.stages.append((name, total, []))

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.stages[-1][2].append(steps)
        self.notes.append(note)

    def say(self, text: str) -> None:
        self.lines.append(text)


class Finished:
    """A first run and one that finds everything done."""

    def __init__(self, folder: Path, text: str = TOML) -> None:
        self.folder = folder
        rng = np.random.default_rng(0)
        for name, groups, low in [("pair", 2, 30), ("trio", 3, -30)]:
            kinds = np.arange(N) % groups
            table = rng.normal(size=(N, 2)) + 9 * np.array([[0, 0], [1, 0], [0, 1]])[kinds] + low
            frame = pd.DataFrame(table, columns=FEATURES).assign(kind=[f"kind {kind}" for kind in kinds])
            if name == "pair":
                frame["customer"] = [f"C{number:03d}" for number in range(N)]
            frame.to_csv(folder / f"{name}.csv", index=False)
        (folder / "two.toml").write_text(text)
        self.told, self.told_again = Recording(), Recording()
        self.first, self.second = self.again(self.told), self.again(self.told_again)

    def again(self, progress: Recording, **options: Any) -> StoredRun:
        return run(
            "two.toml",
            results=self.folder / "results",
            workspace=self.folder,
            settings=Settings(workers=0),
            progress=progress,
            **options,
        )

    def table(self, name: str) -> np.ndarray:
        return pd.read_csv(self.folder / f"{name}.csv", float_precision="round_trip")[FEATURES].to_numpy()


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Finished:
    return Finished(tmp_path_factory.mktemp("two"))


def test_a_space_that_one_table_cannot_have_is_no_reference_space_of_any(done):
    assert done.first.record.references == {"pair": ("standard",), "trio": ("standard",)}
    (warning,) = done.first.record.warnings
    assert (warning.kind, warning.dataset) == (AlertKind.DATA, "trio")
    assert warning.text.startswith("default reference space log1p left out: log1p of column 'a'")
    assert done.told.lines == [f"warning: {warning}"]


def beside(done: Finished, folder: Path, text: str, **columns: object) -> None:
    """Write the same tables with another benchmark, and columns of the first table replaced."""
    (folder / "trio.csv").write_bytes((done.folder / "trio.csv").read_bytes())
    pd.read_csv(done.folder / "pair.csv").assign(**columns).to_csv(folder / "pair.csv", index=False)
    (folder / "two.toml").write_text(text)


def test_a_declared_space_that_one_table_cannot_have_is_refused(done, tmp_path):
    beside(done, tmp_path, f'reference_spaces = ["standard", "log1p"]\n{TOML}')
    with pytest.raises(RequestError, match=r"two\.toml: reference space log1p on trio: step 2: log1p of column 'a'"):
        prepare("two.toml", workspace=tmp_path)


def test_tables_without_any_common_space_are_refused_with_every_reason(done, tmp_path):
    # The first table has a gap, which only the space that is fitted fills; the second is negative.
    text = TOML.replace("raw = []", 'raw = [{ step = "impute" }]').replace('use = "', 'variants = ["raw"]\nuse = "')
    beside(done, tmp_path, text, a=[np.nan, *range(1, N)])
    with pytest.raises(RequestError) as caught:
        prepare("two.toml", workspace=tmp_path)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'two.toml'}: no reference space is possible for every dataset: ")
    assert "pair: default reference space standard left out" in told
    assert "trio: default reference space log1p left out" in told


def test_jobs_and_cells_of_the_plan_are_those_of_both_tables(done):
    plan, _ = prepare("two.toml", workspace=done.folder)
    # For each table and variant k-means has a job per seed, and Ward one for both seeds.
    assert len(plan.jobs) == 2 * 2 * (2 + 1)
    assert plan.n_cells == 2 * 2 * 3 * (2 + 2) == len(done.first.cells)
    assert done.first.computed == 2 * 2 * 3 * (2 + 1)


def test_a_recorded_plan_comes_back_from_json_and_makes_the_same_tables(done):
    plan, _ = prepare("two.toml", workspace=done.folder)
    record = RunRecord.from_json(plan.record().to_json(), name="two")
    assert record == plan.record()
    with Store.reader(done.folder / "results") as store:
        stored, _ = read_record(store, "two")
        pd.testing.assert_frame_equal(cells_table(store, "two", record), done.first.cells)
    assert stored == replace(record, frames=stored.frames)
    assert {frame.dataset for frame in stored.frames} == {"pair", "trio"}


def test_a_recorded_plan_tells_hashes_rows_and_classes_of_its_tables(done):
    plan, _ = prepare("two.toml", workspace=done.folder)
    found = done.first.record.datasets
    assert {name: (entry.n_rows, entry.true_k) for name, entry in found.items()} == {
        "pair": (N, 2),
        "trio": (N, 3),
    }
    assert {name: entry.content_hash for name, entry in found.items()} == {
        name: dataset.content_hash for name, dataset in plan.datasets.items()
    }
    assert [entry.columns for entry in found.values()] == [tuple(FEATURES)] * 2
    assert done.first.record.toml == TOML


def test_spaces_of_different_tables_never_share_a_key(done):
    spaces = done.first.record.spaces
    assert sorted((space.dataset, space.variant) for space in spaces) == [
        ("pair", "classes:kind"),
        ("pair", "log1p"),
        ("pair", "raw"),
        ("pair", "standard"),
        ("trio", "classes:kind"),
        ("trio", "raw"),
        ("trio", "standard"),
    ]
    assert len({space.score_key for space in spaces}) == len(spaces)


def test_the_oracle_takes_the_number_of_classes_of_each_table(done):
    board = done.first.board.table
    oracle = board[board["oracle"] & (board["dataset"] != "(all)")]
    assert oracle.groupby("dataset")["k"].agg(set).to_dict() == {"pair": {2}, "trio": {3}}
    assert set(oracle["k_policy"]) == {"oracle"}
    assert len(oracle) == 2 * len(oracle[ENTRY_KEY].drop_duplicates()) == 2 * 4


def test_silhouette_takes_the_k_of_the_highest_mean_over_seeds(done):
    board, scores = done.first.board.table, done.first.scores
    here = scores[(scores["space"] == "standard") & (scores["metric"] == "silhouette")]
    means = here.groupby(["dataset", *ENTRY_KEY, "k"])["value"].mean()
    rows = board[(board["k_policy"] == "silhouette") & (board["dataset"] != "(all)")]
    for _, row in rows.iterrows():
        assert row["k"] == means[tuple(row[["dataset", *ENTRY_KEY]])].idxmax()


def test_the_board_of_both_tables_ranks_by_the_mean_of_their_mean_ranks(done):
    board = done.first.board.table
    both = board[board["dataset"] == "(all)"]
    assert not both.empty
    for _, row in both.iterrows():
        parts = board[(board["dataset"] != "(all)") & (board["oracle"] == row["oracle"])]
        parts = parts[(parts[ENTRY_KEY] == row[ENTRY_KEY]).all(axis=1)]
        assert parts["dataset"].tolist() == ["pair", "trio"]
        assert row["mean_rank"] == pytest.approx(parts["mean_rank"].mean(), abs=1e-8)
    assert both["mean_rank"].is_monotonic_increasing
    assert both["cut"].isna().all()


@pytest.mark.parametrize("name", ["pair", "trio"])
def test_scores_of_each_table_are_those_of_scikit_learn_in_its_own_standard_space(done, name):
    space = StandardScaler().fit_transform(done.table(name))
    oracles = {
        "silhouette": silhouette_score,
        "davies_bouldin": davies_bouldin_score,
        "calinski_harabasz": calinski_harabasz_score,
    }
    scores = done.first.scores
    mine = scores[(scores["dataset"] == name) & (scores["variant"] == "raw") & (scores["cut"] == CUT_4)]
    mine = mine[(mine["space"] == "standard") & (mine["algorithm"] == "kmeans") & (mine["seed"] == 0)]
    with Store.reader(done.folder / "results") as store:
        labels = store.labels(mine["labels_sha256"].iloc[0])
    for metric, oracle in oracles.items():
        assert mine.loc[mine["metric"] == metric, "value"].item() == pytest.approx(oracle(space, labels), rel=1e-6)


def test_stages_come_in_their_order_and_their_steps_add_up(done):
    assert [(name, total) for name, total, _ in done.told.stages] == [
        ("fitting", 36),
        ("scoring", 2 * 2),
        ("details", 2),
    ]
    for name, total, steps in (*done.told.stages, *done.told_again.stages):
        assert sum(steps) == total, name
        assert min(steps, default=0) >= 0


def test_every_step_of_the_fitting_names_its_job_and_of_the_scoring_its_space(done):
    noted = set(done.told.notes)
    assert {"pair / raw / kmeans", "trio / standard / agglomerative", "pair / standard", "trio / raw"} <= noted
    assert not any("kmeans" in note for note in done.told_again.notes)


def test_a_second_run_has_nothing_to_fit_and_keeps_the_manifest(done):
    assert done.second.computed == 0
    assert done.told_again.stages[0] == ("fitting", 0, [])
    assert done.second.manifest == done.first.manifest
    assert load_stored_run(done.folder / "results", "two").manifest == done.first.manifest


def test_a_manifest_tells_what_the_results_were_made_of(done):
    manifest = done.first.manifest
    assert manifest.seeds == (0, 1)
    assert manifest.benchmark_sha256 == hashlib.sha256(TOML.encode()).hexdigest()
    assert manifest.datasets == {name: entry.content_hash for name, entry in done.first.record.datasets.items()}
    # Of Ward, which is deterministic, both seeds share a fit.
    assert manifest.partitions == PartitionCounts(asked=48, fitted=36, shared=12)
    assert (manifest.workers, manifest.threads, manifest.executor) == (0, 1, "this process")
    assert min(manifest.seconds.fitting, manifest.seconds.scoring, manifest.seconds.statistics) >= 0
    assert manifest.environment.packages["numpy"] == np.__version__


def test_row_ids_are_customers_where_a_table_has_them_and_numbers_where_not(done):
    hashes = done.first.cells.groupby("dataset")["labels_sha256"].agg(set)
    with Store.reader(done.folder / "results") as store:
        pair = row_ids(store, sorted(hashes["pair"] - hashes["trio"])[0])
        trio = row_ids(store, sorted(hashes["trio"] - hashes["pair"])[0])
    assert pair == [f"C{number:03d}" for number in range(N)]
    assert len(set(trio)) == N
    assert [int(row) for row in trio] in (list(range(N)), list(range(1, N + 1)))


def test_a_part_of_the_run_is_another_benchmark_of_the_same_store(done):
    part = done.again(Recording(), only=["dataset=trio", "algorithm=kmeans", "k=3", "seed=1"])
    assert (part.name, part.computed) == ("two-part", 0)
    assert len(part.cells) == 2
    whole = done.first.cells
    same = whole[(whole["dataset"] == "trio") & (whole["algorithm"] == "kmeans")]
    same = same[(same["seed"] == 1) & (same["k"] == 3)].reset_index(drop=True)
    columns = [name for name in CELL_COLUMNS if name != "benchmark"]
    pd.testing.assert_frame_equal(part.cells[columns], same[columns])
    assert part.record.only == {"dataset": ("trio",), "algorithm": ("kmeans",), "k": ("3",), "seed": ("1",)}
    assert "(all)" not in set(part.board.table["dataset"])
    with Store.reader(done.folder / "results") as store:
        assert sum(store_status(store)["two-part"].values()) == 2
