"""The local cluster: where it listens, and that it never outlives its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, LocalCluster, execute

from .conftest import outcomes

DRIVER = """
from clusterbench.execution import CutStarted, Task, execute
import sys
plugin, space = sys.argv[1:]
for event in execute([Task("a" * 64, plugin, "{}", 0, ('{"k": 3}',), space)], workers=1, scheduler="local"):
    if isinstance(event, CutStarted):
        print("hanging", flush=True)
"""


def ended(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after some seconds."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in processes if process.is_running() and process.status() != "zombie"]:
        if time.monotonic() > deadline:
            return alive
        time.sleep(0.05)
    return []


def test_one_cluster_serves_many_calls_on_loopback_and_takes_all_along(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LocalCluster(2) as cluster:
        assert psutil.Process().children() == []  # nothing starts before it is needed
        for name in ("one", "two"):
            task = make_task("healthy", name=name)
            cells = outcomes([task], execute([task], workers=2, scheduler=cluster))
            assert {cell.status for cell in cells[task.key].values()} == {CellStatus.OK}
        address = cluster.address
        family = psutil.Process().children(recursive=True)
        listening = [c.laddr.ip for p in family for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert address.startswith("tcp://127.0.0.1:")
    assert len(listening) >= 3  # a scheduler and two workers
    assert set(listening) == {"127.0.0.1"}
    assert ended(family, 2.0) == []
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_does_not_start_says_why(monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__DEFAULT_SCHEME", "pigeon")
    monkeypatch.setattr("clusterbench.execution.dask_local._BOOT", "raise SystemExit('no feathers')")
    with LocalCluster(1) as cluster, pytest.raises(RequestError, match="did not start: no feathers"):
        _ = cluster.address


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_that_is_ended_takes_its_cluster_along(space_path, tmp_path, number):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": str(tmp_path)}
    plugin = Path(__file__).parent / "hostile" / "hangs.py"
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(plugin), space_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert driver.stdout.readline() == "hanging\n"
    family = psutil.Process(driver.pid).children(recursive=True)
    assert len(family) >= 5  # the cluster, its helper, a Dask worker, a keeper, a worker
    began = time.monotonic()
    driver.send_signal(number)
    _, said = driver.communicate(timeout=20)
    assert ended(family, 3.0) == []
    assert time.monotonic() - began < 5.0
    if number is signal.SIGINT:
        assert said.strip().splitlines()[-1] == "KeyboardInterrupt"
        assert list(tmp_path.iterdir()) == []
