"""Ranking: from tidy frames of cells and scores to a leaderboard. Knows no algorithm, no file and no plot."""

from clusterbench.cells import CellStatus
from clusterbench.ranking._calibrate import calibrated_scores
from clusterbench.ranking._columns import Column, board_columns
from clusterbench.ranking._compare import (
    RankCorrelation,
    Significance,
    critical_difference,
    rank_correlation,
    win_rates,
)
from clusterbench.ranking._dip import DipTest, dip_statistic, dip_test
from clusterbench.ranking._gate import Gate, apply_gate, gate_reason
from clusterbench.ranking._headline import Severity, severity_of
from clusterbench.ranking._leaderboard import Leaderboard, leaderboard
from clusterbench.ranking._letters import letters_of, tie_letters
from clusterbench.ranking._ranks import column_ranks, final_ranks, mean_ranks, pareto_mask
from clusterbench.ranking._select import select_k
from clusterbench.ranking._spec import RankingSpec
from clusterbench.ranking._structure import GapStatistic, elbow_k, gap_statistic, inertia_curves
from clusterbench.ranking._words import OVERALL, OWN, KPolicy
from clusterbench.scoring import stable_rng

__all__ = [
    "OVERALL",
    "OWN",
    "CellStatus",
    "Column",
    "DipTest",
    "GapStatistic",
    "Gate",
    "KPolicy",
    "Leaderboard",
    "RankCorrelation",
    "RankingSpec",
    "Severity",
    "Significance",
    "apply_gate",
    "board_columns",
    "calibrated_scores",
    "column_ranks",
    "critical_difference",
    "dip_statistic",
    "dip_test",
    "elbow_k",
    "final_ranks",
    "gap_statistic",
    "gate_reason",
    "inertia_curves",
    "leaderboard",
    "letters_of",
    "mean_ranks",
    "pareto_mask",
    "rank_correlation",
    "select_k",
    "severity_of",
    "stable_rng",
    "tie_letters",
    "win_rates",
]
