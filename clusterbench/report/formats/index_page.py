"""The contents of a folder of reports: one row per benchmark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from clusterbench.report.atomic_files import write_atomically
from clusterbench.report.printed import readable
from clusterbench.report.templating import part, template


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a folder, as its ``leaderboard.json`` tells it.

    `part` says of which part of the benchmark it is, "" of the whole.
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
    """Write ``index.html`` in a folder of reports: every sub-folder that holds a report, by name.

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
        told = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
        boards = [board for board in told["boards"] if board["dataset"] in told["datasets"] and not board["oracle"]]
        return Report(
            name=readable(folder.name),
            link=link,
            title=readable(told["title"]),
            headline=readable(told["headline"]),
            datasets=readable(", ".join(told["datasets"])),
            n_entries=sum(len(board["entries"]) for board in boards),
            cells=readable(", ".join(f"{count} {status.replace('_', ' ')}" for status, count in told["cells"].items())),
            part=readable(told.get("selection", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # A report of another version, or one that is being written: its page is there all the same.
        return Report(readable(folder.name), link, readable(folder.name), "", "", 0, "")
