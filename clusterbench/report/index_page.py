"""The contents of a folder of reports: one row per benchmark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from clusterbench.report.atomic_files import write_atomically
from clusterbench.report.outcomes import status_text
from clusterbench.report.templating import part, template
from clusterbench.text import printable


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a folder, read from its ``leaderboard.json``.

    `part` is the part of the benchmark that it is of, "" for the whole.
    """

    name: str
    link: str
    title: str
    headline: str
    datasets: str
    n_entries: int
    cells: str
    part: str = ""


def write_index(reports: Path) -> Path:
    """Write ``index.html`` in a folder of reports: every sub-folder that contains a report, by name.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    """
    found = [_report(path.parent) for path in sorted(reports.glob("*/index.html"))]
    page = template("reports.html.j2").render(style=part("page.css"), reports=found)
    return write_atomically(reports / "index.html", page + "\n")


def _report(folder: Path) -> Report:
    link = f"{quote(folder.name)}/index.html"
    try:
        document = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
        boards = [
            board for board in document["boards"] if board["dataset"] in document["datasets"] and not board["oracle"]
        ]
        return Report(
            name=printable(folder.name),
            link=link,
            title=printable(document["title"]),
            headline=printable(document["headline"]),
            datasets=printable(", ".join(document["datasets"])),
            n_entries=sum(len(board["entries"]) for board in boards),
            cells=printable(", ".join(f"{count} {status_text(status)}" for status, count in document["cells"].items())),
            part=printable(document.get("selection", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # A report of another version, or one that is being written: its page is listed without them.
        return Report(printable(folder.name), link, printable(folder.name), "", "", 0, "")
