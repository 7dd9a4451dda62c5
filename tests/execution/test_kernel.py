"""What the kernel tells is found where it tells it: in either kind of control group, in a container, or without one."""

from __future__ import annotations

import os
import resource

import pytest

from clusterbench.execution import system_limits as _kernel


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A folder in place of the kernel's; write its files with the function that this gives."""
    monkeypatch.setattr(_kernel, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(_kernel, "_OWN", tmp_path / "own")
    monkeypatch.setattr(_kernel, "_MACHINE", tmp_path / "vmstat")
    _kernel._place.cache_clear()

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    yield write
    _kernel._place.cache_clear()


V1, V2 = "9:name=systemd:/x\n4:cpu,memory:/job/7\n0::/\n", "0::/user.slice/job\n"
EVENTS = "low 0\noom 5\noom_kill {}\noom_group_kill 0\n"


@pytest.mark.parametrize(
    ("own", "place"),
    [
        (V1, "groups/memory/job/7/memory.oom_control"),
        (V1, "groups/memory/memory.oom_control"),
        (V2, "groups/user.slice/job/memory.events"),
        (V2, "groups/memory.events"),
        (V2, "vmstat"),
        ("", "vmstat"),
    ],
)
def test_kills_are_counted_where_the_kernel_counts_them(kernel, own, place):
    kernel("own", own)
    for number in (0, 3):
        kernel(place, EVENTS.format(number))
        assert _kernel.kills_for_memory() == number


def test_the_own_group_is_asked_before_the_machine(kernel):
    kernel("own", V2)
    kernel("vmstat", "oom_kill 9\n")
    kernel("groups/user.slice/job/memory.events", EVENTS.format(1))
    assert _kernel.kills_for_memory() == 1


def test_where_nothing_is_told_nothing_is_counted(kernel):
    assert _kernel.kills_for_memory() == 0


def test_descriptors_are_counted_against_the_limit():
    before = _kernel.descriptors_left()
    assert 0 < before <= resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    held = os.open(os.devnull, os.O_RDONLY)
    assert _kernel.descriptors_left() == before - 1
    os.close(held)
