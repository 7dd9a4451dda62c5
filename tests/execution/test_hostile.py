"""Every fault costs its own cells only, each with a reason that tells what happened."""

from __future__ import annotations

import os
import re
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import psutil
import pytest

from clusterbench.execution import CellStatus, Limits, execute, scratch_folder

from .conftest import HOSTILE, KS, descendants, labels_of, outcomes

FAILED, TIMEOUT, OUT_OF_MEMORY = CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY
LIMITS = Limits(seconds=2.5, memory_mb=500, start_seconds=10)

# plug-in: the cells that it loses, with the status and what the reason must say; its other cells are sound.
LOSSES = {
    "raises": ({3}, FAILED, r"^ValueError: k = 3 is not to my taste \(raises\.py:\d+\)$"),
    "raises_base": ({3}, FAILED, r"ended with exit code 1; it last wrote: .*Unusual"),
    "raises_generator_exit": ({3}, FAILED, r"^GeneratorExit: out"),
    "bad_message": ({3}, FAILED, r"Unspeakable: \(its message raises RuntimeError\)"),
    "surrogates": ({3}, FAILED, r"half a \? pair,\? a zero, a line and \?\[31mred"),
    "os_exit": ({3}, FAILED, r"^the worker ended with exit code 7$"),
    "sys_exit": ({3}, FAILED, r"^SystemExit: 3"),
    "segfault": ({3}, FAILED, r"killed by SIGSEGV; it last wrote: Fatal Python error: Segmentation fault \| File"),
    "aborts": ({3}, FAILED, r"killed by SIGABRT; it last wrote: Fatal Python error: Aborted"),
    "kills_itself": ({3}, FAILED, r"killed by SIGKILL \(by the kernel.*tried 3 times$"),
    "kills_parent": ({3}, FAILED, r"lost its parent process.*tried 3 times$"),
    "kills_group": ({3}, FAILED, r"killed by SIGTERM; tried 3 times$"),
    "hangs": ({3, 4}, TIMEOUT, r"killed at the limit of 2\.5 s$"),
    "hangs_in_c": ({3, 4}, TIMEOUT, r"killed at the limit of 2\.5 s$"),
    "hangs_with_children": ({3, 4}, TIMEOUT, r"killed at the limit of 2\.5 s$"),
    "hangs_in_build": ({2, 3, 4}, TIMEOUT, r"^killed at the limit of 2\.5 s$"),
    "hangs_on_import": ({2, 3, 4}, TIMEOUT, r"^imports and warm-up took more than 10 s$"),
    "too_slow": ({4}, TIMEOUT, r"^killed at the limit of 2\.5 s$"),
    "floods": ({3, 4}, TIMEOUT, r"killed at the limit of 2\.5 s(; it last wrote: .*the same again and again.*)?$"),
    "writes_to_every_file": ({3}, FAILED, r"wrote to the socket of its worker"),
    "sends_too_much": ({3}, FAILED, r"wrote to the socket of its worker"),
    "speaks_for_the_keeper": ({3}, FAILED, r"^the worker ended with exit code 9$"),
    "stops_parent": ({3, 4}, TIMEOUT, r"^killed at the limit of 2\.5 s$|^not begun"),
    "closes_files": ({3}, FAILED, r"ended with exit code 1"),
    "closes_files_and_hangs": ({3}, FAILED, r"closed the socket of its worker"),
    "allocates": ({3}, OUT_OF_MEMORY, r"killed at \d+ MB, over the limit of 500 MB$"),
    "allocates_elsewhere": ({3}, OUT_OF_MEMORY, r"killed at \d+ MB, over the limit of 500 MB$"),
    "asks_too_much": ({3}, OUT_OF_MEMORY, r"MemoryError: Unable to allocate"),
    "mutates": ({3}, FAILED, r"ValueError: assignment destination is read-only"),
    "mutates_by_force": ({3}, FAILED, r"ValueError: cannot set WRITEABLE flag"),
    "mutates_in_c": ({3}, FAILED, r"killed by SIG(SEGV|BUS)"),
    "bad_shape": ({3}, FAILED, r"labels of shape \(7,\) for 300 rows"),
    "bad_values": ({3}, FAILED, r"labels of dtype <U1"),
    "exits_on_import": ({2, 3, 4}, FAILED, r"^the worker ended with exit code 5$"),
    "no_plugin": ({2, 3, 4}, FAILED, r"could not be loaded: RequestError: .*no_plugin\.py: holds nothing"),
    "escapes": (set(), FAILED, ""),
    "forks": (set(), FAILED, ""),
    "prints_rubbish": (set(), FAILED, ""),
    "starts_a_thread": (set(), FAILED, ""),
    "sets_a_timer": (set(), FAILED, ""),
    "changes_everything": (set(), FAILED, ""),
    "clears_temporary_files": (set(), FAILED, ""),
    "patches": (set(), FAILED, ""),
}  # fmt: skip
ELSEWHERE = {"healthy", "draws_globally", "quantiles", "leaks"}  # sound ones; test_pool.py has what leaks


@pytest.fixture(scope="module")
def matrix(make_task):
    """One run of every hostile plug-in, each followed by sound ones, on two workers."""
    tasks = []
    for name in sorted(LOSSES):
        tasks += [make_task(name), make_task("healthy", name=f"after {name}"), make_task("draws_globally", name=name)]
    started = time.monotonic()
    cells = outcomes(tasks, execute(tasks, workers=2, limits=LIMITS))
    return {task.key: task for task in tasks}, cells, time.monotonic() - started


def of(matrix, name):
    tasks, cells, _ = matrix
    return next(cells[key] for key, task in tasks.items() if Path(task.plugin).stem == name)


@pytest.fixture(scope="module")
def sound(make_task):
    """The labels of the sound plug-in, from a run without any other."""
    task = make_task("healthy")
    return labels_of(outcomes([task], execute([task], workers=0))[task.key])


def test_every_hostile_file_is_in_the_table():
    assert {path.stem for path in HOSTILE.glob("*.py")} == set(LOSSES) | ELSEWHERE


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_fault_costs_its_own_cells_and_says_why(matrix, sound, name):
    lost, status, reason = LOSSES[name]
    cells = of(matrix, name)
    assert set(cells) == set(KS)
    assert {k for k in KS if cells[k].status is not CellStatus.OK} == lost
    for k in lost:
        assert cells[k].status is status
        assert "\n" not in cells[k].reason
        assert len(cells[k].reason) <= 1000
        cells[k].reason.encode("utf-8")
        assert re.search(reason, cells[k].reason), cells[k].reason
    found = labels_of(cells)
    assert all(found[k] == (None if k in lost else sound[k]) for k in KS)


def test_sound_cells_beside_hostile_ones_are_the_same_as_alone(matrix, sound):
    tasks, cells, _ = matrix
    beside = [labels_of(cells[key]) for key, task in tasks.items() if Path(task.plugin).stem == "healthy"]
    assert len(beside) == len(LOSSES)
    assert all(found == sound for found in beside)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_plugin_leaves_in_its_process_changes_no_other(make_task, workers):
    healthy = [make_task("quantiles", name=str(number)) for number in range(3)]
    alone = outcomes(healthy, execute(healthy, workers=0))
    tasks = [task for number, sound in enumerate(healthy) for task in (make_task("patches", name=str(number)), sound)]
    cells = outcomes(tasks, execute(tasks, workers=workers))
    assert {cell.status for task in healthy for cell in cells[task.key].values()} == {CellStatus.OK}
    assert all(labels_of(cells[task.key]) == labels_of(alone[task.key]) for task in healthy)


def test_a_plugin_that_clears_temporary_files_meets_only_its_own(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tasks = [make_task("clears_temporary_files", name=str(number)) for number in range(2)]
    with scratch_folder() as folder:
        cells = outcomes(tasks, execute(tasks, workers=1))
        assert list(tmp_path.iterdir()) == [folder]
    assert {cell.status for job in cells.values() for cell in job.values()} == {CellStatus.OK}


def test_global_generators_are_seeded_for_each_cell_alone(matrix, make_task):
    tasks, cells, _ = matrix
    drawing = [task for task in tasks.values() if Path(task.plugin).stem == "draws_globally"]
    alone = outcomes(drawing, execute(drawing, workers=0))
    assert all(labels_of(alone[task.key]) == labels_of(cells[task.key]) for task in drawing)
    assert len({labels_of(cells[task.key])[4] for task in drawing}) == len(drawing)


def test_a_part_of_a_job_gives_the_labels_of_the_whole(make_task):
    whole, part = make_task("draws_globally"), make_task("draws_globally", ks=[4, 3])
    both = [labels_of(outcomes([task], execute([task], workers=0))[task.key]) for task in (whole, part)]
    assert {k: both[0][k] for k in (3, 4)} == both[1]


def test_a_cut_that_was_never_begun_says_so(matrix):
    assert of(matrix, "hangs")[4].reason == "not begun: its job was killed at the limit of 2.5 s"


def test_nothing_is_left_behind(matrix):
    assert descendants() == []
    sleepers = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "1234"]]
    assert sleepers == []


def test_in_this_process_a_plugin_leaves_no_trace(make_task):
    np.random.seed(5)  # noqa: NPY002 - what is to be found unchanged
    before = (os.getcwd(), dict(os.environ), np.random.get_state()[1].tolist(), np.geterr(), warnings.filters[:])  # noqa: NPY002
    task = make_task("changes_everything")
    cells = outcomes([task], execute([task], workers=0))[task.key]
    assert {cell.status for cell in cells.values()} == {CellStatus.OK}
    after = (os.getcwd(), dict(os.environ), np.random.get_state()[1].tolist(), np.geterr(), warnings.filters[:])  # noqa: NPY002
    assert before == after
