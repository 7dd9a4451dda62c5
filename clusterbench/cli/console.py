"""The terminal: text is printed as it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table


def console(*, stderr: bool = False) -> Console:
    """Return a console that reads neither markup nor emoji codes in what it prints."""
    terminal = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not terminal.is_terminal:  # a pipe has no width; tables in a log should not be folded at 80
        terminal.width = max(terminal.width, 140)
    return terminal


def say(text: str, style: str | None = None) -> None:
    """Print text without folding its lines."""
    console().print(text, style=style, soft_wrap=True)


def complain(text: str) -> None:
    """Print a warning on standard error, where it does not mix with what is written to standard output."""
    console(stderr=True).print(text, style="yellow", soft_wrap=True)


def show(table: Table) -> None:
    """Print a table."""
    console().print(table)


def open_in_browser(page: Path) -> None:
    """Open a page in the user's browser, or say that there is none."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say(f"no browser could be started; the page is {page}")


def name_files(paths: Iterable[Path]) -> None:
    """Name the files that were written, those of one folder together; of figures and labels only the folder."""
    many = ("figures", "labels")
    folders: dict[Path, dict[str, None]] = {}
    for path in (path.parent if path.parent.name in many else path for path in paths):
        folders.setdefault(path.parent, {})[path.name] = None
    for folder, (first, *others) in folders.items():
        say(f"wrote    {folder / first}")
        if others:
            say(f"         beside it: {', '.join(others)}")
