"""One ranked board: ranks, their uncertainty, and the ranks under other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.ranking.chosen_entries import Entries
from clusterbench.ranking.draws import Draws
from clusterbench.ranking.letters import tie_letters
from clusterbench.ranking.ranks import Axis, column_ranks, final_ranks, mean_ranks, pareto_mask, separated, signed
from clusterbench.ranking.rules import RankingSpec
from clusterbench.ranking.score_matrix import Matrix
from clusterbench.tables import STABILITY, Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Variation:
    """Ranks without a metric, by one metric only, in one reference space only, or under another noise policy."""

    kind: str
    what: str
    mean_rank: Floats
    rank: Ints


WITHOUT_METRIC, ONLY_METRIC, ONLY_SPACE = "without metric", "only metric", "only space"
NOISE_POLICY = "noise policy"
DOUBTS = (WITHOUT_METRIC, ONLY_SPACE, NOISE_POLICY)
"""The variations in which a robust entry keeps its rank; single metrics are not among them."""


@dataclass(frozen=True, slots=True)
class RankedBoard:
    """The entries of one board with their ranks; arrays of length E unless another shape is given.

    Attributes
    ----------
    entries : Entries
    cells : DataFrame
        All cells, as in the matrix.
    ranks : ndarray, shape (E, M)
        Of the rounded scores, among contenders.
    mean_rank, rank
        Mean rank weighted by family, and the rank by it among contenders.
    rank_low, rank_high, rank_median, p_first
        From the bootstrap; NaN where nothing was resampled.
    apart : ndarray of bool, shape (E, E)
        Separated pairs.
    tie : list of str
        Letters.
    uncertainty : str
        What was resampled: "rows and seeds", "seeds", "rows" or "nothing".
    variations : tuple of Variation
    calibrated
        Mean z over the reference columns; NaN if one is missing.
    fit_seconds, peak_mb
        Means over seeds.
    pareto : ndarray of bool
    """

    entries: Entries
    cells: pd.DataFrame
    ranks: Floats
    mean_rank: Floats
    rank: Ints
    rank_low: Floats
    rank_high: Floats
    rank_median: Floats
    p_first: Floats
    apart: Bools
    tie: list[str]
    uncertainty: str
    variations: tuple[Variation, ...]
    calibrated: Floats
    fit_seconds: Floats
    peak_mb: Floats
    pareto: Bools

    def order(self) -> Ints:
        """Return the entries by rank, contenders before controls, then in the order of their keys."""
        return np.asarray(np.lexsort((self.mean_rank, ~self.entries.contender, self.rank)))

    def varied(self, *kinds: str) -> Ints:
        """Return the ranks under the variations of some kinds, shape (V, E)."""
        rows = [variation.rank for variation in self.variations if variation.kind in kinds]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.entries))

    @property
    def robust(self) -> Bools:
        """Whether no metric left out, no single reference space and no noise policy gives an entry a worse rank."""
        return np.asarray((self.varied(*DOUBTS) <= self.rank).all(axis=0))


def rank_board(entries: Entries, draws: Draws, matrix: Matrix, spec: RankingSpec) -> RankedBoard:
    """Rank the entries of one board."""
    contender = entries.contender
    ranks = column_ranks(signed(_shared_stability(entries.observed, entries), entries.axes), contender)
    families = [axis.family for axis in entries.axes]
    weights = {family: spec.weight(family) for family in families}
    mean_rank = mean_ranks(ranks, families, weights)
    rank = final_ranks(mean_rank, contender)
    means = None
    if draws.scores is not None:
        drawn = signed(_shared_stability(draws.scores, entries), entries.axes)
        means = mean_ranks(column_ranks(drawn, contender), families, weights)
    low, high, median, p_first = _interval(means, rank, contender, spec.confidence)
    apart = mean_rank[:, None] != mean_rank[None, :] if means is None else separated(means, spec.confidence)
    fit_seconds, peak_mb = (_cell_mean(matrix.cells, name, entries.rows) for name in ("fit_seconds", "peak_mb"))
    return RankedBoard(
        entries=entries,
        cells=matrix.cells,
        ranks=ranks,
        mean_rank=mean_rank,
        rank=rank,
        rank_low=low,
        rank_high=high,
        rank_median=median,
        p_first=p_first,
        apart=apart,
        tie=_letters(apart, mean_rank, entries),
        uncertainty=draws.source,
        variations=(
            *_variations(ranks, entries.axes, weights, contender),
            *_noise_variations(entries, families, weights),
        ),
        calibrated=np.full(len(entries), np.nan) if entries.z is None else entries.z.mean(axis=1),
        fit_seconds=fit_seconds,
        peak_mb=peak_mb,
        pareto=_pareto(mean_rank, entries),
    )


def _shared_stability(values: Floats, entries: Entries) -> Floats:
    """Give duplicates one stability, their mean: equal partitions have equal ranks.

    The mean is over the contenders among them, if there are any.
    """
    columns = [j for j, axis in enumerate(entries.axes) if axis.metric == STABILITY]
    if not columns or len(np.unique(entries.duplicate_of)) == len(entries):
        return values
    shared = values.copy()
    for first in np.unique(entries.duplicate_of):
        group = np.flatnonzero(entries.duplicate_of == first)
        source = group[entries.contender[group]] if entries.contender[group].any() else group
        for j in columns:
            shared[..., group, j] = _finite_mean(values[..., source, j])[..., None]
    return shared


def _interval(
    means: Floats | None, rank: Ints, contender: Bools, confidence: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return low, high and median rank over the draws, and the share of draws in which the entry is first.

    The interval always includes the rank itself.
    """
    if means is None:
        unknown = np.full(len(rank), np.nan)
        return unknown, unknown.copy(), unknown.copy(), unknown.copy()
    drawn = final_ranks(means, contender)
    tail = (1.0 - confidence) / 2.0
    low = np.quantile(drawn, tail, axis=0, method="lower").astype(np.float64)
    high = np.quantile(drawn, 1.0 - tail, axis=0, method="higher").astype(np.float64)
    median = np.quantile(drawn, 0.5, axis=0, method="lower").astype(np.float64)
    return np.minimum(low, rank), np.maximum(high, rank), median, (drawn == 1).mean(axis=0)


def _letters(apart: Bools, mean_rank: Floats, entries: Entries) -> list[str]:
    """Return the tie letters: contenders first, in the order of the board, then controls."""
    order = np.lexsort((mean_rank, ~entries.contender))
    letters = np.empty(len(entries), dtype=object)
    letters[order] = tie_letters(apart[np.ix_(order, order)])
    return [str(letter) for letter in letters]


def _variations(ranks: Floats, axes: Sequence[Axis], weights: dict[str, float], contender: Bools) -> list[Variation]:
    """Rank without each metric, by each metric only, and in each reference space only.

    Stability takes part in the ranks of each reference space.
    """
    metrics = list(dict.fromkeys(axis.metric for axis in axes if axis.metric != STABILITY))
    spaces = list(dict.fromkeys(axis.space for axis in axes if axis.space))
    rules = []
    if len(metrics) > 1:
        rules += [(WITHOUT_METRIC, name, [axis.metric != name for axis in axes]) for name in metrics]
    if any(axis.metric == STABILITY for axis in axes):
        rules.append((WITHOUT_METRIC, STABILITY, [axis.metric != STABILITY for axis in axes]))
    rules += [(ONLY_METRIC, name, [axis.metric == name for axis in axes]) for name in (*metrics, STABILITY)]
    rules += [(ONLY_SPACE, name, [axis.space in (name, "") for axis in axes]) for name in spaces]
    variations = []
    for kind, what, keep in rules:
        kept = np.flatnonzero(keep)
        families = [axes[j].family for j in kept]
        if any(weights[family] > 0 for family in families):
            means = mean_ranks(ranks[:, kept], families, weights)
            variations.append(Variation(kind, what, means, final_ranks(means, contender)))
    return variations


def _noise_variations(entries: Entries, families: Sequence[str], weights: dict[str, float]) -> list[Variation]:
    """Rank by the scores of the same cuts under every other noise policy."""
    variations = []
    for policy, values in entries.alternatives.items():
        oriented = signed(_shared_stability(values, entries), entries.axes)
        means = mean_ranks(column_ranks(oriented, entries.contender), families, weights)
        variations.append(Variation(NOISE_POLICY, policy, means, final_ranks(means, entries.contender)))
    return variations


def _cell_mean(cells: pd.DataFrame, name: str, rows: Ints) -> Floats:
    """Return the mean of a cell column over the seeds of each entry; NaN where it is not recorded."""
    if not rows.shape[1]:
        return np.full(len(rows), np.nan)
    return _finite_mean(np.append(cells[name].to_numpy(dtype=np.float64, na_value=np.nan), np.nan)[rows])


def _finite_mean(values: Floats) -> Floats:
    """Return the mean of the finite values along the last axis; NaN where there are none."""
    finite = np.isfinite(values)
    total, count = np.where(finite, values, 0.0).sum(axis=-1), finite.sum(axis=-1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _pareto(mean_rank: Floats, entries: Entries) -> Bools:
    """Return which contenders no other dominates in mean rank and stability; fit times differ between runs."""
    goods = [-mean_rank]
    if any(axis.metric == STABILITY for axis in entries.axes):
        goods.append(entries.stability["mean_ari"].to_numpy())
    marked = np.zeros(len(mean_rank), dtype=bool)
    contenders = entries.contender
    marked[contenders] = pareto_mask(np.column_stack(goods)[contenders])
    return marked
