"""Cores, memory, versions and commit are those that this process may use, in any kind of control group."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys

import numpy as np
import psutil
import pytest

import clusterbench
from clusterbench.cli import main
from clusterbench.environment import (
    NOT_INSTALLED,
    GitState,
    check_system,
    cpu_name,
    current_environment,
    git_state,
    memory_kills,
    package_version,
    usable_cores,
    usable_memory,
)
from clusterbench.errors import RequestError

V1 = "9:name=systemd:/x\n4:cpu,cpuacct:/a/b\n3:memory:/a/b\n0::/a/b\n"
V2 = "0::/a/b\n"
MEGABYTE = 2**20


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Write a machine with 8 cores: the text of ``/proc/self/cgroup``, and files of control groups."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)

    def write(own: str, **files: str):
        (tmp_path / "proc/self").mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc/self/cgroup").write_text(own)
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("own", "quotas", "cores"),
    [
        (V2, {"a/b/cpu.max": "200000 100000\n"}, 2),
        (V2, {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, 3),
        (V2, {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "300000 100000\n"}, 3),
        (V2, {"a/b/cpu.max": "150000 100000\n"}, 2),
        (V2, {"a/b/cpu.max": "1000 100000\n"}, 1),
        (V2, {"a/b/cpu.max": "9900000 100000\n"}, 8),
        (V2, {"a/b/cpu.max": "max 100000\n"}, 8),
        (V2, {"a/b/cpu.max": "rubbish\n"}, 8),
        (V2, {"a/b/cpu.max": ""}, 8),
        (V2, {"other/cpu.max": "100000 100000\n"}, 8),
        ("0::/not/below/this/mount\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/../outside\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        (V1, {"cpu/a/b/cpu.cfs_quota_us": "250000\n", "cpu/a/b/cpu.cfs_period_us": "50000\n"}, 5),
        (V1, {"cpu/a/cpu.cfs_quota_us": "50000\n", "cpu/a/cpu.cfs_period_us": "50000\n"}, 1),
        (V1, {"cpu/a/b/cpu.cfs_quota_us": "-1\n", "cpu/a/b/cpu.cfs_period_us": "50000\n"}, 8),
        (V1, {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "50000\n"}, 2),
        (V1, {"cpu/a/b/cpu.cfs_quota_us": "100000\n", "cpu/a/b/cpu.cfs_period_us": "0\n"}, 8),
        (V1, {"unified/a/b/cpu.max": "200000 100000\n"}, 2),
        ("", {"cpu.max": "200000 100000\n"}, 8),
        ("no line of the kernel's\n", {"cpu.max": "200000 100000\n"}, 8),
    ],
)
def test_cores_are_bounded_by_every_quota_of_the_own_groups(machine, own, quotas, cores):
    root = machine(own, **{f"sys/fs/cgroup/{name}": text for name, text in quotas.items()})
    assert usable_cores(root) == cores


def test_cores_are_bounded_by_the_affinity(machine, monkeypatch):
    root = machine(V2, **{"sys/fs/cgroup/a/cpu.max": "500000 100000\n"})
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5, 7})
    assert usable_cores(root) == 3


def test_without_affinity_and_control_groups_all_cores_are_usable(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for count, cores in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert usable_cores(tmp_path) == cores


@pytest.mark.parametrize(
    ("own", "limits", "megabytes"),
    [
        (V2, {"a/b/memory.max": f"{MEGABYTE}\n"}, 1),
        (V2, {"a/b/memory.max": "max\n", "a/memory.max": f"{2 * MEGABYTE}\n"}, 2),
        (V2, {"a/b/memory.max": f"{3 * MEGABYTE}\n", "memory.max": f"{2 * MEGABYTE}\n"}, 2),
        (V2, {"a/b/memory.max": "max\n"}, None),
        (V2, {"memory/a/b/memory.limit_in_bytes": f"{MEGABYTE}\n"}, None),
        ("0::/not/below/this/mount\n", {"memory.max": f"{MEGABYTE}\n"}, 1),
        (V1, {"memory/a/b/memory.limit_in_bytes": f"{MEGABYTE}\n"}, 1),
        (V1, {"memory/a/memory.limit_in_bytes": f"{MEGABYTE}\n"}, 1),
        (V1, {"memory/memory.limit_in_bytes": f"{MEGABYTE}\n"}, 1),
        (V1, {"memory/a/b/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ("", {"memory.max": f"{MEGABYTE}\n"}, None),
    ],
)
def test_memory_is_bounded_by_every_limit_of_the_own_groups(machine, own, limits, megabytes):
    root = machine(own, **{f"sys/fs/cgroup/{name}": text for name, text in limits.items()})
    total = psutil.virtual_memory().total
    assert usable_memory(root) == (total if megabytes is None else megabytes * MEGABYTE)


@pytest.mark.parametrize(
    ("own", "place"),
    [
        (V1, "sys/fs/cgroup/memory/a/b/memory.oom_control"),
        (V1, "sys/fs/cgroup/memory/memory.oom_control"),
        (V2, "sys/fs/cgroup/a/b/memory.events"),
        (V2, "sys/fs/cgroup/a/memory.events"),
        (V2, "proc/vmstat"),
        ("", "proc/vmstat"),
    ],
)
def test_kills_for_memory_are_counted_where_the_kernel_counts_them(machine, own, place):
    assert memory_kills(machine(own)) == 0
    assert memory_kills(machine(own, **{place: "low 0\noom 5\noom_kill 3\noom_group_kill 0\n"})) == 3


def test_the_own_group_counts_kills_before_the_machine(machine):
    files = {"proc/vmstat": "oom_kill 9\n", "sys/fs/cgroup/a/b/memory.events": "oom_kill 1\n"}
    assert memory_kills(machine(V2, **files)) == 1


def test_this_process_may_use_some_of_this_machine():
    assert 1 <= usable_cores() <= os.cpu_count()
    assert 0 < usable_memory() <= psutil.virtual_memory().total


def test_versions_are_those_of_the_installed_packages():
    assert package_version("numpy") == np.__version__
    assert package_version("no-such-package") is None
    found = current_environment()
    assert found.packages["scikit-learn"] == importlib.metadata.version("scikit-learn")
    assert (found.python, found.cores) == (platform.python_version(), usable_cores())


def test_a_missing_package_is_reported_as_not_installed(monkeypatch):
    monkeypatch.setattr("clusterbench.environment.package_version", lambda name: None)
    assert set(current_environment().packages.values()) == {NOT_INSTALLED}


def test_the_name_of_the_processor_is_that_of_the_kernel_or_of_python(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert cpu_name(tmp_path) == "unknown"
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor : 0\nmodel name\t: Abacus: 3 GHz\nmodel name\t: Other\n")
    assert cpu_name(tmp_path) == "Abacus: 3 GHz"


def git(folder, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    ran = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_a_checkout_has_a_commit_and_is_dirty_when_tracked_files_differ(tmp_path):
    assert git_state(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert git_state(tmp_path) is None  # nothing is committed
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("")
    assert git_state(tmp_path) == GitState(commit, dirty=False)
    (tmp_path / "file").write_text("two")
    assert git_state(tmp_path) == GitState(commit, dirty=True)


def test_a_folder_that_git_cannot_read_has_no_commit(tmp_path):
    (tmp_path / ".git").mkdir()
    assert git_state(tmp_path) is None


def test_windows_is_refused_with_a_message(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["clusterbench", "run", "iris"])
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    message = "clusterbench: error: clusterbench does not run on Windows (allowed: Linux, macOS, or WSL on Windows)\n"
    assert capsys.readouterr().err == message
    with pytest.raises(RequestError, match="does not run on Windows"):
        check_system()
    monkeypatch.delitem(vars(clusterbench), "run", raising=False)
    with pytest.raises(RequestError, match="does not run on Windows"):
        clusterbench.run("iris")
