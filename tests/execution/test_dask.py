"""Tasks on a real Dask cluster: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, CutDone, CutStarted, Lane, Limits, Started, Task, TaskDone, execute
from clusterbench.execution import dask_checks as _dask_check
from clusterbench.execution import dask_executor as _dask
from clusterbench.execution import dask_flights as _dask_flights
from clusterbench.execution.dask_checks import needs_of

from .conftest import HOSTILE, labels_of, outcomes
from .dask_processes import RECORDER, Processes, gone, statuses

ALGORITHMS = Path(__file__).resolve().parents[2] / "algorithms"


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    with Processes(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def cluster(processes) -> Processes:
    """The cluster, with two workers, whatever the test before has done to them."""
    processes.work(2)
    return processes


@pytest.fixture(scope="module")
def recorder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plugins") / "recorder.py"
    path.write_text(RECORDER)
    return path


def test_labels_are_those_of_this_process_and_of_the_pool(cluster, make_task):
    dbscan = make_task(ALGORITHMS / "dbscan.py", min_samples=5)
    tasks = [
        *(make_task(ALGORITHMS / "kmeans.py", seed=seed, n_init=2) for seed in (0, 1)),
        *(make_task(ALGORITHMS / "agglomerative.py", linkage=linkage) for linkage in ("ward", "average")),
        make_task(HOSTILE / "draws_globally.py"),
        Task(**{**{name: getattr(dbscan, name) for name in Task.__slots__}, "cuts": ('{"eps": 0.4}', '{"eps": 0.6}')}),
    ]
    found = []
    for options in ({"workers": 0}, {"workers": 2}, {"workers": 0, "scheduler": cluster.address}):
        done = [event for event in execute(tasks, **options) if isinstance(event, CutDone)]
        assert {event.status for event in done} == {CellStatus.OK}
        found.append({(event.key, event.cut): event.labeling.sha256 for event in done})
        for event in done:
            assert event.labeling.labels.dtype == np.int64 or event.labeling.labels.dtype == np.int32
    assert len(found[0]) == 5 * 3 + 2
    assert found[0] == found[1] == found[2]
    assert cluster.left_behind() == []
    assert gone(cluster.beneath, 2.0)


def test_workers_keep_their_process_and_events_come_in_order_while_jobs_run(cluster, make_task, recorder):
    tasks = [make_task(recorder, name=str(number), wait=0.2) for number in range(6)]
    seen, times = {task.key: [] for task in tasks}, {}
    for event in execute(tasks, workers=0, threads=1, scheduler=cluster.address):
        seen[event.key].append(event)
        times[event.key, len(seen[event.key])] = time.monotonic()
    for events in seen.values():
        assert [type(event) for event in events] == [Started, *[CutStarted, CutDone] * 3, TaskDone]
    # A first cut was told well before its job's end. Of all jobs one is enough: a busy machine may hold some news up.
    assert any(times[key, 8] - times[key, 3] > 0.2 for key in seen)
    facts = [event.info for events in seen.values() for event in events if isinstance(event, CutDone)]
    # Six jobs and at most one process for each worker; which worker takes how many is the scheduler's affair.
    assert len({fact["pid"] for fact in facts}) <= 2
    assert {fact["omp"] for fact in facts} == {"1"}


def test_jobs_are_the_most_that_are_submitted_at_one_time(cluster, make_task, recorder):
    tasks = [make_task(recorder, name=str(number), wait=0.05) for number in range(4)]
    running = most = 0
    for event in execute(tasks, workers=1, scheduler=cluster.address):
        running += isinstance(event, Started) - isinstance(event, TaskDone)
        most = max(most, running)
    assert most == 1


def test_limits_hold_and_finished_cuts_stay(cluster, make_task):
    hanging, late = make_task("hangs"), make_task("healthy", name="late")
    tasks = [hanging, Task(**{**{n: getattr(late, n) for n in Task.__slots__}, "lane": Lane.TENSORFLOW})]
    cells = outcomes(tasks, execute(tasks, workers=0, limits=Limits(seconds=0.5), scheduler=cluster.address))
    assert [cells[hanging.key][k].status for k in (2, 3, 4)] == [CellStatus.OK, CellStatus.TIMEOUT, CellStatus.TIMEOUT]
    assert cells[hanging.key][3].reason.startswith("killed at the limit of 0.5 s")
    assert statuses({late.key: cells[late.key]}) == {CellStatus.OK}


def test_a_plugin_that_fails_costs_its_own_cells(cluster, make_task):
    tasks = [make_task(name, ks=[3]) for name in ("segfault", "no_plugin", "kills_parent")]
    tasks.append(make_task("healthy", name="beside them"))
    cells = outcomes(tasks, execute(tasks, workers=0, scheduler=cluster.address))
    for task in tasks[:3]:
        assert cells[task.key][3].status is CellStatus.FAILED
    assert "SIGSEGV" in cells[tasks[0].key][3].reason
    assert "holds nothing called ALGORITHM" in cells[tasks[1].key][3].reason
    assert statuses({"": cells[tasks[3].key]}) == {CellStatus.OK}


def test_a_plugin_file_that_workers_cannot_see_is_sent_to_them(cluster, make_task, monkeypatch):
    elsewhere = "/nowhere/recorder.py"

    def needs(plugins):
        found = needs_of(plugins)
        return type(found)(found.packages, found.shipped, found.modules, {elsewhere: RECORDER.encode()})

    monkeypatch.setattr(_dask, "needs_of", needs)
    task = make_task(Path(elsewhere))
    cells = outcomes([task], execute([task], workers=0, scheduler=cluster.address))[task.key]
    assert cells[2].status is CellStatus.OK
    assert Path(cells[2].info["file"]).name == "recorder.py"
    assert not Path(cells[2].info["file"]).exists()  # nothing stays on the worker


def test_labels_too_many_for_news_come_with_the_result(cluster, tmp_path):
    plugin = tmp_path / "noisy.py"
    plugin.write_text(
        RECORDER.replace("X[:, 0].argsort().argsort() * k // len(X)", "__import__('numpy').arange(len(X)) ** 3 % 251")
    )
    np.save(tmp_path / "long.npy", np.random.default_rng(0).normal(size=(400_000, 1)))
    source = plugin.read_text().replace("arange(len(X)) ** 3 % 251", "random.default_rng(k).integers(0, 251, len(X))")
    plugin.write_text(source)
    task = Task("e" * 64, str(plugin), "{}", 0, ('{"k": 2}', '{"k": 3}'), str(tmp_path / "long.npy"))
    near, far = (outcomes([task], execute([task], workers=1, scheduler=at)) for at in (None, cluster.address))
    assert statuses(far) == {CellStatus.OK}
    assert labels_of(far[task.key]) == labels_of(near[task.key])


def test_a_dask_worker_killed_in_the_middle_of_a_job_costs_nothing(cluster, make_task, recorder):
    tasks = [make_task(recorder, name=f"killed {number}", wait=0.15) for number in range(4)]
    alone = outcomes(tasks, execute(tasks, workers=0))
    events, killed = [], False
    with closing(execute(tasks, workers=0, scheduler=cluster.address)) as running:
        for event in running:
            events.append(event)
            if isinstance(event, CutStarted) and event.cut == '{"k": 3}' and not killed:
                killed = True
                busy = next(worker for worker in cluster.workers() if worker.children())
                busy.send_signal(signal.SIGKILL)
    cells = outcomes(tasks, events)  # which checks that no cut is done twice
    assert killed
    assert statuses(cells) == {CellStatus.OK}
    assert {key: labels_of(job) for key, job in cells.items()} == {key: labels_of(job) for key, job in alone.items()}


def test_a_space_that_is_lost_with_its_only_worker_is_sent_again(cluster, make_task, recorder):
    task = make_task(recorder, name="alone", wait=0.2)  # one job, so that one worker holds the space
    events, killed = [], 0
    for event in execute([task], workers=1, scheduler=cluster.address):
        events.append(event)
        if isinstance(event, CutStarted) and not killed:
            killed += 1
            next(worker for worker in cluster.workers() if worker.children()).send_signal(signal.SIGKILL)
    assert statuses(outcomes([task], events)) == {CellStatus.OK}
    assert sum(isinstance(event, Started) for event in events) == 2


def test_an_iterator_that_is_closed_stops_the_workers_and_leaves_nothing(cluster, make_task):
    with closing(execute([make_task("hangs")], workers=0, scheduler=cluster.address)) as events:
        next(event for event in events if isinstance(event, CutDone))
        assert cluster.beneath()
        ended = time.monotonic()
    assert time.monotonic() - ended < 2.0
    assert gone(cluster.beneath, 3.0)
    assert gone(cluster.left_behind, 3.0)
    task = make_task("healthy", name="after")
    cells = outcomes([task], execute([task], workers=0, scheduler=cluster.address))
    assert statuses(cells) == {CellStatus.OK}


DRIVER = """
import sys
from clusterbench.execution import CutStarted, Task, execute
plugin, space, scheduler = sys.argv[1:]
for event in execute([Task("a" * 64, plugin, "{}", 0, ('{"k": 3}',), space)], workers=1, scheduler=scheduler):
    if isinstance(event, CutStarted):
        print("hanging", flush=True)
"""


def hanging_run(space_path: str, scheduler: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    command = [sys.executable, "-c", DRIVER, str(HOSTILE / "hangs.py"), space_path, scheduler]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert run.stdout.readline() == "hanging\n"
    return run


def test_a_run_that_is_killed_leaves_no_job_running_on_the_cluster(cluster, space_path):
    driver = hanging_run(space_path, cluster.address)
    assert cluster.beneath()
    driver.kill()
    driver.communicate()
    assert gone(cluster.beneath, 10.0)


# --- versions ------------------------------------------------------------------------------------


@pytest.fixture
def other_scipy(tmp_path) -> str:
    """A folder that makes a worker's scipy another version than ours, by its own word."""
    folder = tmp_path / "scipy-0.0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: scipy\nVersion: 0.0.1\n")
    return str(tmp_path)


def test_a_worker_with_another_version_is_refused_by_name_at_the_start_and_when_it_comes_late(
    cluster, make_task, recorder, other_scipy
):
    import scipy

    tasks = [make_task(recorder, name=f"late {number}", wait=0.1) for number in range(200)]
    running = execute(tasks, workers=0, scheduler=cluster.address)
    events = [next(running)]
    misfit = cluster.start_worker(path=other_scipy)
    try:
        with pytest.raises(RequestError, match=rf"scipy 0\.0\.1 \(here {scipy.__version__}\).*same command") as late:
            events.extend(running)
        with pytest.raises(RequestError, match=r"worker tcp://127.*scipy 0\.0\.1") as early:
            next(execute(tasks, workers=0, scheduler=cluster.address))
    finally:
        cluster.stop_worker(misfit)
    assert "worker tcp://127.0.0.1" in str(late.value)
    assert any(isinstance(event, CutDone) for event in events)
    assert str(early.value).count("worker tcp://") == 1  # the two others fit
    assert "the same versions" in early.value.allowed


def test_every_difference_is_named_before_anything_is_computed(cluster, make_task, monkeypatch):
    changes = {"numpy": "0.9", "plug-in kmeans.py": "0123456789abcdef", "the engine's sources": "f" * 16}
    ours = _dask_check._version  # the workers have functions of their own
    monkeypatch.setattr(_dask_check, "_version", lambda name: changes.get(name) or ours(name))
    monkeypatch.setattr(_dask_check, "digest_of_file", lambda path: changes["plug-in kmeans.py"])
    monkeypatch.setattr(_dask_check, "_engine", lambda: changes["the engine's sources"])
    with pytest.raises(RequestError) as refused:
        next(execute([make_task(ALGORITHMS / "kmeans.py")], workers=0, scheduler=cluster.address))
    for name, version in changes.items():
        assert f"{name} " in str(refused.value)
        assert f"(here {version})" in str(refused.value)
    assert str(refused.value).count("worker tcp://127.0.0.1:") == 2
    assert str(refused.value).count("numpy") == 2  # the scheduler computes nothing with it
    assert "the scheduler has the engine's sources" in str(refused.value)
    assert gone(cluster.beneath, 3.0)


def test_no_worker_for_too_long_ends_the_run(cluster, make_task, monkeypatch, recorder):
    monkeypatch.setattr(_dask_flights, "LONELY_SECONDS", 0.5)
    monkeypatch.setattr(_dask_flights, "_LOOK_SECONDS", 0.2)
    with closing(execute([make_task(recorder, wait=0.3)], workers=0, scheduler=cluster.address)) as running:
        next(event for event in running if isinstance(event, CutStarted))
        for worker in cluster.workers():
            worker.kill()
        with pytest.raises(RequestError, match=r"no worker has been there for 0.5 s; finished cells are in the store"):
            list(running)


def test_ctrl_c_ends_a_run_that_waits_for_a_scheduler(space_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections and says nothing
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
        command = [sys.executable, "-c", DRIVER, str(HOSTILE / "healthy.py"), space_path, address]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        silent.settimeout(30)
        with silent.accept()[0]:  # it is now waiting for a word
            ended = time.monotonic()
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=10)
    assert time.monotonic() - ended < 2.0
    assert "KeyboardInterrupt" in said
