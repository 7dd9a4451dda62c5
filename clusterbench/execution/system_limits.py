"""What the kernel tells about what there is left of memory and of descriptors."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_MACHINE = Path("/proc/vmstat")
_COUNTER = "oom_kill"


def descriptors_left() -> float:
    """Return how many more files this process may open."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    with suppress(OSError):
        if most != resource.RLIM_INFINITY:
            return most - len(os.listdir("/proc/self/fd"))
    return float("inf")


def kills_for_memory() -> int:
    """Return how many processes the kernel has killed so far because memory ran out; 0 where it does not tell.

    They are those of this process's control group, or of the machine where there is none.
    """
    place = _place()
    return 0 if place is None else _count(place) or 0


@cache
def _place() -> Path | None:
    return next((place for place in _places() if _count(place) is not None), None)


def _places() -> Iterator[Path]:
    """Give where the kernel may count, the nearest first: a container may see its own group as the root."""
    with suppress(OSError):
        for line in _OWN.read_text(errors="replace").splitlines():
            _, controllers, group = line.split(":", 2)
            if "memory" in controllers.split(","):
                yield _GROUPS / "memory" / group.lstrip("/") / "memory.oom_control"
                yield _GROUPS / "memory" / "memory.oom_control"
            elif not controllers:
                yield _GROUPS / group.lstrip("/") / "memory.events"
                yield _GROUPS / "memory.events"
    yield _MACHINE


def _count(place: Path) -> int | None:
    with suppress(OSError, ValueError):
        for line in place.read_text(errors="replace").splitlines():
            name, _, number = line.partition(" ")
            if name == _COUNTER:
                return int(number)
    return None
