"""Progress in a log: few lines, the last one always, and counts that add up."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.running import LogProgress, Silent


def lines_of(total: int, steps: list[int], note: str = "", pause: float = 0.0) -> list[str]:
    """Return the lines that a stage of `total` steps, done in some strides, writes."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    log = logging.getLogger("clusterbench")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        progress = LogProgress(pause=pause)
        progress.stage("fitting", total)
        for step in steps:
            progress.advance(step, note)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    return said


@pytest.mark.parametrize(("total", "n_lines"), [(1, 1), (7, 7), (10, 10), (40, 10), (39, 10), (100, 10), (12345, 10)])
def test_a_long_stage_writes_a_line_for_every_tenth(total, n_lines):
    assert len(lines_of(total, [1] * total)) == n_lines


@pytest.mark.parametrize("total", [1, 7, 1000])
def test_a_short_stage_writes_its_end_only(total):
    assert lines_of(total, [1] * total, pause=60.0) == [f"fitting: {total} of {total}"]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_no_stage_writes_more_than_ten_lines_and_its_last_is_the_end(steps):
    total = sum(steps)
    lines = lines_of(total, steps)
    assert len(lines) <= 10
    assert lines[-1] == f"fitting: {total} of {total}"
    done = [int(line.split()[1]) for line in lines]
    assert done == sorted(set(done))


def test_a_line_is_written_where_another_tenth_is_over():
    assert [line.split()[1] for line in lines_of(100, [4, 4, 4, 4, 4, 80])] == ["12", "20", "100"]


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
    assert caplog.messages == ["fitting: 2 of 2", "scoring: 1 of 1", "100 % done"]


def test_a_stage_of_nothing_writes_nothing_until_it_moves():
    assert lines_of(0, []) == []


def test_silent_progress_writes_nothing(caplog):
    caplog.set_level(logging.DEBUG)
    silent = Silent()
    silent.stage("fitting", 3)
    silent.advance(3, "note")
    silent.say("text")
    assert caplog.messages == []
