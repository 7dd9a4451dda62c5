"""Verification: reproduce rows of a run, and compare two runs or exports."""

from clusterbench.verification.comparison import (
    CellKey,
    Comparison,
    EntryKey,
    FailureChange,
    FitTime,
    LabelChange,
    ManifestChange,
    Move,
    ScoreChange,
)
from clusterbench.verification.comparison_text import comparison_text
from clusterbench.verification.equality import NOT_RECORDED, manifest_differences, printable, same_score
from clusterbench.verification.matching import compare
from clusterbench.verification.reproducing import reproduce
from clusterbench.verification.reproduction import Difference, Matter, RefittedRow, Reproduction, reproduction_text
from clusterbench.verification.sides import Side, read_side
from clusterbench.verification.targets import entry_target

__all__ = [
    "NOT_RECORDED",
    "CellKey",
    "Comparison",
    "Difference",
    "EntryKey",
    "FailureChange",
    "FitTime",
    "LabelChange",
    "ManifestChange",
    "Matter",
    "Move",
    "RefittedRow",
    "Reproduction",
    "ScoreChange",
    "Side",
    "compare",
    "comparison_text",
    "entry_target",
    "manifest_differences",
    "printable",
    "read_side",
    "reproduce",
    "reproduction_text",
    "same_score",
]
