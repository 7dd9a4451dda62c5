"""A run that is stopped from outside ends in order: workers, lock and temporary folders go, and a summary is said."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from clusterbench.errors import RequestError
from clusterbench.results import store_status
from clusterbench.running import Progress
from clusterbench.store import STORE_NAME, Store

# Ctrl-C, a batch system, a closed terminal; each with what handles it where nobody has asked for anything else.
_SIGNALS: Mapping[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


class Stopped(KeyboardInterrupt):
    """A signal that asks this process to end; `number` tells which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def stoppable(progress: Progress) -> Iterator[Progress]:
    """Raise `Stopped` in the block for every signal that asks this process to end, unless it is ignored (nohup).

    Gives a progress that raises it too once such a signal has come: an exception that a handler raises while a library
    calls back into Python, as a compiler does, is lost there.
    """
    watched = _Watched(progress)
    ours = [number for number, usual in _SIGNALS.items() if signal.getsignal(number) is usual]
    try:
        for number in ours:
            signal.signal(number, watched.stop)
        yield watched
    finally:
        for number in ours:
            signal.signal(number, _SIGNALS[number])


class _Watched:
    """Progress that ends the run at its next step when a signal was heard."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._heard = progress, 0

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self._heard = number
        raise Stopped(number)

    def _check(self) -> None:
        if self._heard:
            raise Stopped(self._heard)

    def stage(self, name: str, total: int) -> None:
        """Tell of a stage, unless the run was to stop."""
        self._check()
        self._progress.stage(name, total)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Tell of steps, unless the run was to stop."""
        self._check()
        self._progress.advance(steps, note)

    def say(self, text: str) -> None:
        """Tell a line."""
        self._progress.say(text)


def exit_status(stop: KeyboardInterrupt) -> int:
    """Return what a shell expects of a process that a signal has ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)


def summary(results: Path, name: str | None) -> str:
    """Return what a stopped run leaves behind, and how it goes on; `name` is None where it had no plan yet."""
    counts: dict[str, int] | None = None
    if name is not None:
        try:
            with Store.reader(results) as store:
                counts = store_status(store).get(name)
        except RequestError:
            counts = None
    if counts is None:
        return "stopped before anything was finished. The same command begins again."
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return (
        f"stopped; {name}: {told}. Finished cells are in {results / STORE_NAME}; the same command goes on from there."
    )
