"""What a task tells about itself: times, warnings, info, errors."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.execution import CellStatus, CutDone, TaskDone, perform
from clusterbench.execution.performing import describe_error, one_line, plain_info, status_of


@pytest.fixture
def run(make_task, tmp_path):
    """Perform a plug-in whose build and cut are given as code; return its cells and its end."""

    def perform_code(build: str = "", cut: str = "", *, ks=(2,), top: str = ""):
        plugin = tmp_path / "plugin.py"
        code = ["import warnings", "import numpy as np", "from clusterbench.plugins import *", top]
        code += ["def build(X, seed):", textwrap.indent(build or "pass", "    "), "    def cutter(k):"]
        code += [
            textwrap.indent(cut or "pass", "        "),
            "        return np.arange(len(X)) % k",
            "    return cutter",
        ]
        code += ["ALGORITHM = Algorithm('given', Family.OTHER, 's', 'r', build, packages={})"]
        plugin.write_text("\n".join(code))
        events = list(perform(make_task(plugin, ks=ks)))
        cells = [event for event in events if isinstance(event, CutDone)]
        (end,) = (event for event in events if isinstance(event, TaskDone))
        return cells, end

    return perform_code


def test_times_are_those_of_build_and_cut_alone(run):
    (cell,), end = run(
        "import time; time.sleep(0.1)", "import time; time.sleep(0.05)", top="import time; time.sleep(0.2)"
    )
    assert 0.1 <= cell.build_seconds < 0.2
    assert 0.05 <= cell.seconds < 0.15
    assert end.build_seconds == cell.build_seconds


def test_warnings_of_build_and_cut_are_in_the_info_once(run):
    (cell, _), _ = run("warnings.warn('in build')", "warnings.warn('in cut')\nwarnings.warn('in cut')", ks=(2, 3))
    assert cell.info == {"warnings": ["UserWarning: in build", "UserWarning: in cut"]}


def test_numbers_that_overflow_are_told(run):
    (cell,), _ = run(cut="np.array([1.0]) / np.array([0.0])")
    assert cell.info == {"warnings": ["RuntimeWarning: divide by zero encountered in divide"]}


def test_info_comes_as_plain_values_and_the_model_stays(run):
    (cell,), _ = run(
        cut="info = {'eps': np.float64(0.5), 'a': np.arange(2)}\n"
        "return Partition(np.arange(len(X)) % k, np.float32(2.5), info, object())"
    )
    assert cell.inertia == 2.5
    assert cell.info == {"eps": 0.5, "a": [0, 1]}
    assert type(cell.info["eps"]) is float


def test_own_warnings_of_a_plugin_are_kept_with_the_others():
    assert plain_info({"warnings": ["own", "both"], "x": 1}, ["both", "seen"]) == {
        "x": 1,
        "warnings": ["own", "both", "seen"],
    }


def test_info_of_great_length_is_left_out_with_a_note():
    kept = plain_info({"path": list(range(100_000))}, [])
    assert list(kept) == ["warnings"]
    assert "info of 688900 characters was left out" in kept["warnings"][0]


def test_an_error_in_the_build_is_the_end_of_the_task(run):
    cells, end = run("raise KeyError('x')", ks=(2, 3))
    assert cells == []
    assert (end.status, end.reason) == (CellStatus.FAILED, "KeyError: 'x' (plugin.py:6)")


def test_ctrl_c_is_not_a_fault_of_the_plugin(run):
    with pytest.raises(KeyboardInterrupt):
        run(cut="raise KeyboardInterrupt")


def test_the_last_part_of_a_message_is_cut_off():
    assert describe_error(ValueError("x" * 10_000)) == "ValueError: " + "x" * 500


def test_memory_errors_have_a_status_of_their_own():
    assert status_of(MemoryError()) is CellStatus.OUT_OF_MEMORY
    assert status_of(np.core._exceptions._ArrayMemoryError((1,), np.dtype(float))) is CellStatus.OUT_OF_MEMORY
    assert status_of(type("ResourceExhaustedError", (Exception,), {})()) is CellStatus.OUT_OF_MEMORY
    assert status_of(ValueError()) is CellStatus.FAILED


@given(st.text(alphabet=st.characters(), max_size=200), st.integers(1, 50))
def test_one_line_is_one_that_any_file_can_hold(text, length):
    line = one_line(text, length)
    assert len(line) <= length
    assert line.isprintable()
    assert json.loads(json.dumps(line)).encode("utf-8").decode() == line


def test_a_space_that_was_replaced_is_read_again(make_task, tmp_path):
    plugin, place = tmp_path / "plugin.py", tmp_path / "space.npy"
    plugin.write_text(
        "from clusterbench.plugins import *\n"
        "def build(X, seed):\n"
        "    return lambda k: (X[:, 0] > 0).astype(int)\n"
        "ALGORITHM = Algorithm('rows', Family.OTHER, 's', 'r', build, packages={})\n"
    )
    task = replace(make_task(plugin), space_path=str(place), cuts=('{"k": 2}',))
    for column in ([1.0, -1.0, -1.0], [-1.0, 1.0, 1.0, 1.0]):
        np.save(tmp_path / "new.npy", np.array(column)[:, None])
        (tmp_path / "new.npy").replace(place)
        (cell,) = (event for event in perform(task) if isinstance(event, CutDone))
        assert cell.labeling.labels.tolist() == [int(value * sum(column) < 0) for value in column]


def test_a_change_to_the_form_of_a_space_meets_no_check_and_no_later_job(make_task, tmp_path):
    plugin = tmp_path / "plugin.py"
    plugin.write_text(
        "from clusterbench.plugins import *\n"
        "def build(X, seed):\n"
        "    rows, columns = X.shape\n"
        "    X.shape = (X.size,)\n"
        "    return lambda k: [0] * rows * columns\n"
        "ALGORITHM = Algorithm('flat', Family.OTHER, 's', 'r', build, packages={})\n"
    )
    task = make_task(plugin, ks=(2,))
    ends = [event for _ in "ab" for event in perform(task) if isinstance(event, CutDone)]
    assert [end.status for end in ends] == [CellStatus.FAILED] * 2
    assert all("900" in end.reason and "300" in end.reason for end in ends)
