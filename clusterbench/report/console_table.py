"""The top of the leaderboard for a terminal of 100 columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clusterbench.report.entry_views import Entry
from clusterbench.report.model import BoardReport, Heading, ReportModel
from clusterbench.report.number_text import NOTHING, fixed, significant
from clusterbench.text import counted, in_sentence, listed, shortened

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_WIDTH, _NAME, _POLICY, _LETTERS, _MOST_SCORES = 100, 18, 3, 4, 4


def terminal_table(report: ReportModel, *, top: int = 10) -> Table:
    """Return the first `top` entries of the first board as a table of rich, at most 100 columns wide.

    What orders the entries follows the sizes: a score or a mean rank. The scores behind it are under the short name of
    their metric (Sil, DB) and the name of their reference space; where they are too many, those in the first space are
    shown. Agreement with known classes (ARI, AMI) is grey, since it is not ranked, and replaces the fit time. A control
    has a ``c`` after its rank, an entry with the true k given an ``o``; the letters are those of ties. Where k was
    chosen in several ways, the first letters of the policy follow k.
    """
    from rich import box
    from rich.table import Table

    first = report.boards[0]
    headings, rows = first.table.headings, first.table.rows
    about = first.board.title
    table = Table(
        title=_plain(report.title if about == report.title else f"{report.title}: {about}"),
        box=box.SIMPLE_HEAD,
        padding=0,
        width=_WIDTH,
        show_edge=False,
    )
    if not rows:
        table.add_column("No entry could be ranked; the report lists the reasons.")
        return table
    counted_metrics = first.board.run.record.ranking.order_metrics
    scores = [at for at, heading in enumerate(headings) if heading.name.partition("@")[0] in counted_metrics]
    scores = [at for at in scores if headings[at].group]
    if len(scores) > _MOST_SCORES:  # every metric in the first reference space
        scores = [at for at in scores if headings[at].title == headings[scores[0]].title][:_MOST_SCORES]
    scores += [at for at, heading in enumerate(headings) if heading.shown_only]
    several = any(heading.name == "k_policy" for heading in headings)
    has_classes = any(heading.shown_only for heading in headings)
    table.caption = _plain(_caption(first, len(report.boards), top, [headings[position] for position in scores]))
    _add_columns(table, first.board.order.heading, [headings[position] for position in scores])
    if not has_classes:
        table.add_column("fit s", justify="right", no_wrap=True)
    for entry, row in rows[:top]:
        fields = [*_place(entry, several_policies=several), fixed(entry.order_value, 3)]
        fields += [row[position].text for position in scores]
        fields += [] if has_classes else [significant(entry.fit_seconds, 2)]
        table.add_row(*map(_plain, fields), style="dim" if entry.control else None)
    return table


def _caption(board: BoardReport, n_boards: int, top: int, scores: Sequence[Heading]) -> str:
    n_rows = len(board.table.rows)
    parts = [f"the first {top} of {n_rows} entries"] if n_rows > top else []
    if any(entry.control for entry, _ in board.table.rows[:top]):
        parts.append("c: a control, a deliberately trivial method")
    if any(heading.shown_only for heading in board.table.headings):
        parts.append("grey: agreement with known classes, not ranked")
    if n_boards > 1:
        parts.append(f"{counted(n_boards - 1, 'more board')} in the report")
    titles = dict.fromkeys(heading.group for heading in scores if not heading.shown_only)
    key = ", ".join(f"{short_title(title)} {in_sentence(title.rpartition(' ')[0])}" for title in titles)
    spaces = list(dict.fromkeys(heading.title for heading in scores if not heading.shown_only))
    where = f" in the reference space{'s' if len(spaces) > 1 else ''} {listed(spaces)}"
    return "\n".join(part for part in (key and f"{key}{where}", "; ".join(parts)) if part)


def _add_columns(table: Table, order: str, scores: list[Heading]) -> None:
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("range", no_wrap=True)
    table.add_column("tie", no_wrap=True)
    table.add_column("algorithm", no_wrap=True, overflow="ellipsis", min_width=_NAME)
    table.add_column("variant", no_wrap=True, overflow="ellipsis", min_width=7, max_width=12)
    table.add_column("k", justify="right", no_wrap=True)
    table.add_column("sizes%", no_wrap=True)
    table.add_column(order.lower().replace(" ", "\n"), justify="right", no_wrap=True)
    several_spaces = len({heading.title for heading in scores if not heading.shown_only}) > 1
    for heading in scores:
        space = heading.title[:6] if several_spaces else ""
        lines = (heading.title, "grey") if heading.shown_only else (short_title(heading.group), space)
        style = "dim" if heading.shown_only else None
        table.add_column(_plain("\n".join(lines)), justify="right", no_wrap=True, overflow="ellipsis", style=style)


def _place(entry: Entry, *, several_policies: bool) -> tuple[str, ...]:
    mark = "c" if entry.control else "o" if entry.row["oracle"] else ""
    interval = f"{entry.rank_low:.0f}-{entry.rank_high:.0f}" if entry.has_interval else NOTHING
    k = str(len(entry.sizes)) if entry.sizes else NOTHING
    if several_policies:
        k += f" {entry.key[3][:_POLICY]}"
    # The values of the parameters distinguish the settings; their names do not fit.
    name = shortened(re.sub(r"\b\w+=", "", entry.name), _NAME)
    return (f"{entry.rank}{mark}", interval, _tie(str(entry.row["tie"])), name, entry.variant, k, _sizes(entry))


def _tie(letters: str) -> str:
    """Return the first letters of ties, with a mark where there are more."""
    return letters if len(letters) <= _LETTERS else f"{letters[: _LETTERS - 1]}…"


def _sizes(entry: Entry) -> str:
    """Return the shares of the largest and the smallest cluster in percent."""
    if not entry.sizes:
        return NOTHING
    n_rows = sum(entry.sizes) + entry.n_noise
    return f"{100 * entry.sizes[0] / n_rows:.0f}-{100 * entry.sizes[-1] / n_rows:.0f}"


def short_title(title: str) -> str:
    """Return the initials of a metric of several words, the first letters of one word, and the arrow.

    Examples
    --------
    >>> short_title("Davies-Bouldin ↓"), short_title("Silhouette ↑")
    ('DB↓', 'Sil↑')
    """
    name, _, arrow = title.rpartition(" ")
    words = [word for word in name.replace("-", " ").replace("(", " ").split() if word]
    return ("".join(word[0].upper() for word in words) if len(words) > 1 else name[:3]) + arrow


def _plain(text: str) -> Text:
    """Return text that rich does not read as markup."""
    from rich.text import Text

    return Text(text)
