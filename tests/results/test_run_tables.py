"""The long tables, from a store and a record that are written by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.execution import CellStatus
from clusterbench.labeling import Labeling
from clusterbench.metrics import NoisePolicy
from clusterbench.ranking import Gate
from clusterbench.results import RunRecord, alternative_scores, cells_table, row_ids, scores_table, store_status
from clusterbench.store import Store
from clusterbench.tables import CELL_COLUMNS, SCORE_COLUMNS

from .conftest import MANIFEST, SPACES, N, dataset, done, job, labels_of, record_of, references, spaces


def only(store: Store, labeling: Labeling, gate: Gate | None = None) -> pd.Series:
    """Return the one cell of a record whose job gave this labeling."""
    store.put_cell(done("1", 2, labeling))
    (cell,) = cells_table(store, "b", record_of(job("1", [2]), gate=gate or Gate())).to_dict("records")
    return pd.Series(cell)


@pytest.mark.parametrize(
    ("sizes", "noise", "status", "reason"),
    [
        ((60, 40), 0, "ok", ""),
        ((90, 10), 0, "ok", ""),
        ((91, 9), 0, "rejected", "smallest cluster has 9 of 100 rows, needs 10"),
        ((100,), 0, "undefined", "one cluster is not a clustering"),
        ((90,), 10, "undefined", "one cluster plus noise is not a clustering"),
        ((), 100, "undefined", "all rows are noise"),
        ((40, 30), 30, "ok", ""),
        ((40, 29), 31, "rejected", "31 of 100 rows are noise (31.0 %), allowed 30 %"),
        ((50, 12, 10, 10, 10), 8, "ok", ""),
    ],
)
def test_a_labeling_is_judged_by_its_sizes(store, sizes, noise, status, reason):
    cell = only(store, labels_of(*sizes, noise=noise))
    assert (cell["status"], cell["reason"]) == (status, reason)
    assert cell["n_clusters"] == len(sizes)
    assert cell["noise_share"] == noise / N
    assert cell["sizes"] == sorted(sizes, reverse=True)
    if sizes:
        assert (cell["smallest"], cell["largest"]) == (min(sizes), max(sizes))


@pytest.mark.parametrize(
    ("gate", "sizes", "reason"),
    [
        (Gate(min_rows=1, min_share=0.2), (81, 19), "smallest cluster has 19 of 100 rows, needs 20"),
        (Gate(min_rows=1, min_share=0.2), (80, 20), ""),
        (Gate(max_share=0.6), (61, 39), "largest cluster has 61 of 100 rows, allowed 60"),
        (Gate(max_share=0.6), (60, 40), ""),
        (Gate(min_clusters=3), (60, 40), "2 clusters, needs 3"),
        (Gate(min_clusters=3), (40, 40, 20), ""),
        (Gate(max_noise=0.0), (50, 50), ""),
    ],
)
def test_the_gate_of_the_plan_is_the_one_that_judges(store, gate, sizes, reason):
    cell = only(store, labels_of(*sizes), gate)
    assert (cell["status"], cell["reason"]) == (("rejected", reason) if reason else ("ok", ""))


@pytest.mark.parametrize("status", [CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY])
def test_a_cell_without_labels_keeps_its_status_and_reason(store, status):
    store.put_cell(done("1", 2, None, status=status, reason="so it ended", inertia=None))
    (cell,) = cells_table(store, "b", record_of(job("1", [2]))).to_dict("records")
    assert (cell["status"], cell["reason"]) == (status.value, "so it ended")
    assert cell["sizes"] is None
    assert pd.isna([cell[name] for name in ("labels_sha256", "n_clusters", "smallest", "noise_share")]).all()


def test_a_cell_has_the_facts_of_its_cut_its_job_and_its_table(store):
    labeling = labels_of(50, 30, noise=20)
    cell = only(store, labeling)
    assert pd.isna(cell["fitted_rows"])  # all rows were
    assert cell[list(CELL_COLUMNS)].tolist()[:-1] == [
        "b", "cards", "raw", "algorithm_1", "{}", '{"k": 2}', 2, 0, labeling.sha256, "ok", "", 2, 0.2, 30, 50,
        0.75, 2.0, 7.0,
    ]  # fmt: skip
    assert (cell["n_rows"], cell["job_key"], cell["space_hash"]) == (N, "1" * 64, "f" * 64)
    assert json.loads(cell["info"]) == {"n_iter": 3}


def test_cells_stand_in_the_order_of_the_plan_once_for_every_seed(store):
    record = record_of(job("2", [3, 2], seeds=(4, 1)), job("1", [2]))
    for letter, k in [("1", 2), ("2", 2), ("2", 3)]:
        store.put_cell(done(letter, k, labels_of(50, 50)))
    cells = cells_table(store, "b", record)
    found = list(zip(cells["algorithm"], cells["seed"], cells["k"], strict=True))
    two = [("algorithm_2", seed, k) for seed in (4, 1) for k in (3, 2)]
    assert found == [*two, ("algorithm_1", 0, 2)]
    assert cells["k"].dtype == "Int64"


def test_a_cut_that_is_no_k_has_no_k(store):
    record = record_of(job("1", [], cuts=('{"eps": 0.5}',)))
    store.put_cell(done("1", 2, labels_of(50, 50), cut='{"eps": 0.5}'))
    (cell,) = cells_table(store, "b", record).to_dict("records")
    assert pd.isna(cell["k"])
    assert cell["n_clusters"] == 2


def test_an_obstacle_skips_every_cell_but_those_that_ran_before_it_stood_in_the_way(store):
    record = record_of(job("1", [2, 3, 4], seeds=(0, 1), obstacle="needs exotic: pip install exotic"))
    store.put_cell(done("1", 3, labels_of(50, 50)))
    cells = cells_table(store, "b", record)
    assert cells["status"].tolist() == ["skipped", "ok", "skipped"] * 2
    assert cells.loc[cells["status"] == "skipped", "reason"].unique().tolist() == ["needs exotic: pip install exotic"]
    store.put_benchmark("b", record.to_json(), MANIFEST.to_json())
    assert store_status(store) == {"b": {"skipped": 4, "ok": 2, "to do": 0}}


def test_what_was_not_reached_is_no_row_and_is_still_to_do(store):
    record = record_of(job("1", [2, 3, 4]), job("2", [2, 3], seeds=(0, 1, 2)))
    store.put_benchmark("early", record.to_json(), MANIFEST.to_json())
    assert cells_table(store, "early", record).empty
    assert store_status(store) == {"early": {"to do": 9}}
    store.put_cell(done("1", 2, labels_of(50, 50)))
    store.put_cell(done("1", 4, labels_of(99, 1)))
    store.put_cell(done("2", 2, None, status=CellStatus.FAILED, reason="ValueError: no"))
    assert store_status(store) == {"early": {"ok": 1, "rejected": 1, "failed": 3, "to do": 4}}


def test_two_plans_of_one_store_are_counted_by_themselves(store):
    store.put_cell(done("1", 2, labels_of(91, 9)))
    store.put_benchmark("strict", record_of(job("1", [2])).to_json(), MANIFEST.to_json())
    store.put_benchmark("mild", record_of(job("1", [2, 3]), gate=Gate(min_rows=1)).to_json(), MANIFEST.to_json())
    assert store_status(store) == {"mild": {"ok": 1, "to do": 1}, "strict": {"rejected": 1, "to do": 0}}


def put_scores(store: Store, labeling: Labeling, values: dict[tuple[str, str], float]) -> None:
    """Put silhouettes by (space, noise policy)."""
    for (space, noise), value in values.items():
        row = {"labels_sha256": labeling.sha256, "noise": noise, "metric": "silhouette", "value": value}
        store.put_scores(SPACES[space], pd.DataFrame([{**row, "status": "ok", "reason": ""}]))


def test_scores_stand_in_the_own_and_in_every_reference_space(store):
    labeling = labels_of(50, 50)
    record = record_of(job("1", [2]), job("2", [2], variant="standard"))
    for letter in "12":
        store.put_cell(done(letter, 2, labeling))
    put_scores(store, labeling, {("raw", "zero"): 0.1, ("standard", "zero"): 0.2, ("log1p", "zero"): 0.3})
    table = scores_table(store, record, cells_table(store, "b", record))
    assert list(table.columns) == list(SCORE_COLUMNS)
    found = table.set_index(["variant", "space"])["value"].to_dict()
    assert found == {
        ("raw", "own"): 0.1,
        ("raw", "standard"): 0.2,
        ("raw", "log1p"): 0.3,
        ("standard", "own"): 0.2,
        ("standard", "standard"): 0.2,
        ("standard", "log1p"): 0.3,
    }


def test_scores_of_a_policy_are_those_of_that_policy(store):
    labeling = labels_of(50, 40, noise=10)
    record = record_of(job("1", [2]), references=references("standard"))
    store.put_cell(done("1", 2, labeling))
    put_scores(store, labeling, {("standard", "zero"): 0.2, ("standard", "drop"): 0.4})
    cells = cells_table(store, "b", record)
    assert scores_table(store, record, cells)["value"].tolist() == [0.2]
    assert scores_table(store, record, cells, policy="drop")["value"].tolist() == [0.4]
    assert scores_table(store, replace(record, noise=NoisePolicy.DROP), cells)["value"].tolist() == [0.4]
    assert scores_table(store, record, cells, policy="cluster").empty


def test_a_score_without_a_value_comes_with_its_reason(store):
    labeling = labels_of(50, 50)
    record = record_of(job("1", [2]), references=references("standard"))
    store.put_cell(done("1", 2, labeling))
    row = {"labels_sha256": labeling.sha256, "noise": "zero", "metric": "silhouette", "value": np.nan}
    store.put_scores(SPACES["standard"], pd.DataFrame([{**row, "status": "undefined", "reason": "all alike"}]))
    (score,) = scores_table(store, record, cells_table(store, "b", record)).to_dict("records")
    assert (score["status"], score["reason"]) == ("undefined", "all alike")
    assert np.isnan(score["value"])


def test_one_labeling_under_two_names_has_its_scores_under_both(store):
    labeling = labels_of(50, 50)
    record = record_of(job("1", [2, 3], seeds=(0, 1)), references=references("log1p"))
    for k in (2, 3):
        store.put_cell(done("1", k, labeling))
    put_scores(store, labeling, {("log1p", "zero"): 0.3})
    table = scores_table(store, record, cells_table(store, "b", record))
    assert table[["k", "seed"]].to_numpy().tolist() == [[2, 0], [3, 0], [2, 1], [3, 1]]
    assert set(table["value"]) == {0.3}


def test_each_table_of_a_run_is_scored_in_its_own_spaces(store):
    record = record_of(
        job("1", [2]),
        job("2", [2], dataset="wine"),
        datasets={name: dataset(N) for name in ("cards", "wine")},
        spaces=spaces(cards={"raw": "a" * 64}, wine={"raw": "e" * 64}),
        references={"cards": ("raw",), "wine": ("raw",)},
    )
    labeling = labels_of(50, 50)
    for letter in "12":
        store.put_cell(done(letter, 2, labeling))
    for space_hash, value in [("a" * 64, 0.1), ("e" * 64, 0.9)]:
        row = {"labels_sha256": labeling.sha256, "noise": "zero", "metric": "silhouette", "value": value}
        store.put_scores(space_hash, pd.DataFrame([{**row, "status": "ok", "reason": ""}]))
    table = scores_table(store, record, cells_table(store, "b", record))
    assert table.groupby("dataset")["value"].agg(set).to_dict() == {"cards": {0.1}, "wine": {0.9}}
    assert sorted(table["space"]) == ["own", "own", "raw", "raw"]


def noisy_and_quiet(store: Store, noisy: Labeling) -> tuple[RunRecord, pd.DataFrame]:
    record = record_of(
        job("1", [2]),
        job("2", [2]),
        references=references("standard"),
        policies=(NoisePolicy.ZERO, NoisePolicy.DROP, NoisePolicy.NEAREST),
    )
    quiet = labels_of(50, 50)
    for letter, labeling in [("1", noisy), ("2", quiet)]:
        store.put_cell(done(letter, 2, labeling))
        put_scores(store, labeling, {("standard", policy): 0.5 for policy in record.policies})
    return record, cells_table(store, "b", record)


def test_further_policies_are_asked_of_the_cells_with_noise_alone(store):
    record, cells = noisy_and_quiet(store, labels_of(50, 40, noise=10))
    found = alternative_scores(store, record, cells)
    assert list(found) == ["drop", "nearest"]
    assert [frame["algorithm"].tolist() for frame in found.values()] == [["algorithm_1"], ["algorithm_1"]]
    assert alternative_scores(store, replace(record, policies=(NoisePolicy.ZERO,)), cells) == {}
    assert list(alternative_scores(store, replace(record, noise=NoisePolicy.DROP), cells)) == ["zero", "nearest"]


@pytest.mark.parametrize("noisy", [labels_of(40, 20, noise=40), labels_of(95, noise=5), labels_of(60, 40)])
def test_noise_of_cells_that_are_not_ranked_asks_for_nothing(store, noisy):
    assert alternative_scores(store, *noisy_and_quiet(store, noisy)) == {}


def test_row_ids_are_those_of_the_table_that_was_labelled(store):
    tables = {name: dataset(N, name) for name in ("cards", "wine")}
    record = record_of(job("1", [2]), job("2", [2], dataset="wine"), datasets=tables)
    first, second, nobody = labels_of(50, 50), labels_of(60, 40), labels_of(70, 30)
    store.put_benchmark("b", record.to_json(), MANIFEST.to_json())
    store.put_cell(done("1", 2, first))
    store.put_cell(done("2", 2, second))
    store.put_frame("rows:wine", pd.DataFrame({"row_id": [f"W{i}" for i in range(N)]}))
    assert row_ids(store, second.sha256) == [f"W{i}" for i in range(N)]
    assert row_ids(store, first.sha256) is None
    assert row_ids(store, nobody.sha256) is None
    assert row_ids(store, second.sha256[:10]) is None


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One store for examples that do not mind each other."""
    with Store.writer(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


@settings(max_examples=40)
@given(st.lists(st.integers(1, 40), max_size=6), st.integers(0, 40))
def test_sizes_and_noise_of_any_labeling_make_up_its_rows(shared, sizes, noise):
    n_rows = sum(sizes) + noise
    if n_rows == 0:
        return
    record = record_of(job("1", [2]), datasets={"cards": dataset(n_rows)})
    shared.put_cell(done("1", 2, labels_of(*sizes, noise=noise)))
    (cell,) = cells_table(shared, "b", record).to_dict("records")
    assert sum(cell["sizes"]) + round(cell["noise_share"] * n_rows) == n_rows
    gate = Gate()
    smallest_allowed = max(10, -(-n_rows // 100))
    passes = (
        len(sizes) >= 2
        and min(sizes) >= smallest_allowed
        and max(sizes) <= gate.max_share * n_rows
        and noise <= gate.max_noise * n_rows
    )
    assert (cell["status"] == "ok") == passes
    assert (cell["reason"] == "") == passes
    assert (cell["status"] == "undefined") == (len(sizes) < 2)
