"""A station by itself, on a stand-in for a Dask worker."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.execution import CutDone, Limits, Started, TaskDone
from clusterbench.execution import dask_worker as _dask_worker
from clusterbench.execution.dask_checks import Needs, surroundings
from clusterbench.execution.dask_worker import (
    LARGEST_NEWS,
    Equipment,
    GivenUpError,
    Station,
    decode_event,
    encode_event,
    slots,
)

from .conftest import descendants

NEEDS = Needs(("numpy",), (), (), {"/elsewhere/mine.py": b"ALGORITHM = None"})


@pytest.fixture
def worker(tmp_path):
    """What a station uses of a worker; it keeps the news."""
    news = []
    return SimpleNamespace(
        address="tcp://127.0.0.1:1",
        local_directory=str(tmp_path),
        state=SimpleNamespace(nthreads=1, tasks={"job": SimpleNamespace(state="executing")}),
        get_current_task=lambda: "job",
        log_event=lambda topic, message: news.append((topic, message)),
        news=news,
    )


@pytest.fixture
def with_station(worker):
    """Run a function on a station in a thread, beside the event loop that stations live in."""
    equipment = Equipment("run-1", "tcp://127.0.0.1:2", NEEDS, surroundings(NEEDS), 1, Limits())

    def call(work, equipment=equipment):
        async def main():
            station = Station(equipment, worker)
            try:
                return await asyncio.to_thread(work, station)
            finally:
                station.close()

        return asyncio.run(main())

    call.equipment = equipment
    return call


def content_of(path: str) -> tuple[str, np.ndarray]:
    content = np.fromfile(path, dtype=np.uint8)
    return hashlib.sha256(content).hexdigest(), content


def test_events_are_news_in_order_and_the_result_holds_them_all(with_station, worker, make_task):
    task = make_task("healthy")
    blobs = with_station(lambda station: station.perform(task, *content_of(task.space_path)))
    events = [decode_event(blob) for blob in blobs]
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], TaskDone)
    assert [message["event"] for _, message in worker.news] == blobs
    assert [message["number"] for _, message in worker.news] == list(range(len(events)))
    assert {(topic, message["run"], message["key"]) for topic, message in worker.news} == {
        ("clusterbench", "run-1", task.key)
    }
    assert len({message["attempt"] for _, message in worker.news}) == 1
    assert list(Path(worker.local_directory).iterdir()) == []
    assert descendants() == []


def test_an_idle_station_gives_back_and_works_again(with_station, worker, make_task, monkeypatch):
    task = make_task("healthy")
    digest, content = content_of(task.space_path)

    def work(station):
        station.perform(task, digest, content)
        path = next(Path(worker.local_directory).rglob(f"{digest}.npy"))
        assert path.read_bytes() == content.tobytes()
        station._rest_when_idle()
        assert path.exists()  # it was busy a moment ago
        assert len(descendants()) == 2
        monkeypatch.setattr(_dask_worker, "_IDLE_SECONDS", 0.0)
        station._rest_when_idle()
        assert not path.exists()
        assert descendants() == []
        return station.perform(task, digest, content)

    assert isinstance(decode_event(with_station(work)[-1]), TaskDone)


def test_a_process_serves_one_plugin_and_an_idle_one_of_the_same_is_taken(with_station, worker, make_task):
    patching, healthy = make_task("patches"), make_task("quantiles")
    worker.state.nthreads = 2
    content = content_of(patching.space_path)

    def work(station):
        alone = station.perform(healthy, *content)
        with station._pool(healthy, lambda: False):  # which is busy meanwhile
            station.perform(patching, *content)
        station._pools.reverse()
        processes = [process.pid for process in descendants()]
        again = [station.perform(task, *content) for task in (healthy, patching, healthy)][-1]
        assert sorted(process.pid for process in descendants()) == sorted(processes)
        return alone, again

    labels = [
        [event.labeling.sha256 for event in map(decode_event, blobs) if isinstance(event, CutDone)]
        for blobs in with_station(work)
    ]
    assert len(labels[0]) == 3
    assert labels[0] == labels[1]


def test_only_the_latest_spaces_stay_on_disk(with_station, worker, monkeypatch):
    monkeypatch.setattr(_dask_worker, "_MOST_SPACES", 2)
    contents = [np.frombuffer(bytes([number] * 10), dtype=np.uint8) for number in range(4)]
    digests = [hashlib.sha256(content).hexdigest() for content in contents]

    def work(station):
        with station._space(digests[0], contents[0]) as held:
            for digest, content in zip(digests[1:], contents[1:], strict=True):
                with station._space(digest, content):
                    pass
            assert held.exists()
            return {path.stem for path in Path(worker.local_directory).rglob("*.npy")}

    assert with_station(work) == {digests[0], digests[3]}


def test_a_damaged_space_is_not_used(with_station, make_task):
    task = make_task("healthy")
    with pytest.raises(OSError, match=r"a space arrived damaged at worker tcp://127\.0\.0\.1:1"):
        with_station(lambda station: station.perform(task, "0" * 64, content_of(task.space_path)[1]))


def test_a_station_that_does_not_fit_refuses_every_job(with_station, make_task):
    other = replace(with_station.equipment, expected={**with_station.equipment.expected, "numpy": "0.0.1"})
    task = make_task("healthy")
    with pytest.raises(RequestError, match=rf"has numpy {np.__version__} \(here 0.0.1\)"):
        with_station(lambda station: station.perform(task, *content_of(task.space_path)), other)


@pytest.mark.parametrize("end", ["cancelled", "forgotten", "closed"])
def test_a_job_that_nobody_waits_for_is_stopped(with_station, worker, make_task, end):
    task = make_task("hangs")

    def stop(station) -> None:
        if end == "cancelled":
            worker.state.tasks["job"].state = "cancelled"
        elif end == "forgotten":
            worker.state.tasks.clear()
        else:
            station._closed.set()

    def work(station):
        timer = threading.Timer(1.0, stop, [station])
        timer.start()
        with pytest.raises(GivenUpError):
            station.perform(task, *content_of(task.space_path))
        timer.join()
        return descendants()

    assert with_station(work) == []
    assert not any(isinstance(decode_event(message["event"]), TaskDone) for _, message in worker.news)


def test_a_job_does_not_wait_for_a_place_when_nobody_waits_for_it(with_station, worker, make_task):
    def work(station):
        station._slots.acquire()
        worker.state.tasks.clear()
        with pytest.raises(GivenUpError):
            station.perform(make_task("healthy"), "", np.empty(0, dtype=np.uint8))

    with_station(work)


@pytest.mark.parametrize(("nthreads", "threads", "expected"), [(1, 1, 1), (8, 1, 8), (8, 3, 2), (1, 4, 1), (5, 5, 1)])
def test_a_worker_takes_as_many_jobs_as_its_threads_allow(nthreads, threads, expected):
    assert slots(nthreads, threads) == expected


def test_events_survive_the_way_and_labels_are_small(make_task):
    from clusterbench.labeling import Labeling
    from clusterbench.statuses import CellStatus

    labels = np.random.default_rng(0).integers(0, 10, 9_000)
    event = CutDone("k", "{}", CellStatus.OK, labeling=Labeling.of(labels), info={"warnings": ["w"]})
    blob = encode_event(event)
    assert len(blob) < 9_000 < LARGEST_NEWS
    back = decode_event(blob)
    assert isinstance(back, CutDone)
    assert back.labeling.sha256 == event.labeling.sha256
    assert back.info == event.info
