"""What is put into the store comes out of it, once."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, CutDone, TaskDone
from clusterbench.labeling import Labeling
from clusterbench.store import Store

from .conftest import FACTS

KEY = "a" * 64


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One store for examples that do not mind each other."""
    with Store.writer(tmp_path_factory.mktemp("shared")) as store:
        yield store


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-3, 2**40), min_size=1, max_size=60))
def test_any_labeling_comes_back_as_it_was(shared, values):
    labeling = Labeling.of(values)
    shared.put_cell(CutDone(KEY, "{}", CellStatus.OK, "", labeling))
    assert shared.labels(labeling.sha256).tolist() == labeling.labels.tolist()
    assert shared.labelings([labeling.sha256])[labeling.sha256].dtype == np.int32
    row = shared.cells([KEY]).query("cut == '{}'").iloc[0]
    assert (row["labels_sha256"], row["n_rows"], row["n_noise"]) == (labeling.sha256, len(values), labeling.n_noise)
    assert row["sizes"] == str(list(labeling.sizes))


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=80), st.floats(0, 1e6), st.one_of(st.none(), st.floats(-1e300, 1e300)))
def test_any_reason_and_number_come_back(shared, reason, seconds, inertia):
    reason = reason.encode("utf-8", "replace").decode()
    shared.put_cell(CutDone(KEY, '{"x":1}', CellStatus.FAILED, reason, None, seconds, inertia))
    row = shared.cells([KEY]).query("cut == '{\"x\":1}'").iloc[0]
    assert (row["status"], row["reason"], row["seconds"]) == ("failed", reason, seconds)
    assert pd.isna(row["inertia"]) if inertia is None else row["inertia"] == inertia


def test_a_cell_that_is_put_twice_is_there_once(tmp_path, make_cell):
    with Store.writer(tmp_path) as store:
        for _ in range(2):
            store.put_cell(make_cell(k=3))
        cells = store.cells([KEY])
    assert len(cells) == 1
    assert cells.loc[0, ["seconds", "inertia", "build_seconds", "peak_mb", "info"]].tolist() == [
        0.5,
        12.25,
        0.25,
        3.0,
        '{"x": 1}',
    ]


def test_cuts_that_were_not_reached_share_the_fate_of_their_job(tmp_path, make_cell):
    end = TaskDone(KEY, CellStatus.TIMEOUT, "killed at the limit of 2 s", 1.5, 8.0)
    with Store.writer(tmp_path) as store:
        store.put_cell(make_cell(k=2))
        store.put_job(end, FACTS, ['{"k":3}', '{"k":4}'])
        found = store.finished_cells([KEY, "b" * 64])
        assert found == {KEY: {'{"k":2}': CellStatus.OK, '{"k":3}': CellStatus.TIMEOUT, '{"k":4}': CellStatus.TIMEOUT}}
        lost = store.cells([KEY]).query("status == 'timeout'")
        assert set(lost["reason"]) == {end.reason}
        assert set(lost["build_seconds"]) == {1.5}


def test_a_job_done_in_two_runs_takes_the_seconds_of_both(tmp_path):
    with Store.writer(tmp_path) as store:
        for seconds in (2.0, 3.0):
            store.put_job(TaskDone(KEY, CellStatus.OK, "", 1.0, 5.0), replace(FACTS, total_seconds=seconds), [])
        assert store.timings().values.tolist() == [["kmeans", 50, 5.0]]


def test_a_job_keeps_the_environment_of_its_own_run(tmp_path):
    other = "b" * 64
    with Store.writer(tmp_path) as store:
        store.put_job(TaskDone(KEY, CellStatus.OK, "", 1.0, 5.0), FACTS, [])
        store.put_job(TaskDone(other, CellStatus.OK, "", 1.0, 5.0), replace(FACTS, environment='{"cpu": "B"}'), [])
        found = store.environments([KEY, other, "c" * 64])
    assert {key: json.loads(text) for key, text in found.items()} == {
        KEY: {"python": "3.11", "threads": 1},
        other: {"cpu": "B", "threads": 1},
    }


def test_times_of_a_cell_do_not_wait_for_the_end_of_its_job(tmp_path, make_cell):
    with Store.writer(tmp_path) as store:
        store.put_cell(make_cell())
        assert store.cells([KEY])[["build_seconds", "peak_mb"]].values.tolist() == [[0.25, 3.0]]


def test_a_hash_prefix_finds_its_labeling_in_any_case(tmp_path, make_cell):
    cells = [make_cell(k=k, seed=seed) for k in range(2, 8) for seed in range(10)]
    with Store.writer(tmp_path) as store:
        for number, cell in enumerate(cells):
            store.put_cell(CutDone(KEY, str(number), CellStatus.OK, "", cell.labeling))
        wanted = cells[0].labeling
        for prefix in (wanted.sha256, wanted.sha256[:12], wanted.sha256[:12].upper(), wanted.sha256.upper()):
            assert store.labels(prefix).tolist() == wanted.labels.tolist()
        with pytest.raises(RequestError, match="more than one labeling starts with"):
            store.labels(wanted.sha256[0])
        with pytest.raises(RequestError, match="no labeling starts with"):
            store.labels("0123456789abcdef0123")
        for wrong in ("", "xyz", "12 34", "%"):
            with pytest.raises(RequestError, match="is not the start of a SHA-256"):
                store.labels(wrong)


def test_scores_come_back_by_space(tmp_path):
    frame = pd.DataFrame(
        {
            "labels_sha256": ["1" * 64, "1" * 64, "2" * 64],
            "noise": ["zero", "drop", "zero"],
            "metric": "silhouette",
            "value": [0.5, np.nan, -0.25],
            "status": ["ok", "undefined", "ok"],
            "reason": ["", "one cluster", ""],
        }
    )
    with Store.writer(tmp_path) as store:
        store.put_scores("space", frame)
        store.put_scores("space", frame)
        store.put_scores("other", frame.iloc[:1])
        assert store.scored("space") == {
            ("1" * 64, "zero", "silhouette"),
            ("1" * 64, "drop", "silhouette"),
            ("2" * 64, "zero", "silhouette"),
        }
        back = store.scores(["space"]).sort_values(["labels_sha256", "value"])
        assert back["value"].tolist()[0::2] == [0.5, -0.25]
        assert np.isnan(back["value"].tolist()[1])
        assert store.scores(["space", "other"], "zero")["value"].sum() == 0.5 - 0.25 + 0.5
        assert store.scores(["nowhere"]).empty
        of_one = store.scores(["space", "other"], labels=["2" * 64, "3" * 64])
        assert of_one[["labels_sha256", "space_hash", "value"]].values.tolist() == [["2" * 64, "space", -0.25]]
        every = store.scores(["space", "other"])
        pd.testing.assert_frame_equal(store.scores(["other", "space"], labels=["2" * 64, "1" * 64]), every)
        of_both = store.scores(["space", "other"], "drop", ["1" * 64])
        assert of_both["space_hash"].tolist() == ["space"]


def test_many_keys_are_asked_for_at_once(tmp_path, make_cell):
    keys = [f"{number:064x}" for number in range(1203)]
    with Store.writer(tmp_path) as store:
        for key in keys[::100]:
            store.put_cell(make_cell(key))
        assert set(store.finished_cells(keys)) == set(keys[::100])
        assert len(store.cells(keys)) == len(keys[::100])
        assert store.finished_cells([]) == {}


def test_benchmarks_come_back_latest_first(tmp_path):
    with Store.writer(tmp_path) as store:
        store.put_benchmark("wine", '{"title": "Wine"}', '{"python": "3.11"}')
        store.put_benchmark("iris", "{}", "{}")
        assert store.benchmarks() == ["iris", "wine"]
        store.put_benchmark("wine", '{"title": "Wine 2"}', '{"python": "3.12"}')
        assert store.benchmarks() == ["wine", "iris"]
        assert store.benchmark("wine") == ('{"title": "Wine 2"}', '{"python": "3.12"}')
        with pytest.raises(RequestError, match=r"no benchmark 'beer' in this store \(allowed: wine, iris\)"):
            store.benchmark("beer")


def test_frames_come_back_by_key(tmp_path):
    frame = pd.DataFrame({"metric": ["a", "b"], "mean": [0.1, 0.2]})
    with Store.writer(tmp_path) as store:
        store.put_frame("key", frame)
        pd.testing.assert_frame_equal(store.frame("key"), frame)
        assert store.frame("other") is None


def test_a_transaction_is_all_or_nothing(tmp_path, make_cell):
    with Store.writer(tmp_path) as store:
        cell = make_cell()
        with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint"):
            store.put_cell(CutDone(KEY, "{}", CellStatus.FAILED, "with labels all the same", cell.labeling))
        assert store.cells([KEY]).empty
        with pytest.raises(RequestError, match="no labeling"):
            store.labels(cell.labeling.sha256)
        store.put_cell(cell)
        assert len(store.cells([KEY])) == 1
