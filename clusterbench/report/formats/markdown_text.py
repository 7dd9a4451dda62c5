"""The report as Markdown, for code hosts: the form of a committed reference board."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from clusterbench.report import facts
from clusterbench.report import printed_rules as rules
from clusterbench.report.board_table import BoardTable, board_table
from clusterbench.report.figures.selection_of_figures import figure_titles
from clusterbench.report.printed import readable
from clusterbench.report.report_entries import Section, sections_of
from clusterbench.results import Run

# What begins a construct of Markdown or HTML inside a line, the table's own bar included.
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")


def markdown(run: Run) -> str:
    """Return the report of a run as Markdown; its figures lie in ``figures/`` beside it."""
    sections = sections_of(run)
    lines = [f"# {escaped(run.record.title)}", "", f"**{escaped(run.board.headline)}**", ""]
    lines += [f"{escaped(facts.outcome_counts(run))}. Benchmark `{_in_code(run.name)}`.", ""]
    if notices := facts.notices(run):
        marked = (f"{'**Serious:** ' if notice.serious else ''}{escaped(notice.full_text)}" for notice in notices)
        lines += [*(f"> - {text}" for text in marked), ""]
    lines += ["## Leaderboard", ""]
    for position, section in enumerate(sections):
        lines += _board(run, section, position, sections)
    lines += ["## Rejected and failed", ""]
    for table in (facts.rejected_table(run), facts.refused_table(run), facts.failure_table(run)):
        lines += _table(table) if table.rows else []
    lines += ["## Methodology", "", *_terms(rules.rules(run)), *_table(rules.metric_table(run))]
    for table in (rules.structure_table(run), *rules.declared_tables(run)):
        lines += _table(table) if table.rows else []
    lines += ["## Environment", "", *_terms(rules.environment(run))]
    return "\n".join(lines).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it stands, also in a table.

    Examples
    --------
    >>> print(escaped("a|b <script>"))
    a\\|b \\<script\\>
    """
    return _SPECIAL.sub(r"\\\1", readable(text))


def _in_code(text: str) -> str:
    return readable(text).replace("`", "'")


def _board(run: Run, section: Section, position: int, sections: Sequence[Section]) -> list[str]:
    table = board_table(run, section)
    lines = []
    if len(sections) > 1:
        headline = run.board.headlines.get(section.dataset, "")
        lines += [f"### {escaped(section.title)}", "", escaped(headline), ""]
    if section.entries:
        lines += _rows(_header(table), [*(h.numeric for h in table.headings), False], _fields(table))
    else:
        lines += ["No entry could be ranked; the reasons are below.", ""]
    if any(printed.optimised for _, row in table.rows for printed in row):
        lines += ["° marks a metric that the algorithm itself optimises.", ""]
    for name, title in figure_titles(run, section, position, several=len(sections) > 1):
        lines += [f"![{escaped(title)}](figures/{name}.svg)", ""]
    return lines


def _header(table: BoardTable) -> list[str]:
    return [*(heading.full_title for heading in table.headings), "Marks"]


def _fields(table: BoardTable) -> Iterable[list[str]]:
    for entry, row in table.rows:
        fields = []
        for printed in row:
            note = f" ({', '.join(printed.notes)})" if printed.notes else ""
            fields.append(f"{printed.text}{'°' if printed.optimised else ''}{note}")
        yield [*fields, entry.marks]


def _table(table: facts.Table) -> list[str]:
    numeric = [position in table.numeric for position in range(len(table.header))]
    return [f"**{escaped(table.caption)}**", "", *_rows(table.header, numeric, table.rows)]


def _rows(header: Sequence[str], numeric: Sequence[bool], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---:" if right else "---" for right in numeric]
    return [_line(map(escaped, header)), _line(rule), *(_line(map(escaped, row)) for row in rows), ""]


def _line(fields: Iterable[str]) -> str:
    return f"| {' | '.join(fields)} |"


def _terms(terms: Iterable[tuple[str, str]]) -> list[str]:
    return [*(f"- **{escaped(term)}**: {escaped(text)}" for term, text in terms), ""]
