"""Comparisons over datasets: win rates, significance, and the rank correlation of two leaderboards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from clusterbench.errors import RequestError
from clusterbench.metrics import STABILITY_METRIC
from clusterbench.ranking.board import RankedBoard
from clusterbench.ranking.ranks import Axis, mean_ranks, signed
from clusterbench.ranking.rules import RankingSpec
from clusterbench.tables import ENTRY_IDENTITY, OVERALL, Bools, Floats, require_columns

_EXACT_UP_TO = 50
_ALPHA, _LEAST_DATASETS = 0.05, 10


def win_rates(table: pd.DataFrame, spec: RankingSpec) -> pd.DataFrame:
    """Return how often one entry beats another.

    The rate in a dataset is the share of ranked columns in which the entry is better (equal: one half), averaged within
    families and then over families by weight; the rate is the mean over the datasets that rank at least one of the two.
    An entry without a rank loses to one with a rank. A rate depends on its pair only.

    `table` is that of a leaderboard, or some of its rows. In the result, shape (E, E), indexed by (algorithm, params,
    variant, k_policy), the row beats the column; the diagonal is 1/2.
    """
    axes = [Axis("", metric, space) for metric in spec.facts for space in spec.reference_spaces]
    axes.append(Axis("", STABILITY_METRIC.facts))
    require_columns(table, ["dataset", *ENTRY_IDENTITY, "oracle", *(axis.name for axis in axes)], "leaderboard")
    rows = table[(table["dataset"] != OVERALL) & ~table["oracle"].astype(bool)]
    index = pd.MultiIndex.from_frame(rows[ENTRY_IDENTITY].drop_duplicates())
    total, counted = np.zeros((len(index), len(index))), np.zeros((len(index), len(index)))
    for _, part in rows.groupby("dataset", sort=True):
        at = index.get_indexer(pd.MultiIndex.from_frame(part[ENTRY_IDENTITY]))
        values = np.full((len(index), len(axes)), np.nan)
        values[at] = part[[axis.name for axis in axes]].to_numpy(dtype=np.float64, na_value=np.nan)
        ranked = np.zeros(len(index), dtype=bool)
        ranked[at] = True
        share = _win_share(signed(values, axes), axes, spec)
        either = ranked[:, None] | ranked[None, :]
        total += np.where(either, share, 0.0)
        counted += either
    return pd.DataFrame(total / counted, index=index, columns=index)


def _win_share(oriented: Floats, axes: list[Axis], spec: RankingSpec) -> Floats:
    """Return the weighted share of columns in which the entry of the row beats that of the column, shape (E, E)."""
    n = len(oriented)
    total, weight_sum = np.zeros((n, n)), np.zeros((n, n))
    for family in dict.fromkeys(axis.family for axis in axes):
        wins, valid = np.zeros((n, n)), np.zeros((n, n))
        for j, axis in enumerate(axes):
            if axis.family == family:
                one, other = oriented[:, j][:, None], oriented[:, j][None, :]
                scored: Bools = (one > -np.inf) | (other > -np.inf)
                wins += scored * ((one > other) + 0.5 * (one == other))
                valid += scored
        weight = spec.weight(family) * (valid > 0)
        total += weight * wins / np.maximum(valid, 1)
        weight_sum += weight
    return np.where(weight_sum > 0, total / np.where(weight_sum > 0, weight_sum, 1.0), 0.5)


def dataset_ranks(board: RankedBoard, spec: RankingSpec) -> pd.DataFrame:
    """Return the rank of every contender of the overall board in every dataset, shape (datasets, E)."""
    axes = board.entries.axes
    contenders = np.flatnonzero(board.entries.contender)
    index = pd.MultiIndex.from_frame(board.entries.frame[ENTRY_IDENTITY].iloc[contenders])
    rows = {}
    for dataset in dict.fromkeys(axis.dataset for axis in axes):
        columns = [j for j, axis in enumerate(axes) if axis.dataset == dataset]
        families = [axes[j].family for j in columns]
        means = mean_ranks(board.ranks[:, columns], families, {family: spec.weight(family) for family in families})
        rows[dataset] = stats.rankdata(means[contenders])
    return pd.DataFrame.from_dict(rows, orient="index", columns=index)


@dataclass(frozen=True, slots=True, eq=False)
class Significance:
    """Differences between entries over datasets."""

    average_rank: pd.Series  # mean rank over datasets, best first
    friedman_p: float  # whether the entries differ at all
    nemenyi_difference: float  # average ranks that differ by more are significantly different by the Nemenyi test
    p_values: pd.DataFrame  # pairwise Wilcoxon signed-rank tests, corrected by Holm
    # Consecutive positions in `average_rank` without a significant pair: the bars of a critical-difference diagram.
    cliques: tuple[tuple[int, ...], ...]
    alpha: float
    n_datasets: int


def critical_difference(ranks: pd.DataFrame) -> Significance:
    """Test whether entries differ over datasets (Demsar 2006; Benavoli et al. 2016 for Wilcoxon-Holm).

    Parameters
    ----------
    ranks : DataFrame, shape (datasets, entries)
        Rank of every entry in every dataset; lower is better.

    Raises
    ------
    RequestError
        With fewer than ten datasets or two entries.
    """
    n, n_entries = ranks.shape
    if n < _LEAST_DATASETS or n_entries < 2:
        what = f"{n} datasets and {n_entries} entries cannot be tested"
        raise RequestError(what, allowed=f"at least {_LEAST_DATASETS} datasets and 2 entries")
    ordered = ranks[ranks.mean().sort_values(kind="stable").index]
    values = ordered.to_numpy(dtype=np.float64)
    p_values = _wilcoxon_holm(values)
    critical = float(stats.studentized_range.ppf(1 - _ALPHA, n_entries, np.inf)) / np.sqrt(2)
    return Significance(
        average_rank=ordered.mean(),
        friedman_p=_friedman(values),
        nemenyi_difference=critical * float(np.sqrt(n_entries * (n_entries + 1) / (6 * n))),
        p_values=pd.DataFrame(p_values, index=ordered.columns, columns=ordered.columns),
        cliques=_cliques(p_values < _ALPHA),
        alpha=_ALPHA,
        n_datasets=n,
    )


def _friedman(values: Floats) -> float:
    if values.shape[1] < 3:
        return float(_wilcoxon(values[:, :1] - values[:, 1:])[0])
    if bool((values == values[:, :1]).all()):
        return 1.0
    return float(stats.friedmanchisquare(*values.T).pvalue)


def _wilcoxon(differences: Floats) -> Floats:
    """Return the two-sided p of the signed-rank test of every column, shape (pairs,).

    Exact where no difference is zero or tied and there are at most 50; by the normal approximation (zeros after
    Pratt) elsewhere; 1 where nothing differs.
    """
    n, n_pairs = differences.shape
    sizes = np.sort(np.abs(differences), axis=0)
    exact = (sizes[0] > 0) & (np.diff(sizes, axis=0) > 0).all(axis=0) & (n <= _EXACT_UP_TO)
    p = np.ones(n_pairs)
    for chosen, zeros, method in ((exact, "wilcox", "exact"), (~exact & (sizes[-1] > 0), "pratt", "asymptotic")):
        if chosen.any():
            p[chosen] = stats.wilcoxon(differences[:, chosen], zero_method=zeros, method=method, axis=0).pvalue
    return p


def _wilcoxon_holm(values: Floats) -> Floats:
    n = values.shape[1]
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    raw = _wilcoxon(np.column_stack([values[:, i] - values[:, j] for i, j in pairs]))
    order = np.argsort(raw, kind="stable")
    adjusted = np.minimum(np.maximum.accumulate(raw[order] * (len(raw) - np.arange(len(raw)))), 1.0)
    result = np.ones((n, n))
    for place, p in zip(order, adjusted, strict=True):
        i, j = pairs[place]
        result[i, j] = result[j, i] = p
    return result


def _cliques(different: Bools) -> tuple[tuple[int, ...], ...]:
    """Return the longest runs of consecutive positions without a significant pair, of two or more."""
    n = len(different)
    runs: list[tuple[int, int]] = []
    for start in range(n):
        stop = start
        while stop + 1 < n and not different[start : stop + 1, stop + 1].any():
            stop += 1
        if stop > start and not any(first <= start and stop <= last for first, last in runs):
            runs.append((start, stop))
    return tuple(tuple(range(start, stop + 1)) for start, stop in runs)


class RankCorrelation(NamedTuple):
    """Spearman's rho between two boards over the entries they share; NaN with fewer than two."""

    rho: float
    n_shared: int


def rank_correlation(board_a: pd.DataFrame, board_b: pd.DataFrame) -> RankCorrelation:
    """Compare the order of two leaderboard tables over the contenders that both rank.

    Of a table with several datasets, the ranks over all of them are compared, without controls and oracle entries.

    Raises
    ------
    RequestError
        If a table has several datasets but no board over all of them.
    """
    first, second = (
        _contenders(table, where) for table, where in ((board_a, "first board"), (board_b, "second board"))
    )
    shared = first.index.intersection(second.index)
    if len(shared) < 2:
        return RankCorrelation(float("nan"), len(shared))
    a, b = (stats.rankdata(board[shared].to_numpy(dtype=np.float64)) for board in (first, second))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return RankCorrelation(float("nan"), len(shared))
    return RankCorrelation(float(np.corrcoef(a, b)[0, 1]), len(shared))


def _contenders(table: pd.DataFrame, where: str) -> pd.Series:
    require_columns(table, ["dataset", *ENTRY_IDENTITY, "mean_rank", "control", "oracle"], where)
    names = set(table["dataset"])
    if len(names) > 1 and OVERALL not in names:
        raise RequestError(f"several datasets and no board over all: {', '.join(sorted(names))}", where=where)
    rows = table[~table["control"].astype(bool) & ~table["oracle"].astype(bool)]
    if len(names) > 1:
        rows = rows[rows["dataset"] == OVERALL]
    return rows.set_index(ENTRY_IDENTITY)["mean_rank"]
