"""Comparing two runs or exports: what moved, what differs, and what became worse."""

from clusterbench.comparison._compare import compare
from clusterbench.comparison._comparison import (
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
from clusterbench.comparison._side import Side, read_side
from clusterbench.comparison._text import comparison_text

__all__ = [
    "CellKey",
    "Comparison",
    "EntryKey",
    "FailureChange",
    "FitTime",
    "LabelChange",
    "ManifestChange",
    "Move",
    "ScoreChange",
    "Side",
    "compare",
    "comparison_text",
    "read_side",
]
