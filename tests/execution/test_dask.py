"""Tasks on a real Dask cluster: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Client

from clusterbench import run
from clusterbench.cli import main
from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, CutDone, CutStarted, Limits, Started, Task, TaskDone, execute
from clusterbench.running import Settings, Silent

from .careless_plugins import RECORDS, write_plugin
from .conftest import labels_of, outcomes, statuses, subprocess_environment, within
from .dask_cluster import DaskCluster

ALGORITHMS = Path(__file__).resolve().parents[2] / "algorithms"
CLUSTER = "clusterbench.execution.dask_cluster"
OK = {CellStatus.OK}


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    with DaskCluster(tmp_path_factory.mktemp("cluster"), allowed_failures=0) as cluster:
        yield cluster


@pytest.fixture
def cluster(started) -> DaskCluster:
    """The cluster with two workers, whatever the test before has done to them."""
    started.have_workers(2)
    return started


@pytest.fixture
def far(cluster):
    """Return the cells of tasks that are executed on the cluster."""

    def execute_far(*tasks: Task, **options: object):
        return outcomes(tasks, execute(tasks, workers=0, scheduler=cluster.address, **options))

    return execute_far


@pytest.fixture
def spaces_are_sent(monkeypatch):
    """Treat the workers as machines that do not see the files of the run."""
    monkeypatch.setattr(f"{CLUSTER}.has_file", lambda path, size: False)


def test_a_space_that_all_workers_see_is_not_sent(far, make_task, monkeypatch):
    monkeypatch.setattr(Client, "scatter", None)
    cells = far(make_task(ALGORITHMS / "kmeans.py", n_init=1))
    assert set(statuses(cells)) == OK


def test_labels_are_those_of_this_process(cluster, make_task, spaces_are_sent):
    dbscan = make_task(ALGORITHMS / "dbscan.py", min_samples=5)
    tasks = [
        make_task(ALGORITHMS / "kmeans.py", seed=1, n_init=2),
        make_task("draws_globally"),
        replace(dbscan, cuts=('{"eps": 0.4}', '{"eps": 0.6}')),
    ]
    found = []
    for options in ({}, {"scheduler": cluster.address}):
        done = [event for event in execute(tasks, workers=0, **options) if isinstance(event, CutDone)]
        assert {event.status for event in done} == OK
        found.append({(event.key, event.cut): event.labeling.sha256 for event in done})
        assert all(event.labeling.labels.dtype == np.int32 for event in done)
    assert len(found[0]) == 2 * 3 + 2
    assert found[0] == found[1]
    assert cluster.left_behind() == []
    assert within(2.0, lambda: not cluster.beneath())


def test_events_are_those_of_a_pool_and_processes_are_used_again(cluster, make_task):
    tasks = [make_task("recorder", name=str(number), wait=0.05) for number in range(6)]
    seen = {task.key: [] for task in tasks}
    for event in execute(tasks, workers=0, threads=1, scheduler=cluster.address):
        seen[event.key].append(event)
    for events in seen.values():
        assert [type(event) for event in events] == [Started, *[CutStarted, CutDone] * 3, TaskDone]
        assert [json.loads(event.cut)["k"] for event in events if isinstance(event, CutDone)] == [2, 3, 4]
    facts = [event.info for events in seen.values() for event in events if isinstance(event, CutDone)]
    assert len({fact["pid"] for fact in facts}) <= 2  # at most one process for each Dask worker
    assert {fact["omp"] for fact in facts} == {"1"}


def test_limits_are_those_of_a_pool(far, make_task):
    hanging, other = make_task("hangs"), replace(make_task("healthy", name="other"), needs_worker=True)
    cells = far(hanging, other, limits=Limits(seconds=0.5))
    assert [cells[hanging.key][k].status for k in (2, 3, 4)] == [CellStatus.OK, *[CellStatus.TIMEOUT] * 2]
    assert cells[hanging.key][3].reason.startswith("killed at the limit of 0.5 s")
    assert statuses({"": cells[other.key]}) == OK


def test_a_careless_plugin_costs_its_own_cells(far, make_task):
    tasks = [make_task(name, ks=[3]) for name in ("segfault", "no_plugin")]
    tasks.append(make_task("healthy", name="beside them"))
    cells = far(*tasks)
    assert "SIGSEGV" in cells[tasks[0].key][3].reason
    assert "holds nothing called ALGORITHM" in cells[tasks[1].key][3].reason
    assert statuses({"": cells[tasks[2].key]}) == OK


def test_jobs_are_the_most_that_are_submitted_at_one_time(cluster, make_task):
    tasks = [make_task("recorder", name=str(number), wait=0.05, ks=[2]) for number in range(4)]
    cells = outcomes(tasks, execute(tasks, workers=1, scheduler=cluster.address))
    times = sorted(cells[task.key][2].info["times"] for task in tasks)
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(times))


def test_a_plugin_file_that_workers_cannot_see_is_sent_to_them(far, make_task, tmp_path, monkeypatch):
    plugin = write_plugin(tmp_path, "elsewhere", cut=RECORDS)
    source, hidden = plugin.read_bytes(), "/nowhere/elsewhere.py"
    reads, exists = Path.read_bytes, Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: str(path) == hidden or exists(path))
    monkeypatch.setattr(Path, "read_bytes", lambda path: source if str(path) == hidden else reads(path))
    task = make_task(Path(hidden))
    cells = far(task)[task.key]
    assert statuses({"": cells}) == OK
    file = Path(cells[2].info["file"])
    assert file.name == "elsewhere.py"
    assert not exists(file)  # nothing stays on the worker


def test_a_dask_worker_killed_in_the_middle_of_a_job_costs_nothing(cluster, far, make_task):
    tasks = [make_task("recorder", name=f"killed {number}", wait=0.25) for number in range(4)]
    alone = outcomes(tasks, execute(tasks, workers=0))
    killer = threading.Thread(target=kill_a_busy_worker, args=[cluster])
    killer.start()
    cells = far(*tasks)  # which checks that no cut is done twice
    killer.join()
    assert len(cluster.workers()) == 1
    assert statuses(cells) == OK
    assert {key: labels_of(job) for key, job in cells.items()} == {key: labels_of(job) for key, job in alone.items()}


def test_a_job_is_executed_again_when_every_dask_worker_was_killed(cluster, far, make_task, spaces_are_sent):
    task = make_task("recorder", name="alone", wait=0.4)

    def replace_all_workers() -> None:
        assert within(20, cluster.beneath)
        for worker in cluster.workers():
            worker.send_signal(signal.SIGKILL)
        cluster.start_worker()

    killer = threading.Thread(target=replace_all_workers)
    killer.start()
    cells = far(task)
    killer.join()
    assert statuses(cells) == OK


def kill_a_busy_worker(cluster: DaskCluster) -> None:
    assert within(20, lambda: any(worker.children() for worker in cluster.workers()))
    next(worker for worker in cluster.workers() if worker.children()).send_signal(signal.SIGKILL)


def test_a_job_that_always_kills_its_dask_worker_is_failed_with_a_reason(cluster, make_task, tmp_path):
    kill = "__import__('psutil').Process().parents()[2].kill()"  # above the supervisor and the template
    cut = f"if k == 3:\n    {kill}; time.sleep(10)"
    tasks = [make_task(write_plugin(tmp_path, "kills_dask", cut=cut)), make_task("healthy", name="behind it")]
    over = threading.Event()

    def keep_two_workers() -> None:
        while not over.wait(0.2):
            for _ in range(2 - len(cluster.workers())):
                cluster.start_worker()

    starter = threading.Thread(target=keep_two_workers)
    starter.start()
    try:
        cells = outcomes(tasks, execute(tasks, workers=1, scheduler=cluster.address))
    finally:
        over.set()
        starter.join()
    assert {cells[tasks[0].key][k].status for k in (2, 3, 4)} == {CellStatus.FAILED}
    assert cells[tasks[0].key][3].reason.endswith("tried 3 times")
    assert statuses({"": cells[tasks[1].key]}) == OK


def test_an_iterator_that_is_closed_stops_the_workers_and_leaves_nothing(cluster, far, make_task):
    tasks = [make_task("healthy"), make_task("hangs")]
    with closing(execute(tasks, workers=0, scheduler=cluster.address)) as events:
        next(event for event in events if isinstance(event, TaskDone))
        assert within(10, cluster.beneath)
        ended = time.monotonic()
    assert time.monotonic() - ended < 4.0
    assert within(3.0, lambda: not cluster.beneath())
    assert within(3.0, lambda: not cluster.left_behind())
    assert statuses(far(make_task("healthy", name="after"))) == OK


DRIVER = """
import sys
from clusterbench.execution import Task, execute
plugin, space, scheduler = sys.argv[1:]
list(execute([Task("a" * 64, plugin, "{}", 0, ('{"k": 3}',), space)], workers=1, scheduler=scheduler))
"""


def test_a_run_that_is_killed_leaves_no_job_running_on_the_cluster(cluster, plugins, space_path):
    command = [sys.executable, "-c", DRIVER, str(plugins / "hangs.py"), space_path, cluster.address]
    driver = subprocess.Popen(command, env=subprocess_environment())
    assert within(30, cluster.beneath)
    driver.kill()
    driver.wait()
    assert within(10.0, lambda: not any(is_busy(process) for process in cluster.beneath()))


def is_busy(process: psutil.Process) -> bool:
    try:
        return process.cpu_percent(0.1) > 20
    except psutil.Error:
        return False


def test_a_worker_with_another_version_is_refused_by_name_at_the_start_and_when_it_comes_late(
    cluster, far, make_task, tmp_path
):
    import scipy

    (tmp_path / "scipy-0.0.1.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: scipy\nVersion: 0.0.1\n"
    (tmp_path / "scipy-0.0.1.dist-info" / "METADATA").write_text(metadata)
    tasks = [make_task("recorder", name=f"late {number}", wait=0.1) for number in range(200)]
    running = execute(tasks, workers=0, scheduler=cluster.address)
    events = [next(running)]
    misfit = cluster.start_worker(path=str(tmp_path))
    try:
        with pytest.raises(RequestError, match=rf"scipy 0\.0\.1 \(here {scipy.__version__}\).*same command") as late:
            events.extend(running)
        with pytest.raises(RequestError, match=r"worker tcp://127.*scipy 0\.0\.1") as early:
            far(*tasks)
    finally:
        misfit.kill()
        misfit.wait()
        assert within(20, lambda: cluster.count() == 2)
    assert "worker tcp://127.0.0.1" in str(late.value)
    assert any(isinstance(event, CutDone) for event in events)
    assert str(early.value).count("worker tcp://") == 1  # the two others have the same versions
    assert "the same versions" in early.value.allowed


def test_every_difference_is_named_before_anything_is_computed(cluster, far, make_task, monkeypatch):
    assert within(20, lambda: cluster.beneath() == [])  # of jobs of an earlier test that were given up
    worker = "clusterbench.execution.dask_worker"
    monkeypatch.setattr(f"{worker}.package_version", lambda name: "0.9")  # the workers have functions of their own
    monkeypatch.setattr(f"{worker}.file_digest", lambda path: "0123456789abcdef")
    monkeypatch.setattr(f"{worker}._engine_digest", lambda: "f" * 16)
    with pytest.raises(RequestError) as refused:
        far(make_task(ALGORITHMS / "kmeans.py"))
    message = str(refused.value)
    for name, version in {"numpy": "0.9", "plug-in kmeans.py": "0123456789abcdef", "the engine's sources": "f"}.items():
        assert f"{name} " in message
        assert f"(here {version}" in message
    assert message.count("worker tcp://127.0.0.1:") == 2
    assert message.count("numpy") == 2  # the scheduler computes nothing with it
    assert "the scheduler has the engine's sources" in message
    assert cluster.beneath() == []


def test_a_scheduler_that_is_not_there_is_refused_within_seconds(make_task, monkeypatch):
    monkeypatch.setattr(f"{CLUSTER}.CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = [server.getsockname()[1] for server in (silent, closed)]
        closed.close()
        for address in (*(f"tcp://127.0.0.1:{port}" for port in ports), "carrier://pigeon:1"):
            began = time.monotonic()
            with pytest.raises(RequestError, match=f"scheduler {address}: the scheduler cannot be reached"):
                next(execute([make_task("healthy")], workers=1, scheduler=address))
            assert time.monotonic() - began < 5.0


def test_ctrl_c_ends_a_run_that_waits_for_a_scheduler(plugins, space_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts connections and sends nothing
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-c", DRIVER, str(plugins / "healthy.py"), space_path, address]
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=subprocess_environment())
        silent.settimeout(30)
        with silent.accept()[0]:
            ended = time.monotonic()
            run.send_signal(signal.SIGINT)
            _, output = run.communicate(timeout=10)
    assert time.monotonic() - ended < 6.0
    assert "KeyboardInterrupt" in output


@pytest.mark.parametrize("word", ["local", "somewhere", "host:port", ""])
def test_a_word_that_is_no_address_is_refused(make_task, word):
    with pytest.raises(RequestError, match=rf"unknown scheduler '{word}' \(allowed: tcp://HOST:8786\)"):
        next(execute([make_task("healthy")], workers=1, scheduler=word))


def test_without_dask_the_error_says_how_to_install_it(make_task, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "distributed" else find(name, *a))
    with pytest.raises(RequestError, match=r"pip install 'clusterbench\[dask\]'"):
        next(execute([make_task("healthy")], workers=1, scheduler="tcp://127.0.0.1:1"))


def test_where_nothing_is_to_do_no_scheduler_is_needed():
    assert list(execute([], workers=0, scheduler="tcp://127.0.0.1:1")) == []


STUDY = """
title = "Waits"
seeds = [0]
k = [2, 3, 4]
reference_spaces = ["raw"]
datasets = [{ path = "table.csv" }]
variants = { raw = [] }
ranking = { random_partitions = 0, bootstraps = 0, k_policies = ["silhouette"] }
stability = { resamples = 0 }
structure = { permutations = 0 }
algorithms = [{ use = "recorder", wait = [0.06, 0.07, 0.08] }, { use = "kmeans" }]
"""


class AfterSomeCells(Silent):
    """Calls a function when a job is in the store."""

    def __init__(self, act) -> None:
        self._act, self._steps = act, 0

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._steps += steps
        if self._steps >= 3 and self._act is not None:
            self._act()
            self._act = None


def test_a_run_ends_with_its_scheduler_and_goes_on_elsewhere(tmp_path, monkeypatch, capsys):
    values = np.random.default_rng(0).normal(size=(90, 2)) + 8.0 * (np.arange(90) % 3)[:, None]
    np.savetxt(tmp_path / "table.csv", values, delimiter=",", header="x,y", comments="")
    (tmp_path / "waits.toml").write_text(STUDY)
    (tmp_path / "algorithms").mkdir()
    write_plugin(tmp_path / "algorithms", "recorder", cut=RECORDS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"{CLUSTER}.CONNECT_SECONDS", 2.0)
    monkeypatch.setattr(f"{CLUSTER}.WORKER_SECONDS", 0.5)
    undisturbed = run("waits.toml", results="undisturbed", settings=Settings(workers=0), progress=Silent())
    (tmp_path / "cluster").mkdir()
    with DaskCluster(tmp_path / "cluster") as lost:
        far = Settings(scheduler=lost.address, workers=1)
        with pytest.raises(RequestError, match=r"no worker came within 0.5 s.*dask worker ADDRESS"):
            run("waits.toml", settings=far, progress=Silent())
        lost.have_workers(1)
        with pytest.raises(RequestError, match=r"the scheduler is gone; finished cells are in the store") as ended:
            run("waits.toml", settings=far, progress=AfterSomeCells(lost.kill_scheduler))
        assert ended.value.where == f"scheduler {lost.address}"
        assert within(10.0, lambda: not lost.beneath())
    monkeypatch.setattr(sys, "argv", ["clusterbench", "run", "waits.toml", "--scheduler", "local"])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2
    assert "error: unknown scheduler 'local' (allowed: tcp://HOST:8786)" in capsys.readouterr().err
    done = run("waits.toml", settings=Settings(workers=0), progress=Silent())
    assert 3 <= 12 - done.computed < 12
    columns = ["algorithm", "params", "cut", "k", "labels_sha256", "status"]
    assert done.cells[columns].equals(undisturbed.cells[columns])


def test_no_worker_for_too_long_ends_the_run(cluster, make_task, monkeypatch):
    monkeypatch.setattr(f"{CLUSTER}.ABSENCE_SECONDS", 0.5)
    monkeypatch.setattr(f"{CLUSTER}.CHECK_SECONDS", 0.2)
    tasks = [make_task("recorder", name=str(number), wait=0.3) for number in range(9)]
    with closing(execute(tasks, workers=0, scheduler=cluster.address)) as running:
        next(event for event in running if isinstance(event, TaskDone))
        for worker in cluster.workers():
            worker.kill()
        with pytest.raises(RequestError, match=r"no worker has been there for 0.5 s; finished cells are in the store"):
            list(running)


def test_dask_is_imported_only_when_it_is_used():
    code = "import sys, clusterbench.cli, clusterbench.execution; print({'distributed', 'dask'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, env=dict(os.environ), text=True, check=True)
    assert ran.stdout == "set()\n"
