"""The leaderboard as LaTeX: a long table per board, bold for what cannot be told apart from the first place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from clusterbench.ranking import letters_of
from clusterbench.report.board_table import BoardTable, Heading, Printed, board_table
from clusterbench.report.printed import readable, shortened
from clusterbench.report.report_entries import Entry, sections_of
from clusterbench.results import Run

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
    '"': r"\textquotedblright{}",  # \textquotedbl is not in OT1, the default encoding
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "…": r"\textellipsis{}",
    "·": r"\textperiodcentered{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "°": r"\textdegree{}",
    "\N{REPLACEMENT CHARACTER}": "?",
}
_DROPPED = ("sizes", "coverage")
# Left out one by one where a board is too wide for a landscape page; then the scores, from the last one on.
_SPARE = ("peak_mb", "fit_seconds", "calibrated", "stability")
_MOST_ROWS = 100
_PAGE, _LETTER, _GAP = (
    545.0,
    3.7,
    4.0,
)  # pt: height of the text on a letter page; a letter in scriptsize; between columns
_LONGEST = {"entry": 24, "variant": 14}  # letters; longer names go on in a second line
_HEADER = """\
% Made by clusterbench; needs \\usepackage{booktabs}, \\usepackage{longtable}, \\usepackage{lscape} and, before 2020,
% \\usepackage{textcomp}. Every board stands on landscape pages of its own and goes on over as many as it needs."""


def latex(run: Run) -> str:
    """Return every board of a run as a LaTeX table on landscape pages: its first 100 rows, and the columns that fit.

    It needs the packages booktabs, longtable, lscape and textcomp. Bold rows share a tie letter with the first place:
    the table shows what is best no more finely than the ranking knows it. Numbers are those of the page; the caption
    says what is left out.
    """
    boards = (_table(run, board_table(run, section)) for section in sections_of(run) if section.entries)
    return "\n".join([_HEADER, *boards]) + "\n"


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
    kept = _fitting(board)
    headings = [board.headings[position] for position in kept]
    lengths = [_letters(board, position) for position in kept]
    head = [r"\toprule", *_titles(headings), r"\midrule"]
    lines = [
        r"\begin{landscape}",
        r"\scriptsize\setlength{\tabcolsep}{2pt}",
        rf"\begin{{longtable}}{{{''.join(map(_aligned, headings, lengths))}}}",
        rf"\caption{{{_caption(run, board, headings)}}}\\",
        *head,
        r"\endfirsthead",
        *head,
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        *_rows(board, kept),
        r"\end{longtable}",
        r"\end{landscape}",
    ]
    return "\n".join(lines)


def _caption(run: Run, board: BoardTable, headings: Sequence[Heading]) -> str:
    entries = f"{len(board.rows)} entries"
    if len(board.rows) > _MOST_ROWS:
        entries = f"the first {_MOST_ROWS} of {entries}"
    shown = {heading.name for heading in headings} | set(_DROPPED)
    absent = [heading.full_title for heading in board.headings if heading.name not in shown]
    narrow = f" Not shown: {', '.join(absent)}." if absent else ""
    about = f"{run.record.title}: leaderboard of {board.section.title}, {entries}."
    return tex(f"{about} Bold: not told apart from the first place.{narrow}")


def _fitting(board: BoardTable) -> list[int]:
    """Return the positions of the columns that fit on a page together."""
    kept = [position for position, heading in enumerate(board.headings) if heading.name not in _DROPPED]
    scores = [board.headings[position].name for position in kept if board.headings[position].group]
    for name in (*_SPARE, *reversed(scores)):
        if sum(_width(board, position) for position in kept) <= _PAGE:
            break
        kept = [position for position in kept if board.headings[position].name != name]
    return kept


def _width(board: BoardTable, position: int) -> float:
    """Return the width of a column in points, with its part of the title of its metric."""
    heading = board.headings[position]
    spaces = sum(other.group == heading.group for other in board.headings) if heading.group else 1
    letters = min(_letters(board, position), _LONGEST.get(heading.name, 1000))
    return _GAP + _LETTER * max(letters, len(heading.group) / spaces)


def _letters(board: BoardTable, position: int) -> int:
    """Return the letters of the longest field of a column, or of a line of its title."""
    heading = board.headings[position]
    title = (heading.title,) if heading.group else heading.title.partition(" ")[::2]
    return max(map(len, (*title, *(_text(heading, row[position]) for _, row in board.rows[:_MOST_ROWS]))))


def _text(heading: Heading, printed: Printed) -> str:
    """Return a field; of a name, which can go on in a second line, no word is longer than a line."""
    most = _LONGEST.get(heading.name)
    return printed.text if most is None else " ".join(shortened(word, most) for word in printed.text.split(" "))


def _aligned(heading: Heading, letters: int) -> str:
    most = _LONGEST.get(heading.name, letters)
    return f"p{{{_LETTER * most:.0f}pt}}" if letters > most else "r" if heading.numeric else "l"


def _titles(headings: Sequence[Heading]) -> list[str]:
    """Return two lines: metrics above their spaces, other titles of two words in two lines."""
    above, below, rules = [], [], []
    groups = itertools.groupby(enumerate(headings, start=1), key=lambda numbered: numbered[1].group)
    for group, numbered in groups:
        places, members = zip(*numbered, strict=True)
        if group:
            above.append(rf"\multicolumn{{{len(members)}}}{{c}}{{{tex(group)}}}")
            below += [tex(heading.title) for heading in members]
            rules.append(rf"\cmidrule(lr){{{places[0]}-{places[-1]}}}")
        else:
            parts = [heading.title.partition(" ") for heading in members]
            above += [tex(first if rest else "") for first, _, rest in parts]
            below += [tex(rest or first) for first, _, rest in parts]
    return [_line(above), *(["".join(rules)] if rules else []), _line(below)]


def _rows(board: BoardTable, kept: Sequence[int]) -> Iterator[str]:
    bold = tie_group([entry for entry, _ in board.rows])
    for (entry, row), in_bold in itertools.islice(zip(board.rows, bold, strict=True), _MOST_ROWS):
        fields = [tex(_text(board.headings[position], row[position])) for position in kept]
        if entry.control:
            fields = [rf"\textit{{{field}}}" for field in fields]
        elif in_bold:
            fields = [rf"\textbf{{{field}}}" for field in fields]
        yield _line(fields)


def _line(fields: Sequence[str]) -> str:
    return " & ".join(fields) + r" \\"
