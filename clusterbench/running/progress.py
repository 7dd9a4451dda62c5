"""What a run tells while it goes on."""

from __future__ import annotations

import logging
from typing import Protocol

_log = logging.getLogger("clusterbench")


class Progress(Protocol):
    """Receiver of a run's progress."""

    def stage(self, name: str, total: int) -> None:
        """A stage of `total` steps begins."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Some steps are over; `note` names the last."""

    def say(self, text: str) -> None:
        """A line that stays."""


class Silent:
    """Progress that nobody is told."""

    def stage(self, name: str, total: int) -> None:
        """Say nothing."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


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
