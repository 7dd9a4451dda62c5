"""The columns of the leaderboard: an ordered registry, one frozen definition per column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.metrics import Direction, MetricFacts
from clusterbench.ranking.board import NOISE_POLICY, ONLY_SPACE, WITHOUT_METRIC, Board
from clusterbench.ranking.rules import RankingSpec
from clusterbench.tables import OWN, Floats

Compute = Callable[[Board], Sequence[Any] | NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the leaderboard.

    Attributes
    ----------
    name : str
        In files.
    title : str
        On a page.
    explanation : str
        One sentence for a reader who has never seen it.
    format : str
        A format specification of Python; "yes" marks a flag, "" is text.
    compute : callable
        Gives the column's values for the entries of one board, in the board's own order.
    ranked : bool
        Whether the column takes part in the ranking; own-space scores, z and times do not.
    """

    name: str
    title: str
    explanation: str
    format: str
    compute: Compute
    ranked: bool = False

    def values(self, board: Board) -> pd.Series:
        """Return the column for one board, with a type that survives missing values."""
        found = self.compute(board)
        if self.format == "d":
            return pd.Series(pd.array(np.asarray(found, dtype=np.float64), dtype="Float64").astype("Int64"))
        if self.format == "yes":
            return pd.Series(np.asarray(found, dtype=bool))
        if self.format:
            return pd.Series(np.asarray(found, dtype=np.float64))
        return pd.Series(list(found), dtype=object)

    def show(self, value: Any) -> str:
        """Return a value as it is printed; a missing one is "".

        Examples
        --------
        >>> Column("rank", "Rank", "", ".2f", lambda board: []).show(1.005)
        '1.00'
        """
        if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
            return ""
        if self.format == "yes":
            return "yes" if value else ""
        if self.format and math.isinf(value):
            return "∞" if value > 0 else "-∞"
        return format(int(value) if self.format == "d" else value, self.format) if self.format else str(value)


def _frame(name: str) -> Compute:
    return lambda board: board.entries.frame[name].tolist()


def _cells(name: str, over_seeds: Callable[..., Any]) -> Compute:
    """Return a statistic over the seeds of a cell column; NaN for the board over all datasets."""

    def compute(board: Board) -> Floats:
        rows = board.entries.rows
        if not rows.shape[1]:
            return np.full(len(rows), np.nan)
        values = board.cells[name].to_numpy(dtype=np.float64, na_value=np.nan)[np.maximum(rows, 0)]
        # A seed that does not exist repeats the first one, which changes no minimum and no maximum.
        return np.asarray(over_seeds(np.where(rows >= 0, values, values[:, :1]), axis=1), dtype=np.float64)

    return compute


def _first(values: Floats, axis: int) -> Floats:
    return np.asarray(values.take(0, axis=axis))


def _coverage(board: Board) -> Floats:
    return 1.0 - np.asarray(_cells("noise_share", np.max)(board))


def _hash(board: Board) -> list[str | None]:
    hashes = board.cells["labels_sha256"].tolist()
    rows = board.entries.rows
    return [hashes[row[0]] if len(row) else None for row in rows.tolist()]


def _seeds(board: Board) -> Floats:
    return np.where(board.entries.n_seeds > 0, board.entries.n_seeds, np.nan)


def _range(board: Board, kind: str, pick: Callable[..., Any]) -> Floats:
    others = board.varied(kind)
    return np.asarray(pick(others, axis=0), dtype=np.float64) if len(others) else np.full(len(board.rank), np.nan)


def _stability(name: str) -> Compute:
    return lambda board: board.entries.stability[name].to_numpy()


def _score(metric: str, space: str) -> Compute:
    def compute(board: Board) -> Floats:
        found = [j for j, axis in enumerate(board.entries.axes) if (axis.metric, axis.space) == (metric, space)]
        # On the board over all datasets, scores of different tables are not averaged.
        return board.entries.observed[:, found[0]] if len(found) == 1 else np.full(len(board.rank), np.nan)

    return compute


def _z(position: int, n_columns: int) -> Compute:
    def compute(board: Board) -> Floats:
        z = board.entries.z
        return np.full(len(board.rank), np.nan) if z is None or z.shape[1] != n_columns else z[:, position]

    return compute


def _own(position: int) -> Compute:
    def compute(board: Board) -> Floats:
        own = board.entries.own
        return own[:, position] if position < own.shape[1] else np.full(len(board.rank), np.nan)

    return compute


_PLACE = (
    Column("rank", "Rank", "Place among the contenders by mean rank; equals share it.", "d", lambda b: b.rank),
    Column("rank_low", "from", "Best end of the rank interval, published rank included.", "d", lambda b: b.rank_low),
    Column("rank_high", "to", "Worst end of the rank interval, published rank included.", "d", lambda b: b.rank_high),
    Column("rank_median", "Median rank", "Median place over the draws of the bootstrap.", "d", lambda b: b.rank_median),
    Column(
        "p_first", "P(first)", "Share of draws in which the entry is first, alone or with equals.", ".2f",
        lambda b: b.p_first,
    ),
    Column("tie", "Tie", "Entries that share a letter cannot be told apart.", "", lambda b: b.tie),
    Column("dataset", "Dataset", "The table; (all) is the board over all tables.", "", _frame("dataset")),
    Column("algorithm", "Algorithm", "Name of the plug-in.", "", _frame("algorithm")),
    Column("params", "Parameters", "Build parameters.", "", _frame("params")),
    Column("variant", "Variant", "Preprocessing in which the entry was fitted.", "", _frame("variant")),
    Column("k_policy", "k policy", "How the cut was chosen among those that were run.", "", _frame("k_policy")),
    Column("cut", "Cut", "The chosen cut.", "", _frame("cut")),
    Column("k", "k", "Clusters found, noise left out (with the first seed).", "d", _cells("n_clusters", _first)),
    Column("smallest", "Smallest", "Rows of the smallest cluster, over all seeds.", "d", _cells("smallest", np.min)),
    Column("largest", "Largest", "Rows of the largest cluster, over all seeds.", "d", _cells("largest", np.max)),
    Column("coverage", "Coverage", "Share of rows in a cluster, not noise; the worst seed.", ".3f", _coverage),
    Column(
        "mean_rank", "Mean rank",
        "Rank averaged over metrics and reference spaces within a family, then over families by weight.",
        ".3f", lambda b: b.mean_rank,
    ),
    Column(
        "calibrated", "Calibrated",
        "Mean z over metrics and reference spaces: standard deviations above random clusterings of like k.",
        ".2f", lambda b: b.calibrated,
    ),
)  # fmt: skip

_AFTER_SCORES = (
    Column(
        "stability", "Stability",
        "Mean adjusted Rand index between the labels and those of resampled rows: 1 is the same partition again.",
        ".3f", _stability("mean_ari"), ranked=True,
    ),
    Column("stability_min", "Stability (worst)", "The lowest of those indices.", ".3f", _stability("min_ari")),
    Column(
        "jaccard", "Jaccard",
        "Mean over clusters of their Jaccard similarity to the nearest cluster of resampled rows.",
        ".3f", _stability("mean_jaccard"),
    ),
    Column("fit_seconds", "Fit (s)", "Seconds of fitting alone, mean over seeds.", ".3f", lambda b: b.fit_seconds),
    Column("peak_mb", "Peak (MB)", "Peak memory of the fit, mean over seeds.", ".1f", lambda b: b.peak_mb),
    Column(
        "pareto", "Pareto", "No other contender is at least as good in mean rank and stability, and better in one.",
        "yes", lambda b: b.pareto,
    ),
    Column(
        "robust", "Robust",
        "No metric left out, no single reference space and no other noise policy gives the entry a worse rank.",
        "yes", lambda b: b.robust,
    ),
    Column(
        "rank_by_space_low", "Best space", "Best rank when one reference space alone is used.", "d",
        lambda b: _range(b, ONLY_SPACE, np.min),
    ),
    Column(
        "rank_by_space_high", "Worst space", "Worst rank when one reference space alone is used.", "d",
        lambda b: _range(b, ONLY_SPACE, np.max),
    ),
    Column(
        "rank_without_metric_low", "Best without", "Best rank when one metric is left out.", "d",
        lambda b: _range(b, WITHOUT_METRIC, np.min),
    ),
    Column(
        "rank_without_metric_high", "Worst without", "Worst rank when one metric is left out.", "d",
        lambda b: _range(b, WITHOUT_METRIC, np.max),
    ),
    Column(
        "rank_by_noise_low", "Best noise policy", "Best rank when noise is scored by another policy.", "d",
        lambda b: _range(b, NOISE_POLICY, np.min),
    ),
    Column(
        "rank_by_noise_high", "Worst noise policy", "Worst rank when noise is scored by another policy.", "d",
        lambda b: _range(b, NOISE_POLICY, np.max),
    ),
    Column(
        "control", "Control", "A null competitor; it has the rank it would have had and moves nobody else's.",
        "yes", lambda b: ~b.entries.contender,
    ),
    Column(
        "oracle", "Oracle", "The true number of clusters was given; ranked apart, among entries of its kind.",
        "yes", lambda b: np.full(len(b.rank), b.entries.oracle),
    ),
    Column("flags", "Flags", "What is missing and why; a missing score ranks last.", "", lambda b: b.entries.missing),
    Column("seeds", "Seeds", "Number of seeds.", "d", _seeds),
    Column("labels_sha256", "Labels", "Identity of the labels of the first seed.", "", _hash),
)  # fmt: skip


def board_columns(spec: RankingSpec, *, has_baselines: bool, own_metrics: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a leaderboard, in order.

    Parameters
    ----------
    spec : RankingSpec
    has_baselines : bool
        Whether every score has its z beside it.
    own_metrics : sequence of str
        Metrics with own-space scores, shown after the ranked ones and never ranked.
    """
    pairs = [(metric, space) for metric in spec.facts for space in spec.reference_spaces]
    scores = []
    for position, (metric, space) in enumerate(pairs):
        scores.append(_score_column(metric, space))
        if has_baselines:
            scores.append(_z_column(metric, space, _z(position, len(pairs))))
    titles = {metric.name: metric.title for metric in spec.facts}
    own = [
        Column(
            f"{name}@{OWN}",
            f"{titles.get(name, name)} (own)",
            "In the entry's own space, which differs between entries: shown, never ranked.",
            ".3f",
            _own(position),
        )
        for position, name in enumerate(own_metrics)
    ]
    return (*_PLACE, *scores, *own, *_AFTER_SCORES)


def _score_column(metric: MetricFacts, space: str) -> Column:
    better = "higher" if metric.direction is Direction.HIGHER else "lower"
    return Column(
        f"{metric.name}@{space}",
        f"{metric.title} ({space})",
        f"{metric.title} in the reference space {space}, mean over seeds; {better} is better; {metric.caveat}.",
        ".1f" if metric.digits <= 3 else ".3f",
        _score(metric.name, space),
        ranked=True,
    )


def _z_column(metric: MetricFacts, space: str, compute: Compute) -> Column:
    return Column(
        f"z:{metric.name}@{space}",
        f"z {metric.title} ({space})",
        f"{metric.title} in {space} as standard deviations better than random clusterings of the same rows and k.",
        ".1f",
        compute,
    )
