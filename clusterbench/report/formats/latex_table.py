"""The leaderboard as LaTeX: a booktabs long table per board."""

import re
from collections.abc import Mapping

from clusterbench.ranking import letters_of
from clusterbench.report.declared_parts import Format
from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.model import ReportModel
from clusterbench.report.templating import template
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


def latex(report: ReportModel) -> str:
    """Return every board as a LaTeX table on landscape pages: its first 100 rows, with the numbers of the page.

    It needs the packages booktabs, longtable, lscape and textcomp. Bold rows share a tie letter with the first place.
    """
    page = template("leaderboard.tex.j2", tex=escaped)
    return page.render(report=report, most=_MOST_ROWS, tied=tied_with_first)


def escaped(text: str) -> str:
    """Return text that LaTeX prints as it is.

    Examples
    --------
    >>> print(escaped("50 % of my_table"))
    50 \\% of my\\_table
    """
    characters = _HYPHENS.sub("-\0", printable(text))
    return "".join(_SPECIAL.get(c, c) for c in characters).replace("\0", "{}")  # two hyphens do not join to a dash


def tied_with_first(board: Board) -> tuple[Entry, ...]:
    """Return the first contender and the entries that share a tie letter with it."""
    if not board.contenders:
        return ()
    first = board.contenders[0]
    letters = set(letters_of(str(first.row["tie"])))
    return tuple(e for e in board.entries if e is first or letters & set(letters_of(str(e.row["tie"]))))


FORMAT = Format(
    "latex",
    lambda report: {"leaderboard.tex": latex(report)},
    {"leaderboard.tex": "a LaTeX table; entries that are not separated from the first place are bold"},
    order=30,
)
