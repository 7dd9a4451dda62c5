"""One task in this process: isolated steps, times, memory, warnings, info and errors."""

from __future__ import annotations

import json
import os
import random
import sys
import textwrap
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.execution import CellStatus, CutDone, Started, TaskDone, perform
from clusterbench.execution.isolation import PeakMemory, isolated_step, resident_mb
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


def test_numbers_that_overflow_are_reported(run):
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


def _draw() -> tuple[float, float]:
    return random.random(), float(np.random.random())  # noqa: NPY002


@given(st.lists(st.text(alphabet='ab{}:"1', max_size=5), min_size=1, max_size=3), st.integers(0, 5))
def test_a_step_draws_by_its_name_alone(material: list[str], before: int) -> None:
    with isolated_step(*material):
        first = _draw()
    for _ in range(before):
        _draw()
    with isolated_step(*material):
        assert _draw() == first
    with isolated_step(*material, "another"):
        assert _draw() != first


@pytest.mark.parametrize("raises", [False, True])
def test_the_global_generators_go_on_where_they_were(raises: bool) -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = _draw()
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    try:
        with isolated_step("key"):
            _draw()
            if raises:
                raise KeyError("inside")
    except KeyError:
        assert raises
    assert _draw() == expected


def test_warnings_are_collected_in_the_step_and_nowhere_else() -> None:
    with isolated_step("key") as seen:
        warnings.warn("mind", UserWarning, stacklevel=1)
        np.log(np.array([0.0]))
        np.exp(np.array([-1e4]))  # an underflow to 0 is no news
    assert len(seen) == 2
    assert "mind" in seen[0]
    assert "divide by zero" in seen[1]
    with isolated_step("key") as seen:
        pass
    assert seen == []


def test_the_peak_is_that_of_what_was_taken_and_never_negative() -> None:
    assert resident_mb() > 1
    peak = PeakMemory()
    assert peak.mb() >= 0.0
    block = np.ones(8 * 2**20)  # 64 MB
    taken = peak.mb()
    del block
    assert 40 < taken < 200
    assert abs(resident_mb() - psutil.Process().memory_info().rss / 2**20) < 5


@pytest.mark.parametrize(
    ("info", "messages", "plain"),
    [
        ({}, [], {}),
        ({"n": np.int64(3), "x": np.float64(0.5)}, [], {"n": 3, "x": 0.5}),
        ({"a": np.arange(3)}, [], {"a": [0, 1, 2]}),
        ({"path": Path("x")}, [], {"path": "x"}),
        ({}, ["a", "a", "b"], {"warnings": ["a", "b"]}),
        ({"warnings": "own"}, ["own", "seen"], {"warnings": ["own", "seen"]}),
        ({"warnings": ["1", "2", "3"]}, ["4", "5", "6"], {"warnings": ["1", "2", "3", "4", "5"]}),
        ({"warnings": []}, ["x" * 300], {"warnings": ["x" * 200]}),
    ],
)
def test_info_by_hand(info: dict[str, object], messages: list[str], plain: dict[str, object]) -> None:
    found = plain_info(info, messages)
    assert found == plain
    json.dumps(found)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError(), CellStatus.OUT_OF_MEMORY),
        (type("ResourceExhaustedError", (Exception,), {})(), CellStatus.OUT_OF_MEMORY),
        (type("ArrayMemoryError", (MemoryError,), {})(), CellStatus.OUT_OF_MEMORY),
        (ValueError(), CellStatus.FAILED),
        (SystemExit(3), CellStatus.FAILED),
    ],
)
def test_the_status_of_an_error(error: BaseException, status: CellStatus) -> None:
    assert status_of(error) is status


class Mute(Exception):
    """An error whose message raises another."""

    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError(), "ValueError"),
        (ValueError("  a \t b\n"), "ValueError: a b"),
        (KeyError("k"), "KeyError: 'k'"),
        (Mute(), "Mute: (its message raises ZeroDivisionError)"),
        (OSError(2, "gone", "f"), "FileNotFoundError: [Errno 2] gone: 'f'"),
        (ValueError("é" * 600), "ValueError: " + "é" * 500),
    ],
)
def test_an_error_in_words(error: Exception, text: str) -> None:
    assert describe_error(error) == text


def test_the_place_of_an_error_is_the_innermost() -> None:
    def deep() -> None:
        raise ValueError("here")

    with pytest.raises(ValueError, match="here") as caught:
        deep()
    line = deep.__code__.co_firstlineno + 1
    assert describe_error(caught.value) == f"ValueError: here (test_performing.py:{line})"


@pytest.mark.parametrize(
    ("text", "length", "found"),
    [
        ("", 5, ""),
        ("a  b", 5, "a b"),
        ("abcdef", 3, "abc"),
        ("a\x00b", 5, "a?b"),
        ("\ud800", 5, "?"),
        (None, 9, "None"),
    ],
)
def test_one_line_by_hand(text: object, length: int, found: str) -> None:
    assert one_line(text, length) == found


PLUGIN = """
from clusterbench.plugins import *
import numpy as np, os
def build(X, seed):
    os.environ["CLUSTERBENCH_TEST"] = "set"
    def cutter(k):
        if k == 3:
            raise RuntimeError("no three")
        return np.random.permutation(np.arange(len(X)) % k)
    return cutter
ALGORITHM = Algorithm('given', Family.OTHER, 's', 'r', build, packages={})
"""


def test_a_cut_that_fails_is_reported_and_the_next_one_is_made_as_if_alone(make_task, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text(PLUGIN)
    before = (os.getcwd(), dict(os.environ), list(sys.path))
    events = list(perform(make_task(plugin, ks=(2, 3, 4))))
    assert (os.getcwd(), dict(os.environ), list(sys.path)) == before
    cuts = [event for event in events if isinstance(event, CutDone)]
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], TaskDone)
    assert [cut.status for cut in cuts] == [CellStatus.OK, CellStatus.FAILED, CellStatus.OK]
    assert "RuntimeError: no three" in cuts[1].reason
    (alone,) = (event for event in perform(make_task(plugin, ks=(4,))) if isinstance(event, CutDone))
    assert alone.labeling is not None
    assert cuts[2].labeling is not None
    assert alone.labeling.sha256 == cuts[2].labeling.sha256


def test_a_plugin_that_is_not_there_is_a_status_and_no_exception(make_task, tmp_path: Path) -> None:
    (end,) = perform(make_task(tmp_path / "none.py"))
    assert isinstance(end, TaskDone)
    assert end.status is CellStatus.FAILED
    assert end.reason.startswith("could not be loaded: ")
    assert "none.py" in end.reason
