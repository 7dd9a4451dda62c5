"""A run that is stopped says what is kept and how it goes on; a terminal that takes nothing is told in a line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from clusterbench.cli.signals import exit_status, stoppable
from clusterbench.results import store_status
from clusterbench.running import Silent
from clusterbench.store import STORE_NAME, Store

TOML = """
title = "Stopped"
seeds = [0]
k = [2, 3, 4]
reference_spaces = ["standard"]
datasets = [{ path = "table.csv" }]
algorithms = [{ use = "slow" }]
ranking = { random_partitions = 0, bootstraps = 0, k_policies = ["silhouette"] }
stability = { resamples = 0 }
structure = { permutations = 0 }
[variants]
standard = [{ step = "standardize" }]
"""
PLUGIN = """
import time
from pathlib import Path
from clusterbench.plugins import Algorithm, Family

def build(X, seed):
    def cutter(k):
        if k == 4 and not Path("PLACE/go on").exists():
            Path("PLACE/waits").touch()
            time.sleep(1000)
        return X[:, 0].argsort().argsort() * k // len(X)
    return cutter

ALGORITHM = Algorithm("slow", Family.OTHER, "slices", "none", build, packages={})
"""
CODE = "from clusterbench.cli import main; main()"


@pytest.fixture
def start(tmp_path):
    """Start the command line in a workspace with one slow plug-in."""
    pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2))).add_prefix("c").to_csv(tmp_path / "table.csv")
    (tmp_path / "bench.toml").write_text(TOML)
    (tmp_path / "algorithms").mkdir()
    (tmp_path / "algorithms" / "slow.py").write_text(PLUGIN.replace("PLACE", str(tmp_path)))
    (tmp_path / "tmp").mkdir()

    def clusterbench(*arguments: str, stdout: object = subprocess.PIPE) -> subprocess.Popen[str]:
        paths = os.pathsep.join(place for place in sys.path if place)
        environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(tmp_path / "tmp")}
        command = [sys.executable, "-c", CODE, *arguments]
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True
        )

    return clusterbench


def ended(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end; return exit status, output and errors."""
    out, err = run.communicate(timeout=60)
    return run.returncode, out or "", err


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def n_cells(results: Path) -> int:
    if not (results / STORE_NAME).exists():
        return 0
    with Store.reader(results) as store:
        return sum(count for run in store_status(store).values() for state, count in run.items() if state == "ok")


def test_a_stopped_run_reports_its_cells_and_goes_on_from_there(start, tmp_path, call, monkeypatch):
    run = start("run", "bench.toml", "--jobs", "1")
    until((tmp_path / "waits").exists)
    until(lambda: n_cells(tmp_path / "results") == 2)
    family = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGTERM)
    code, _, err = ended(run)
    assert code == 143
    assert "stopped; bench: 2 ok, 1 to do. Finished cells are in results/clusterbench.sqlite" in err
    assert "Traceback" not in err
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert list((tmp_path / "tmp").iterdir()) == []
    (tmp_path / "go on").touch()
    monkeypatch.chdir(tmp_path)
    again = call("run", "bench.toml", "--jobs", "0")
    assert again.status == 0
    assert "1 of them now" in again.out


def test_a_run_that_is_stopped_before_it_has_a_plan_says_so(start, tmp_path):
    (tmp_path / "algorithms" / "slow.py").write_text(
        f"import pathlib, time\npathlib.Path({str(tmp_path / 'waits')!r}).touch()\ntime.sleep(1000)\n"
    )
    run = start("run", "bench.toml")
    until((tmp_path / "waits").exists)
    run.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    code, _, err = ended(run)
    assert code == 130
    assert time.monotonic() - stopped < 20  # an import may take 60 s
    assert "stopped before anything was finished" in err


def test_a_signal_that_is_ignored_stays_ignored(start, tmp_path):
    ignoring = f"import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); {CODE}"
    run = subprocess.Popen(
        [sys.executable, "-c", ignoring, "run", "bench.toml", "--jobs", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until((tmp_path / "waits").exists)
    run.send_signal(signal.SIGHUP)
    (tmp_path / "go on").touch()
    time.sleep(0.2)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    assert ended(run)[0] == 143


@pytest.mark.parametrize("option", ["--time-limit", "--memory-limit"])
def test_a_limit_that_is_no_number_is_refused(workspace, call, option):
    ended = call("run", "blobs.toml", option, "nan")
    assert ended.status == 2
    assert f"Invalid value for '{option}'" in ended.err


class Steps(Silent):
    """Counts the steps that reach it."""

    def __init__(self) -> None:
        self.n = 0

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.n += steps


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_whose_exception_was_lost_ends_the_run_at_its_next_step(number):
    steps, handler = Steps(), signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as stop, stoppable(steps) as progress:  # noqa: PT012
        progress.advance(2)
        with suppress(KeyboardInterrupt):  # as a compiler does that was calling back
            signal.raise_signal(number)
        progress.say("a line may be told yet")
        progress.advance(3)
    assert exit_status(stop.value) == 128 + number
    assert steps.n == 2
    assert signal.getsignal(number) is handler


def test_the_handler_of_somebody_else_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with stoppable(Silent()):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
