"""Perform one task: build once, cut often, and yield what happens. The same in any process."""

import importlib
import json
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from clusterbench.execution.events import CutStarted, Event, Started, Task
from clusterbench.execution.isolation import PeakMemory, isolated_step
from clusterbench.labeling import Labeling
from clusterbench.plugins import (
    Algorithm,
    Cutter,
    Floats,
    as_partition,
    cutter_of,
    kept_state,
    load_plugin,
    recorded_warnings,
)
from clusterbench.statuses import CellStatus
from clusterbench.task_outcomes import CutDone, TaskDone

_LONGEST_MESSAGE = 500
_LONGEST_INFO = 65_536  # characters of JSON
_MOST_WARNINGS = 5
_warmed: set[str] = set()

PLUGIN_FAULTS = (Exception, SystemExit, GeneratorExit)
"""What `perform` catches of a plug-in; Ctrl-C is the user's."""


def perform(task: Task, *, threads: int | None = None) -> Iterator[Event]:
    """Perform `task` in this process and yield its events; `threads` limits the thread pools of loaded libraries.

    An exception of the plug-in (see `PLUGIN_FAULTS`) becomes a status with its type, message and place. Global state
    that the plug-in changes is put back when the job ends.
    """
    with kept_state():
        try:
            algorithm = _load(task)
            space = np.load(task.space_path, mmap_mode="r").view(np.ndarray)
        except PLUGIN_FAULTS as error:
            yield TaskDone(task.key, status_of(error), f"could not be loaded: {describe_error(error)}")
            return
        with _thread_pools(len(sys.modules)).limit(limits=threads):
            yield Started(task.key)
            yield from _Job(task, space).events(algorithm)


class _Job:
    """The build of a task and its cuts."""

    def __init__(self, task: Task, space: Floats) -> None:
        self._task, self._space = task, space
        self._n_rows = len(space)  # as it is now: a plug-in may set the shape of its array
        self._peak = PeakMemory()
        self._build_seconds = 0.0
        self._warnings: list[str] = []

    def events(self, algorithm: Algorithm) -> Iterator[Event]:
        task = self._task
        cutter = self._build(algorithm)
        if isinstance(cutter, TaskDone):
            yield cutter
            return
        for cut in task.cuts:
            yield CutStarted(task.key, cut)
            yield self._cut(cutter, cut)
        yield TaskDone(task.key, CellStatus.OK, "", self._build_seconds, self._peak.mb())

    def _build(self, algorithm: Algorithm) -> Cutter | TaskDone:
        task, start = self._task, time.perf_counter()
        try:
            with isolated_step(task.key) as messages:
                start = time.perf_counter()
                cutter = cutter_of(algorithm, self._space, task.seed, json.loads(task.params), task.sample)
                self._build_seconds = time.perf_counter() - start
        except PLUGIN_FAULTS as error:
            seconds = time.perf_counter() - start
            return TaskDone(task.key, status_of(error), describe_error(error), seconds, self._peak.mb())
        self._warnings = messages
        return cutter

    def _cut(self, cutter: Cutter, cut: str) -> CutDone:
        task, start = self._task, time.perf_counter()
        seconds: float | None = None
        try:
            with isolated_step(task.key, cut) as messages:
                start = time.perf_counter()
                outcome = cutter(**json.loads(cut))
                seconds = time.perf_counter() - start
                part = as_partition(outcome, self._n_rows)
                labeling = Labeling.of(part.labels)
                inertia = None if part.inertia is None else float(part.inertia)
                info = dict(part.info)
            info = plain_info(info, [*self._warnings, *messages])
        except PLUGIN_FAULTS as error:
            return CutDone(
                task.key,
                cut,
                status_of(error),
                describe_error(error),
                seconds=time.perf_counter() - start if seconds is None else seconds,
                build_seconds=self._build_seconds,
                peak_mb=self._peak.mb(),
            )
        return CutDone(
            task.key, cut, CellStatus.OK, "", labeling, seconds, inertia, info, self._build_seconds, self._peak.mb()
        )


@lru_cache(maxsize=1)  # finding them takes milliseconds, and only imports add some
def _thread_pools(n_modules: int) -> ThreadpoolController:
    return ThreadpoolController()


def _load(task: Task) -> Algorithm:
    """Load the plug-in, its packages and its warm-up, which do not count as fitting."""
    algorithm = load_plugin(task.plugin)
    if task.is_refit and algorithm.refit is not None:
        algorithm = replace(algorithm, build=algorithm.refit)
    with recorded_warnings():
        for package in algorithm.packages:
            importlib.import_module(package)
    if algorithm.warm_up is not None and task.plugin not in _warmed:
        with isolated_step("warm-up", task.plugin):
            algorithm.warm_up()
        _warmed.add(task.plugin)
    return algorithm


def plain_info(info: Mapping[str, Any], messages: list[str]) -> dict[str, Any]:
    """Return a plug-in's info as plain JSON values, with its own and the recorded warnings."""
    own = info.get("warnings", [])
    warnings = list(dict.fromkeys([*(own if isinstance(own, list) else [own]), *messages]))
    rest = {name: value for name, value in info.items() if name != "warnings"}
    text = json.dumps(rest, default=_plain)
    plain: dict[str, Any] = json.loads(text) if len(text) <= _LONGEST_INFO else {}
    if not plain and rest:
        warnings.append(f"info of {len(text)} characters was left out: at most {_LONGEST_INFO} are stored")
    if warnings:
        plain["warnings"] = [one_line(message, 200) for message in warnings[:_MOST_WARNINGS]]
    return plain


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else str(value)


def status_of(error: BaseException) -> CellStatus:
    """Return the cell status for an exception of a plug-in."""
    out_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"  # TensorFlow's
    return CellStatus.OUT_OF_MEMORY if out_of_memory else CellStatus.FAILED


def describe_error(error: BaseException) -> str:
    """Return type, message and the innermost place of an exception, on one line."""
    try:
        message = one_line(str(error), _LONGEST_MESSAGE)
    except PLUGIN_FAULTS as second:
        message = f"(its message raises {type(second).__name__})"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{one_line(type(error).__name__, 100)}{': ' if message else ''}{message}{place}"


def one_line(text: object, length: int) -> str:
    """Return `text` on one line that any file can hold: no control characters, no lone surrogates."""
    words = " ".join(str(text)[: 4 * length].split())
    return "".join(c if c.isprintable() else "?" for c in words)[:length]
