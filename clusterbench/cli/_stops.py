"""A run that is stopped from outside ends in order: workers, lock and temporary folders go, and a summary is said."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from clusterbench.conductor import store_status
from clusterbench.errors import RequestError
from clusterbench.store import STORE_NAME, Store

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)  # a batch system and a closed terminal; Ctrl-C is Python's own


class Stopped(KeyboardInterrupt):
    """A signal that asks this process to end; `number` tells which."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` in the block for every signal that asks this process to end, unless it is ignored (nohup)."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    ours = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, stop)
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


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
