"""Signals that stop a run: workers, lock and temporary folders are released, and a summary is printed."""

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

# Ctrl-C, a batch system, a closed terminal; each with its default handler.
_SIGNALS: Mapping[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


class Stopped(KeyboardInterrupt):
    """A signal that asks this process to end; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def stoppable(progress: Progress) -> Iterator[Progress]:
    """Raise `Stopped` in the block for every signal that asks this process to end, unless it is ignored (nohup).

    Yields a progress that raises it too, at its next step: an exception that a handler raises while a library, such as
    a compiler, calls back into Python is lost there.
    """
    stopping = _StoppingProgress(progress)
    replaced = [number for number, usual in _SIGNALS.items() if signal.getsignal(number) is usual]
    try:
        for number in replaced:
            signal.signal(number, stopping.stop)
        yield stopping
    finally:
        for number in replaced:
            signal.signal(number, _SIGNALS[number])


class _StoppingProgress:
    """Progress that ends the run at its next step after a signal."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._signal = progress, 0

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self._signal = number
        raise Stopped(number)

    def _check(self) -> None:
        if self._signal:
            raise Stopped(self._signal)

    def stage(self, name: str, total: int) -> None:
        """Begin a stage, unless the run is to stop."""
        self._check()
        self._progress.stage(name, total)

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Report steps, unless the run is to stop."""
        self._check()
        self._progress.advance(steps, note)

    def say(self, text: str) -> None:
        """Print a line."""
        self._progress.say(text)


def exit_status(stop: KeyboardInterrupt) -> int:
    """Return the exit status of a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)


def summary(results: Path, name: str | None) -> str:
    """Return what a stopped run has stored and how to continue it; `name` is None where it had no plan yet."""
    counts: dict[str, int] | None = None
    if name is not None:
        try:
            with Store.reader(results) as store:
                counts = store_status(store).get(name)
        except RequestError:
            counts = None
    if counts is None:
        return "stopped before anything was finished. The same command begins again."
    done = ", ".join(f"{count} {state}" for state, count in counts.items())
    return (
        f"stopped; {name}: {done}. Finished cells are in {results / STORE_NAME}; the same command goes on from there."
    )
