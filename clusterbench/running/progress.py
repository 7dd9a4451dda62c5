"""Progress of a run."""

from __future__ import annotations

import logging
import time
from typing import Protocol

_log = logging.getLogger("clusterbench")


class Progress(Protocol):
    """Receiver of a run's progress."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of `total` steps."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Count `steps` finished steps; `note` names the last."""

    def say(self, text: str) -> None:
        """Print a line."""


class Silent:
    """Progress without output."""

    def stage(self, name: str, total: int) -> None:
        """Do nothing."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""


class LogProgress:
    """Progress as log records: one line at the end of a stage and, of a long one, at most one per tenth of it.

    `pause` is the number of seconds that pass between two lines of one stage.
    """

    def __init__(self, *, pause: float = 10.0) -> None:
        self._name, self._total, self._done = "", 0, 0
        self._pause, self._written = pause, time.monotonic()

    def stage(self, name: str, total: int) -> None:
        self._name, self._total, self._done = name, total, 0
        self._written = time.monotonic()

    def advance(self, steps: int = 1, note: str = "") -> None:
        before, self._done = self._done, self._done + steps
        now = time.monotonic()
        is_tenth = self._done * 10 // max(self._total, 1) > before * 10 // max(self._total, 1)
        if before < self._total <= self._done or (is_tenth and now - self._written >= self._pause):
            self._written = now
            _log.info("%s: %d of %d%s", self._name, self._done, self._total, f", {note}" if note else "")

    def say(self, text: str) -> None:
        _log.info("%s", text)
