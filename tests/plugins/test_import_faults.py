"""A plug-in whose import ends or hangs its process is a broken plug-in, and nothing else."""

from __future__ import annotations

import time

import psutil
import pytest

from clusterbench.errors import RequestError
from clusterbench.plugins import load_registry
from clusterbench.plugins.import_probe import import_faults

GOOD = """
import numpy as np
from clusterbench.plugins import Algorithm, Family

ALGORITHM = Algorithm(
    name="good", family=Family.OTHER, summary="all rows in turn", reference="none", packages={},
    build=lambda X, seed: lambda k: np.arange(len(X)) % k,
)
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import os; os._exit(5)", "its import ended the process (exit code 5)"),
        ("import os; os._exit(0)", "its import ended the process (exit code 0)"),
        ("import ctypes; ctypes.string_at(0)", "its import ended the process (signal 11)"),
        ("raise KeyboardInterrupt", "its import ended the process (signal 2): KeyboardInterrupt"),
        ("class Odd(BaseException): ...\nraise Odd('so')", "cannot be imported: Odd: so"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_fault_at_import_breaks_that_plugin_alone(tmp_path, line, told):
    (tmp_path / "algorithms").mkdir()
    (tmp_path / "algorithms" / "bad.py").write_text(line)
    (tmp_path / "algorithms" / "good.py").write_text(GOOD)
    registry = load_registry(tmp_path)
    assert "good" in registry
    (broken,) = registry.broken
    assert broken.name == "bad"
    assert broken.reason.startswith(told)
    with pytest.raises(RequestError, match="algorithm 'bad' cannot be used"):
        registry["bad"]


def test_an_import_that_does_not_end_is_stopped_with_its_children(tmp_path):
    path = tmp_path / "hangs.py"
    path.write_text("import subprocess, time\nsubprocess.Popen(['sleep', '300'])\ntime.sleep(300)\n")
    start = time.monotonic()
    assert import_faults([str(path)], seconds=1.0) == {str(path): "its import did not end within 1 s"}
    assert time.monotonic() - start < 30


def test_imports_without_a_fault_are_not_mentioned(tmp_path):
    (tmp_path / "good.py").write_text(GOOD + "print('x' * 100_000)\n")
    assert import_faults([str(tmp_path / "good.py")]) == {}
    assert import_faults([]) == {}


@pytest.mark.parametrize("end", ["", "; os._exit(0)"])
def test_an_import_that_leaves_a_process_behind_is_not_waited_for_and_nothing_is_left(tmp_path, end):
    path = tmp_path / "leaves.py"
    path.write_text(f"import os, subprocess\nsubprocess.Popen(['sleep', '4319'])\nprint('imported', flush=True){end}\n")
    start = time.monotonic()
    told = import_faults([str(path)], seconds=40.0)
    assert told == ({str(path): "its import ended the process (exit code 0)"} if end else {})
    assert time.monotonic() - start < 30
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "4319"]]
