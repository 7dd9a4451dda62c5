"""What is still to be done: obstacles, retries, open cells, and how long they will take."""

from __future__ import annotations

import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, TaskDone
from clusterbench.results import PartitionCounts, store_status
from clusterbench.running import Settings, estimate, unfinished_jobs
from clusterbench.store import JobFacts, Store

from .conftest import KMEANS, RANKING, WARD

SMALL = """
from clusterbench.plugins import Algorithm, Family
def build(X, seed):
    return lambda k: [row % k for row in range(len(X))]
ALGORITHM = Algorithm(name="small", family=Family.OTHER, summary="s", reference="r", build=build, max_rows=MAX)
"""
FLAKY = """
from pathlib import Path
from clusterbench.plugins import Algorithm, Family
def build(X, seed):
    def cut(k):
        with open(CALLS, "a") as file:
            file.write(f"{k} ")
        if k == 3 and not Path(MENDED).exists():
            raise RuntimeError("not yet")
        return [row % k for row in range(len(X))]
    return cut
ALGORITHM = Algorithm(name="flaky", family=Family.OTHER, summary="s", reference="r", build=build, deterministic=True)
"""


def test_a_table_with_more_rows_than_an_algorithm_can_take_skips_it(workspace):
    workspace.plugin("small", SMALL.replace("small", "smaller"), MAX=124)
    workspace.plugin("enough", SMALL.replace("small", "enough"), MAX=125)
    done = workspace.run(RANKING, KMEANS, *(f'[[algorithms]]\nuse = "{name}"\n' for name in ("smaller", "enough")))
    skipped, fitted = (done.cells[done.cells["algorithm"] == name] for name in ("smaller", "enough"))
    assert len(skipped) == len(fitted) == 3
    assert set(skipped["status"]) == {"skipped"}
    reason = "125 rows are more than the 124 that smaller is declared for and it has no rule for rows outside a sample"
    assert set(skipped["reason"]) == {f"{reason} (allowed: [fit] max_rows = {{ smaller = 125 }})"}
    assert set(fitted["status"]) == {"ok"}
    assert done.computed == 6
    assert done.manifest.partitions == PartitionCounts(asked=9, fitted=6, shared=0)


def test_a_declared_limit_can_be_raised_in_the_benchmark_file(workspace):
    workspace.plugin("smaller", SMALL.replace("small", "smaller"), MAX=124)
    done = workspace.run(RANKING, "[fit]\nmax_rows = { smaller = 125 }\n", '[[algorithms]]\nuse = "smaller"\n')
    assert set(done.cells["status"]) == {"ok"}


def test_a_limit_of_an_algorithm_that_is_not_run_is_refused(shared):
    with pytest.raises(RequestError, match=r"fit.max_rows: unknown algorithm 'kmean'"):
        shared.plan(RANKING, "[fit]\nmax_rows = { kmean = 5 }\n", KMEANS)


def test_more_clusters_than_rows_are_refused_before_anything_is_done(shared):
    with pytest.raises(RequestError, match=r"rules.toml: k: k = 126 is more than the 125 rows of clouds") as caught:
        shared.plan(RANKING, '[[algorithms]]\nuse = "kmeans"\nk = [5, 126]\n')
    assert caught.value.allowed == "k up to 125"


def test_a_failed_cell_is_left_until_it_is_to_be_tried_again_and_then_alone(workspace):
    calls, mended = workspace.folder / "calls", workspace.folder / "mended"
    workspace.plugin("flaky", FLAKY, CALLS=str(calls), MENDED=str(mended))
    parts = (RANKING, '[[algorithms]]\nuse = "flaky"\n')
    first = workspace.run(*parts)
    assert first.n_failed == 1
    assert calls.read_text().split() == ["2", "3", "4"]
    mended.touch()
    kept = workspace.run(*parts)
    assert (kept.computed, kept.n_failed) == (0, 1)
    assert calls.read_text().split() == ["2", "3", "4"]
    retried = workspace.run(*parts, settings=Settings(workers=0, retry=True))
    assert (retried.computed, retried.n_failed) == (1, 0)
    assert calls.read_text().split() == ["2", "3", "4", "3"]
    others = first.cells["k"] != 3
    pd.testing.assert_frame_equal(
        first.cells[others].drop(columns="inertia"), retried.cells[others].drop(columns="inertia")
    )


def test_a_plan_says_what_is_open_and_the_status_what_is_to_do(workspace):
    manifest = workspace.run(RANKING, KMEANS).manifest
    plan = workspace.plan(RANKING, KMEANS, WARD, '[[algorithms]]\nuse = "kmeans"\nn_init = 1\nk = [3, 7]\n')
    with workspace.store() as store:
        todo = unfinished_jobs(plan, store, retry=False)
        assert [(planned.job.algorithm, cuts) for planned, cuts in todo] == [
            ("kmeans", ('{"k": 7}',)),
            ("agglomerative", ('{"k": 2}', '{"k": 3}', '{"k": 4}')),
        ]
    with Store.writer(workspace.folder / "results") as store:
        store.put_benchmark(plan.name, plan.record().to_json(), manifest.to_json())
        counts = store_status(store)["rules"]
    assert counts["to do"] == 4
    assert sum(counts.values()) == plan.n_cells == 7


def put_timing(store: Store, key: str, algorithm: str, n_rows: int, seconds: float) -> None:
    facts = JobFacts("s", algorithm, 1, "{}", 0, n_rows, 1, seconds, "{}")
    store.put_job(TaskDone(key, CellStatus.OK), facts, [])


def test_an_estimate_grows_from_the_nearest_timing_as_the_algorithm_does(workspace):
    plan = workspace.plan(RANKING, KMEANS, WARD)
    with Store.writer(workspace.folder / "results") as store:
        todo = unfinished_jobs(plan, store, retry=False)
        assert estimate(plan, store, todo) == (0.0, ["kmeans", "agglomerative"])
        for number, (n_rows, seconds) in enumerate([(100, 1.0), (100, 3.0), (10, 9.0)]):
            put_timing(store, str(number), "kmeans", n_rows, seconds)
        # 125 rows, from the median 2 of 100 rows: linear, since beyond what was timed nothing grows slower
        assert estimate(plan, store, todo) == (pytest.approx(2.0 * 1.25), ["agglomerative"])
        put_timing(store, "ward", "agglomerative", 50, 1.0)  # which has a limit: quadratic, until there is a slope
        assert estimate(plan, store, todo) == (pytest.approx(2.5 + 2.5**2), [])
        third = [(planned, cuts[:1]) for planned, cuts in todo]
        assert estimate(plan, store, third) == (pytest.approx((2.5 + 2.5**2) / 3), [])
        put_timing(store, "larger", "agglomerative", 200, 64.0)  # slope 3 from 50 to 200 rows
        assert estimate(plan, store, todo) == (pytest.approx(2.5 + 64.0 * (125 / 200) ** 3), [])
        assert estimate(plan, store, []) == (0.0, [])
    assert estimate(plan, None, todo) == (0.0, ["kmeans", "agglomerative"])
