"""The pool: order, limits, ends. What plug-ins do wrong is in test_hostile.py."""

from __future__ import annotations

import errno
import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from clusterbench.execution import (
    CellStatus,
    CutDone,
    CutStarted,
    Lane,
    Limits,
    Pool,
    Started,
    Task,
    TaskDone,
    execute,
    perform,
)
from clusterbench.execution import worker_pool as _pool
from clusterbench.execution.supervisor import MARK

from .conftest import HOSTILE, descendants, labels_of, outcomes

ALGORITHMS = Path(__file__).resolve().parents[2] / "algorithms"

RECORDER = '''
"""Writes down in which process, with which threads and when it worked."""
import json, os, sys, time
from clusterbench.plugins import Algorithm, Family, Partition

def build(X, seed, wait=0.0):
    time.sleep(wait)
    def cutter(k):
        from threadpoolctl import threadpool_info
        pools = sorted({pool["num_threads"] for pool in threadpool_info()})
        facts = {"pid": os.getpid(), "seed": seed, "threads": pools, "omp": os.environ.get("OMP_NUM_THREADS"),
                 "cwd": os.getcwd(), "hash": hash("x"), "modules": "tensorflow" in sys.modules}
        return Partition(X[:, 0].argsort().argsort() * k // len(X), info=facts)
    return cutter

PACKAGES = {}
ALGORITHM = Algorithm("recorder", Family.OTHER, __doc__, "none", build, packages=PACKAGES)
'''


@pytest.fixture(scope="module")
def recorder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plugins") / "recorder.py"
    path.write_text(RECORDER)
    return path


@pytest.fixture(scope="module")
def threaded(recorder) -> Path:
    """The same, with the OpenMP and BLAS of scikit-learn."""
    path = recorder.with_name("threaded.py")
    path.write_text(RECORDER.replace("PACKAGES = {}", "PACKAGES = {'sklearn.cluster': 'scikit-learn'}"))
    return path


def test_events_come_in_order_and_tasks_in_turn(make_task):
    tasks = [make_task("healthy", name=str(number)) for number in range(3)]
    seen = {task.key: [] for task in tasks}
    for event in execute(tasks, workers=1):
        seen[event.key].append(event)
    assert list(seen) == [task.key for task in tasks]
    for events in seen.values():
        kinds = [type(event) for event in events]
        assert kinds == [Started, *[CutStarted, CutDone] * 3, TaskDone]
        assert [json.loads(event.cut)["k"] for event in events if isinstance(event, CutDone)] == [2, 3, 4]


def test_labels_do_not_depend_on_the_workers_nor_on_the_order(make_task):
    plugins = [ALGORITHMS / "kmeans.py", ALGORITHMS / "gmm.py", HOSTILE / "draws_globally.py"]
    tasks = [make_task(plugin, seed=seed, **({"n_init": 2} if plugin.stem == "kmeans" else {})) for plugin in plugins
             for seed in (0, 1)]  # fmt: skip
    found = []
    for workers, order in ((0, tasks), (1, tasks[::-1]), (2, tasks[1:] + tasks[:1])):
        cells = outcomes(order, execute(order, workers=workers))
        assert {cell.status for job in cells.values() for cell in job.values()} == {CellStatus.OK}
        found.append({key: labels_of(job) for key, job in cells.items()})
    assert found[0] == found[1] == found[2]


def test_workers_are_used_again_and_work_at_the_same_time(make_task, recorder):
    tasks = [make_task(recorder, name=str(number), wait=0.2) for number in range(4)]
    cells = outcomes(tasks, execute(tasks, workers=2, threads=1))
    facts = [cell.info for job in cells.values() for cell in job.values()]
    assert len({fact["pid"] for fact in facts}) == 2
    assert os.getpid() not in {fact["pid"] for fact in facts}
    assert {fact["cwd"] for fact in facts} == {os.getcwd()}
    assert len({fact["hash"] for fact in facts}) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_capped_in_every_library(make_task, threaded, threads):
    task = make_task(threaded, name=f"threads {threads}")
    cells = outcomes([task], execute([task], workers=1, threads=threads))[task.key]
    assert cells[2].info["omp"] == str(threads)
    assert set(cells[2].info["threads"]) == {min(threads, len(os.sched_getaffinity(0)))}


def test_in_this_process_threads_are_capped_and_given_back(make_task, threaded):
    import sklearn.cluster  # noqa: F401 - its OpenMP is among what is capped
    from threadpoolctl import threadpool_info

    before = [pool["num_threads"] for pool in threadpool_info()]
    task = make_task(threaded, name="inside")
    cells = outcomes([task], execute([task], workers=0, threads=1))[task.key]
    assert cells[2].info["pid"] == os.getpid()
    assert cells[2].info["threads"] == [1]
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_another_lane_gets_another_process(make_task, recorder):
    plain = make_task(recorder, name="plain")
    other = Task(**{**{f: getattr(plain, f) for f in plain.__slots__}, "key": "f" * 64, "lane": Lane.TENSORFLOW})
    for workers in (0, 1, 2):
        cells = outcomes([plain, other], execute([plain, other], workers=workers))
        pids = [cells[task.key][2].info["pid"] for task in (plain, other)]
        assert pids[0] != pids[1]
        assert (pids[0] == os.getpid()) == (workers == 0)
        assert pids[1] != os.getpid()


def test_fit_seconds_leave_out_imports_and_warm_up(make_task, tmp_path):
    plugin = tmp_path / "slow_to_load.py"
    plugin.write_text(
        textwrap.dedent('''
        """Slow to import and to warm up."""
        import time
        from clusterbench.plugins import Algorithm, Family
        time.sleep(0.3)

        def build(X, seed):
            time.sleep(0.1)
            return lambda k: (time.sleep(0.05), X[:, 0] > 0)[1].astype(int)

        ALGORITHM = Algorithm("slow", Family.OTHER, __doc__, "none", build, packages={},
                              warm_up=lambda: time.sleep(0.3))
        ''')
    )
    tasks = [make_task(plugin), make_task(plugin, name="again")]
    started, times = time.monotonic(), []
    for event in execute(tasks, workers=1, limits=Limits(seconds=0.5)):  # which the warm-up does not count against
        if isinstance(event, CutDone):
            assert 0.1 <= event.build_seconds < 0.25
            assert 0.05 <= event.seconds < 0.2
        elif isinstance(event, TaskDone):
            assert event.status is CellStatus.OK
            times.append(time.monotonic() - started)
    assert times[1] - times[0] < 0.3 + 0.3 + 0.25 - 0.05  # the second job did not warm up again


def test_a_worker_over_its_time_is_gone_within_a_second(make_task):
    task = make_task("hangs_in_c", ks=[2, 3])
    began = None
    with Pool(1, limits=Limits(seconds=0.5)) as pool:
        for event in pool.run([task]):
            if isinstance(event, Started):
                began = time.monotonic()
            if isinstance(event, TaskDone):
                assert 0.5 <= time.monotonic() - began <= 1.5
                assert descendants() == []


def test_a_worker_over_its_memory_is_gone_within_a_second(make_task):
    task = make_task("allocates", ks=[3])
    cells = outcomes([task], execute([task], workers=1, limits=Limits(memory_mb=300)))[task.key]
    assert cells[3].status is CellStatus.OUT_OF_MEMORY
    assert cells[3].seconds < 20
    assert descendants() == []


def is_worker(process: psutil.Process) -> bool:
    try:
        return MARK in process.environ()
    except psutil.Error:  # the last one that was killed, on its way out
        return False


def test_a_worker_killed_from_outside_costs_nothing(make_task, recorder):
    tasks = [make_task(recorder, name=str(number), wait=0.3) for number in range(3)]
    killed, events = 0, []
    with closing(execute(tasks, workers=2)) as running:
        for event in running:
            events.append(event)
            if isinstance(event, CutStarted) and killed < 2:
                killed += 1
                worker = next(filter(is_worker, descendants()))
                worker.send_signal(signal.SIGKILL)
    cells = outcomes(tasks, events)
    assert killed == 2
    assert {cell.status for job in cells.values() for cell in job.values()} == {CellStatus.OK}
    assert len({tuple(labels_of(job).values()) for job in cells.values()}) == 1


def test_a_worker_that_keeps_memory_is_replaced(make_task):
    task = make_task("leaks")
    with Pool(1) as pool:
        cells = outcomes([task], pool.run([task]))[task.key]
        assert descendants() == []
    assert cells[4].peak_mb == pytest.approx(275, abs=15)
    assert cells[2].peak_mb < 20


def test_a_sound_worker_is_not_replaced(make_task):
    real = [make_task(ALGORITHMS / f"{name}.py", seed=seed, ks=[2, 3]) for name in ("kmeans", "gmm") for seed in (0, 1)]
    with Pool(1) as pool:
        found = []
        for task in real:
            assert {cell.status for cell in outcomes([task], pool.run([task]))[task.key].values()} == {CellStatus.OK}
            found.append(pool._workers[0].process.pid)
    assert found[0] == found[1] != found[2] == found[3]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_serves_one_plugin_and_few_are_started(make_task, recorder, tmp_path, workers):
    others = [tmp_path / f"recorder_{number}.py" for number in range(3)]
    for path in others:
        path.write_text(RECORDER)
    tasks = [make_task(path, name=str(turn)) for turn in range(4) for path in (recorder, *others)]
    cells = outcomes(tasks, execute(tasks, workers=workers))
    served = {}
    for task in tasks:
        served.setdefault(cells[task.key][2].info["pid"], set()).add(task.plugin)
    assert all(len(plugins) == 1 for plugins in served.values())
    assert len(served) == 4 if workers == 1 else 4 <= len(served) <= 5  # the second helps with the last plug-in


def test_a_pool_runs_again_after_a_run_that_was_given_up(make_task):
    with Pool(2) as pool:
        for event in pool.run([make_task("hangs"), make_task("healthy")]):
            if isinstance(event, TaskDone):
                break
        task = make_task("healthy", name="later")
        cells = outcomes([task], pool.run([task]))
    assert cells[task.key][4].status is CellStatus.OK
    assert descendants() == []


def test_a_generator_that_is_closed_takes_its_workers_along(make_task):
    with closing(execute([make_task("hangs")], workers=1)) as events:
        next(event for event in events if isinstance(event, CutStarted))
        assert len(descendants()) == 2  # the keeper and the worker
    assert descendants() == []


def test_a_plugin_named_like_a_module_hides_none(make_task, tmp_path, monkeypatch, recorder):
    (tmp_path / "random.py").write_text("raise ImportError('the wrong random')")
    (tmp_path / "numpy.py").write_text("raise ImportError('the wrong numpy')")
    monkeypatch.chdir(tmp_path)
    task = make_task(recorder, name="shadow")
    assert outcomes([task], execute([task], workers=1))[task.key][2].status is CellStatus.OK


def test_when_no_worker_can_be_started_the_cells_say_so(make_task, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    task = make_task("healthy")
    cells = outcomes([task], execute([task], workers=1))[task.key]
    assert cells[2].status is CellStatus.FAILED
    assert "no worker could be started" in cells[2].reason
    assert cells[2].reason.endswith("tried 3 times")


def test_a_worker_that_the_kernel_kills_for_memory_costs_its_cut_and_is_not_tried_again(make_task, monkeypatch):
    kills = itertools.count()
    monkeypatch.setattr(_pool, "kills_for_memory", lambda: next(kills))
    task = make_task("kills_itself")
    events = list(execute([task], workers=1))
    cells = outcomes([task], events)[task.key]
    assert [cells[k].status for k in (2, 3, 4)] == [CellStatus.OK, CellStatus.OUT_OF_MEMORY, CellStatus.OK]
    assert cells[3].reason == "the kernel killed the worker, since memory ran out"
    assert sum(isinstance(event, CutStarted) and event.cut == '{"k": 3}' for event in events) == 1


def test_with_no_room_for_more_workers_the_run_goes_on_with_fewer(make_task, recorder, monkeypatch):
    alive, tried = [], []

    class Cramped(_pool.WorkerProcess):
        def __init__(self, threads):
            tried.append(time.monotonic())
            if len(alive) >= 2:
                raise OSError(errno.EAGAIN, "no room")
            super().__init__(threads)
            alive.append(self)

        def wait(self):
            super().wait()
            alive.remove(self)

    monkeypatch.setattr(_pool, "WorkerProcess", Cramped)
    other = recorder.with_name("other.py")
    other.write_text(RECORDER)
    tasks = [make_task(path, name=f"cramped {number}", wait=0.1) for number in range(6) for path in (recorder, other)]
    cells = outcomes(tasks, execute(tasks, workers=12))
    assert {cell.status for job in cells.values() for cell in job.values()} == {CellStatus.OK}
    assert len(tried) <= 2 + 2 + 3  # not with every task


FEW_FILES = """
import resource, sys
from clusterbench.execution import CutDone, Task, execute
plugin, space = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
tasks = [Task(f"{number:064}", plugin, '{"wait": 0.05}', 0, ('{"k": 2}',), space) for number in range(24)]
for event in execute(tasks, workers=12):
    if isinstance(event, CutDone):
        with open("/dev/null"), open("/dev/null"), open("/dev/null"):  # as a store does
            print(event.status, flush=True)
"""


def test_with_few_descriptors_all_is_done_and_some_are_left_for_the_store(recorder, space_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    command = [sys.executable, "-c", FEW_FILES, str(recorder), space_path]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.stderr == ""
    assert run.stdout == "ok\n" * 24


def test_descriptors_above_those_that_select_takes_do_no_harm(make_task):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1300:
        pytest.skip("so many cannot be had here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1300 if soft < 1300 else soft, hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        task = make_task("healthy", name="above")
        assert outcomes([task], execute([task], workers=1))[task.key][2].status is CellStatus.OK
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_perform_gives_the_same_in_this_process(make_task):
    task = make_task("healthy")
    assert labels_of(outcomes([task], perform(task))[task.key]) == labels_of(
        outcomes([task], execute([task], workers=1))[task.key]
    )


DRIVER = """
import json, sys, time
from clusterbench.execution import CutStarted, Limits, Task, execute
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


def hanging_run(space_path, temporary: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A run in a process of its own, whose two workers and their children hang; and all these processes."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
        "TMPDIR": str(temporary),
    }
    run = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(HOSTILE / "hangs_with_children.py"), space_path],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert [run.stdout.readline() for _ in range(2)] == ["hanging\n"] * 2
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        family = psutil.Process(run.pid).children(recursive=True)
        if sum(process.name() == "sleep" for process in family) == 4:
            break
        time.sleep(0.05)
    assert len(family) == 8, family  # two keepers, two workers, four sleeping children
    return run, family


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs; one that only waits for its new parent to notice its end does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_that_is_ended_takes_everything_along_within_two_seconds(space_path, tmp_path, number):
    run, family = hanging_run(space_path, tmp_path)
    ended = time.monotonic()
    run.send_signal(number)
    said, _ = run.communicate(timeout=10)
    while any(map(lives, family)):
        assert time.monotonic() - ended < 2.0
        time.sleep(0.02)
    assert said == ("stopped\n" if number is signal.SIGINT else "")
    assert list(tmp_path.iterdir()) == []
