"""Progress: bars on a terminal, lines in a log."""

from __future__ import annotations

import io
import logging
import re

import pytest
from rich.console import Console

from clusterbench.cli.progress_bar import PlainProgress, TerminalProgress, progress_for

LOG = logging.getLogger("clusterbench")


@pytest.fixture
def terminal():
    """A terminal of 120 columns that keeps what is written to it."""
    return Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None, _environ={})


@pytest.fixture(autouse=True)
def level_of_the_log():
    before = LOG.level
    yield
    LOG.setLevel(before)


def written(console: Console) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


def test_bars_are_for_terminals_and_lines_for_everything_else(terminal):
    assert isinstance(progress_for(terminal), TerminalProgress)
    assert isinstance(progress_for(Console(file=io.StringIO())), PlainProgress)


def test_a_bar_shows_its_stage_its_steps_and_its_note(terminal):
    with TerminalProgress(terminal) as progress:
        progress.stage("fitting", 4)
        progress.advance()
        progress.advance(2, "kmeans on wine")
    last = written(terminal).splitlines()[-1]
    assert last.startswith("fitting")
    assert "3/4" in last
    assert "kmeans on wine" in last


def test_every_stage_has_a_bar_of_its_own_and_an_empty_one_has_none(terminal):
    with TerminalProgress(terminal) as progress:
        progress.stage("fitting", 2)
        progress.advance(2)
        progress.stage("resampling", 0)
        progress.advance(5, "nothing to do")
        progress.stage("scoring", 3)
        progress.advance()
    text = written(terminal)
    assert "2/2" in text
    assert "1/3" in text
    assert "resampling" not in text
    assert "nothing to do" not in text


def test_advancing_before_any_stage_is_quiet(terminal):
    with TerminalProgress(terminal) as progress:
        progress.advance()
        progress.say("a word")
    assert "a word" in written(terminal)


def test_plain_lines_go_to_standard_error_with_the_time(capsys):
    with PlainProgress(pause=0.0) as progress:
        progress.stage("fitting", 2)
        progress.advance(1, "kmeans")
        progress.advance()
        progress.say("one cell failed")
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert [line[9:] for line in lines] == ["fitting: 1 of 2, kmeans", "fitting: 2 of 2", "one cell failed"]


def test_the_log_is_as_before_when_the_lines_are_done():
    handlers = list(LOG.handlers)
    with PlainProgress():
        assert len(LOG.handlers) == len(handlers) + 1
    assert LOG.handlers == handlers
    with pytest.raises(RuntimeError, match="stop"), PlainProgress():
        raise RuntimeError("stop")
    assert LOG.handlers == handlers
