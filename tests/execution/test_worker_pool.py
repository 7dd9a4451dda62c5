"""The pool: order, limits, ends. What careless plug-ins do is in test_careless_plugins.py."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from clusterbench.errors import RequestError
from clusterbench.execution import (
    CellStatus,
    CutDone,
    CutStarted,
    Limits,
    Pool,
    Started,
    TaskDone,
    execute,
    perform,
)

from .careless_plugins import RECORDS, write_plugin
from .conftest import (
    descendants,
    is_supervisor,
    is_template,
    is_worker,
    labels_of,
    outcomes,
    statuses,
    subprocess_environment,
    within,
)

ALGORITHMS = Path(__file__).resolve().parents[2] / "algorithms"
POOLS = """
from threadpoolctl import threadpool_info
labels = Partition(labels, info={"threads": sorted({pool["num_threads"] for pool in threadpool_info()}),
                                 "omp": os.environ.get("OMP_NUM_THREADS"), "pid": os.getpid()})
"""


@pytest.fixture(scope="module")
def threaded(plugins) -> Path:
    """A plug-in that records the thread pools of scikit-learn."""
    return write_plugin(plugins, "threaded", cut=POOLS, packages={"sklearn.cluster": "scikit-learn"})


@pytest.mark.parametrize("workers", [0, 1])
def test_events_come_in_order_and_tasks_in_turn(make_task, workers):
    tasks = [make_task("healthy", name=str(number)) for number in range(3)]
    seen = {task.key: [] for task in tasks}
    for event in execute(tasks, workers=workers):
        seen[event.key].append(event)
    assert list(seen) == [task.key for task in tasks]
    for events in seen.values():
        assert [type(event) for event in events] == [Started, *[CutStarted, CutDone] * 3, TaskDone]
        assert [json.loads(event.cut)["k"] for event in events if isinstance(event, CutDone)] == [2, 3, 4]


def test_labels_do_not_depend_on_the_workers_nor_on_the_order(make_task):
    tasks = [
        *(make_task(ALGORITHMS / "kmeans.py", seed=seed, n_init=2) for seed in (0, 1)),
        *(make_task("draws_globally", seed=seed) for seed in (0, 1)),
    ]
    found = []
    for workers, order in ((0, tasks), (2, tasks[::-1])):
        cells = outcomes(order, execute(order, workers=workers))
        assert statuses(cells) == {CellStatus.OK}
        found.append({key: labels_of(job) for key, job in cells.items()})
    assert found[0] == found[1]


def test_workers_are_used_again_and_work_at_the_same_time(make_task, tmp_path, monkeypatch):
    for name in ("random", "numpy"):  # in the working directory: a plug-in imports the installed ones
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong module')")
    monkeypatch.chdir(tmp_path)
    tasks = [make_task("recorder", name=str(number), wait=0.1) for number in range(4)]
    cells = outcomes(tasks, execute(tasks, workers=2))
    facts = [cell.info for job in cells.values() for cell in job.values()]
    assert len({fact["pid"] for fact in facts}) == 2
    assert os.getpid() not in {fact["pid"] for fact in facts}
    assert {fact["cwd"] for fact in facts} == {os.getcwd()}
    assert len({fact["hash"] for fact in facts}) == 1
    assert not any(fact["pandas"] for fact in facts)  # which a worker has no use for: it would start slowly
    by_process = [[fact["times"] for fact in facts if fact["pid"] == pid] for pid in {fact["pid"] for fact in facts}]
    assert any(a[0] < b[1] and b[0] < a[1] for a, b in itertools.product(*by_process))


@pytest.mark.parametrize("threads", [2])  # one thread is that of the other tests
def test_threads_are_capped_in_every_library(make_task, threaded, threads):
    task = make_task(threaded, name=f"threads {threads}", ks=[2])
    (cell,) = outcomes([task], execute([task], workers=1, threads=threads))[task.key].values()
    assert cell.info["omp"] == str(threads)
    assert set(cell.info["threads"]) == {min(threads, os.cpu_count())}


def test_in_this_process_threads_are_capped_and_given_back(make_task, threaded):
    import sklearn.cluster  # noqa: F401 - its OpenMP is among what is capped
    from threadpoolctl import threadpool_info

    before = [pool["num_threads"] for pool in threadpool_info()]
    task = make_task(threaded, name="inside")
    cells = outcomes([task], execute([task], workers=0, threads=1))[task.key]
    assert cells[2].info["pid"] == os.getpid()
    assert cells[2].info["threads"] == [1]
    assert [pool["num_threads"] for pool in threadpool_info()] == before


@pytest.mark.parametrize("workers", [0, 2])
def test_a_task_that_needs_a_worker_gets_one_of_its_own(make_task, workers):
    plain = make_task("recorder", name="plain")
    other = replace(plain, key="f" * 64, needs_worker=True)
    cells = outcomes([plain, other], execute([plain, other], workers=workers))
    pids = [cells[task.key][2].info["pid"] for task in (plain, other)]
    assert pids[0] != pids[1] != os.getpid()
    assert (pids[0] == os.getpid()) == (workers == 0)


def test_imports_and_warm_up_count_neither_as_fitting_nor_against_the_limit(make_task, tmp_path):
    slow = write_plugin(tmp_path, "slow_start", top="time.sleep(0.6)", more=", warm_up=lambda: time.sleep(0.6)")
    task = make_task(slow)
    cells = outcomes([task], execute([task], workers=1, limits=Limits(seconds=1.0)))[task.key]
    assert statuses({"": cells}) == {CellStatus.OK}
    assert all(cell.build_seconds + cell.seconds < 0.5 for cell in cells.values())


def test_a_worker_over_its_time_is_gone_within_a_second(make_task):
    began = None
    with Pool(1, limits=Limits(seconds=0.5)) as pool:
        for event in pool.run([make_task("hangs_in_c", ks=[2, 3])]):
            if isinstance(event, Started):
                began = time.monotonic()
            if isinstance(event, TaskDone):
                assert 0.5 <= time.monotonic() - began <= 1.5
                assert within(0.5, lambda: all(map(is_template, descendants())))


@pytest.mark.parametrize(
    ("limits", "status"),
    [(Limits(), CellStatus.TIMEOUT), (Limits(seconds=float("inf")), CellStatus.OK), (Limits(seconds=9), CellStatus.OK)],
)
def test_a_worker_has_a_time_limit_unless_it_is_switched_off(make_task, monkeypatch, limits, status):
    monkeypatch.setattr("clusterbench.execution.worker_pool.DEFAULT_SECONDS", 0.2)
    task = make_task("recorder", ks=[2], wait=0.7)
    (cell,) = outcomes([task], execute([task], workers=1, limits=limits))[task.key].values()
    assert cell.status is status
    assert cell.reason in ("", "killed at the limit of 0.2 s")


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("-inf")])
@pytest.mark.parametrize("name", ["seconds", "memory_mb"])
def test_a_limit_that_is_no_number_above_0_is_refused(name, limit):
    with pytest.raises(RequestError, match=rf"limits\.{name}: a limit of .* \(allowed: a number above 0, or inf"):
        Limits(**{name: limit})


def test_a_worker_over_its_memory_is_gone_within_a_second(make_task):
    task = make_task("allocates_in_a_child", ks=[3])
    cells = outcomes([task], execute([task], workers=1, limits=Limits(memory_mb=300)))[task.key]
    assert cells[3].status is CellStatus.OUT_OF_MEMORY
    assert re.fullmatch(r"killed at \d+ MB, over the limit of 300 MB", cells[3].reason)
    assert cells[3].seconds < 20
    assert descendants() == []


def test_a_worker_killed_from_outside_costs_nothing(make_task):
    tasks = [make_task("recorder", name=str(number), wait=0.2) for number in range(3)]
    killed, events = 0, []
    with closing(execute(tasks, workers=2)) as running:
        for event in running:
            events.append(event)
            if isinstance(event, CutStarted) and killed < 2:
                killed += 1
                next(filter(is_worker, descendants())).send_signal(signal.SIGKILL)
    cells = outcomes(tasks, events)
    assert killed == 2
    assert statuses(cells) == {CellStatus.OK}
    assert len({tuple(labels_of(job).values()) for job in cells.values()}) == 1


@pytest.mark.parametrize("is_killed", [is_supervisor, is_template])
def test_a_process_above_a_worker_killed_from_outside_costs_nothing(make_task, is_killed):
    task, killed, events = make_task("recorder", wait=0.2), False, []
    for event in execute([task], workers=1):
        events.append(event)
        if isinstance(event, CutStarted) and not killed:
            killed = True
            next(filter(is_killed, descendants())).kill()
    assert statuses(outcomes([task], events)) == {CellStatus.OK}
    assert descendants() == []


def test_workers_begin_with_the_packages_of_their_task_imported(make_task):
    tasks = [replace(make_task("recorder", name="with", ks=[2]), packages=("no_such_package", "sklearn"))]
    tasks = [make_task("recorder", name="without", ks=[2]), *tasks]
    cells = outcomes(tasks, itertools.chain.from_iterable(execute([task], workers=1) for task in tasks))
    assert [cells[task.key][2].info["pandas"] for task in tasks] == [False, True]  # which scikit-learn imports


def test_a_worker_that_dies_between_jobs_costs_nothing(make_task):
    with Pool(1) as pool:
        for number in range(2):
            task = make_task("healthy", name=f"between {number}")
            assert statuses(outcomes([task], pool.run([task]))) == {CellStatus.OK}
            next(filter(is_worker, descendants())).send_signal(signal.SIGABRT)


def test_a_worker_that_keeps_memory_is_replaced(make_task):
    task = make_task("keeps_memory")
    with Pool(1) as pool:
        cells = outcomes([task], pool.run([task]))[task.key]
        assert within(0.5, lambda: all(map(is_template, descendants())))
    assert cells[4].peak_mb == pytest.approx(275, abs=15)
    assert cells[2].peak_mb < 20


def test_a_worker_serves_one_plugin_and_few_are_started(make_task, tmp_path):
    others = [write_plugin(tmp_path, f"recorder_{number}", cut=RECORDS) for number in range(2)]
    tasks = [make_task(path, name=str(turn), ks=[2]) for turn in range(4) for path in ("recorder", *others)]
    cells = outcomes(tasks, execute(tasks, workers=1))
    served = {}
    for task in tasks:
        served.setdefault(cells[task.key][2].info["pid"], set()).add(task.plugin)
    assert all(len(plugins) == 1 for plugins in served.values())
    assert len(served) == 3


def test_a_pool_runs_again_after_a_run_that_was_given_up(make_task):
    with Pool(2) as pool:
        for event in pool.run([make_task("hangs"), make_task("healthy")]):
            if isinstance(event, TaskDone):
                break
        task = make_task("healthy", name="later")
        assert statuses(outcomes([task], pool.run([task]))) == {CellStatus.OK}
    assert descendants() == []


def test_tasks_that_are_not_wanted_any_more_are_given_up(make_task):
    with Pool(1) as pool:
        wanted = []
        for event in pool.run([make_task("hangs")], is_wanted=lambda: not wanted):
            if isinstance(event, CutDone):
                wanted.append("no more")
        assert within(0.5, lambda: all(map(is_template, descendants())))


def test_a_generator_that_is_closed_ends_its_workers(make_task):
    with closing(execute([make_task("hangs")], workers=1)) as events:
        next(event for event in events if isinstance(event, CutStarted))
        assert len(descendants()) == 3  # the template, the supervisor and the worker
    assert descendants() == []


def test_when_no_worker_can_be_started_the_cells_say_so(make_task, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    task = make_task("healthy")
    cells = outcomes([task], execute([task], workers=1))[task.key]
    assert cells[2].status is CellStatus.FAILED
    assert "no worker could be started" in cells[2].reason
    assert cells[2].reason.endswith("tried 3 times")


def test_a_worker_that_the_kernel_kills_for_memory_costs_its_cut_and_is_not_tried_again(make_task, monkeypatch):
    kills = iter(range(100))
    monkeypatch.setattr("clusterbench.execution.worker_pool.memory_kills", lambda: next(kills))
    task = make_task("kills_itself")
    events = list(execute([task], workers=1))
    cells = outcomes([task], events)[task.key]
    assert [cells[k].status for k in (2, 3, 4)] == [CellStatus.OK, CellStatus.OUT_OF_MEMORY, CellStatus.OK]
    assert cells[3].reason == "the kernel killed the worker, since memory ran out"
    assert sum(isinstance(event, CutStarted) and event.cut == '{"k": 3}' for event in events) == 1


FEW_FILES = """
import resource, sys
from clusterbench.execution import CutDone, Limits, Task, execute
plugin, space = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
tasks = [Task(f"{number:064}", plugin, '{"wait": 0.05}', 0, ('{"k": 2}',), space) for number in range(12)]
for event in execute(tasks, workers=12, limits=Limits(memory_mb=4000)):
    if isinstance(event, CutDone):
        print(event.status, flush=True)
"""


def test_with_no_room_for_more_workers_the_run_goes_on_with_fewer(plugins, space_path):
    command = [sys.executable, "-c", FEW_FILES, str(plugins / "recorder.py"), space_path]
    run = subprocess.run(command, capture_output=True, text=True, env=subprocess_environment())
    assert (run.stderr, run.stdout) == ("", "ok\n" * 12)


def test_perform_gives_the_same_labels_in_this_process(make_task):
    task = make_task("draws_globally")
    both = [outcomes([task], events)[task.key] for events in (perform(task), execute([task], workers=1))]
    assert labels_of(both[0]) == labels_of(both[1])


DRIVER = """
import sys
from clusterbench.execution import CutStarted, Task, execute
plugin, space = sys.argv[1:]
task = Task("a" * 64, plugin, "{}", 0, ('{"k": 2}', '{"k": 3}'), space)
other = Task("b" * 64, plugin, "{}", 0, ('{"k": 3}',), space)
try:
    for event in execute([task, other], workers=2):
        if isinstance(event, CutStarted) and event.cut == '{"k": 3}':
            print("hanging", flush=True)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_that_is_ended_leaves_no_process_and_no_folder(plugins, space_path, tmp_path, number):
    command = [sys.executable, "-c", DRIVER, str(plugins / "hangs_with_children.py"), space_path]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=subprocess_environment(TMPDIR=tmp_path))
    assert [run.stdout.readline() for _ in range(2)] == ["hanging\n"] * 2

    def family() -> list[psutil.Process]:
        return psutil.Process(run.pid).children(recursive=True)

    assert within(10, lambda: sum(process.name() == "sleep" for process in family()) == 4)
    started = family()
    assert len(started) == 9, started  # the template, two supervisors, two workers, four sleeping children
    run.send_signal(number)
    output, _ = run.communicate(timeout=10)
    assert within(2.0, lambda: not any(map(lives, started)))
    assert output == ("stopped\n" if number is signal.SIGINT else "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["tempfile.gettempdir", "subprocess.Popen"])
def test_a_run_that_is_killed_while_it_starts_a_worker_leaves_nothing(moment, plugins, space_path, tmp_path):
    module, name = moment.split(".")
    killer = f"import {module}\nreal = {moment}\ndef killed(*a, **k):\n    found = real(*a, **k)\n"
    killer += f"    if a or '{name}' != 'Popen': os.kill(os.getpid(), 9)\n    return found\n{module}.{name} = killed\n"
    code = "import os\nfrom clusterbench.execution import Pool, Task\n" + killer
    code += "import sys\nplugin, space = sys.argv[1:]\n"
    code += "with Pool(1) as pool: list(pool.run([Task('a' * 64, plugin, '{}', 0, ('{\"k\": 3}',), space)]))\n"
    command = [sys.executable, "-c", code, str(plugins / "hangs.py"), space_path]
    run = subprocess.run(command, env=subprocess_environment(TMPDIR=tmp_path))
    assert run.returncode == -signal.SIGKILL
    assert within(5.0, lambda: not list(tmp_path.iterdir()) and not workers_in(tmp_path))


def workers_in(folder: Path) -> list[psutil.Process]:
    """Return the processes whose temporary files are in `folder`."""
    return [p for p in psutil.process_iter(["environ"]) if str(folder) in (p.info["environ"] or {}).get("TMPDIR", "")]


def lives(process: psutil.Process) -> bool:
    """Return whether a process still runs; one that only waits for its new parent to notice its end does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
