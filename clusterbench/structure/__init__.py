"""Structure: is there anything to cluster? Dip test, elbow and gap statistic."""

from clusterbench.structure.dip import DipTest, dip_statistic, dip_test, spread_ties
from clusterbench.structure.inertia import GapStatistic, elbow_k, gap_statistic, inertia_curves

__all__ = [
    "DipTest",
    "GapStatistic",
    "dip_statistic",
    "dip_test",
    "elbow_k",
    "gap_statistic",
    "inertia_curves",
    "spread_ties",
]
