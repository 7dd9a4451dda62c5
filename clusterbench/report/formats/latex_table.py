"""The leaderboard as LaTeX: a booktabs long table per board."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clusterbench.ranking import letters_of
from clusterbench.report.entry_views import Entry
from clusterbench.report.format import Format
from clusterbench.report.model import BoardReport, ReportModel
from clusterbench.text import printable

_HYPHENS = re.compile("-(?=[-–—])")
_SPECIAL: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "{}$&#%_"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedblright{}",  # \textquotedbl is not in OT1, the default encoding
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "…": r"\textellipsis{}",
    "·": r"\textperiodcentered{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "∞": r"$\infty$",
    "°": r"\textdegree{}",
    "\N{REPLACEMENT CHARACTER}": "?",
}
_MOST_ROWS = 100
_HEADER = """\
% Needs \\usepackage{booktabs}, \\usepackage{longtable}, \\usepackage{lscape},
% and, before 2020, \\usepackage{textcomp}."""


def latex(report: ReportModel) -> str:
    """Return every board as a LaTeX table on landscape pages: its first 100 rows, with the numbers of the page.

    It needs the packages booktabs, longtable, lscape and textcomp. Bold rows share a tie letter with the first place.
    """
    tables = (_table(report, board) for board in report.boards if board.table.rows)
    return "\n".join([_HEADER, *tables]) + "\n"


def escaped(text: str) -> str:
    """Return text that LaTeX prints as it is.

    Examples
    --------
    >>> print(escaped("50 % of my_table"))
    50 \\% of my\\_table
    """
    characters = _HYPHENS.sub("-\0", printable(text))
    return "".join(_SPECIAL.get(c, c) for c in characters).replace("\0", "{}")  # two hyphens do not join to a dash


def tie_group(entries: Sequence[Entry]) -> list[bool]:
    """Return of every entry whether it is the first contender or shares a tie letter with it."""
    first = next((entry for entry in entries if not entry.control), None)
    if first is None:
        return [False] * len(entries)
    letters = set(letters_of(str(first.row["tie"])))
    return [entry is first or bool(letters & set(letters_of(str(entry.row["tie"])))) for entry in entries]


def _table(report: ReportModel, board: BoardReport) -> str:
    headings, rows = board.table.headings, board.table.rows
    number = f"the first {_MOST_ROWS} of {len(rows)} entries" if len(rows) > _MOST_ROWS else f"{len(rows)} entries"
    caption = f"{report.title}: leaderboard of {board.board.title}, {number}. Bold: not separated from the first place."
    bold = tie_group([entry for entry, _ in rows])
    lines = []
    for (entry, row), in_group in list(zip(rows, bold, strict=True))[:_MOST_ROWS]:
        command = r"\textit{%s}" if entry.control else r"\textbf{%s}" if in_group else "%s"
        lines.append(_line([command % escaped(field.text) for field in row]))
    head = [r"\toprule", _line([escaped(heading.full_title) for heading in headings]), r"\midrule"]
    return "\n".join(
        [
            r"\begin{landscape}\scriptsize",
            rf"\begin{{longtable}}{{{''.join('r' if heading.numeric else 'l' for heading in headings)}}}",
            rf"\caption{{{escaped(caption)}}}\\",
            *head,
            r"\endfirsthead",
            *head,
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            *lines,
            r"\end{longtable}\end{landscape}",
        ]
    )


def _line(fields: Sequence[str]) -> str:
    return " & ".join(fields) + r" \\"


FORMAT = Format(
    "latex",
    lambda report: {"leaderboard.tex": latex(report)},
    {"leaderboard.tex": "a LaTeX table; entries that are not separated from the first place are bold"},
    order=30,
)
