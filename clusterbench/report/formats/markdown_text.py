"""The report as Markdown, for code hosts: the form of a committed reference board."""

import re
from collections.abc import Iterable

from clusterbench.report.declared_parts import Format
from clusterbench.report.model import Field, ReportModel
from clusterbench.report.templating import template
from clusterbench.text import printable

# What begins a construct of Markdown or HTML inside a line, the table's own bar included.
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")


def markdown(report: ReportModel) -> str:
    """Return the report as Markdown; its figures are in the folder ``figures`` beside it."""
    text = template("leaderboard.md.j2", md=escaped, row=_row, field=_field).render(report=report)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, also in a table.

    Examples
    --------
    >>> print(escaped("a|b <script>"))
    a\\|b \\<script\\>
    """
    return _SPECIAL.sub(r"\\\1", printable(text))


def _row(fields: Iterable[str]) -> str:
    return f"| {' | '.join(map(escaped, fields))} |"


def _field(field: Field) -> str:
    notes = f" ({', '.join(field.notes)})" if field.notes else ""
    return f"{field.text}{'°' if field.optimised else ''}{notes}"


FORMAT = Format(
    "markdown",
    lambda report: {"leaderboard.md": markdown(report)},
    {"leaderboard.md": "this report as Markdown"},
    order=35,
)
