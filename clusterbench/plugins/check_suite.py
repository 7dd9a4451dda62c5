"""A suite of checks: their names, their order and their verdicts.

A suite is a class whose public methods are the checks: the name of a method is the name of its check, its docstring the
title. A method returns what is wrong, or an empty text; what it raises is wrong too.
"""

from __future__ import annotations

import random
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from zlib import crc32

import numpy as np

from clusterbench.errors import unknown
from clusterbench.plugins.process_state import kept_generators, kept_state

LIMIT_SECONDS = 60.0


class Verdict(StrEnum):
    """The outcome of one check."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED = "expected failure"
    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Check:
    """One property of a plug-in: whether it has it, details where it has not, and how long the check took."""

    name: str  # key of `expected_failures`
    title: str
    verdict: Verdict
    detail: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.verdict is not Verdict.FAILED


class NotApplicable(Exception):
    """Raised by a check that does not concern the plug-in; the message is the reason."""


class _TookTooLong(BaseException):
    """Raised in a check at its time limit; no plug-in catches it by ``except Exception``."""


class Suite:
    """The checks of one kind of plug-in: see the module."""

    essential: ClassVar[tuple[str, ...]] = ()  # checks after whose failure no other is possible

    @classmethod
    def titles(cls) -> dict[str, str]:
        """Return the title of each check by name, in the order in which they run."""
        methods = {name: value for name, value in vars(cls).items() if not name.startswith("_") and callable(value)}
        return {name: (method.__doc__ or name).splitlines()[0].rstrip(".") for name, method in methods.items()}

    def run(self, expected_failures: Mapping[str, str]) -> Iterator[Check]:
        """Yield every check with its outcome."""
        titles, failed = self.titles(), ""
        for name in expected_failures:
            if name not in titles:
                raise unknown("check", name, titles, where="expected_failures")
        for name, title in titles.items():
            start = time.perf_counter()
            outcome = (
                _outcome(getattr(self, name), crc32(name.encode()))
                if not failed
                else (Verdict.NOT_RUN, f"not run: {failed} failed")
            )
            if name in self.essential and outcome[0] is Verdict.FAILED:
                failed = name
            if name in expected_failures:
                outcome = _expected(*outcome, reason=expected_failures[name])
            yield Check(name, title, *outcome, time.perf_counter() - start)


def _outcome(check: Callable[[], str], state: int) -> tuple[Verdict, str]:
    """Run a check, from a state of the global generators of its own: what draws from them gives other numbers."""
    try:
        with kept_state(), kept_generators(), warnings.catch_warnings(), np.errstate(), _limit(LIMIT_SECONDS):
            warnings.simplefilter("ignore")
            random.seed(state)
            np.random.seed(state)  # noqa: NPY002 - other code may use it
            fault = check()
    except NotApplicable as reason:
        return Verdict.NOT_APPLICABLE, str(reason)
    except _TookTooLong as error:
        return Verdict.FAILED, str(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the message is the finding
        return Verdict.FAILED, described(error)
    return (Verdict.FAILED, fault) if fault else (Verdict.PASSED, "")


def _expected(verdict: Verdict, detail: str, *, reason: str) -> tuple[Verdict, str]:
    if verdict is Verdict.FAILED:
        return Verdict.EXPECTED, f"{reason} ({detail})"
    if verdict is Verdict.PASSED:
        return Verdict.FAILED, f"passes, but is declared to fail: {reason}"
    return verdict, detail


def described(error: BaseException) -> str:
    """Return type and message of an exception."""
    return f"{type(error).__name__}: {error}"


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raise _TookTooLong in Python code that takes longer; only in the main thread of a POSIX system."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise _TookTooLong(f"did not end within {seconds:g} s")

    start, before = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - start), 0.01) if left else 0.0)
        signal.signal(signal.SIGALRM, before)
