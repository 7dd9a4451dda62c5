"""Evidence for ranking rules: what they choose on tables with known classes, and what that loses."""

from __future__ import annotations

from clusterbench.truth.labelled_benchmark import folder_benchmark
from clusterbench.truth.regrets import Question, regrets
from clusterbench.truth.rule_files import Rule, load_rules, shipped_rules
from clusterbench.truth.summaries import leave_one_battery_out, summarise
from clusterbench.truth.truth_report import Evidence, evidence_text, gather_evidence, write_evidence

__all__ = [
    "Evidence",
    "Question",
    "Rule",
    "evidence_text",
    "folder_benchmark",
    "gather_evidence",
    "leave_one_battery_out",
    "load_rules",
    "regrets",
    "shipped_rules",
    "summarise",
    "write_evidence",
]
