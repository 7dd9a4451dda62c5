"""Progress of a run."""

from __future__ import annotations

import logging
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
    """Progress as log records: at most twenty lines a stage."""

    def __init__(self) -> None:
        self._name, self._total, self._done = "", 0, 0

    def stage(self, name: str, total: int) -> None:
        self._name, self._total, self._done = name, total, 0

    def advance(self, steps: int = 1, note: str = "") -> None:
        before, self._done = self._done, self._done + steps
        each = max(1, -(-self._total // 20))
        if self._done >= self._total or self._done // each > before // each:
            _log.info("%s: %d of %d%s", self._name, self._done, self._total, f", {note}" if note else "")

    def say(self, text: str) -> None:
        _log.info("%s", text)
