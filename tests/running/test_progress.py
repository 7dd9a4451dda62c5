"""Progress in a log: few lines, the last one always, and counts that add up."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.running import LogProgress, Silent


def lines_of(total: int, steps: list[int], note: str = "") -> list[str]:
    """Return the lines that a stage of `total` steps, done in some strides, writes."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    log = logging.getLogger("clusterbench")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        progress = LogProgress()
        progress.stage("fitting", total)
        for step in steps:
            progress.advance(step, note)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    return said


@pytest.mark.parametrize(
    ("total", "n_lines"), [(1, 1), (7, 7), (20, 20), (40, 20), (39, 20), (100, 20), (1000, 20), (12345, 20)]
)
def test_a_stage_done_step_by_step_writes_about_twenty_lines(total, n_lines):
    assert len(lines_of(total, [1] * total)) == n_lines


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_no_stage_writes_more_than_twenty_one_lines_and_its_last_is_the_end(steps):
    total = sum(steps)
    lines = lines_of(total, steps)
    assert len(lines) <= 21
    assert lines[-1] == f"fitting: {total} of {total}"
    done = [int(line.split()[1]) for line in lines]
    assert done == sorted(set(done))


def test_lines_stand_where_another_twentieth_is_over():
    assert [line.split()[1] for line in lines_of(100, [4, 4, 4, 4, 4, 80])] == ["8", "12", "16", "20", "100"]


@pytest.mark.parametrize(
    ("note", "line"), [("", "fitting: 1 of 1"), ("wine / raw / kmeans", "fitting: 1 of 1, wine / raw / kmeans")]
)
def test_a_line_tells_stage_count_and_note(note, line):
    assert lines_of(1, [1], note) == [line]


def test_a_second_stage_counts_from_the_start(caplog):
    caplog.set_level(logging.INFO, logger="clusterbench")
    progress = LogProgress()
    for name, total in [("fitting", 2), ("scoring", 1)]:
        progress.stage(name, total)
        for _ in range(total):
            progress.advance()
    progress.say("100 % done")
    assert caplog.messages == ["fitting: 1 of 2", "fitting: 2 of 2", "scoring: 1 of 1", "100 % done"]


def test_a_stage_of_nothing_writes_nothing_until_it_moves():
    assert lines_of(0, []) == []


def test_silent_progress_writes_nothing(caplog):
    caplog.set_level(logging.DEBUG)
    silent = Silent()
    silent.stage("fitting", 3)
    silent.advance(3, "note")
    silent.say("text")
    assert caplog.messages == []
