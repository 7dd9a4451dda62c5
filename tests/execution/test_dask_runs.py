"""Runs and schedulers: those that cannot be used, those that are lost, and a whole run that is the same everywhere."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.cli import main
from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, execute
from clusterbench.execution import dask_executor as _dask
from clusterbench.execution import dask_flights as _dask_flights
from clusterbench.results import Run, store_status
from clusterbench.running import Settings, Silent, run
from clusterbench.store import Store

from .conftest import outcomes
from .dask_processes import RECORDER, Processes, gone, statuses


def test_a_scheduler_that_is_not_there_is_refused_within_seconds(make_task, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as closed:
            free = closed.getsockname()[1]
        monkeypatch.setattr(_dask, "CONNECT_SECONDS", 0.7)
        for address in (
            f"tcp://127.0.0.1:{port}",
            f"tcp://127.0.0.1:{free}",
            "carrier://pigeon:1",
        ):
            began = time.monotonic()
            with pytest.raises(RequestError, match=f"scheduler {address}: the scheduler cannot be reached"):
                next(execute([make_task("healthy")], workers=1, scheduler=address))
            assert time.monotonic() - began < 5.0


def test_a_word_that_is_no_address_is_refused_with_the_nearest_right_one(tmp_path, monkeypatch, capsys):
    (tmp_path / "table.csv").write_text("x,y\n" + "\n".join(f"{i % 3 * 9 + i / 90},{i % 7}" for i in range(60)))
    monkeypatch.chdir(tmp_path)
    toml = 'title = "Small"\nk = [2]\nseeds = [0]\n[[datasets]]\npath = "table.csv"\n[[algorithms]]\nuse = "kmeans"\n'
    (tmp_path / "small.toml").write_text(toml)
    monkeypatch.setattr(sys, "argv", ["clusterbench", "run", "small.toml", "--scheduler", "locla"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "error: unknown scheduler 'locla', did you mean 'local'? (allowed: local, or tcp://HOST:8786)" in (
        capsys.readouterr().err
    )


def test_without_dask_the_error_says_how_to_install_it(make_task, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "distributed" else find(name, *a))
    with pytest.raises(RequestError, match=r"pip install 'clusterbench\[dask\]'"):
        next(execute([make_task("healthy")], workers=1, scheduler="local"))


def test_dask_is_imported_only_when_it_is_used():
    code = "import sys, clusterbench.cli, clusterbench.running, clusterbench.execution; "
    code += "print({'distributed', 'dask', 'tornado'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_workers_of_settings_are_those_of_the_cluster():
    assert Settings(scheduler="tcp://127.0.0.1:1").n_workers == 0
    assert Settings(3, scheduler="tcp://127.0.0.1:1").n_workers == 3
    assert Settings(scheduler="local", threads=1).n_workers == Settings().n_workers


STUDY = """
title = "Waits"
seeds = [0]
k = [2, 3, 4]
reference_spaces = ["raw"]
[[datasets]]
path = "table.csv"
[variants]
raw = []
[ranking]
random_partitions = 0
bootstraps = 0
k_policies = ["silhouette"]
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "recorder"
wait = [0.06, 0.07, 0.08]
[[algorithms]]
use = "kmeans"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Path:
    """A workspace with an algorithm of its own."""
    folder = tmp_path_factory.mktemp("workspace")
    rng = np.random.default_rng(0)
    values = rng.normal(size=(90, 2)) + 8.0 * (np.arange(90) % 3)[:, None]
    pd.DataFrame(values, columns=["x", "y"]).to_csv(folder / "table.csv", index=False)
    (folder / "waits.toml").write_text(STUDY)
    (folder / "algorithms").mkdir()
    (folder / "algorithms" / "recorder.py").write_text(RECORDER)
    return folder


@pytest.fixture(scope="module")
def undisturbed(workspace) -> Run:
    """The run of that workspace in this process alone."""
    here = {"workspace": workspace, "results": workspace / "undisturbed"}
    return run(workspace / "waits.toml", **here, settings=Settings(workers=0), progress=Silent())


@pytest.fixture
def study(workspace, monkeypatch) -> Path:
    """That workspace, as the current folder."""
    monkeypatch.chdir(workspace)
    return workspace


class AfterSomeCells(Silent):
    """Calls a function when some cells are in the store."""

    def __init__(self, act) -> None:
        self._act, self._steps = act, 0

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._steps += steps
        if self._steps >= 4 and self._act is not None:
            self._act()
            self._act = None


def test_a_run_ends_cleanly_with_its_scheduler_and_goes_on_elsewhere(tmp_path_factory, study, undisturbed, monkeypatch):
    monkeypatch.setattr(_dask, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(_dask, "WORKER_SECONDS", 0.5)
    with Processes(tmp_path_factory.mktemp("lost")) as lost:
        far = Settings(scheduler=lost.address)
        with pytest.raises(RequestError, match=r"no worker came within 0.5 s.*dask worker ADDRESS"):
            run("waits.toml", settings=far, progress=Silent())
        monkeypatch.undo()
        monkeypatch.chdir(study)
        monkeypatch.setattr(_dask, "CONNECT_SECONDS", 1.0)
        lost.work(1)
        killer = AfterSomeCells(lost.kill_scheduler)
        with pytest.raises(RequestError, match=r"the scheduler is gone; finished cells are in the store") as ended:
            run("waits.toml", settings=far, progress=killer)
        assert ended.value.where == f"scheduler {lost.address}"
        assert gone(lost.beneath, 10.0)
    with Store.reader(Path("results")) as store:
        counts = store_status(store)["waits"]
    assert 4 <= counts["ok"] < 12
    assert counts == {"ok": counts["ok"], "to do": 12 - counts["ok"]}
    done = run("waits.toml", settings=Settings(workers=0), progress=Silent())
    assert done.computed == counts["to do"]
    columns = ["algorithm", "params", "cut", "k", "labels_sha256", "status"]
    assert done.cells[columns].equals(undisturbed.cells[columns])
    assert done.n_failed == 0


def test_a_whole_run_on_a_local_cluster_is_the_same_run(study, undisturbed):
    there = run("waits.toml", results="there", settings=Settings(2, scheduler="local"), progress=Silent())
    columns = ["algorithm", "params", "cut", "k", "labels_sha256", "status"]
    assert there.cells[columns].equals(undisturbed.cells[columns])
    assert (there.manifest["executor"], undisturbed.manifest["executor"]) == ("dask", "this process")
    again = run("waits.toml", results="there", settings=Settings(scheduler="tcp://127.0.0.1:1"), progress=Silent())
    assert again.computed == 0  # where nothing is to do, nobody is called


def test_a_job_that_kills_its_dask_worker_again_and_again_is_a_row_with_a_reason(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr(_dask_flights, "_MOST_LOSSES", 1)
    plugin = tmp_path / "kills_dask.py"
    body = "psutil = __import__('psutil')\n        time.sleep(0.5)\n        if k == 3:\n"
    body += "            psutil.Process().parents()[1].kill()\n            time.sleep(10)"
    plugin.write_text(RECORDER.replace("time.sleep(wait)", body))
    tasks = [make_task(plugin), make_task("healthy", name="behind it")]
    cells = outcomes(tasks, execute(tasks, workers=1, scheduler="local"))
    killed = cells[tasks[0].key]
    assert [killed[k].status for k in (2, 3, 4)] == [CellStatus.OK, CellStatus.FAILED, CellStatus.FAILED]
    assert killed[3].reason == "KilledWorker: 2 Dask workers died while they ran this job"
    assert killed[4].reason.startswith("not begun: KilledWorker")
    assert statuses({"": cells[tasks[1].key]}) == {CellStatus.OK}
