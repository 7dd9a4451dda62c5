"""The report of a run, ready to print: built once, rendered by every format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clusterbench.report.cluster_view import View
from clusterbench.report.entries import Board, Entry
from clusterbench.report.svg import Picture
from clusterbench.results import Run

Terms = tuple[tuple[str, str], ...]
"""Pairs of a term and its text."""


@dataclass(frozen=True, slots=True)
class Table:
    """A small table of text. `numeric` are the positions of columns of numbers."""

    caption: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader must know before reading a rank: of which dataset ("" for the run), and how grave it is."""

    text: str
    place: str = ""
    serious: bool = False

    @property
    def full_text(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a leaderboard; columns of one `group` (a metric) have a common heading.

    Attributes
    ----------
    name, title, explanation : str
    group : str
        Title of the metric with the arrow of its direction, "" for other columns.
    numeric : bool
    higher_first : bool
        Whether a reader who sorts by it wants the highest value on top.
    """

    name: str
    title: str
    explanation: str
    group: str = ""
    numeric: bool = True
    higher_first: bool = False

    @property
    def full_title(self) -> str:
        return f"{self.group} ({self.title})" if self.group else self.title

    @property
    def spoken_title(self) -> str:
        """The full title without the arrow of the metric's direction."""
        return f"{self.group.rstrip(' ↑↓')} ({self.title})" if self.group else self.title


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a leaderboard: rounded `text`, the `exact` number behind it, and `notes` such as its z.

    `optimised` marks the score of a metric that the algorithm itself optimises.
    """

    text: str
    exact: str = ""
    notes: tuple[str, ...] = ()
    optimised: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Leaderboard:
    """The table of a board: as many fields in a row as there are headings."""

    headings: tuple[Heading, ...]
    rows: tuple[tuple[Entry, tuple[Field, ...]], ...]

    @property
    def groups(self) -> list[tuple[str, list[Heading]]]:
        """Neighbouring headings of one group together."""
        groups: list[tuple[str, list[Heading]]] = []
        for heading in self.headings:
            if groups and heading.group and groups[-1][0] == heading.group:
                groups[-1][1].append(heading)
            else:
                groups.append((heading.group, [heading]))
        return groups

    @property
    def has_optimised(self) -> bool:
        return any(field.optimised for _, row in self.rows for field in row)


@dataclass(frozen=True, slots=True, eq=False)
class EntryDetails:
    """Everything about one entry beyond its row.

    Attributes
    ----------
    facts : Terms
    seeds : Table
        One row per seed: labels, sizes, times.
    scores : Table
        Metric x space, means over seeds; the first column of values is the own space, which is not ranked.
    more : Terms
        Columns of the leaderboard that its table does not show.
    messages : tuple of str
        Warnings and other diagnostics that the algorithm reported.
    commands : tuple of str
        What fits the row again with all its seeds and compares it, what runs its cells from the benchmark's file into
        other folders, and what prints its labels.
    view : View or None
        The clusters in the plane of the first two principal components.
    clusters, policies, cuts : Table
        By cluster: rows, silhouette, stability. By metric and space: every noise policy. By cut: scores.
    has_policies : bool
        Whether the run was scored under several noise policies.
    alike : tuple of (str, str, str)
        Anchor, label and index of the entries whose labels agree best.
    labels_file : str
        Path of the file of labels beside the page, "" where there is none.
    """

    entry: Entry
    facts: Terms
    seeds: Table
    scores: Table
    more: Terms
    messages: tuple[str, ...]
    commands: tuple[str, ...]
    view: View | None
    clusters: Table
    policies: Table
    cuts: Table
    has_policies: bool
    alike: tuple[tuple[str, str, str], ...]
    labels_file: str


@dataclass(frozen=True, slots=True, eq=False)
class BoardReport:
    """Everything about one board.

    Attributes
    ----------
    board : Board
    headline : str
    field : str
        Who is ranked: ``45 contenders and 18 controls``.
    table : Leaderboard
    details : tuple of EntryDetails
        Of the first entries; none on the board over all datasets.
    figures : tuple of Picture
    agreement, sensitivity : Table
        Of the labels of the entries with one another; of the ranks under other rules.
    """

    board: Board
    headline: str
    field: str
    table: Leaderboard
    details: tuple[EntryDetails, ...]
    figures: tuple[Picture, ...]
    agreement: Table
    sensitivity: Table


@dataclass(frozen=True, slots=True, eq=False)
class ReportModel:
    """Everything that a report of a run holds; see `build_report`. Texts are `printable`.

    Attributes
    ----------
    run : Run
        For formats that write its tables.
    title, name, headline, outcomes, citation : str
    notices : tuple of Notice
        The serious ones first.
    boards : tuple of BoardReport
    columns : tuple of (str, str, str)
        Name, title and explanation of every column of the leaderboard.
    rejected, refused, failures : Table
        Entries without a rank; labelings that the gate rejected or that are no clustering; cells without a labeling.
    rules : Terms
    metrics, structure : Table
    declared : tuple of Table
        Datasets, variants, algorithms.
    environment : Terms
    labels : mapping of str to str
        Path of each file of labels, and the entries that have these labels.
    """

    run: Run
    title: str
    name: str
    headline: str
    outcomes: str
    citation: str
    notices: tuple[Notice, ...]
    boards: tuple[BoardReport, ...]
    columns: tuple[tuple[str, str, str], ...]
    rejected: Table
    refused: Table
    failures: Table
    rules: Terms
    metrics: Table
    structure: Table
    declared: tuple[Table, ...]
    environment: Terms
    labels: Mapping[str, str]

    @property
    def several_boards(self) -> bool:
        return len(self.boards) > 1
