"""Every fault costs its own cells only, each with a reason that says what happened."""

from __future__ import annotations

import locale
import os
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
import psutil
import pytest

from clusterbench.execution import CellStatus, Limits, execute, scratch_folder

from .careless_plugins import AT_THREE
from .conftest import KS, descendants, labels_of, outcomes, statuses, within

FAILED, TIMEOUT, OUT_OF_MEMORY = CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY
LIMITS = Limits(seconds=2)
KILLED = r"killed at the limit of 2 s"

# plug-in: the cells that it loses, with the status and what the reason must say; its other cells are sound.
LOSSES = {
    "raises": ({3}, FAILED, r"^ValueError: k = 3 is too odd \(raises\.py:\d+\)$"),
    "raises_base": ({3}, FAILED, r"ended with exit code 1; it last printed: .*Unusual"),
    "raises_generator_exit": ({3}, FAILED, r"^GeneratorExit: out"),
    "bad_message": ({3}, FAILED, r"Mute: \(its message raises ZeroDivisionError\)"),
    "surrogates": ({3}, FAILED, r"half a \? pair,\? a zero, a line and \?\[31mred"),
    "os_exit": ({3}, FAILED, r"^the worker ended with exit code 7$"),
    "sys_exit": ({3}, FAILED, r"^SystemExit: 3"),
    "segfault": ({3}, FAILED, r"killed by SIGSEGV; it last printed: Fatal Python error: Segmentation fault \| File"),
    "kills_itself": ({3}, FAILED, r"killed by SIGKILL \(by the kernel.*tried 3 times$"),
    "hangs_in_c": ({3, 4}, TIMEOUT, KILLED),
    "hangs_with_children": ({3, 4}, TIMEOUT, KILLED),
    "hangs_in_build": ({2, 3, 4}, TIMEOUT, f"^{KILLED}$"),
    "prints_without_end": ({3, 4}, TIMEOUT, KILLED + "(; it last printed: .*the same again and again.*)?$"),
    "closes_files": ({3}, FAILED, r"ended with exit code 1"),
    "closes_files_and_hangs": ({3}, FAILED, r"closed the connection of its worker"),
    "asks_for_too_much": ({3}, OUT_OF_MEMORY, r"MemoryError: Unable to allocate"),
    "mutates": ({3}, FAILED, r"ValueError: assignment destination is read-only"),
    "mutates_by_force": ({3}, FAILED, r"ValueError: cannot set WRITEABLE flag"),
    "mutates_in_c": ({3}, FAILED, r"killed by SIG(SEGV|BUS)"),
    "bad_shape": ({3}, FAILED, r"labels of shape \(7,\) for 300 rows"),
    "bad_values": ({3}, FAILED, r"labels of dtype <U1"),
    "exits_on_import": ({2, 3, 4}, FAILED, r"^the worker ended with exit code 5$"),
    "no_plugin": ({2, 3, 4}, FAILED, r"could not be loaded: RequestError: .*no_plugin\.py: holds nothing"),
    "forks": (set(), FAILED, ""),
    "leaves_processes": (set(), FAILED, ""),
    "leaves_a_thread": (set(), FAILED, ""),
    "prints_rubbish": (set(), FAILED, ""),
    "sets_a_timer": (set(), FAILED, ""),
    "changes_everything": (set(), FAILED, ""),
    "clears_temporary_files": (set(), FAILED, ""),
    "patches": (set(), FAILED, ""),
}  # fmt: skip

# What is caught where it is raised loses no worker; `raises` and `sys_exit` show that workers do the same.
CAUGHT = {"raises_generator_exit", "bad_message", "surrogates", "asks_for_too_much", "mutates", "mutates_by_force"}
CAUGHT |= {"bad_shape", "bad_values", "no_plugin"}


@pytest.fixture(scope="module")
def matrix(make_task):
    """Every careless plug-in beside sound ones, on two workers where it loses one; the cells by plug-in and name."""
    tasks = {(name, ""): make_task(name) for name in sorted(LOSSES)}
    for name in ("healthy", "draws_globally"):
        tasks |= {(name, number): make_task(name, name=number) for number in "1234"}
    cells = {}
    for workers in (0, 2):
        part = [task for (name, _), task in tasks.items() if (name in CAUGHT) == (workers == 0)]
        cells |= outcomes(part, execute(part, workers=workers, limits=LIMITS))
    return {which: (task, cells[task.key]) for which, task in tasks.items()}


@pytest.fixture(scope="module")
def sound(make_task):
    """The labels of the sound plug-in, from a run without any other."""
    task = make_task("healthy")
    return labels_of(outcomes([task], execute([task], workers=0))[task.key])


def test_every_careless_plugin_is_in_the_table():
    assert set(AT_THREE) - {"allocates_in_a_child", "hangs"} <= set(LOSSES)  # those are in test_worker_pool.py


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_fault_costs_its_own_cells_and_says_why(matrix, sound, name):
    lost, status, reason = LOSSES[name]
    cells = matrix[name, ""][1]
    assert set(cells) == set(KS)
    assert {k for k in KS if cells[k].status is not CellStatus.OK} == lost
    for k in lost:
        assert cells[k].status is status
        assert "\n" not in cells[k].reason
        assert len(cells[k].reason) <= 1000
        cells[k].reason.encode("utf-8")
        assert re.search(reason, cells[k].reason), cells[k].reason
    assert labels_of(cells) == {k: None if k in lost else sound[k] for k in KS}


def test_sound_cells_beside_careless_ones_are_the_same_as_alone(matrix, sound):
    assert all(labels_of(cells) == sound for (name, _), (_, cells) in matrix.items() if name == "healthy")


def test_a_cut_that_was_never_begun_says_so(matrix):
    assert matrix["hangs_in_c", ""][1][4].reason == "not begun: its job was killed at the limit of 2 s"


def test_nothing_is_left_behind(matrix):
    assert descendants() == []
    assert [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "1234"]] == []


def test_global_generators_are_seeded_for_each_cell_alone(matrix):
    drawing = {task.key: (task, labels_of(cells)) for (name, _), (task, cells) in matrix.items() if name[:5] == "draws"}
    tasks = [task for task, _ in drawing.values()]
    alone = outcomes(tasks, execute(tasks, workers=0))
    assert {key: labels_of(cells) for key, cells in alone.items()} == {key: each for key, (_, each) in drawing.items()}
    assert len({labels[4] for _, labels in drawing.values()}) == len(drawing)


def test_a_part_of_a_job_gives_the_labels_of_the_whole(make_task):
    whole, part = make_task("draws_globally"), make_task("draws_globally", ks=[4, 3])
    both = [labels_of(outcomes([task], execute([task], workers=0))[task.key]) for task in (whole, part)]
    assert {k: both[0][k] for k in (3, 4)} == both[1]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_plugin_leaves_in_its_process_changes_no_other(make_task, workers):
    healthy = [make_task("quantiles", name=str(number)) for number in range(3)]
    alone = outcomes(healthy, execute(healthy, workers=0))
    tasks = [task for number, each in enumerate(healthy) for task in (make_task("patches", name=str(number)), each)]
    cells = outcomes(tasks, execute(tasks, workers=workers))
    assert statuses({task.key: cells[task.key] for task in healthy}) == {CellStatus.OK}
    assert all(labels_of(cells[task.key]) == labels_of(alone[task.key]) for task in healthy)


def test_an_import_that_hangs_ends_at_the_limit_of_the_start(make_task):
    task = make_task("hangs_on_import")
    cells = outcomes([task], execute([task], workers=1, limits=Limits(start_seconds=1.0)))[task.key]
    assert [cells[k].status for k in KS] == [TIMEOUT] * 3
    assert cells[2].reason == "imports and warm-up took more than 1 s"


def test_temporary_files_are_those_of_the_worker_and_go_with_it(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tasks = [make_task("clears_temporary_files", name=str(number)) for number in range(2)]
    with scratch_folder() as folder:
        assert statuses(outcomes(tasks, execute(tasks, workers=1))) == {CellStatus.OK}
        assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_for_temporary_files_that_cannot_be_made_is_a_reason(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    task = make_task("healthy", ks=[2])
    (cell,) = outcomes([task], execute([task], workers=1))[task.key].values()
    assert cell.status is FAILED
    assert "the folder for its temporary files cannot be made: [Errno 2]" in cell.reason


def test_in_this_process_a_plugin_changes_nothing(make_task):
    def state():
        generator = np.random.get_state()[1].tolist()  # noqa: NPY002 - what is to be found unchanged
        language = locale.setlocale(locale.LC_ALL)
        return os.getcwd(), dict(os.environ), generator, np.geterr(), warnings.filters[:], language

    before, task = state(), make_task("changes_everything")
    assert statuses(outcomes([task], execute([task], workers=0))) == {CellStatus.OK}
    assert state() == before


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux only")
def test_the_kernel_kills_a_worker_before_the_run_where_memory_runs_out(make_task):
    task = make_task("recorder", ks=[2])
    (cell,) = outcomes([task], execute([task], workers=1))[task.key].values()
    assert cell.info["oom"] == "1000"
    assert within(2.0, lambda: not descendants())
