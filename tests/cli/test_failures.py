"""One message and an exit status for every failure, and the way to its place."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusterbench.errors import RequestError
from clusterbench.store import STORE_NAME, Store

from .conftest import environment


def failing(error: BaseException):
    def fail(*arguments: object, **options: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            OSError(errno.EIO, os.strerror(errno.EIO), "/data/x"),
            2,
            "the system refused: Input/output error: '/data/x' (in",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "y"),
            2,
            "the system refused: Permission denied: 'y' (in verb",
        ),
        (TimeoutError("slow"), 2, "the system refused: slow (in verb, clusterbench/cli/verbs/status.py line"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 2, "out of memory"),
        (MemoryError(), 2, "out of memory"),
        (RuntimeError("can't start new thread"), 2, "out of memory"),
        (ImportError("lib.so: failed to map segment from shared object"), 2, "out of memory"),
        (ModuleNotFoundError("No module named 'x'"), 2, "a package cannot be loaded: No module named 'x'"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_one_message(call, monkeypatch, error, status, message):
    monkeypatch.setattr(Store, "reader", failing(error))
    ended = call("status")
    assert ended.status == status
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("clusterbench: ")
    assert message in ended.err


def test_an_error_that_hides_an_interrupt_is_an_interrupt(call, monkeypatch):
    error = ImportError("numpy failed to import")
    error.__cause__ = KeyboardInterrupt()
    monkeypatch.setattr(Store, "reader", failing(error))
    assert call("status")[::2] == (130, "clusterbench: stopped\n")


def test_an_error_that_is_its_own_cause_is_one_message(call, monkeypatch):
    error = RequestError("no such row")
    error.__cause__ = error
    monkeypatch.setattr(Store, "reader", failing(error))
    assert call("status")[::2] == (2, "clusterbench: error: no such row\n")


def test_a_defect_keeps_its_traceback(monkeypatch):
    from clusterbench.cli import main

    monkeypatch.setattr(Store, "reader", failing(ZeroDivisionError("a defect")))
    monkeypatch.setattr(sys, "argv", ["clusterbench", "status"])
    with pytest.raises(ZeroDivisionError):
        main()


@pytest.mark.parametrize("way", ["before", "after", "variable"])
def test_a_traceback_is_shown_where_it_is_asked_for(call, monkeypatch, tmp_path, way):
    arguments = ["status", "--results", str(tmp_path)]
    if way == "variable":
        monkeypatch.setenv("CLUSTERBENCH_TRACEBACK", "1")
    else:
        arguments.insert(0 if way == "before" else 3, "--traceback")
    ended = call(*arguments)
    assert ended.status == 2
    assert ended.err.startswith("Traceback")
    assert ended.err.splitlines()[-1].startswith("clusterbench: error: no results at")
    monkeypatch.setenv("CLUSTERBENCH_TRACEBACK", "0")
    assert call("status", "--results", str(tmp_path)).err.startswith("clusterbench: error:")


def test_a_file_system_without_locks_is_named(workspace, call, monkeypatch, tmp_path):
    monkeypatch.setattr("fcntl.flock", failing(OSError(errno.ENOLCK, "No locks available")))
    ended = call("run", "blobs.toml", "--jobs", "0", "--results", str(tmp_path))
    assert ended.status == 2
    assert f"the file system of '{tmp_path}' supports no file locks (No locks available)" in ended.err


def test_an_interrupt_during_the_imports_is_one_message(tmp_path):
    package = tmp_path / "rich"  # imported by every verb that prints
    package.mkdir()
    (package / "__init__.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"
    )
    paths = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "clusterbench", "list"],
        capture_output=True, text=True, env=environment(PYTHONPATH=paths), check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "clusterbench: stopped\n")


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v limits memory on Linux only")
def test_too_little_memory_for_the_imports_is_one_message():
    command = f"ulimit -v 250000; exec {sys.executable} -m clusterbench list"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 2
    message = "out of memory: the address space is limited to 244 MB (ulimit -v) (allowed: at least 450 MB)"
    assert done.stderr == f"clusterbench: error: {message}\n"


@pytest.mark.parametrize("name", ["../escape/x", "..", "a/b"])
def test_a_name_in_the_store_that_leads_elsewhere_gets_no_report(own, call, name):
    with Store.writer(Path("results")) as store:
        store.put_benchmark(name, *store.benchmark("blobs"))
    ended = call("report", name, "--reports", "reports/deep")
    assert ended.status == 2
    assert f"the benchmark name {name!r} cannot be the name of a folder" in ended.err
    assert not (own / "reports" / "escape").exists()
    assert not (own / "reports" / "deep").exists()


def test_a_file_whose_name_is_dots_is_refused_before_anything_is_fitted(own, call):
    Path("blobs.toml").rename("...toml")
    ended = call("run", "...toml", "--jobs", "0", "--results", "new")
    assert ended.status == 2
    assert "rename the file, or use --name" in ended.err
    assert not Path("new", STORE_NAME).exists()


@pytest.mark.parametrize("part", ["blobs", "blobs/labels", "blobs/figures"])
def test_a_linked_folder_of_a_report_is_not_followed(own, call, part):
    Path("elsewhere").mkdir()
    Path("again", part).parent.mkdir(parents=True)
    Path("again", part).symlink_to(own / "elsewhere")
    ended = call("report", "--reports", "again")
    assert ended.status == 2
    assert f"'again/{part}' is a symbolic link and is not followed" in ended.err
    assert list(Path("elsewhere").iterdir()) == []
