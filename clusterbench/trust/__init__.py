"""Trust: how much the first place of a table without known classes is likely to lose."""

from __future__ import annotations

from clusterbench.trust.first_place import FEATURES, first_place_features
from clusterbench.trust.rule_evidence import RuleEvidence, shipped_evidence
from clusterbench.trust.run_trust import dataset_trust, run_trust, trust_by_dataset
from clusterbench.trust.trust_estimate import (
    NO_CLUSTERS,
    Coefficients,
    TrustEstimate,
    estimate_trust,
    shipped_coefficients,
)

__all__ = [
    "FEATURES",
    "NO_CLUSTERS",
    "Coefficients",
    "RuleEvidence",
    "TrustEstimate",
    "dataset_trust",
    "estimate_trust",
    "first_place_features",
    "run_trust",
    "shipped_coefficients",
    "shipped_evidence",
    "trust_by_dataset",
]
