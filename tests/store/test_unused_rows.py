"""What a benchmark uses is listed while it runs; what none uses can be removed."""

from __future__ import annotations

from contextlib import ExitStack

import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, TaskDone
from clusterbench.store import STORE_NAME, Store

from .conftest import FACTS

KEYS = ["a" * 64, "b" * 64]


def run(folder, make_cell, name, keys, frame=None):
    """Do what a run does: ask for what is there, and store what is not."""
    with Store.writer(folder) as store:
        store.put_benchmark(name, "{}", "{}")
        finished = store.finished_cells(keys)
        for seed, key in enumerate(keys):
            if key not in finished:
                cell = make_cell(key, seed=seed)
                store.put_cell(cell)
                store.put_job(TaskDone(key, CellStatus.OK, "", 1.0, 5.0), FACTS, [])
        cells = store.cells(keys)
        row = {"labels_sha256": cells["labels_sha256"], "noise": "zero", "metric": "m", "value": 0.1}
        if not store.scored("space"):
            store.put_scores("space", pd.DataFrame({**row, "status": "ok", "reason": ""}))
        if frame and store.frame(frame) is None:
            store.put_frame(frame, pd.DataFrame({"x": [1]}))


def tables(parts) -> dict[str, int]:
    return {part.table: part.rows for part in parts}


def test_what_a_run_asked_for_or_stored_is_used(tmp_path, make_cell):
    run(tmp_path, make_cell, "one", KEYS, "frame")
    run(tmp_path, make_cell, "two", KEYS[:1])
    with Store.reader(tmp_path) as store:
        assert store.unused() == []
        assert tables(store.unused("two")) == {"benchmarks": 1}
        found = store.unused("one")
        assert tables(found) == {"benchmarks": 1, "scores": 1, "labelings": 1, "cells": 1, "jobs": 1, "frames": 1}
        assert all(part.size > 0 for part in found)
        with pytest.raises(RequestError, match="unknown benchmark 'on', did you mean 'one'"):
            store.unused("on")
    with Store.writer(tmp_path) as store:
        store.remove_unused("one")
        assert store.benchmarks() == ["two"]
        assert set(store.finished_cells(KEYS)) == {KEYS[0]}
        assert len(store.scores(["space"])) == 1
        assert store.frame("frame") is None
        assert store.unused() == []


def test_a_finished_run_replaces_the_list_of_the_one_before(tmp_path, make_cell):
    run(tmp_path, make_cell, "one", KEYS, "frame")
    run(tmp_path, make_cell, "one", KEYS[:1])
    with Store.reader(tmp_path) as store:
        assert tables(store.unused()) == {"scores": 1, "labelings": 1, "cells": 1, "jobs": 1, "frames": 1}


def test_an_interrupted_run_keeps_the_list_of_the_one_before_and_adds_its_own(tmp_path, make_cell):
    run(tmp_path, make_cell, "one", KEYS[:1], "frame")
    stack = ExitStack()
    store = stack.enter_context(Store.writer(tmp_path))
    store.put_benchmark("one", "{}", "{}")
    store.put_cell(make_cell(KEYS[1], seed=1))
    stack.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    with Store.reader(tmp_path) as store:
        assert store.unused() == []


def test_rows_without_a_benchmark_can_be_removed_and_give_their_space_back(tmp_path, make_cell):
    with Store.writer(tmp_path) as store:
        for seed in range(40):
            store.put_cell(make_cell(KEYS[0], k=9 + seed, n_rows=5000))
    size = (tmp_path / STORE_NAME).stat().st_size
    with Store.writer(tmp_path) as store:
        assert tables(store.unused()) == {"labelings": 40, "cells": 40}
        store.remove_unused()
    assert (tmp_path / STORE_NAME).stat().st_size < size / 2
