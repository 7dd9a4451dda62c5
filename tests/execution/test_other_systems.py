"""What only Linux has may be missing, as on macOS: ``/proc``, ``prctl``, the CPU affinity, ``waitid``."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from .conftest import subprocess_environment

# In place of the interpreter of the run (-c CODE), of supervisors (-I -S FILE) and of workers (-P -c CODE).
INTERPRETER = """#!{python}
import builtins, ctypes, os, runpy, sys, types

def hidden(path):
    return isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(("/proc", "/sys"))

def without(function):
    def refuses(path=".", *arguments, **options):
        if hidden(path):
            raise FileNotFoundError(2, "No such file or directory", path)
        return function(path, *arguments, **options)
    return refuses

builtins.open, os.listdir, os.stat = without(open), without(os.listdir), without(os.stat)
import io
io.open = builtins.open
ctypes.CDLL = lambda *arguments, **options: types.SimpleNamespace()
for name in ("sched_getaffinity", "sched_setaffinity", "waitid", "pidfd_open"):
    if hasattr(os, name):
        delattr(os, name)
sys.executable = __file__
options = []
while sys.argv[1].startswith("-") and sys.argv[1] != "-c":
    options.append(sys.argv.pop(1))
if sys.argv[1] == "-c":
    code = sys.argv[2]
    sys.argv[:] = ["-c", *sys.argv[3:]]
    exec(code)
else:
    file = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    runpy.run_path(file, run_name="__main__")
"""
RUN = """
import json, os, sys
import clusterbench.running, clusterbench.store
from clusterbench.environment import current_environment, usable_memory
from clusterbench.execution import CutDone, Limits, Task, execute, scratch_folder

assert current_environment().cores >= 1
plugins, space = sys.argv[1:]
cuts = ('{"k": 2}', '{"k": 3}')
names = ("recorder", "segfault")
tasks = [Task(f"{name:0>64}", f"{plugins}/{name}.py", "{}", 0, cuts, space) for name in names]
with scratch_folder():
    for event in execute(tasks, workers=1, limits=Limits(memory_mb=4000)):
        if isinstance(event, CutDone):
            assert event.info.get("oom") is None  # which Linux gives a worker
            print(event.key.lstrip("0"), event.cut, event.status, flush=True)
"""


@pytest.fixture
def interpreter(tmp_path):
    path = tmp_path / "python"
    path.write_text(INTERPRETER.replace("{python}", sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_run_needs_nothing_that_only_linux_has(interpreter, plugins, space_path, tmp_path):
    (tmp_path / "tmp").mkdir()
    environment = subprocess_environment(TMPDIR=tmp_path / "tmp")
    command = [interpreter, "-c", RUN, str(plugins), space_path]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert run.stderr == ""
    found = {tuple(line.rsplit(" ", 1)) for line in run.stdout.splitlines()}
    assert found == {
        ('recorder {"k": 2}', "ok"),
        ('recorder {"k": 3}', "ok"),
        ('segfault {"k": 2}', "ok"),
        ('segfault {"k": 3}', "failed"),
    }
    assert list((tmp_path / "tmp").iterdir()) == []
