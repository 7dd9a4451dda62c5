"""The columns of a leaderboard on the page: one for each metric, whatever the number of reference spaces."""

import re
from dataclasses import dataclass

from clusterbench.report.entry_views import Board
from clusterbench.report.model import BoardTable, Field, Heading
from clusterbench.report.number_text import is_missing

_ALWAYS = ("rank", "entry", "k", "k_policy", "sizes", "stability", "fit_seconds")
_INSIDE_OTHERS = ("interval", "variant")  # in the column of the rank and of the entry
_Z_STEPS = 3


@dataclass(frozen=True, slots=True)
class PageColumn:
    """A column of the page: one heading of the leaderboard, or those of one group."""

    name: str  # of its heading; of a group, of the metric
    title: str
    headings: tuple[Heading, ...]
    places: tuple[int, ...]  # of the headings in the leaderboard
    shown: bool  # whether it is shown before the reader chooses columns

    @property
    def numeric(self) -> bool:
        return self.headings[0].numeric and self.name != "rank"

    @property
    def parts(self) -> str:
        """What its numbers are of, where there are several: ``standard · log1p``."""
        return " · ".join(heading.title for heading in self.headings) if self.headings[0].group else ""


@dataclass(frozen=True, slots=True, eq=False)
class PageTable:
    """The columns of a leaderboard on the page, and what is the same in all rows and therefore no column."""

    columns: tuple[PageColumn, ...]
    constants: tuple[tuple[str, str], ...]  # title and text


def page_table(board: Board, table: BoardTable) -> PageTable:
    """Return the columns of the page for the leaderboard of a board."""
    places = {heading.name: place for place, heading in enumerate(table.headings)}
    wanted = {*_ALWAYS, board.order.value, *board.run.record.ranking.order_metrics}
    columns, constants = [], []
    for group, headings in table.groups:
        name = headings[0].name.partition("@")[0] if group else headings[0].name
        if name in _INSIDE_OTHERS:
            continue
        at = tuple(places[heading.name] for heading in headings)
        texts = {tuple(row[place].text for place in at) for _, row in table.rows}
        if len(table.rows) > 1 and len(texts) == 1 and name not in ("rank", "entry", board.order.value):
            constants.append((group or headings[0].title, " · ".join(texts.pop())))
        else:
            title = re.sub(" (?=[↑↓]$)", "\N{NO-BREAK SPACE}", group or headings[0].title)
            columns.append(PageColumn(name, title, tuple(headings), at, name in wanted))
    columns.sort(key=lambda column: (column.name != "rank", column.name != "entry"))
    return PageTable(tuple(columns), tuple(constants))


def shade(field: Field) -> str:
    """Return the CSS class of a score by its z: ``z-3`` to ``z3``, "" for a score like that of random partitions."""
    step = 0 if is_missing(field.z) else max(-_Z_STEPS, min(_Z_STEPS, round(field.z)))
    return f"z{step}" if step else ""
