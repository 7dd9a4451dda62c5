"""One ranked board: ranks, their uncertainty, and the ranks under other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clusterbench.ranking.chosen_entries import Entries
from clusterbench.ranking.letters import tie_letters
from clusterbench.ranking.order_rules import contributions, counts, criterion
from clusterbench.ranking.rank_intervals import first_share, multiplier_draws, rank_interval, rivals_of, separated
from clusterbench.ranking.ranks import Axis, column_ranks, final_ranks, finite_mean, mean_ranks, pareto_mask, signed
from clusterbench.ranking.rules import RankingSpec
from clusterbench.ranking.score_matrix import Matrix
from clusterbench.tables import STABILITY, Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Variation:
    """The order without a metric, by one metric only, in one reference space only, or under another noise policy."""

    kind: str
    what: str
    criterion: Floats
    rank: Ints


WITHOUT_METRIC, ONLY_METRIC, ONLY_SPACE = "without metric", "only metric", "only space"
NOISE_POLICY = "noise policy"
DOUBTS = (WITHOUT_METRIC, ONLY_SPACE, NOISE_POLICY)
"""The variations in which a robust entry keeps its rank; single metrics are not among them."""


@dataclass(frozen=True, slots=True)
class RankedBoard:
    """The E entries of one board with their ranks."""

    entries: Entries
    cells: pd.DataFrame  # all cells, as in the matrix
    observed: Floats  # (E, M): the scores that are ranked; equal partitions have one stability
    ranks: Floats  # (E, M): of the rounded scores, among contenders
    contributions: Floats  # (E, M): what each axis adds to the score or the mean rank; NaN without weight
    mean_rank: Floats  # (E,), weighted by family
    criterion: Floats  # (E,): what the order rule orders by; lower is better
    rank: Ints  # (E,): the rank by it among contenders
    samples: Floats | None  # (n, E): the criterion in simulated samples of the same size; None without draws
    rank_low: Floats  # (E,), like the next three by these samples; NaN without draws, or where a fit to a draw failed
    rank_high: Floats
    rank_median: Floats
    p_first: Floats
    apart: Bools  # (E, E): separated pairs
    tie: list[str]  # letters
    variations: tuple[Variation, ...]
    calibrated: Floats  # (E,): mean z over the reference columns; NaN if one is missing
    fit_seconds: Floats  # (E,), like `peak_mb` the mean over seeds
    peak_mb: Floats
    pareto: Bools  # (E,)

    def order(self) -> Ints:
        """Return the entries by rank, contenders before controls, then in the order of their keys."""
        return np.asarray(np.lexsort((self.criterion, ~self.entries.contender, self.rank)))

    def first_entries(self) -> list[int]:
        """Return the contenders of rank 1: by the share of samples in which they are first, then as on the board."""
        leaders = [int(e) for e in self.order() if self.rank[e] == 1 and self.entries.contender[e]]
        return sorted(leaders, key=lambda e: -np.nan_to_num(self.p_first[e]))

    def varied(self, *kinds: str) -> Ints:
        """Return the ranks under the variations of some kinds, shape (V, E)."""
        rows = [variation.rank for variation in self.variations if variation.kind in kinds]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self.entries))

    @property
    def robust(self) -> Bools:
        """Whether no metric left out, no single reference space and no noise policy gives an entry a worse rank."""
        return np.asarray((self.varied(*DOUBTS) <= self.rank).all(axis=0))


def rank_board(entries: Entries, matrix: Matrix, spec: RankingSpec) -> RankedBoard:
    """Rank the entries of one board."""
    contender, observed = entries.contender, _shared_stability(entries.observed, entries)
    ranks = column_ranks(signed(observed, entries.axes), contender)
    families = [axis.family for axis in entries.axes]
    mean_rank = mean_ranks(ranks, families, {family: spec.weight(family) for family in families})
    full = criterion(observed, entries.axes, contender, spec)
    rank = final_ranks(full, contender)
    unknown = np.full(len(entries), np.nan)
    samples, low, high, median, p_first = None, unknown, unknown, unknown, unknown
    apart = full[:, None] != full[None, :]
    if len(entries.drawn) > 1 and spec.n_bootstrap:
        drawn = criterion(entries.drawn, entries.axes, contender, spec)
        samples = multiplier_draws(full, drawn, entries.varies, spec.n_bootstrap, spec.seed, entries.dataset)
        known = entries.varies | ~contender
        interval = rank_interval(samples, rank, contender, spec.confidence)
        low, high, median = (np.where(known, values, np.nan) for values in interval)
        p_first = np.where(known, first_share(samples, contender), np.nan)
        apart = separated(samples, spec.confidence)
    fit_seconds, peak_mb = (_cell_mean(matrix.cells, name, entries.rows) for name in ("fit_seconds", "peak_mb"))
    board = RankedBoard(
        entries=entries,
        cells=matrix.cells,
        observed=observed,
        ranks=ranks,
        contributions=contributions(observed, ranks, entries.axes, spec),
        mean_rank=mean_rank,
        criterion=full,
        rank=rank,
        samples=samples,
        rank_low=low,
        rank_high=high,
        rank_median=median,
        p_first=p_first,
        apart=apart,
        tie=[],
        variations=(*_variations(observed, entries, spec), *_noise_variations(entries, spec)),
        calibrated=np.full(len(entries), np.nan) if entries.z is None else entries.z.mean(axis=1),
        fit_seconds=fit_seconds,
        peak_mb=peak_mb,
        pareto=_pareto(full, entries),
    )
    if samples is not None:
        for first in board.first_entries()[:1]:
            rivals = rivals_of(first, samples, contender, spec.confidence)
            apart[first, rivals] = apart[rivals, first] = False
    return replace(board, tie=_letters(apart, full, entries))


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
            shared[..., group, j] = finite_mean(values[..., source, j], axis=-1)[..., None]
    return shared


def _letters(apart: Bools, full: Floats, entries: Entries) -> list[str]:
    """Return the tie letters: contenders first, in the order of the board, then controls."""
    order = np.lexsort((full, ~entries.contender))
    letters = np.empty(len(entries), dtype=object)
    letters[order] = tie_letters(apart[np.ix_(order, order)])
    return [str(letter) for letter in letters]


def _variations(observed: Floats, entries: Entries, spec: RankingSpec) -> list[Variation]:
    """Rank without each metric, by each metric only, and in each reference space only.

    Stability takes part in the ranks of each reference space.
    """
    axes = entries.axes
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
        kept = [axis for axis, is_kept in zip(axes, keep, strict=True) if is_kept]
        if counts(kept, spec):
            variations.append(_varied(kind, what, observed[:, np.array(keep)], kept, entries, spec))
    return variations


def _varied(
    kind: str, what: str, values: Floats, axes: Sequence[Axis], entries: Entries, spec: RankingSpec
) -> Variation:
    full = criterion(values, axes, entries.contender, spec)
    return Variation(kind, what, full, final_ranks(full, entries.contender))


def _noise_variations(entries: Entries, spec: RankingSpec) -> list[Variation]:
    """Rank by the scores of the same cuts under every other noise policy."""
    return [
        _varied(NOISE_POLICY, policy, _shared_stability(values, entries), entries.axes, entries, spec)
        for policy, values in entries.alternatives.items()
    ]


def _cell_mean(cells: pd.DataFrame, name: str, rows: Ints) -> Floats:
    """Return the mean of a cell column over the seeds of each entry; NaN where it is not recorded."""
    if not rows.shape[1]:
        return np.full(len(rows), np.nan)
    values = cells[name].iloc[rows.ravel()].to_numpy(dtype=np.float64, na_value=np.nan).reshape(rows.shape)
    return finite_mean(np.where(rows >= 0, values, np.nan), axis=-1)


def _pareto(full: Floats, entries: Entries) -> Bools:
    """Return which contenders no other dominates in the criterion and stability; fit times differ between runs."""
    goods = [-full]
    if any(axis.metric == STABILITY for axis in entries.axes):
        goods.append(entries.stability["mean_ari"].to_numpy())
    marked = np.zeros(len(full), dtype=bool)
    contenders = entries.contender
    marked[contenders] = pareto_mask(np.column_stack(goods)[contenders])
    return marked
