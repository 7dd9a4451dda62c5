"""Putting the state of this process back to what it was before somebody else's code ran in it."""

from __future__ import annotations

import gc
import locale
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np

_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_SOON, _SLACK = 1e-3, 0.1  # seconds


@contextmanager
def kept_state() -> Iterator[None]:
    """Put back working directory, environment, locale, import path, streams and limits after the block."""
    home = _working_directory()
    environment, path, language = dict(os.environb), list(sys.path), locale.setlocale(locale.LC_ALL)
    depth, collecting, streams = sys.getrecursionlimit(), gc.isenabled(), (sys.stdout, sys.stderr)
    try:
        yield
    finally:
        if home is not None and _working_directory() != home:
            with suppress(OSError):
                os.chdir(home)
        if dict(os.environb) != environment:
            os.environb.clear()
            os.environb.update(environment)
        sys.path[:] = path
        locale.setlocale(locale.LC_ALL, language)
        sys.setrecursionlimit(depth)
        (gc.enable if collecting else gc.disable)()
        sys.stdout, sys.stderr = streams


@contextmanager
def kept_generators() -> Iterator[None]:
    """Have the global random generators go on after the block where they were."""
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - somebody else's code may use them
    try:
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002


@contextmanager
def kept_whole_state() -> Iterator[None]:
    """`kept_state`, and the handling of floating-point errors, warnings, signals, random numbers and the umask."""
    errors, call = np.geterr(), np.geterrcall()
    put_back = [*_signals(), *_hooks()]
    mask = os.umask(0)
    os.umask(mask)
    try:
        with kept_state(), kept_generators(), warnings.catch_warnings():
            yield
    finally:
        os.umask(mask)
        np.seterr(**errors)
        np.seterrcall(call)
        for again in put_back:
            again()


def _signals() -> Iterator[Callable[[], Any]]:
    """Give what puts timers and handlers back; only the main thread may do so."""
    if threading.current_thread() is not threading.main_thread():
        return
    for timer in _TIMERS:
        yield partial(_set_timer, timer, signal.getitimer(timer), time.monotonic())
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        handler = signal.getsignal(number)
        if handler is not None:  # one that was set outside Python cannot be put back
            yield partial(_handle, number, handler)


def _set_timer(timer: int, before: tuple[float, float], since: float) -> None:
    left = before[0] and max(before[0] - (time.monotonic() - since), _SOON)
    now, interval = signal.getitimer(timer)
    if interval != before[1] or (now == 0.0) != (left == 0.0) or now < left - _SLACK or now > before[0]:
        signal.setitimer(timer, left, before[1])


def _handle(number: int, handler: Any) -> None:
    if signal.getsignal(number) is not handler:
        signal.signal(number, handler)


def _hooks() -> Iterator[Callable[[], Any]]:
    for name in ("excepthook", "displayhook", "unraisablehook"):
        yield partial(setattr, sys, name, getattr(sys, name))


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None
