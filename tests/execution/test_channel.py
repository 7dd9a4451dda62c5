"""Messages arrive whole and in order, or not at all; rubbish is told apart and never waited for."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbench.execution import CellStatus, CutDone
from clusterbench.execution.channel import GarbledError, RunEnd, WorkerEnd, encode
from clusterbench.labeling import Labeling


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    run = RunEnd(ours)
    with theirs:
        yield run, WorkerEnd(theirs.fileno()), theirs
    run.close()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.integers(), st.binary(max_size=300), st.text(max_size=30)), max_size=8), st.data())
def test_messages_arrive_whole_however_they_are_cut(messages, data):
    stream = b"".join(map(encode, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    ours, theirs = socket.socketpair()
    run, found = RunEnd(ours), []
    with theirs:
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            theirs.sendall(stream[start:end])
            found += run.receive()
    assert found == messages
    assert run.receive() == []
    assert run.closed
    run.close()


def test_messages_go_both_ways(ends):
    run, worker, _ = ends
    run.send({"task": 1})
    assert worker.receive() == {"task": 1}
    worker.send("done")
    assert run.receive() == ["done"]
    assert not run.closed


@pytest.mark.parametrize(
    "rubbish",
    [b"rubbish in the middle", b"CLB1" + b"\xff" * 8, b"CLB1" + (5).to_bytes(8, "big") + b"hello"],
    ids=["no magic", "a huge length", "no pickle"],
)
def test_what_came_before_rubbish_is_kept(ends, rubbish):
    run, worker, theirs = ends
    worker.send("sound")
    theirs.sendall(rubbish)
    worker.send("sound, but too late")
    assert run.receive() == ["sound"]
    assert run.garbled is not None
    assert run.receive() == []


def test_half_a_message_is_not_waited_for(ends):
    run, _, theirs = ends
    theirs.sendall(encode("late")[:-1])
    assert run.receive() == []
    assert not run.closed
    assert run.garbled is None


def test_the_end_of_the_run_is_the_end_of_messages(ends):
    run, worker, _ = ends
    run.close()
    with pytest.raises(EOFError):
        worker.receive()


def test_a_worker_refuses_rubbish_too(ends):
    run, worker, _ = ends
    os.write(run.fileno(), b"x" * 20)
    with pytest.raises(GarbledError):
        worker.receive()


def test_a_worker_that_does_not_listen_is_not_waited_for(ends):
    run, _, _ = ends
    with pytest.raises(TimeoutError):
        run.send(b"x" * 10_000_000, patience=0.05)


def test_a_message_arrives_with_its_labeling_and_its_status(ends):
    run, worker, _ = ends
    labeling = Labeling.of([0, 1, 1, -1])
    done = CutDone("key", '{"k": 2}', CellStatus.OK, labeling=labeling, info={"a": [1.5, None, "x"]})
    worker.send((done, False))
    [(found, worn)] = run.receive()
    assert found.status is CellStatus.OK
    assert (found.labeling.sha256, found.labeling.labels.tolist(), found.info, worn) == (
        labeling.sha256,
        [1, 0, 0, -1],
        {"a": [1.5, None, "x"]},
        False,
    )


def test_a_message_longer_than_its_bound_is_not_waited_for(ends):
    run, worker, theirs = ends
    run.largest = 100
    worker.send("short")
    theirs.sendall(b"CLB1" + (101).to_bytes(8, "big"))
    assert run.receive() == ["short"]
    assert run.garbled is not None
