"""The entries of a run, board by board."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from clusterbench.metrics import METRICS, STABILITY_METRIC, MetricFacts
from clusterbench.naming import EntryNames
from clusterbench.ranking import OrderRule
from clusterbench.report.number_text import NOTHING, is_missing, number_of
from clusterbench.report.plain_rows import LabelScore, SeedCell, rows_by
from clusterbench.results import StoredRun
from clusterbench.results.sampled_fits import FITTED_ROWS
from clusterbench.tables import BOARD_KEY, CUT_KEY, ENTRY_IDENTITY, OVERALL, STABILITY
from clusterbench.text import printable

Row = Mapping[str, object]
"""A row of the leaderboard, by the names of its columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One row of the leaderboard; numbers that it lacks are NaN."""

    row: Row
    name: str  # the algorithm, with those parameters that distinguish it from its other settings
    label: str  # name, variant and k in one line
    key: tuple[str, ...]  # the values of `ENTRY_IDENTITY`
    anchor: str  # its id on the page
    cells: Sequence[SeedCell]  # of the chosen cut, one per seed; none on the board over all datasets
    scores: Sequence[LabelScore]  # likewise
    algorithm: str
    variant: str
    labels_sha256: str
    rank: int
    order: OrderRule  # of its board
    order_value: float  # its score or mean rank; -inf for a score of which a part is missing
    rank_low: float
    rank_high: float
    fit_seconds: float
    stability: float
    pareto: bool
    control: bool

    @classmethod
    def of(
        cls,
        row: Row,
        name: str,
        label: str,
        cells: Sequence[SeedCell],
        scores: Sequence[LabelScore],
        *,
        order: OrderRule,
    ) -> Entry:
        """Return the entry of a row of the leaderboard."""
        identity = "\x1f".join(str(row[column]) for column in BOARD_KEY)
        numbers = ("rank_low", "rank_high", "fit_seconds", "stability")
        return cls(
            row=row,
            name=name,
            label=label,
            key=tuple(str(row[column]) for column in ENTRY_IDENTITY),
            anchor=f"entry-{hashlib.sha256(identity.encode()).hexdigest()[:12]}",
            cells=cells,
            scores=scores,
            algorithm=str(row["algorithm"]),
            variant=printable(row["variant"]),
            labels_sha256=str(row["labels_sha256"]),
            rank=int(number_of(row["rank"])),
            order=order,
            order_value=number_of(row[order.value]),
            pareto=not is_missing(row["pareto"]) and bool(row["pareto"]),
            control=bool(row["control"]),
            **{column: number_of(row[column]) for column in numbers},
        )

    @property
    def criterion(self) -> float:
        """Its number by the order rule, signed so that lower is better."""
        return self.order.sign * self.order_value

    @property
    def interval(self) -> str:
        """The rank interval, such as ``1 to 3``, or a dash."""
        return f"{self.rank_low:.0f} to {self.rank_high:.0f}" if self.has_interval else NOTHING

    @property
    def has_interval(self) -> bool:
        return math.isfinite(self.rank_low) and math.isfinite(self.rank_high)

    @property
    def badges(self) -> tuple[str, ...]:
        """Marks of a row."""
        marks = {"control": "control", "oracle": "oracle", "pareto": "Pareto", "flags": "incomplete"}
        marks[FITTED_ROWS] = "sampled"  # a column that only a run with sampled fits has
        return tuple(word for name, word in marks.items() if not is_missing(value := self.row.get(name)) and value)

    @property
    def marks(self) -> str:
        return ", ".join(self.badges)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows per cluster with the first seed, largest first."""
        return tuple(self.cells[0].sizes) if self.cells else ()

    @property
    def n_noise(self) -> int:
        """Rows in no cluster with the first seed."""
        return self.cells[0].n_rows - sum(self.sizes) if self.cells else 0


@dataclass(frozen=True, eq=False)
class Board:
    """One board of the leaderboard: the entries of one dataset, or over all datasets. Figures are drawn from it."""

    run: StoredRun
    names: EntryNames
    dataset: str
    oracle: bool  # whether its entries were given the true k
    entries: tuple[Entry, ...]  # best first; controls are among them
    several_policies: bool = False  # whether the run chose k in several ways

    @property
    def overall(self) -> bool:
        return self.dataset == OVERALL

    @property
    def title(self) -> str:
        place = dataset_title(self.dataset)
        return f"{place}, with the true k given" if self.oracle else place

    @property
    def contenders(self) -> tuple[Entry, ...]:
        """The entries that are no controls."""
        return tuple(entry for entry in self.entries if not entry.control)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The cells of the dataset."""
        return self.run.cells[self.run.cells["dataset"] == self.dataset]

    @property
    def order(self) -> OrderRule:
        """What the entries are ordered by."""
        return self.run.record.ranking.order

    @property
    def datasets(self) -> tuple[str, ...]:
        return tuple(self.run.record.datasets) if self.overall else (self.dataset,)

    @property
    def spaces(self) -> tuple[str, ...]:
        """The reference spaces."""
        return self.run.record.references[self.datasets[0]]

    @cached_property
    def metrics(self) -> Mapping[str, MetricFacts]:
        """See `metrics_of`."""
        return metrics_of(self.run)

    @property
    def order_metrics(self) -> tuple[MetricFacts, ...]:
        """The metrics of partitions by which entries are ordered; stability, which has no space, is not among them."""
        names = self.run.record.ranking.order_metrics
        return tuple(metric for metric in self.metrics.values() if metric.name in names)

    def setting_name(self, algorithm: str, params: str) -> str:
        """Return an algorithm, with those parameters that distinguish its settings in this run."""
        return printable(self.names.setting(algorithm, params))


def metrics_of(run: StoredRun) -> dict[str, MetricFacts]:
    """Return the metrics of a run by name: those that are ranked, then others that were scored."""
    ranking, scored = run.record.ranking, set(run.scores["metric"].unique())
    others = (metric for metric in METRICS.values() if metric.name in scored and metric.name not in ranking.metrics)
    return {metric.name: metric for metric in (*ranking.facts, *others)}


def metric_title(metrics: Mapping[str, MetricFacts], column: str) -> str:
    """Return the title of a column ``metric@space`` or ``metric``: ``Silhouette, log1p``; another name as it is."""
    name, _, space = column.partition("@")
    title = metrics[name].title if name in metrics else STABILITY_METRIC.title if name == STABILITY else name
    return f"{title}, {printable(space)}" if space else title


def column_in_words(metrics: Mapping[str, MetricFacts], column: str) -> str:
    """Return the title of a column as a sentence has it: ``Silhouette in log1p``."""
    name, _, space = column.partition("@")
    title = metric_title(metrics, name)
    return f"{title} in {printable(space)}" if space else title


def entry_names(run: StoredRun) -> EntryNames:
    """Return the names that distinguish the settings of a run."""
    return EntryNames.of(run.cells[["algorithm", "params"]].itertuples(index=False, name=None))


def boards_of(run: StoredRun) -> list[Board]:
    """Return the boards of a run, in the order of the leaderboard.

    A dataset on which nothing could be ranked has a board without entries, the last.
    """
    names = entry_names(run)
    several = len({policy for frame in (run.board.table, run.board.rejected) for policy in frame["k_policy"]}) > 1
    shown = run.board.table[CUT_KEY].drop_duplicates().astype(str)  # also of a board without entries
    cells = rows_by(SeedCell, run.cells.merge(shown, on=CUT_KEY), CUT_KEY)
    scores = rows_by(LabelScore, run.scores.merge(shown, on=CUT_KEY), CUT_KEY)
    entries: dict[tuple[str, bool], list[Entry]] = {}
    for values in run.board.table.to_dict("records"):
        row: Row = {str(name): value for name, value in values.items()}
        key = tuple(str(row[name]) for name in CUT_KEY)
        name = printable(names.setting(str(row["algorithm"]), str(row["params"])))
        label = entry_label(names, row, several_policies=several)
        entry = Entry.of(row, name, label, cells.get(key, ()), scores.get(key, ()), order=run.record.ranking.order)
        entries.setdefault((str(row["dataset"]), bool(row["oracle"])), []).append(entry)
    for dataset in run.cells["dataset"].unique():
        entries.setdefault((str(dataset), False), [])
    return [Board(run, names, dataset, oracle, tuple(ranked), several) for (dataset, oracle), ranked in entries.items()]


def entries_by_dataset(board: Board, boards: Sequence[Board]) -> list[list[Entry | None]]:
    """Return, for every entry of a board, its entry on the board of each dataset."""
    if not board.overall:
        return [[entry] for entry in board.entries]
    others = [one for one in boards if not one.oracle and not one.overall]
    known = {(one.dataset, entry.key): entry for one in others for entry in one.entries}
    return [[known.get((dataset, entry.key)) for dataset in board.datasets] for entry in board.entries]


def entry_label(names: EntryNames, row: Row, *, several_policies: bool = False) -> str:
    """Return name, variant, k and, where there are several, the policy that chose k."""
    parts = [printable(names.setting(str(row["algorithm"]), str(row["params"]))), printable(row["variant"])]
    if not is_missing(row.get("k")):
        parts.append(f"k={number_of(row['k']):.0f}")
    if several_policies:
        parts.append(str(row["k_policy"]))
    return " · ".join(parts)


def dataset_title(dataset: str) -> str:
    """Return the name of a dataset as it is printed."""
    return "all datasets" if dataset == OVERALL else printable(dataset)
