"""The entries of a run, board by board."""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from clusterbench.metrics import METRICS, STABILITY_METRIC, MetricFacts
from clusterbench.naming import EntryNames
from clusterbench.report.number_text import NOTHING, is_missing
from clusterbench.results import StoredRun
from clusterbench.tables import BOARD_KEY, CUT_KEY, OVERALL, STABILITY
from clusterbench.text import printable

ENTRY_IDENTITY = tuple(BOARD_KEY[1:])
"""Columns that identify an entry within a board."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One row of the leaderboard.

    Attributes
    ----------
    row : mapping
        The row, by the names of the leaderboard's columns.
    name : str
        The algorithm, with those parameters that distinguish it from its other settings.
    label : str
        Name, variant and k in one line.
    anchor : str
        Its id on the page.
    cells, scores : DataFrame
        Of the chosen cut, one cell per seed; empty on the board over all datasets.
    """

    row: Mapping[str, Any]
    name: str
    label: str
    anchor: str
    cells: pd.DataFrame
    scores: pd.DataFrame

    @property
    def key(self) -> tuple[str, ...]:
        """The values of `ENTRY_IDENTITY`."""
        return tuple(str(self.row[name]) for name in ENTRY_IDENTITY)

    @property
    def variant(self) -> str:
        return printable(self.row["variant"])

    @property
    def rank(self) -> int:
        return int(self.row["rank"])

    @property
    def mean_rank(self) -> float:
        return float(self.row["mean_rank"])

    @property
    def fit_seconds(self) -> float:
        return _number(self.row["fit_seconds"])

    @property
    def stability(self) -> float:
        return _number(self.row["stability"])

    @property
    def pareto(self) -> bool:
        return bool(self.row["pareto"])

    @property
    def control(self) -> bool:
        return bool(self.row["control"])

    @property
    def rank_low(self) -> float:
        return _number(self.row["rank_low"])

    @property
    def rank_high(self) -> float:
        return _number(self.row["rank_high"])

    @property
    def has_interval(self) -> bool:
        return math.isfinite(self.rank_low) and math.isfinite(self.rank_high)

    @property
    def interval(self) -> str:
        """The rank interval, such as ``1 to 3``."""
        return f"{self.rank_low:.0f} to {self.rank_high:.0f}" if self.has_interval else NOTHING

    @property
    def badges(self) -> tuple[str, ...]:
        """Marks of a row."""
        marks = {"control": "control", "oracle": "oracle", "pareto": "Pareto", "flags": "incomplete"}
        return tuple(word for name, word in marks.items() if not is_missing(self.row[name]) and self.row[name])

    @property
    def marks(self) -> str:
        return ", ".join(self.badges)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows per cluster with the first seed, largest first."""
        return tuple(self.cells["sizes"].iloc[0]) if len(self.cells) else ()

    @property
    def n_noise(self) -> int:
        """Rows in no cluster with the first seed."""
        return int(self.cells["n_rows"].iloc[0]) - sum(self.sizes) if len(self.cells) else 0


class Groups:
    """The rows of a frame by some of its columns; a group is selected when it is asked for."""

    def __init__(self, frame: pd.DataFrame, by: Sequence[str]) -> None:
        self._frame = frame
        indices: Mapping[Any, Any] = frame.groupby(list(by), sort=False).indices
        self._at = {tuple(map(str, key)): rows for key, rows in indices.items()}

    def get(self, key: Sequence[object]) -> pd.DataFrame | None:
        """Return the rows of a group in their order, or None."""
        rows = self._at.get(tuple(map(str, key)))
        return None if rows is None else self._frame.iloc[rows]

    def __contains__(self, key: Sequence[object]) -> bool:
        return tuple(map(str, key)) in self._at


@dataclass(frozen=True, eq=False)
class Board:
    """One board of the leaderboard: the entries of one dataset, or over all datasets. Figures are drawn from it.

    Attributes
    ----------
    run : StoredRun
    names : EntryNames
    dataset : str
    oracle : bool
        Whether its entries were given the true k.
    entries : tuple of Entry
        Best first; controls are among them.
    several_policies : bool
        Whether the run chose k in several ways.
    """

    run: StoredRun
    names: EntryNames
    dataset: str
    oracle: bool
    entries: tuple[Entry, ...]
    several_policies: bool = False

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

    def setting_name(self, algorithm: str, params: str) -> str:
        """Return an algorithm, with those parameters that distinguish its settings in this run."""
        return printable(self.names.setting(algorithm, params))


def metrics_of(run: StoredRun) -> dict[str, MetricFacts]:
    """Return the metrics of a run by name: those that are ranked, then others that were scored."""
    ranking, scored = run.record.ranking, set(run.scores["metric"])
    others = (metric for metric in METRICS.values() if metric.name in scored and metric.name not in ranking.metrics)
    return {metric.name: metric for metric in (*ranking.facts, *others)}


def metric_title(metrics: Mapping[str, MetricFacts], column: str) -> str:
    """Return the title of a column ``metric@space`` or ``metric``: ``Silhouette, log1p``; another name as it is."""
    name, _, space = column.partition("@")
    title = metrics[name].title if name in metrics else STABILITY_METRIC.title if name == STABILITY else name
    return f"{title}, {printable(space)}" if space else title


def boards_of(run: StoredRun) -> list[Board]:
    """Return the boards of a run, in the order of the leaderboard.

    A dataset on which nothing could be ranked has a board without entries, the last.
    """
    names = EntryNames.of(run.cells[["algorithm", "params"]].itertuples(index=False, name=None))
    several = len({policy for frame in (run.board.table, run.board.rejected) for policy in frame["k_policy"]}) > 1
    cells, scores = Groups(run.cells, CUT_KEY), Groups(run.scores, CUT_KEY)
    no_cells, no_scores = run.cells.iloc[:0], run.scores.iloc[:0]
    entries: dict[tuple[str, bool], list[Entry]] = {}
    for row in run.board.table.to_dict("records"):
        key = [row[name] for name in CUT_KEY]
        cells_of, scores_of = cells.get(key), scores.get(key)
        entry = Entry(
            row={str(name): value for name, value in row.items()},
            name=printable(names.setting(row["algorithm"], row["params"])),
            label=entry_label(names, row, several_policies=several),
            anchor=_anchor(row),
            cells=no_cells if cells_of is None else cells_of,
            scores=no_scores if scores_of is None else scores_of,
        )
        entries.setdefault((row["dataset"], bool(row["oracle"])), []).append(entry)
    for dataset in run.cells["dataset"].unique():
        entries.setdefault((str(dataset), False), [])
    return [Board(run, names, dataset, oracle, tuple(found), several) for (dataset, oracle), found in entries.items()]


def entry_label(names: EntryNames, row: Mapping[Any, Any], *, several_policies: bool = False) -> str:
    """Return name, variant, k and, where there are several, the policy that chose k."""
    parts = [printable(names.setting(row["algorithm"], row["params"])), printable(row["variant"])]
    if not is_missing(row.get("k")):
        parts.append(f"k={int(row['k'])}")
    if several_policies:
        parts.append(str(row["k_policy"]))
    return " · ".join(parts)


def dataset_title(dataset: str) -> str:
    """Return the name of a dataset as it is printed."""
    return "all datasets" if dataset == OVERALL else printable(dataset)


def benchmark_argument(run: StoredRun) -> str:
    """Return what `clusterbench run` calls the benchmark: the name of its file."""
    return Path(run.record.path).stem


def run_command(run: StoredRun, row: Mapping[str, Any]) -> str:
    """Return the command that fits and scores an entry (and the other settings of its algorithm) again."""
    conditions = {"dataset": None if row["dataset"] == OVERALL else row["dataset"]}
    conditions |= {"algorithm": row["algorithm"], "variant": row["variant"]}
    cut = {} if is_missing(row["cut"]) else json.loads(row["cut"])
    conditions["k"] = cut.get("k")
    words = ["clusterbench", "run", benchmark_argument(run)]
    if run.record.quick:
        words.append("--quick")
    for name, value in conditions.items():
        if value is not None and not (name == "dataset" and len(run.record.datasets) == 1):
            words += ["--only", f"{name}={value}"]
    return printable(shlex.join(words))


def _anchor(row: Mapping[Any, Any]) -> str:
    key = "\x1f".join(str(row[name]) for name in BOARD_KEY)
    return f"entry-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _number(value: Any) -> float:
    return math.nan if is_missing(value) else float(value)
