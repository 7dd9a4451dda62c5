"""Progress: bars with the remaining time on a terminal, plain lines in a log."""

from __future__ import annotations

import logging
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from clusterbench.running import LogProgress

log = logging.getLogger("clusterbench")


class TerminalProgress:
    """One bar per stage; a context manager."""

    def __init__(self, console: Console) -> None:
        self._bars = RichProgress(
            TextColumn("{task.description:12}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
            console=console,
        )
        self._current: TaskID | None = None

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def stage(self, name: str, total: int) -> None:
        """Begin a bar; a stage without steps has none."""
        self._current = self._bars.add_task(name, total=total, note="") if total else None

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Move the bar."""
        if self._current is not None:
            self._bars.update(self._current, advance=steps, note=note)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(text, style="yellow", highlight=False)


class PlainProgress(LogProgress):
    """Log records as plain lines on standard error; a context manager."""

    def __enter__(self) -> PlainProgress:
        self._handler = logging.StreamHandler(sys.stderr)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
        log.addHandler(self._handler)
        log.setLevel(logging.INFO)
        return self

    def __exit__(self, *exc: object) -> None:
        log.removeHandler(self._handler)


def progress_for(console: Console) -> TerminalProgress | PlainProgress:
    """Return a bar where there is a terminal, else plain lines."""
    return TerminalProgress(console) if console.is_terminal else PlainProgress()
