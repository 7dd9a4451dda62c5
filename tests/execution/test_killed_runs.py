"""Runs killed at random moments and repeated to the end lose nothing, repeat nothing, and end as if undisturbed.

The suite kills 3 times, and a whole run once; ``CLUSTERBENCH_CRASH_RUNS`` asks for another number (``tox -e crash``).
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from clusterbench.store import STORE_NAME, Store

from . import killable_run, killable_whole_run
from .conftest import is_worker, subprocess_environment

KILLS = int(os.environ.get("CLUSTERBENCH_CRASH_RUNS", "3"))
KILLS_OF_WHOLE_RUNS = int(os.environ.get("CLUSTERBENCH_CRASH_RUNS", "1"))
JOBS = 12
SEED = 20180302
PLUGIN = '''
"""Draws its labels slowly, from the global generator."""
import random, time
import numpy as np
from clusterbench.plugins import Algorithm, Family

def build(X, seed):
    start = np.random.default_rng(seed).integers(1000)
    def cutter(k):
        time.sleep(0.01 * random.random())
        return (np.random.randint(k, size=len(X)) + start * (X[:, 0] > 0)).astype(int)
    return cutter

ALGORITHM = Algorithm("slow_draws", Family.OTHER, __doc__, "none", build, packages={})
'''

BENCHMARK = """
title = "Iris, small"
seeds = [0, 1]
k = [2, 3, 4]
variants = { standard = [{ step = "standardize" }], minmax = [{ step = "minmax" }] }
datasets = [{ use = "iris" }]
algorithms = [{ use = "kmeans", n_init = 1 }, { use = "gmm" }, { use = "random_labels" }]
reference_spaces = ["standard"]
ranking = { bootstraps = 5, random_partitions = 4 }
stability = { resamples = 0 }
structure = { permutations = 0 }
"""


class Runs:
    """Runs over one set of jobs, each in a process of its own."""

    def __init__(self, folder: Path, space_path: str) -> None:
        self.folder, self.space = folder, space_path
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.plugin = folder / "slow_draws.py"
        self.plugin.write_text(PLUGIN)

    def start(self, results: Path, workers: int = 2) -> subprocess.Popen[str]:
        return self.script("killable_run.py", results, self.space, self.plugin, JOBS, workers)

    def script(self, name: str, *arguments: object) -> subprocess.Popen[str]:
        environment = subprocess_environment(TMPDIR=self.temporary)
        command = [sys.executable, str(Path(__file__).with_name(name)), *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    def timed(self, run: subprocess.Popen[str]) -> float:
        """Let a run go to its end; return how long it took after its imports."""
        with run:
            assert run.stdout.readline() == "begun\n"
            began = time.monotonic()
            assert run.stdout.read().endswith("done\n")
            return time.monotonic() - began


def contents(results: Path) -> tuple[pd.DataFrame, dict[str, bytes]]:
    """The cells of a store in order, and the labels of each."""
    keys = [hashlib.sha256(f"job {number}".encode()).hexdigest() for number in range(JOBS)]
    with Store.reader(results) as store:
        cells = store.cells(keys).sort_values(["job_key", "cut"]).reset_index(drop=True)
        labels = store.labelings(cells["labels_sha256"].dropna())
    return cells, {sha: values.tobytes() for sha, values in labels.items()}


def as_csv(cells: pd.DataFrame) -> str:
    """What must not depend on the course of a run."""
    return cells[["job_key", "cut", "status", "reason", "labels_sha256", "n_rows", "n_noise", "sizes"]].to_csv()


def killed(run: subprocess.Popen[str], moment: float, whom: str) -> tuple[list[str], float | None]:
    """Kill a run or one of its workers `moment` seconds after its begin.

    Return what it said, and how long it took if it came to its end all the same.
    """
    said, began = [], 0.0
    timer = threading.Timer(moment, strike, (run, whom))
    with run:
        for line in run.stdout:
            if line == "begun\n":
                began = time.monotonic()
                timer.start()
            else:
                said.append(line.rstrip("\n"))
    timer.cancel()
    seconds = time.monotonic() - began if "done" in said else None
    return [line for line in said if line != "done"], seconds


def strike(run: subprocess.Popen[str], whom: str) -> None:
    if whom == "run":
        run.kill()
        return
    try:
        family = psutil.Process(run.pid).children(recursive=True)
        workers = [process for process in family if is_worker(process)]
        if workers:
            workers[0].kill()
    except psutil.Error:  # it was quicker
        return


@pytest.fixture(scope="module")
def runs(tmp_path_factory, space_path) -> Runs:
    return Runs(tmp_path_factory.mktemp("crash"), space_path)


@pytest.fixture(scope="module")
def undisturbed(runs):
    """Cells, labels and duration of a run that nothing stops."""
    results = runs.folder / "undisturbed"
    took = runs.timed(runs.start(results))
    cells, labels = contents(results)
    assert len(cells) == JOBS * 5
    assert set(cells["status"]) == {"ok"}
    return as_csv(cells), labels, took


@pytest.mark.timeout(3600)
def test_killed_runs_lose_nothing_and_repeat_nothing(runs, undisturbed):
    expected, expected_labels, took = undisturbed
    rng = random.Random(SEED)
    kills = rounds = lost = repeated = 0
    while kills < KILLS:
        rounds += 1
        results = runs.folder / f"round-{rounds}"
        known = pd.DataFrame()
        over = False
        while not over:
            whom = rng.choice(["run", "run", "run", "worker"])
            last = kills >= KILLS  # enough: this one is let go on to the end
            moment = 3600.0 if last else rng.uniform(0, 0.9 * took)
            whole = not results.exists()
            said, seconds = killed(runs.start(results), moment, whom)
            over = seconds is not None
            if over and whole:
                took = min(took, seconds)  # the first one may have been slow, and the kills would come too late
            kills += not over or whom == "worker"
            if not (results / STORE_NAME).exists():
                assert not said
                continue
            cells, labels = contents(results)
            stored = {f"{key}\t{cut}" for key, cut in zip(cells["job_key"], cells["cut"], strict=True)}
            lost += len(set(said) - stored)
            repeated += len(known.merge(cells)) != len(known) if len(known) else 0
            assert not cells.duplicated(["job_key", "cut"]).any()
            assert all(expected_labels[sha] == data for sha, data in labels.items())
            known = cells[["job_key", "cut", "labels_sha256", "seconds", "build_seconds", "peak_mb"]]
        assert as_csv(cells) == expected
        assert labels == expected_labels
    assert (lost, repeated) == (0, 0)
    assert list(runs.temporary.iterdir()) == [], "a killed run leaves no file behind"


@pytest.mark.parametrize("workers", [0, 1])
def test_the_number_of_workers_changes_nothing(runs, undisturbed, workers):
    results = runs.folder / f"workers-{workers}"
    killable_run.main(str(results), runs.space, str(runs.plugin), JOBS, workers)
    cells, labels = contents(results)
    assert (as_csv(cells), labels) == undisturbed[:2]


@pytest.mark.timeout(7200)
def test_killed_whole_runs_end_with_the_same_tables(runs):
    """Also in the stages after fitting: scores, calibration and draws are kept once they are made."""
    toml = runs.folder / "small.toml"
    toml.write_text(BENCHMARK)
    calm = runs.folder / "calm"
    took = runs.timed(runs.script("killable_whole_run.py", calm / "results", toml, calm / "out"))
    expected = (calm / "out" / "scores.csv").read_bytes()
    tables = {name: without_times(calm / "out" / name) for name in ("cells.csv", "leaderboard.csv")}
    assert len(tables["cells.csv"]) == 2 * 3 * (2 + 2 + 20)  # variants, k, seeds: those of a random control are 20
    rng = random.Random(SEED)
    kills = rounds = 0
    while kills < KILLS_OF_WHOLE_RUNS:
        rounds += 1
        place = runs.folder / f"whole-{rounds}"
        over = False
        while not over and kills < KILLS_OF_WHOLE_RUNS:
            whole = not place.exists()
            run = runs.script("killable_whole_run.py", place / "results", toml, place / "out")
            _, seconds = killed(run, rng.uniform(0, 0.95 * took), "run")
            over = seconds is not None
            if over and whole:
                took = min(took, seconds)
            kills += not over
        if not over:
            killable_whole_run.main(place / "results", toml, place / "out")
        assert (place / "out" / "scores.csv").read_bytes() == expected
        for name, table in tables.items():
            pd.testing.assert_frame_equal(without_times(place / "out" / name), table)


def without_times(path: Path) -> pd.DataFrame:
    """A table of an export, less what a clock or a memory gauge has measured; the Pareto mark weighs times."""
    return pd.read_csv(path).drop(columns=["fit_seconds", "peak_mb", "pareto"], errors="ignore")
