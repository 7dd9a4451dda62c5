"""The columns of the leaderboard: an ordered registry with one definition per column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.metrics import Direction, MetricFacts
from clusterbench.ranking.board import NOISE_POLICY, ONLY_SPACE, WITHOUT_METRIC, RankedBoard
from clusterbench.ranking.rules import OrderRule, RankingSpec
from clusterbench.tables import OVERALL, OWN, Floats

Compute = Callable[[RankedBoard], Sequence[Any] | NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the leaderboard."""

    name: str  # in files
    title: str  # on a page
    explanation: str  # one sentence for readers who see the column for the first time
    format: str  # a format specification of Python; "yes" marks a flag, "" is text
    compute: Compute | None = None  # values for the entries of a board, in their order; None if the ranking makes none
    ranked: bool = False  # whether it takes part in the ranking; own-space scores, z and times do not

    def values(self, board: RankedBoard) -> pd.Series:
        """Return the column for one board, in a type that has missing values."""
        assert self.compute is not None
        values = self.compute(board)
        if self.format == "d":
            return pd.Series(pd.array(np.asarray(values, dtype=np.float64), dtype="Float64").astype("Int64"))
        if self.format == "yes":
            return pd.Series(np.asarray(values, dtype=bool))
        if self.format:
            return pd.Series(np.asarray(values, dtype=np.float64))
        return pd.Series(list(values), dtype=object)

    def show(self, value: object) -> str:
        """Return a value as it is printed; a missing one is "".

        Examples
        --------
        >>> Column("rank", "Rank", "", ".2f", lambda board: []).show(1.005)
        '1.00'
        """
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            return ""
        if self.format in ("", "yes"):
            return str(value) if not self.format else "yes" if value else ""
        number = float(cast(float, value))
        if math.isinf(number):
            return "∞" if number > 0 else "-∞"
        return format(int(number) if self.format == "d" else number, self.format)


def _frame(name: str) -> Compute:
    return lambda board: board.entries.frame[name].tolist()


def _stability(name: str) -> Compute:
    return lambda board: board.entries.stability[name].to_numpy()


def _cells(name: str, over_seeds: Callable[..., Any]) -> Compute:
    """Return a statistic over the seeds of a cell column; NaN for the board over all datasets."""

    def compute(board: RankedBoard) -> Floats:
        rows = board.entries.rows
        if not rows.shape[1]:
            return np.full(len(rows), np.nan)
        # The first seed in place of one that does not exist changes no minimum and no maximum.
        used = np.where(rows >= 0, rows, rows[:, :1])
        values = board.cells[name].iloc[used.ravel()].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(over_seeds(values.reshape(rows.shape), axis=1), dtype=np.float64)

    return compute


def _first(values: Floats, axis: int) -> Floats:
    return np.asarray(values.take(0, axis=axis))


def _coverage(board: RankedBoard) -> Floats:
    return 1.0 - np.asarray(_cells("noise_share", np.max)(board))


def _hash(board: RankedBoard) -> list[str | None]:
    rows = board.entries.rows
    return board.cells["labels_sha256"].iloc[rows[:, 0]].tolist() if rows.shape[1] else [None] * len(rows)


def _seeds(board: RankedBoard) -> Floats:
    return np.where(board.entries.n_seeds > 0, board.entries.n_seeds, np.nan)


def _score(matrix: str, position: int) -> Compute:
    """Return a column of `observed`, `z` or `own`; NaN for the board over all datasets, whose scores differ."""

    def compute(board: RankedBoard) -> Floats:
        values: Floats | None = getattr(board.entries, matrix)
        if values is None or board.entries.dataset == OVERALL:
            return np.full(len(board.rank), np.nan)
        return values[:, position]

    return compute


def _ranks_under(name: str, title: str, kind: str, change: str) -> tuple[Column, Column]:
    """Return the columns of the best and the worst rank under the variations of one kind."""

    def extreme(pick: Callable[..., Any]) -> Compute:
        def compute(board: RankedBoard) -> Floats:
            ranks = board.varied(kind)
            return np.asarray(pick(ranks, axis=0), np.float64) if len(ranks) else np.full(len(board.rank), np.nan)

        return compute

    return (
        Column(f"{name}_low", f"Best {title}", f"Best rank when {change}.", "d", extreme(np.min)),
        Column(f"{name}_high", f"Worst {title}", f"Worst rank when {change}.", "d", extreme(np.max)),
    )


_ENTRY = (
    Column("rank", "Rank", "Rank among the contenders; equal ones share it.", "d", attrgetter("rank")),
    Column("rank_low", "from", "Best end of the rank interval, which includes the rank.", "d", attrgetter("rank_low")),
    Column("rank_high", "to", "Worst end of the rank interval, which includes the rank.", "d", attrgetter("rank_high")),
    Column("rank_median", "Median rank", "Median rank over samples of the same size.", "d", attrgetter("rank_median")),
    Column("p_first", "P(first)", "Share of samples of the same size with rank 1.", ".2f", attrgetter("p_first")),
    Column("tie", "Tie", "Entries that share a letter are not separated.", "", attrgetter("tie")),
    Column("dataset", "Dataset", "The table; (all) is the board over all tables.", "", _frame("dataset")),
    Column("algorithm", "Algorithm", "Name of the plug-in.", "", _frame("algorithm")),
    Column("params", "Parameters", "Build parameters.", "", _frame("params")),
    Column("variant", "Variant", "Preprocessing in which the entry was fitted.", "", _frame("variant")),
    Column("k_policy", "k policy", "How the cut was chosen among those that were run.", "", _frame("k_policy")),
    Column("cut", "Cut", "The chosen cut.", "", _frame("cut")),
    Column("k", "k", "Number of clusters without noise, with the first seed.", "d", _cells("n_clusters", _first)),
    Column("smallest", "Smallest", "Rows of the smallest cluster, over all seeds.", "d", _cells("smallest", np.min)),
    Column("largest", "Largest", "Rows of the largest cluster, over all seeds.", "d", _cells("largest", np.max)),
    Column("coverage", "Coverage", "Share of rows in a cluster, not noise; the worst seed.", ".3f", _coverage),
    Column(
        "mean_rank", "Mean rank",
        "Rank averaged over metrics and reference spaces within a family, then over families by weight.",
        ".3f", attrgetter("mean_rank"),
    ),
    Column(
        "calibrated", "Calibrated",
        "Mean z over metrics and reference spaces: standard deviations above random clusterings of equal k.",
        ".2f", attrgetter("calibrated"),
    ),
)  # fmt: skip

_SCORE_TEXT = "What orders the entries, and chooses k: see how the ranking is made."
_SCORE = Column("score", "Score", _SCORE_TEXT, ".3f", lambda b: -b.criterion)

_AFTER_SCORES = (
    Column(
        "stability", "Stability",
        "Mean adjusted Rand index between the labels and those of halves of the rows: 1 is the same partition again.",
        ".3f", _stability("mean_ari"), ranked=True,
    ),
    Column("stability_min", "Stability (worst)", "The lowest of those indices.", ".3f", _stability("min_ari")),
    Column(
        "jaccard", "Jaccard",
        "Mean over clusters of their Jaccard similarity to the nearest cluster of halves of the rows.",
        ".3f", _stability("mean_jaccard"),
    ),
    Column("fit_seconds", "Fit (s)", "Seconds of fitting only, mean over seeds.", ".3f", attrgetter("fit_seconds")),
    Column("peak_mb", "Peak (MB)", "Peak memory of the fit, mean over seeds.", ".1f", attrgetter("peak_mb")),
    Column(
        "pareto", "Pareto",
        "No other contender is at least as good in what orders the entries and in stability, and better in one.",
        "yes", attrgetter("pareto"),
    ),
    Column(
        "robust", "Robust",
        "No metric left out, no single reference space and no other noise policy gives the entry a worse rank.",
        "yes", attrgetter("robust"),
    ),
    *_ranks_under("rank_by_space", "space", ONLY_SPACE, "only one reference space is used"),
    *_ranks_under("rank_without_metric", "without", WITHOUT_METRIC, "one metric is left out"),
    *_ranks_under("rank_by_noise", "noise policy", NOISE_POLICY, "noise is scored by another policy"),
    Column(
        "control", "Control", "A trivial competitor; its rank changes no other rank.",
        "yes", lambda b: ~b.entries.contender,
    ),
    Column(
        "oracle", "Oracle", "k is the number of known classes; ranked among such entries only.",
        "yes", lambda b: np.full(len(b.rank), b.entries.oracle),
    ),
    Column("flags", "Flags", "Missing scores, which rank last, and why.", "", attrgetter("entries.missing")),
    Column("seeds", "Seeds", "Number of seeds.", "d", _seeds),
    Column("labels_sha256", "Labels", "Identity of the labels of the first seed.", "", _hash),
)  # fmt: skip


def board_columns(spec: RankingSpec, *, has_baselines: bool, own_metrics: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a leaderboard, in order; with baselines, every score has a z.

    `own_metrics` have own-space scores, which are shown after the ranked ones and never ranked.
    """
    scores = []
    for position, (metric, space) in enumerate((m, space) for m in spec.facts for space in spec.reference_spaces):
        scores.append(_score_column(metric, space, position))
        if has_baselines:
            scores.append(_z_column(metric, space, position))
    titles = {metric.name: metric.title for metric in spec.facts}
    what = "In the own space of the entry, which differs between entries: shown, never ranked."
    own = [
        Column(f"{name}@{OWN}", f"{titles.get(name, name)} (own)", what, ".3f", _score("own", position))
        for position, name in enumerate(own_metrics)
    ]
    order = (_SCORE,) if spec.order is OrderRule.SCORE else ()
    return (*_ENTRY, *order, *scores, *own, *_AFTER_SCORES)


def _score_column(metric: MetricFacts, space: str, position: int) -> Column:
    better = "higher" if metric.direction is Direction.HIGHER else "lower"
    caveat = f"; {metric.caveat}" if metric.caveat else ""
    return Column(
        f"{metric.name}@{space}",
        f"{metric.title} ({space})",
        f"{metric.title} in the reference space {space}, mean over seeds; {better} is better{caveat}.",
        ".1f" if metric.digits <= 3 else ".3f",
        _score("observed", position),
        ranked=True,
    )


def _z_column(metric: MetricFacts, space: str, position: int) -> Column:
    return Column(
        f"z:{metric.name}@{space}",
        f"z {metric.title} ({space})",
        f"{metric.title} in {space} as standard deviations better than random clusterings of the same rows and k.",
        ".1f",
        _score("z", position),
    )
