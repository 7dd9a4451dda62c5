"""How the tests of the command line call it, and one finished run that they share."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from clusterbench.cli import main

TOML = """
title = "Two blobs"
seeds = [0, 1]
k = [2, 3]
reference_spaces = ["standard"]
[[datasets]]
path = "blobs.csv"
drop = ["CUST_ID"]
[variants]
raw = []
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 0
k_policies = ["silhouette"]
bootstraps = 5
[stability]
resamples = 2
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
[[algorithms]]
use = "agglomerative"
linkage = "ward"
"""


class Ended(NamedTuple):
    """A finished call: its exit status, and what it wrote."""

    status: int
    out: str
    err: str


Call = Callable[..., Ended]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a process that imports what this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place), **changes}


def exit_status() -> int:
    """Run the command line with the present `sys.argv`."""
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def call(monkeypatch, capfd) -> Call:
    """Run the command line in this process, in the current folder."""

    def clusterbench(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["clusterbench", *arguments])
        return Ended(exit_status(), *capfd.readouterr())

    return clusterbench


class Finished(NamedTuple):
    """A workspace with a finished run, and what the run printed."""

    folder: Path
    out: str
    err: str


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Finished:
    """One run for all tests that do not change it."""
    folder = tmp_path_factory.mktemp("finished")
    values = np.random.default_rng(1).normal(size=(80, 2)) + 6 * (np.arange(80) % 2)[:, None]
    frame = pd.DataFrame(values, columns=["x", "y"])
    frame.insert(0, "CUST_ID", [f"C{i}" for i in range(80)])
    frame.to_csv(folder / "blobs.csv", index=False)
    (folder / "blobs.toml").write_text(TOML)
    out, err = io.StringIO(), io.StringIO()
    arguments = sys.argv
    try:
        sys.argv = ["clusterbench", "run", "blobs.toml", "--jobs", "0"]
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = exit_status()
    finally:
        sys.argv = arguments
    assert ended == 0, err.getvalue()
    return Finished(folder, out.getvalue(), err.getvalue())


@pytest.fixture
def workspace(finished, monkeypatch) -> Path:
    """The folder of the finished run, as the current folder; tests leave its files as they are."""
    monkeypatch.chdir(finished.folder)
    return finished.folder


@pytest.fixture
def own(finished, tmp_path, monkeypatch) -> Path:
    """A copy of the finished run, as the current folder, which a test may change."""
    shutil.copytree(finished.folder, tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"
