"""The leaderboard as LaTeX: a booktabs table per board, bold for what cannot be told apart from the first place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clusterbench.conductor import Run
from clusterbench.ranking import letters_of
from clusterbench.report._board_table import BoardTable, board_table
from clusterbench.report._entries import Entry, sections_of
from clusterbench.report._format import readable

_HYPHENS = re.compile("-(?=[-–—])")
_SPECIAL: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "·": r"\textperiodcentered{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "°": r"\textdegree{}",
    "\N{REPLACEMENT CHARACTER}": "?",
}
_DROPPED = ("sizes", "coverage")


def latex(run: Run) -> str:
    """Return every board of a run as a LaTeX table.

    It needs the packages booktabs and textcomp. Bold rows share a tie letter with the first place: the table shows what
    is best no more finely than the ranking knows it. Numbers are those of the page.
    """
    parts = [
        "% Made by clusterbench; needs \\usepackage{booktabs} and, before 2020, \\usepackage{textcomp}.",
        *(_table(run, board_table(run, section)) for section in sections_of(run) if section.entries),
    ]
    return "\n".join(parts) + "\n"


def tex(text: str) -> str:
    """Return text that LaTeX prints as it stands.

    Examples
    --------
    >>> print(tex("50 % of my_table"))
    50 \\% of my\\_table
    """
    printed = "".join(_SPECIAL.get(character, character) for character in _HYPHENS.sub("-\0", readable(text)))
    return printed.replace("\0", "{}")  # so that two hyphens do not join to a dash


def tie_group(entries: Sequence[Entry]) -> list[bool]:
    """Say of every entry whether it shares a tie letter with the first contender, or its labels' rank."""
    first = next((entry for entry in entries if not entry.control), None)
    if first is None:
        return [False] * len(entries)
    letters = set(letters_of(str(first.row["tie"])))
    return [entry is first or bool(letters & set(letters_of(str(entry.row["tie"])))) for entry in entries]


def _table(run: Run, board: BoardTable) -> str:
    kept = [position for position, heading in enumerate(board.headings) if heading.name not in _DROPPED]
    headings = [board.headings[position] for position in kept]
    aligned = "".join("r" if heading.numeric else "l" for heading in headings)
    bold = tie_group([entry for entry, _ in board.rows])
    caption = f"{run.plan['title']}: leaderboard of {board.section.title}, {len(board.rows)} entries."
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{tex(caption)} Bold: not told apart from the first place.}}",
        rf"\begin{{tabular}}{{{aligned}}}",
        r"\toprule",
        _line([tex(heading.full_title) for heading in headings]),
        r"\midrule",
    ]
    for (entry, row), in_bold in zip(board.rows, bold, strict=True):
        fields = [tex(row[position].text) for position in kept]
        if entry.control:
            fields = [rf"\textit{{{field}}}" for field in fields]
        elif in_bold:
            fields = [rf"\textbf{{{field}}}" for field in fields]
        lines.append(_line(fields))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"])


def _line(fields: Sequence[str]) -> str:
    return " & ".join(fields) + r" \\"
