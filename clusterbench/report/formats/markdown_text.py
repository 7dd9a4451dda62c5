"""The report as Markdown, for code hosts: the form of a committed reference board."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from clusterbench.report.format import Format
from clusterbench.report.model import BoardReport, BoardTable, ReportModel, Table, Terms
from clusterbench.text import printable

# What begins a construct of Markdown or HTML inside a line, the table's own bar included.
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")


def markdown(report: ReportModel) -> str:
    """Return the report as Markdown; its figures are in the folder ``figures`` beside it."""
    lines = [f"# {escaped(report.title)}", "", f"**{escaped(report.headline)}**", ""]
    lines += [f"{escaped(report.outcomes)}. Benchmark `{report.name.replace('`', chr(39))}`.", ""]
    notices = [f"> - {'**Serious:** ' if one.serious else ''}{escaped(one.full_text)}" for one in report.notices]
    lines += [*notices, ""] if notices else []
    lines += ["## Leaderboard", ""]
    for board in report.boards:
        lines += _board(board, several=report.several_boards)
    lines += ["## Rejected and failed", ""]
    for table in (report.rejected, report.refused, report.failures):
        lines += table_lines(table)
    lines += ["## Methodology", "", *_terms(report.rules)]
    for table in (report.metrics, report.structure, *report.declared):
        lines += table_lines(table)
    lines += ["## Environment", "", *_terms(report.environment)]
    return "\n".join(lines).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, also in a table.

    Examples
    --------
    >>> print(escaped("a|b <script>"))
    a\\|b \\<script\\>
    """
    return _SPECIAL.sub(r"\\\1", printable(text))


def table_lines(table: Table) -> list[str]:
    """Return a table with its caption as lines of Markdown; none where it has no rows."""
    if not table.rows:
        return []
    numeric = [position in table.numeric for position in range(len(table.header))]
    return [f"**{escaped(table.caption)}**", "", *_rows(table.header, numeric, table.rows)]


def _board(report: BoardReport, *, several: bool) -> list[str]:
    lines = [f"### {escaped(report.board.title)}", "", escaped(report.headline), ""] if several else []
    if report.table.rows:
        headings = report.table.headings
        header = [*(heading.full_title for heading in headings), "Marks"]
        lines += _rows(header, [*(heading.numeric for heading in headings), False], _fields(report.table))
    else:
        lines += ["No entry could be ranked; the reasons are below.", ""]
    if report.table.has_optimised:
        lines += ["° marks a metric that the algorithm itself optimises.", ""]
    for figure in report.figures:
        lines += [f"![{escaped(figure.title)}](figures/{figure.name}.svg)", ""]
    return lines


def _fields(table: BoardTable) -> Iterable[list[str]]:
    for entry, row in table.rows:
        fields = []
        for field in row:
            notes = f" ({', '.join(field.notes)})" if field.notes else ""
            fields.append(f"{field.text}{'°' if field.optimised else ''}{notes}")
        yield [*fields, entry.marks]


def _rows(header: Sequence[str], numeric: Sequence[bool], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---:" if right else "---" for right in numeric]
    return [_line(map(escaped, header)), _line(rule), *(_line(map(escaped, row)) for row in rows), ""]


def _line(fields: Iterable[str]) -> str:
    return f"| {' | '.join(fields)} |"


def _terms(terms: Terms) -> list[str]:
    return [*(f"- **{escaped(term)}**: {escaped(text)}" for term, text in terms), ""]


FORMAT = Format(
    "markdown",
    lambda report: {"leaderboard.md": markdown(report)},
    {"leaderboard.md": "this report as Markdown"},
    order=35,
)
