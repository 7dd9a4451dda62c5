"""Every step draws the same numbers whatever ran before, and threads, memory and warnings are those of the step."""

from __future__ import annotations

import json
import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.execution import CellStatus, CutDone, Started, TaskDone, perform
from clusterbench.execution.isolation import PeakMemory, capped_threads, resident_mb, step_surroundings
from clusterbench.execution.performing import describe_error, one_line, plain_info, status_of


def _draw() -> tuple[float, float]:
    return random.random(), float(np.random.random())  # noqa: NPY002


@given(st.lists(st.text(alphabet='ab{}:"1', max_size=5), min_size=1, max_size=3), st.integers(0, 5))
def test_a_step_draws_by_its_name_alone(material: list[str], before: int) -> None:
    with step_surroundings(*material):
        first = _draw()
    for _ in range(before):
        _draw()
    with step_surroundings(*material):
        assert _draw() == first
    with step_surroundings(*material, "another"):
        assert _draw() != first


@pytest.mark.parametrize("raises", [False, True])
def test_the_global_generators_go_on_where_they_were(raises: bool) -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = _draw()
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    try:
        with step_surroundings("key"):
            _draw()
            if raises:
                raise KeyError("inside")
    except KeyError:
        assert raises
    assert _draw() == expected


def test_a_process_of_its_own_leaves_the_generators_as_a_step_left_them() -> None:
    with step_surroundings("key"):
        first, second = _draw(), _draw()
    with step_surroundings("key", put_back=False):
        assert _draw() == first
    assert _draw() == second


def test_warnings_are_collected_in_the_step_and_nowhere_else() -> None:
    with step_surroundings("key") as seen:
        warnings.warn("mind", UserWarning, stacklevel=1)
        np.log(np.array([0.0]))
        np.exp(np.array([-1e4]))  # an underflow to 0 is no news
    assert len(seen) == 2
    assert "mind" in seen[0]
    assert "divide by zero" in seen[1]
    with step_surroundings("key") as seen:
        pass
    assert seen == []


@pytest.mark.parametrize("threads", [None, 1])
def test_thread_pools_are_held_and_let_go(threads: int | None) -> None:
    from threadpoolctl import threadpool_info

    before = [pool["num_threads"] for pool in threadpool_info()]
    with capped_threads(threads):
        inside = [pool["num_threads"] for pool in threadpool_info()]
    assert inside == (before if threads is None else [1] * len(before))
    assert [pool["num_threads"] for pool in threadpool_info()] == before


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
    ("info", "told", "plain"),
    [
        ({}, [], {}),
        ({"n": np.int64(3), "x": np.float64(0.5)}, [], {"n": 3, "x": 0.5}),
        ({"a": np.arange(3)}, [], {"a": [0, 1, 2]}),
        ({"path": Path("x")}, [], {"path": "x"}),
        ({}, ["a", "a", "b"], {"warnings": ["a", "b"]}),
        ({"warnings": "own"}, ["own", "told"], {"warnings": ["own", "told"]}),
        ({"warnings": ["1", "2", "3"]}, ["4", "5", "6"], {"warnings": ["1", "2", "3", "4", "5"]}),
        ({"warnings": []}, ["x" * 300], {"warnings": ["x" * 200]}),
    ],
)
def test_info_by_hand(info: dict[str, object], told: list[str], plain: dict[str, object]) -> None:
    found = plain_info(info, told)
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
    assert describe_error(caught.value) == f"ValueError: here (test_surroundings.py:{line})"


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


def test_a_cut_that_fails_is_told_and_the_next_one_is_made_as_if_alone(make_task, tmp_path: Path) -> None:
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
