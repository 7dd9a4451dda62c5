"""Ranking: from tidy frames of cells and scores to a leaderboard. Knows no algorithm, no file and no plot."""

from clusterbench.ranking.across_datasets import (
    RankCorrelation,
    Significance,
    critical_difference,
    rank_correlation,
    win_rates,
)
from clusterbench.ranking.alerts import Alert, AlertKind, Severity
from clusterbench.ranking.board import ONLY_SPACE
from clusterbench.ranking.board_columns import Column, board_columns
from clusterbench.ranking.calibration import GENERATORS, Baselines, z_matrix
from clusterbench.ranking.candidates import CRITERIA_COLUMNS, Candidates, choose_candidates
from clusterbench.ranking.draws import Draws
from clusterbench.ranking.gate import Gate, gate_reason
from clusterbench.ranking.leaderboards import Leaderboard, leaderboard, rank_candidates
from clusterbench.ranking.letters import letters_of, tie_letters
from clusterbench.ranking.ranks import column_ranks, final_ranks, mean_ranks, pareto_mask
from clusterbench.ranking.rules import BETTER_OF, DEFAULT_SCORE, KPolicy, OrderRule, RankingSpec

__all__ = [
    "BETTER_OF",
    "CRITERIA_COLUMNS",
    "DEFAULT_SCORE",
    "GENERATORS",
    "ONLY_SPACE",
    "Alert",
    "AlertKind",
    "Baselines",
    "Candidates",
    "Column",
    "Draws",
    "Gate",
    "KPolicy",
    "Leaderboard",
    "OrderRule",
    "RankCorrelation",
    "RankingSpec",
    "Severity",
    "Significance",
    "board_columns",
    "choose_candidates",
    "column_ranks",
    "critical_difference",
    "final_ranks",
    "gate_reason",
    "leaderboard",
    "letters_of",
    "mean_ranks",
    "pareto_mask",
    "rank_candidates",
    "rank_correlation",
    "tie_letters",
    "win_rates",
    "z_matrix",
]
