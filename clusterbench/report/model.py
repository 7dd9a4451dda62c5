"""The report of a run, ready to print: built once, rendered by every format."""

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from clusterbench.ranking import AlertKind
from clusterbench.report.cluster_view import View
from clusterbench.report.entry_views import Board, Entry
from clusterbench.report.svg import Picture
from clusterbench.results import StoredRun
from clusterbench.text import printable

Terms = tuple[tuple[str, str], ...]
"""Pairs of a term and its text."""


@dataclass(frozen=True, slots=True)
class Table:
    """A small table of text. `numeric` are the positions of columns of numbers."""

    caption: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[int, ...] = ()


def text_table(
    caption: str, header: Iterable[object], rows: Iterable[Iterable[object]], *, numeric: Iterable[int] = ()
) -> Table:
    """Return a table of any values, each as printable text."""
    texts = tuple(tuple(map(printable, row)) for row in rows)
    return Table(caption, tuple(map(printable, header)), texts, tuple(numeric))


@dataclass(frozen=True, slots=True)
class Shaded:
    """A field of a matrix: `level` from -5 to 5 is its shade, `title` what a pointer on it shows."""

    text: str
    level: int = 0
    title: str = ""

    @property
    def shade(self) -> str:
        """The name of its shade, "" for none."""
        return f"{'p' if self.level > 0 else 'm'}{abs(self.level)}" if self.level else ""


@dataclass(frozen=True, slots=True)
class ShadedTable:
    """A table of numbers with a name before each row and a shade behind each number."""

    caption: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, tuple[Shaded, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class KChoice:
    """A cut with the number by which k was chosen, and its height in percent."""

    cut: str
    value: str
    height: int
    chosen: bool
    eligible: bool  # whether the k policy could choose it: the gate let it pass


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader must know before reading a rank: of which dataset ("" for the run), and how grave it is."""

    text: str
    place: str = ""
    serious: bool = False
    kind: AlertKind = AlertKind.DATA

    @property
    def full_text(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


class Tone(StrEnum):
    """What a verdict means for the first place."""

    PLAIN = "plain"
    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A question that a reader has on the first place, with its answer."""

    question: str
    answer: str
    evidence: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a leaderboard; columns of one `group` have a common heading."""

    name: str
    title: str
    explanation: str
    group: str = ""  # title of the metric with the arrow of its direction, "" for other columns
    numeric: bool = True
    higher_first: bool = False  # whether a reader who sorts by it wants the highest value on top
    shown_only: bool = False  # whether it is agreement with known classes, which no rank depends on

    @property
    def full_title(self) -> str:
        return f"{self.group} ({self.title})" if self.group else self.title


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a leaderboard."""

    text: str  # rounded
    exact: str = ""  # the number behind it, "" where there is none
    notes: tuple[str, ...] = ()  # such as its z
    optimised: bool = False  # whether it is the score of a metric that the algorithm itself optimises
    z: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class BoardTable:
    """The table of a board: as many fields in a row as there are headings."""

    headings: tuple[Heading, ...]
    rows: tuple[tuple[Entry, tuple[Field, ...]], ...]

    @property
    def groups(self) -> list[tuple[str, list[Heading]]]:
        """Neighbouring headings of one group together."""
        parts = itertools.groupby(self.headings, key=lambda heading: (heading.group, heading.group or heading.name))
        return [(group, list(part)) for (group, _), part in parts]

    @property
    def contenders(self) -> tuple[tuple[Entry, tuple[Field, ...]], ...]:
        """The rows of the entries that are no controls."""
        return tuple(row for row in self.rows if not row[0].control)

    @property
    def controls(self) -> tuple[tuple[Entry, tuple[Field, ...]], ...]:
        return tuple(row for row in self.rows if row[0].control)

    @property
    def numeric(self) -> tuple[int, ...]:
        """Positions of columns of numbers."""
        return tuple(place for place, heading in enumerate(self.headings) if heading.numeric)

    @property
    def has_z(self) -> bool:
        return any(not math.isnan(field.z) for _, row in self.rows for field in row)

    @property
    def has_optimised(self) -> bool:
        return any(field.optimised for _, row in self.rows for field in row)


@dataclass(frozen=True, slots=True, eq=False)
class EntryDetails:
    """Everything about one entry beyond its row."""

    entry: Entry
    facts: Terms
    seeds: Table  # one row per seed: labels, sizes, times
    scores: Table  # metric x space, means over seeds; the first column of values is the own space, which is not ranked
    more: Terms  # columns of the leaderboard that its table does not show
    messages: tuple[str, ...]  # warnings and other diagnostics that the algorithm reported
    commands: tuple[str, ...]  # fit the row again and compare it; run its cells into other folders; print its labels
    view: View | None  # the clusters in the plane of the first two principal components
    clusters: Table  # rows, silhouette and stability of each cluster
    policies: Table  # scores under every noise policy, by metric and space
    rank_reason: str  # by what it is behind the first entry, or ahead of the second
    rank_parts: ShadedTable  # what every metric in every space adds to its score or mean rank
    k_reason: str  # by which number its k was chosen
    k_choices: tuple[KChoice, ...]  # that number of every cut
    apart: Terms  # each cluster with what sets it apart
    profile: ShadedTable  # standardised medians of the clusters, by column
    classes: Table  # known classes by clusters
    has_policies: bool  # whether the run was scored under several noise policies
    alike: tuple[tuple[str, str, str], ...]  # anchor, label and index of the entries whose labels agree best
    labels_file: str  # path beside the page, "" where there is none


@dataclass(frozen=True, slots=True, eq=False)
class BoardReport:
    """Everything about one board."""

    board: Board
    about: str  # its data
    headline: str
    competitors: str  # who is ranked: ``45 contenders and 18 controls``
    verdicts: tuple[Verdict, ...]  # on its first place
    notices: tuple[Notice, ...]  # about its dataset, without those that a verdict says
    table: BoardTable
    details: tuple[EntryDetails, ...]  # of the first entries; none on the board over all datasets
    figures: tuple[Picture, ...]
    agreement: ShadedTable  # of the labels of the entries with one another
    classes: Table  # known classes by clusters of the first entry
    sensitivity: ShadedTable  # the ranks under other rules
    columns: Table  # facts of the columns of the dataset
    by_dataset: Table  # ranks on each dataset; on the board over all datasets alone


@dataclass(frozen=True, slots=True, eq=False)
class ReportModel:
    """Everything that a report of a run holds; see `build_report`. Texts are `printable`."""

    run: StoredRun  # for formats that write its tables
    title: str
    name: str
    headline: str
    rule: str  # how k is chosen and entries are ordered, and what is known of that rule
    trust: Terms  # of each dataset, where known, how far its first place can be trusted
    basis: tuple[str, ...]  # what is said under the headline: the rule, and how far the first places can be trusted
    facts: Terms  # what was run on what data
    outcomes: str  # how many results have which status
    citation: str
    verdicts: tuple[str, ...]  # whether there is structure, where no notice says so
    notices: tuple[Notice, ...]  # the serious ones first
    boards: tuple[BoardReport, ...]
    columns: tuple[tuple[str, str, str], ...]  # name, title and explanation of every column of the leaderboard
    rejected: Table  # entries without a rank
    refused: Table  # labelings that the gate rejected or that are no clustering
    failures: Table  # cells without a labeling
    rules: Terms
    metrics: Table
    structure: Table
    declared: tuple[Table, ...]  # datasets, variants, algorithms
    environment: Terms
    labels: Mapping[str, str]  # path of each file of labels, and the entries that have these labels

    @property
    def several_boards(self) -> bool:
        return len(self.boards) > 1
