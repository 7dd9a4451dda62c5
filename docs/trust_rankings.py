"""Leaderboards of one finished run under four rules, each of which excludes more than the one before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from clusterbench.metrics import DEFAULT_METRICS
from clusterbench.ranking import Leaderboard, RankingSpec, leaderboard, rank_correlation
from clusterbench.results import StoredRun

KEY = ["algorithm", "params", "variant"]
FITTED = "the space of the fit"
"""What the own space is called where it ranks: under its own name it never does."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to rank the same labelings; each excludes more than the one before."""

    title: str
    explanation: str
    rank: Callable[[StoredRun], Leaderboard]


def by_own_space(run: StoredRun) -> Leaderboard:
    """Rank every labeling that has a silhouette by it, in the space in which it was fitted."""
    scores = run.scores[run.scores["space"] == "own"].assign(space=FITTED)
    spec = RankingSpec((FITTED,), metrics=("silhouette",), n_bootstrap=0, controls=controls(run))
    return leaderboard(without_gate(run.cells), scores, spec)


def without_gate(cells: pd.DataFrame) -> pd.DataFrame:
    """Let every labeling pass that the gate rejects."""
    return cells.assign(status=cells["status"].replace("rejected", "ok"))


def ungated(run: StoredRun) -> Leaderboard:
    """Rank every labeling that has scores by all metrics in the reference spaces."""
    return leaderboard(without_gate(run.cells), run.scores, plain_spec(run))


def gated(run: StoredRun) -> Leaderboard:
    """Rank the labelings that pass the gate by all metrics in the reference spaces."""
    return leaderboard(run.cells, run.scores, plain_spec(run))


def plain_spec(run: StoredRun) -> RankingSpec:
    """The three oldest metrics in the run's reference spaces, k by silhouette, and nothing that was resampled."""
    references = tuple(dict.fromkeys(space for spaces in run.record.references.values() for space in spaces))
    return RankingSpec(references, metrics=DEFAULT_METRICS, n_bootstrap=0, controls=controls(run))


def controls(run: StoredRun) -> frozenset[str]:
    return frozenset(name for name, entry in run.record.algorithms.items() if entry.control)


RULES: Mapping[str, Rule] = {
    "own": Rule(
        "Silhouette in the own space",
        "Each labeling is scored where it was fitted, as most tools and publications do; the highest silhouette wins,"
        " for k as for the entry.",
        by_own_space,
    ),
    "ungated": Rule(
        "Reference spaces, no gate",
        "Silhouette, Davies-Bouldin and Calinski-Harabasz of all labelings in the same spaces; mean rank over them,"
        " k by silhouette.",
        ungated,
    ),
    "gated": Rule(
        "Reference spaces and gate", "The same, over those labelings only that pass the gate of the benchmark.", gated
    ),
    "full": Rule(
        "All rules",
        "The rule of the benchmark, which was chosen on tables with known classes.",
        lambda run: run.board,
    ),
}


def boards_of(run: StoredRun) -> dict[str, Leaderboard]:
    """Return the leaderboard under each rule."""
    return {name: rule.rank(run) for name, rule in RULES.items()}


def contenders(board: Leaderboard) -> pd.DataFrame:
    """Return the rows of a board of one dataset that compete, best first."""
    return board.table[~board.table["control"] & ~board.table["oracle"]].reset_index(drop=True)


def agreement(one: Leaderboard, other: Leaderboard) -> tuple[float, int]:
    """Return Spearman's rho of two boards over the entries that both rank, whatever chose their k."""
    correlation = rank_correlation(*(board.table.assign(k_policy="") for board in (one, other)))
    return correlation.rho, correlation.n_shared


def silhouettes(row: pd.Series, run: StoredRun) -> dict[str, float]:
    """Return the silhouette of an entry's chosen labeling per space, the mean over seeds."""
    scores = run.scores[run.scores["metric"] == "silhouette"]
    for column in (*KEY, "cut"):
        scores = scores[scores[column] == row[column]]
    return {str(space): float(value) for space, value in scores.groupby("space", sort=False)["value"].mean().items()}


def rejection(row: pd.Series, run: StoredRun) -> str:
    """Return why the gate rejects the labeling that an ungated entry has chosen, or ""."""
    cells = run.cells
    for column in (*KEY, "cut"):
        cells = cells[cells[column] == row[column]]
    reasons = cells.loc[cells["status"] == "rejected", "reason"]
    return str(reasons.iloc[0]) if len(reasons) else ""
