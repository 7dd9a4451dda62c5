"""The machine, the packages and the checkout that this process runs on, as far as it may use them.

Linux and macOS are supported. What only Linux reports (control groups, ``/proc``) is left out elsewhere.
"""

import importlib.metadata
import math
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import psutil

from clusterbench import __version__
from clusterbench.errors import RequestError

# Packages whose versions a manifest reports.
REPORTED_PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "scikit-learn-extra", "pandas", "hdbscan"),
    *("fastcluster", "numba", "tensorflow", "keras", "matplotlib"),
)
NOT_INSTALLED = "not installed"
_CHECKOUT = Path(__file__).resolve().parents[1]
_ROOT = Path("/")  # the folder that holds proc and sys


_LEAST_ADDRESSES = 450 * 2**20  # the imports of a verb need about 420 MB


@dataclass(frozen=True, slots=True)
class GitState:
    """The commit of a checkout, and whether tracked files differ from it."""

    commit: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """What labels and times may depend on besides the request."""

    clusterbench: str  # its version
    python: str
    packages: Mapping[str, str]  # installed version of each of `REPORTED_PACKAGES`, or `NOT_INSTALLED`
    system: str  # operating system and architecture, such as ``Linux x86_64``
    cpu: str  # model name
    cores: int  # see `usable_cores`
    git: GitState | None  # of the checkout that holds the engine; None for an installed package


def current_environment() -> Environment:
    """Return the environment of this process."""
    return Environment(
        clusterbench=__version__,
        python=platform.python_version(),
        packages={name: package_version(name) or NOT_INSTALLED for name in REPORTED_PACKAGES},
        system=f"{platform.system()} {platform.machine()}",
        cpu=cpu_name(),
        cores=usable_cores(),
        git=git_state(),
    )


def check_system() -> None:
    """Raise RequestError on an operating system that is not supported, or where not even the imports have memory.

    Compiled packages abort the process where an import runs out of memory, so no message could follow.
    """
    if sys.platform == "win32":
        raise RequestError("clusterbench does not run on Windows", allowed="Linux, macOS, or WSL on Windows")
    import resource  # not there on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < _LEAST_ADDRESSES:
        what = f"out of memory: the address space is limited to {limit // 2**20} MB (ulimit -v)"
        raise RequestError(what, allowed=f"at least {_LEAST_ADDRESSES // 2**20} MB")


@cache  # metadata is read from disk, and every job asks
def package_version(name: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def usable_cores(root: Path = _ROOT) -> int:
    """Return the number of cores that this process may use, at least 1.

    The CPU affinity counts, and the smallest CPU quota of the process's control group and its parents, rounded up.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for group in control_groups("cpu", root) if (quota := _cpu_quota(group)) is not None]
    return max(1, min([cores, *map(math.ceil, quotas)]))


def usable_memory(root: Path = _ROOT) -> int:
    """Return the bytes of memory that this process may use.

    The memory of the machine, or the smallest limit of the process's control group and its parents.
    """
    limits = [int(psutil.virtual_memory().total)]
    for group in control_groups("memory", root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = _read(group / name).strip()
            if text.isdecimal():  # "max" is no limit
                limits.append(int(text))
    return min(limits)


def memory_kills(root: Path = _ROOT) -> int:
    """Return how many processes the kernel has killed so far because memory ran out; 0 where it does not report it.

    They are counted by the nearest control group that counts them, else by the machine.
    """
    groups = control_groups("memory", root)
    files = [group / name for group in groups for name in ("memory.events", "memory.oom_control")]
    for path in (*files, root / "proc/vmstat"):
        for line in _read(path).splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill" and number.strip().isdecimal():
                return int(number)
    return 0


def control_groups(controller: str, root: Path = _ROOT) -> Iterator[Path]:
    """Yield the folders of this process's control group and of its parents, the nearest first.

    Version 1 has a tree per controller, version 2 a single one, and a machine may have both. In a container the path of
    the own group may not exist below the mount; the root of the mount is then the container's group.
    """
    mount = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, controllers, group = [*line.split(":", 2), "", ""][:3]
        if controller not in controllers.split(",") and (number, controllers) != ("0", ""):
            continue
        tops = [mount / controller] if controllers else [mount, mount / "unified"]
        path = PurePosixPath(group.lstrip("/"))
        for top in tops:
            for part in (path, *path.parents):  # the last one is ".", the top itself
                if (top / part).is_dir():
                    yield top / part


def cpu_name(root: Path = _ROOT) -> str:
    """Return the model name of the processor, "unknown" where the system does not report it."""
    for line in _read(root / "proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def git_state(folder: Path = _CHECKOUT) -> GitState | None:
    """Return the state of the git checkout at `folder`, None where there is none that git can read."""
    if not (folder / ".git").exists():
        return None
    describe = ["git", "-C", str(folder), "describe", "--always", "--exclude=*", "--abbrev=40", "--dirty"]
    try:
        ran = subprocess.run(describe, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    commit, _, dirty = ran.stdout.strip().partition("-")
    return GitState(commit, bool(dirty))


def _cpu_quota(group: Path) -> float | None:
    """Return the cores that the quota of a control group allows, None without a quota."""
    quota, _, period = _read(group / "cpu.max").partition(" ")
    if not quota:
        quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
    with suppress(ValueError, ZeroDivisionError):  # "max", "-1" or nothing is no quota
        return int(quota) / int(period) if int(quota) > 0 else None
    return None


def _read(path: Path) -> str:
    """Return the text of a file, "" where it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
