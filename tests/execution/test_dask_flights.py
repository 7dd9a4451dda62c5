"""The books of tasks under way, by themselves: what is given on, what is tried again, and who is blamed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from distributed import KilledWorker

from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, CutDone, CutStarted, Started, Task, TaskDone
from clusterbench.execution.dask_flights import Flights, _Flight
from clusterbench.execution.dask_worker import encode_event

KEY, CUTS = "a" * 64, ('{"k": 2}', '{"k": 3}')
TWO, THREE = (CutDone(KEY, cut, CellStatus.OK, build_seconds=1.5) for cut in CUTS)
WHOLE = [Started(KEY), CutStarted(KEY, CUTS[0]), TWO, CutStarted(KEY, CUTS[1]), THREE, TaskDone(KEY, CellStatus.OK)]


@pytest.fixture
def flights():
    return Flights(SimpleNamespace(status="running"), "tcp://127.0.0.1:1", "run-1", most=0, threads=1)


@pytest.fixture
def flight(flights):
    """A task that has taken off."""
    task = Task(KEY, "/plugin.py", "{}", 0, CUTS, "/space.npy")
    flights._flying[KEY] = _Flight(task, future=SimpleNamespace(), take_offs=1)
    return flights._flying[KEY]


def tell(flights, events, *, attempt="1", leave_out=()):
    """Have the run hear events of an attempt; return what it gives on."""
    for number, event in enumerate(events):
        if number not in leave_out:
            news = {"run": "run-1", "key": KEY, "attempt": attempt, "number": number, "event": encode_event(event)}
            flights._hear((0.0, news))
    return list(flights._news(0.0))


def kinds(events):
    return [type(event) for event in events]


def test_all_news_is_given_on_and_lands_the_task(flights, flight):
    assert tell(flights, WHOLE) == WHOLE
    assert flights._flying == {}
    assert tell(flights, WHOLE, attempt="late") == []


def test_news_of_other_runs_is_not_heard(flights, flight):
    flights._hear((0.0, {"run": "run-2", "key": KEY}))
    flights._hear((0.0, "something else"))
    assert list(flights._news(0.0)) == []


def test_a_second_attempt_gives_only_what_the_first_did_not(flights, flight):
    assert kinds(tell(flights, WHOLE[:4])) == [Started, CutStarted, CutDone, CutStarted]
    assert tell(flights, WHOLE, attempt="2") == [Started(KEY), CutStarted(KEY, CUTS[1]), THREE, WHOLE[-1]]


def test_where_news_is_missing_the_result_is_fetched(flights, flight):
    assert tell(flights, WHOLE, leave_out=[2, 3, 4]) == WHOLE[:2]  # and not the end, since something came before it
    flight.future.result = lambda timeout: [encode_event(event) for event in WHOLE]
    assert list(flights._fetch(flight, flight.future)) == [TWO, THREE, WHOLE[-1]]
    assert flights._flying == {}


def test_a_result_that_is_gone_or_unfinished_is_asked_for_again(flights, flight):
    def lost(timeout):
        raise TimeoutError

    for result in (lost, lambda timeout: []):
        flight.future = SimpleNamespace(result=result)
        assert list(flights._fetch(flight, flight.future)) == []
        assert list(flights._waiting) == [flight]
        flights._flying[KEY] = flights._waiting.popleft()


def test_a_task_lost_after_its_last_cut_is_over(flights, flight):
    tell(flights, WHOLE[:5])
    assert list(flights._again_or(flight)) == [TaskDone(KEY, CellStatus.OK, "", 1.5, 0.0)]


def test_a_task_is_lost_only_so_often(flights, flight):
    for attempt in range(3):
        tell(flights, WHOLE[:2], attempt=str(attempt))
        assert list(flights._again_or(flight)) == []
        flights._flying[KEY] = flights._waiting.popleft()
    tell(flights, WHOLE[:2], attempt="last")
    done = list(flights._again_or(flight))
    assert kinds(done) == [CutDone, TaskDone]
    assert done[0].reason == "KilledWorker: 4 Dask workers died while they ran this job"
    assert done[1].reason == f"not begun: {done[0].reason}"
    assert {event.status for event in done} == {CellStatus.FAILED}


def test_a_task_that_only_waited_where_workers_died_is_not_to_blame(flights, flight):
    error = KilledWorker(KEY, None, 3)
    for _ in range(2):
        assert list(flights._failed(flight, error)) == []
        flights._flying[KEY] = flights._waiting.popleft()
    assert flight.losses == 0
    assert kinds(flights._failed(flight, error)) == [TaskDone]  # in the end it is, or a run would never end


def test_a_task_that_began_on_every_worker_that_died_is_to_blame(flights, flight):
    for attempt in range(3):  # of four; the last start was not heard
        tell(flights, WHOLE[:2], attempt=str(attempt))
    done = list(flights._failed(flight, KilledWorker(KEY, None, 3)))
    assert kinds(done) == [CutDone, TaskDone]
    assert done[0].cut == CUTS[0]


def test_what_a_dask_worker_could_not_do_is_a_failure_with_its_reason(flights, flight):
    done = list(flights._failed(flight, OSError(28, "No space left on device")))
    assert done[0].reason == "the Dask worker could not run it: OSError: [Errno 28] No space left on device"


def test_a_worker_that_refuses_ends_the_run(flights, flight):
    with pytest.raises(RequestError, match="numpy differs; finished cells are in the store"):
        list(flights._failed(flight, RequestError("numpy differs")))


def test_a_lost_scheduler_ends_the_run_but_one_that_is_called_again_does_not(flights, flight):
    flights._client.status = "connecting"
    assert list(flights._look()) == []
    flights._client.status, flights._looked = "closed", 0.0
    with pytest.raises(RequestError, match="the scheduler is gone") as ended:
        list(flights._look())
    assert ended.value.where == "scheduler tcp://127.0.0.1:1"
