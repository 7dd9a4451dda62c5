"""The contents of a folder of reports: one row per benchmark."""

import json
from pathlib import Path
from urllib.parse import quote

from clusterbench.report.atomic_files import write_atomically
from clusterbench.report.outcome_summary import status_text
from clusterbench.report.templating import part, template
from clusterbench.text import printable


def write_index(reports: Path) -> Path:
    """Write ``index.html`` in a folder of reports: every sub-folder that contains a report, by name.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    """
    rows = [_row(path.parent) for path in sorted(reports.glob("*/index.html"))]
    page = template("reports.html.j2").render(style=part("page.css"), reports=rows)
    return write_atomically(reports / "index.html", page + "\n")


def _row(folder: Path) -> dict[str, object]:
    """Return what the page shows of a report; `part` is the part of the benchmark that it is of, "" for the whole."""
    name = printable(folder.name)
    row: dict[str, object] = {"name": name, "link": f"{quote(folder.name)}/index.html", "title": name, "n_entries": 0}
    row |= dict.fromkeys(("headline", "datasets", "cells", "part"), "")
    try:
        document = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
        datasets, boards = document["datasets"], document["boards"]
        boards = [board for board in boards if board["dataset"] in datasets and not board["oracle"]]
        cells = ", ".join(f"{count} {status_text(status)}" for status, count in document["cells"].items())
        texts = {name: document[name] for name in ("title", "headline")}
        texts |= {"datasets": ", ".join(datasets), "cells": cells, "part": document.get("selection", "")}
        counts = {"n_entries": sum(len(board["entries"]) for board in boards)}
        return {**row, **{name: printable(text) for name, text in texts.items()}, **counts}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return row  # a report of another version, or one that is being written
