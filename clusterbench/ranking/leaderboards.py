"""From tidy frames to a leaderboard: choose a cut for every entry, then rank the entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.ranking.across_datasets import Significance, critical_difference, dataset_ranks, win_rates
from clusterbench.ranking.alerts import Alert, AlertKind
from clusterbench.ranking.board import RankedBoard, rank_board
from clusterbench.ranking.board_columns import Column, board_columns
from clusterbench.ranking.candidates import Candidates, choose_candidates
from clusterbench.ranking.chance import chance_alerts, chance_columns
from clusterbench.ranking.chosen_entries import Entries, gather, overall_entries
from clusterbench.ranking.draws import Draws
from clusterbench.ranking.headlines import alerts_of, headline_of
from clusterbench.ranking.pool_dependence import reversed_pairs
from clusterbench.ranking.rules import OrderRule, RankingSpec
from clusterbench.ranking.score_matrix import Matrix, with_scores
from clusterbench.statuses import WITHOUT_LABELS
from clusterbench.tables import BOARD_KEY, OVERALL, OWN
from clusterbench.text import percent

MIN_DATASETS_FOR_WINS = 3
MIN_DATASETS_FOR_TESTS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Leaderboard:
    """A ranking with what is needed to judge it.

    Attributes
    ----------
    table : DataFrame
        One row per ranked entry, rank first. With two or more datasets the board over all of them, whose dataset is
        ``(all)``, comes first; then that of each dataset, and that of its entries with the true k given (`oracle`).
    columns : tuple of Column
        The definition of every column of `table`, in its order.
    rejected : DataFrame
        Entries without a rank: dataset, algorithm, params, variant, k_policy, status, reason, the cut of that reason
        with its sizes and mean silhouette in the reference spaces, and the number of cells by status.
    sensitivity : DataFrame
        Long table: the rank of every entry without each metric, by each metric only, in each reference space only,
        and under each other noise policy, with the number that it is ordered by (`score` or `mean_rank`).
    contributions : DataFrame
        Long table: what every ranked metric in every reference space adds to the score or the mean rank of an entry of
        a dataset, with its value and its rank among the contenders.
    headline : str
        The sentence above the table.
    headlines : dict of str to str
        One sentence per dataset, and for ``(all)``.
    alerts : tuple of Alert
    notes : tuple of str
        How it was computed.
    win_rates : DataFrame or None
        From three datasets on: how often the entry of the row beats that of the column.
    significance : Significance or None
        From ten datasets on: Friedman, Nemenyi and Wilcoxon-Holm.
    """

    table: pd.DataFrame
    columns: tuple[Column, ...]
    rejected: pd.DataFrame
    sensitivity: pd.DataFrame
    contributions: pd.DataFrame
    headline: str
    headlines: dict[str, str]
    alerts: tuple[Alert, ...]
    notes: tuple[str, ...]
    win_rates: pd.DataFrame | None
    significance: Significance | None


def leaderboard(
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    spec: RankingSpec,
    *,
    baselines: pd.DataFrame | None = None,
    draws: Draws | None = None,
    alternatives: Mapping[str, pd.DataFrame] | None = None,
) -> Leaderboard:
    """Rank the entries of a run.

    Cells of status ``ok`` are ranked by their scores in the reference spaces, over a dense matrix: a missing score
    ranks last and is flagged. Values are rounded to the reproducible digits of each metric; equal values share the
    average rank; ranks are averaged within a family of metrics, then over families by weight.

    Parameters
    ----------
    cells, scores : DataFrame
        The exported tables ``cells.csv`` and ``scores.csv``; further columns are ignored.
    spec : RankingSpec
    baselines : DataFrame, optional
        Scores of random partitions: dataset, space, k, generator, metric, value, passes (whether the gate lets the
        partition pass).
    draws : Draws, optional
        Fits of the cuts to halves of the rows: the source of the stability and of the rank intervals.
    alternatives
        See `rank_candidates`.

    Raises
    ------
    RequestError
        For missing columns, a duplicate cell or score, or a ranked metric and space without any score.
    """
    candidates = choose_candidates(cells, scores, spec, baselines=baselines, draws=draws)
    return rank_candidates(candidates, alternatives=alternatives)


def rank_candidates(
    candidates: Candidates,
    *,
    alternatives: Mapping[str, pd.DataFrame] | None = None,
) -> Leaderboard:
    """Rank entries whose cuts are chosen.

    Parameters
    ----------
    candidates : Candidates
    alternatives : mapping of str to DataFrame, optional
        By other noise policy, the scores (as `scores`) of the cells that it changes. The ranks by them are shown beside
        the leaderboard, for the same cuts.
    """
    matrix, spec, has_baselines = candidates.matrix, candidates.spec, candidates.baselines is not None
    others = {
        policy: with_scores(matrix, frame, f"scores under the noise policy {policy}")
        for policy, frame in (alternatives or {}).items()
    }
    boards = _rank_all(matrix, gather(candidates, others), spec)
    own = [metric for metric, space in matrix.columns if space == OWN]
    columns = board_columns(spec, has_baselines=has_baselines, own_metrics=own)
    if candidates.random is not None:
        columns += chance_columns(candidates.random)
    headlines = _headlines(matrix, boards, spec)
    ranks = next((dataset_ranks(board, spec) for board in boards if board.entries.dataset == OVERALL), pd.DataFrame())
    full = _table(boards, columns)
    chance = chance_alerts(full) if has_baselines else ()
    tested = len(ranks) >= MIN_DATASETS_FOR_TESTS and ranks.shape[1] > 1
    return Leaderboard(
        table=full,
        columns=columns,
        rejected=candidates.rejected(),
        sensitivity=_sensitivity(boards, spec.order),
        contributions=_contributions(boards),
        headline=headlines[OVERALL] if OVERALL in headlines else " ".join(headlines.values()),
        headlines=headlines,
        alerts=(*_alerts(matrix, boards, spec), *chance),
        notes=tuple(_notes(boards, spec)),
        win_rates=win_rates(full, spec) if len(ranks) >= MIN_DATASETS_FOR_WINS else None,
        significance=critical_difference(ranks) if tested else None,
    )


def _rank_all(matrix: Matrix, pools: Sequence[Entries], spec: RankingSpec) -> list[RankedBoard]:
    boards = [rank_board(pool, matrix, spec) for pool in pools]
    ranked = [pool for pool in pools if not pool.oracle]
    joined = overall_entries(ranked, matrix) if len(ranked) > 1 else None
    return boards if joined is None else [rank_board(joined, matrix, spec), *boards]


def _table(boards: Sequence[RankedBoard], columns: Sequence[Column]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({column.name: column.values(board) for column in columns}).iloc[board.order()] for board in boards
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({column.name: [] for column in columns})


def _sensitivity(boards: Sequence[RankedBoard], rule: OrderRule) -> pd.DataFrame:
    names = ["dataset", "algorithm", "params", "variant", "k_policy"]
    parts = []
    for board in boards:
        order, n = board.order(), len(board.variations)
        part = board.entries.frame[names].iloc[np.tile(order, n)].reset_index(drop=True)
        part["oracle"] = board.entries.oracle
        part["kind"] = np.repeat([variation.kind for variation in board.variations], len(order))
        part["what"] = np.repeat([variation.what for variation in board.variations], len(order))
        part["rank"] = np.concatenate([variation.rank[order] for variation in board.variations])
        part[rule.value] = rule.sign * np.concatenate([variation.criterion[order] for variation in board.variations])
        parts.append(part)
    if not parts:
        return pd.DataFrame(columns=[*names, "oracle", "kind", "what", "rank", rule.value])
    return pd.concat(parts, ignore_index=True)


def _contributions(boards: Sequence[RankedBoard]) -> pd.DataFrame:
    columns = [*BOARD_KEY, "oracle", "metric", "space", "value", "rank", "contribution"]
    parts = [pd.DataFrame(columns=columns)]
    for board in boards:
        order, axes = board.order(), board.entries.axes
        weighted = np.flatnonzero(~np.isnan(board.contributions).all(axis=0))
        if board.entries.dataset != OVERALL and len(weighted):
            entries = board.entries.frame[BOARD_KEY].iloc[np.repeat(order, len(weighted))].reset_index(drop=True)
            chosen = np.ix_(order, weighted)
            part = entries.assign(
                oracle=board.entries.oracle,
                metric=[axes[j].metric for j in weighted] * len(order),
                space=[axes[j].space for j in weighted] * len(order),
                value=board.observed[chosen].ravel(),
                rank=board.ranks[chosen].ravel(),
                contribution=board.contributions[chosen].ravel(),
            )
            parts.append(part)
    return pd.concat(parts[1:] or parts, ignore_index=True)[columns]


def _headlines(matrix: Matrix, boards: Sequence[RankedBoard], spec: RankingSpec) -> dict[str, str]:
    headlines: dict[str, str] = {}
    for board in boards:
        name = board.entries.dataset
        headlines[name] = f"{headlines.get(name, '')} {headline_of(board, spec)}".strip()
    for dataset in pd.unique(matrix.cells["dataset"]):
        headlines.setdefault(str(dataset), f"No contender could be ranked on {dataset}.")
    return headlines or {OVERALL: "Nothing was run."}


def _alerts(matrix: Matrix, boards: Sequence[RankedBoard], spec: RankingSpec) -> list[Alert]:
    alerts = [alert for board in boards for alert in alerts_of(board, spec)]
    counts = Counter(matrix.cells["status"].tolist())
    failures = [f"{counts[status]} {status}" for status in WITHOUT_LABELS if counts[status]]
    if failures:
        alerts.append(Alert(AlertKind.FAILED_CELLS, f"{' and '.join(failures)} of {len(matrix.cells)} cells"))
    return alerts


def _notes(boards: Sequence[RankedBoard], spec: RankingSpec) -> list[str]:
    notes = [spec.rule_text]
    if spec.order is OrderRule.MEAN_RANK:
        families = dict.fromkeys(axis.family for board in boards for axis in board.entries.axes)
        notes.append(
            f"Family weights: {', '.join(f'{family} {spec.weight(family):g}' for family in families) or 'none'}."
        )
    for board in boards:
        name = f"{board.entries.dataset}{' (oracle)' if board.entries.oracle else ''}"
        if spec.order is OrderRule.MEAN_RANK:
            mean, largest = reversed_pairs(board, spec)
            notes.append(
                f"{name}: among random halves of the entries {percent(mean)} of pairs change their order on average,"
                f" and {percent(largest)} at most."
            )
        if board.samples is None:
            notes.append(f"{name}: nothing was fitted to halves of the rows, so rank intervals are not known.")
        else:
            notes.append(
                f"{name}: rank intervals from {len(board.entries.drawn)} halves of the rows, each fitted, k chosen and"
                f" ranked again, and {spec.n_bootstrap} simulated samples of the same size."
            )
    if spec.controls:
        notes.append("Controls, by their mean over seeds, have the rank that they would have among the contenders.")
    return notes
