"""What the harness costs per trivial cell: isolated and stored below 2 ms, looked up again below 0.2 ms."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from clusterbench.execution import CutDone, Pool, Started, Task, TaskDone, execute, perform
from clusterbench.store import JobFacts, Store

N_ROWS = 8950
COLD_SECONDS, WARM_SECONDS = 2e-3, 0.2e-3  # per cell
PLUGIN = '''
"""Returns labels at once, so that all a cell costs is the harness."""
import numpy as np
from clusterbench.plugins import Algorithm, CutRange, Family

def build(X, seed):
    rows = np.arange(len(X))
    return lambda part: (rows > part).astype(int)

ALGORITHM = Algorithm("trivial", Family.OTHER, __doc__, "none", build, cuts=(CutRange("part", (1,)),), packages={})
'''
FACTS = JobFacts("s", "trivial", 1, "{}", 0, N_ROWS, 1, 0.0, "{}")
SHAPES = {"one job of 500 cuts": (1, 500), "200 jobs of one cut": (200, 1)}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plugin") / "trivial.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture(scope="module")
def space_path(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("space") / "space.npy"
    np.save(path, np.random.default_rng(0).normal(size=(N_ROWS, 17)))
    return str(path)


@pytest.fixture(params=SHAPES, ids=list(SHAPES))
def tasks(request, plugin, space_path):
    """Make fresh tasks of the shape, under keys that no store has seen."""
    jobs, cuts = SHAPES[request.param]
    numbers = count()

    def make() -> list[Task]:
        names = [hashlib.sha256(f"{request.param} {next(numbers)}".encode()).hexdigest() for _ in range(jobs)]
        wanted = tuple(json.dumps({"part": 2 * part}) for part in range(cuts))
        return [Task(name, str(plugin), "{}", 0, wanted, space_path) for name in names]

    return make


def store_events(store: Store, events) -> int:
    """Store events as a run does; return the number of cells."""
    done = 0
    for event in events:
        if isinstance(event, CutDone):
            store.put_cell(event)
            done += 1
        elif isinstance(event, TaskDone):
            store.put_job(event, FACTS, [])
    return done


def check_cost(benchmark, cells: int, limit: float) -> None:
    """Print the cost of a cell and compare it with its limit; the fastest round is the least disturbed one."""
    each = benchmark.stats["min"] / cells
    benchmark.extra_info["ms per cell"] = 1e3 * each
    print(f"\n{benchmark.name}: {1e3 * each:.3f} ms per cell (limit {1e3 * limit:g} ms)")
    assert each < limit


def test_isolated_cells_from_task_to_store(benchmark, tasks, tmp_path):
    with Store.writer(tmp_path) as store, Pool(1) as pool:
        store_events(store, pool.run(tasks()))  # the start of the worker is not the overhead of a cell
        cells = benchmark.pedantic(
            lambda todo: store_events(store, pool.run(todo)), setup=lambda: ((tasks(),), {}), rounds=8
        )
    check_cost(benchmark, cells, COLD_SECONDS)


def test_cells_in_this_process_from_task_to_store(benchmark, tasks, tmp_path):
    with Store.writer(tmp_path) as store:
        cells = benchmark.pedantic(
            lambda todo: store_events(store, execute(todo, workers=0)), setup=lambda: ((tasks(),), {}), rounds=8
        )
    check_cost(benchmark, cells, COLD_SECONDS)


def test_finished_cells_are_looked_up(benchmark, tasks, tmp_path):
    todo = tasks()
    with Store.writer(tmp_path) as store:
        cells = store_events(store, (event for task in todo for event in perform(task)))
    keys = [task.key for task in todo]

    def look() -> int:
        with Store.reader(tmp_path) as store:
            store.finished_cells(keys)
            return len(store.cells(keys))

    assert benchmark(look) == cells
    check_cost(benchmark, cells, WARM_SECONDS)


def test_start_of_a_worker(benchmark, plugin, space_path):
    def start() -> None:
        task = Task("e" * 64, str(plugin), "{}", 0, ('{"part": 2}',), space_path)
        with closing(execute([task], workers=1)) as events:
            assert any(isinstance(event, Started) for event in events)

    benchmark.pedantic(start, rounds=5)
    print(f"\na worker from nothing to its first job and away again: {benchmark.stats['min']:.2f} s")
