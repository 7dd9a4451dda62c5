"""Verification: reproduce rows of a run, and compare two runs or exports."""

from clusterbench.verification.comparison import Comparison, Counts, comparison_text
from clusterbench.verification.differences import (
    Difference,
    Judgement,
    Kind,
    Rank,
    RowKey,
    fact_differences,
    same_score,
)
from clusterbench.verification.matching import compare
from clusterbench.verification.refitting import planned_again, reproduce
from clusterbench.verification.reproduction import Outcome, RefittedRow, Reproduction, reproduction_text
from clusterbench.verification.sides import Side, read_side
from clusterbench.verification.submitted_results import reproduce_sample
from clusterbench.verification.targets import Target, entry_target, find_target

__all__ = [
    "Comparison",
    "Counts",
    "Difference",
    "Judgement",
    "Kind",
    "Outcome",
    "Rank",
    "RefittedRow",
    "Reproduction",
    "RowKey",
    "Side",
    "Target",
    "compare",
    "comparison_text",
    "entry_target",
    "fact_differences",
    "find_target",
    "planned_again",
    "read_side",
    "reproduce",
    "reproduce_sample",
    "reproduction_text",
    "same_score",
]
