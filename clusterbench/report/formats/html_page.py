"""The page: one file that needs no network and no script to be read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence

from clusterbench.report.format import Format
from clusterbench.report.model import BoardReport, Notice, ReportModel
from clusterbench.report.number_text import slug
from clusterbench.report.page_data import Choices, choices_of, page_data, script_json
from clusterbench.report.registry import all_formats
from clusterbench.report.templating import part, template
from clusterbench.tables import CELL_SCHEMA, SCORE_SCHEMA, STABILITY
from clusterbench.text import printable, printable_lines

Options = list[tuple[str, str]]
"""Pairs of a value and the title that is shown for it."""


def html(report: ReportModel) -> str:
    """Return the report as one self-contained page.

    It asks for nothing from outside: style, script, numbers and figures are inside, and every text of the run is
    escaped. Without its script it can be read in full; what only the script can do is not shown then.
    """
    script = part("ranks.js") + part("page.js")
    page = template("page.html.j2").render(
        report=report,
        style=part("page.css"),
        script=script,
        policy=_policy(script),
        data=script_json(page_data(report)),
        boards=[_board_context(board, position) for position, board in enumerate(report.boards)],
        serious=_by_place(notice for notice in report.notices if notice.serious),
        notices=_by_place(notice for notice in report.notices if not notice.serious),
        files=[file for one in all_formats() for file in one.files.items() if file[0] != "index.html"],
        schemas=(("cells.csv", CELL_SCHEMA), ("scores.csv", SCORE_SCHEMA)),
        toml=printable_lines(report.run.record.toml),
    )
    return page + "\n"


def _policy(script: str) -> str:
    """Return a content security policy: the page runs its own script and asks for nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"{rules}; base-uri 'none'; form-action 'none'"


def _board_context(report: BoardReport, position: int) -> dict[str, object]:
    return {
        "report": report,
        "position": position,
        "id": slug(report.board.title),
        "choices": _options(choices_of(report.board)),
        "detailed": {details.entry.anchor for details in report.details},
        "undetailed": 0 if report.board.overall else len(report.board.entries) - len(report.details),
    }


def _options(choices: Choices) -> dict[str, Options | list[str]]:
    def named(values: Sequence[str]) -> Options:
        return [(printable(value), printable(value)) for value in values]

    metrics = [(metric.name, metric.title) for metric in choices.metrics]
    return {
        "algorithms": named(choices.algorithms),
        "variants": named(choices.variants),
        "metrics": [*metrics, (STABILITY, "Stability")] if choices.has_stability else metrics,
        "ranked": [*choices.ranked, STABILITY],
        "spaces": named(choices.spaces),
        "datasets": named(choices.datasets),
        "policies": list(choices.policies),
        "weights": [(family, f"{weight:g}") for family, weight in choices.weights.items()],
    }


def _by_place(notices: Iterable[Notice]) -> list[tuple[str, list[str]]]:
    """Return notices by their dataset, as (dataset, texts)."""
    groups: dict[str, list[str]] = {}
    for notice in notices:
        groups.setdefault(notice.place, []).append(notice.text)
    return list(groups.items())


FORMAT = Format("html", lambda report: {"index.html": html(report)}, {"index.html": "this page"}, order=10)
