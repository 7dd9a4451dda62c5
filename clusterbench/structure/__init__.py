"""Structure: is there anything to cluster? Tables without clusters, dip tests, one verdict; elbow and gap statistic."""

from clusterbench.structure.coordinates import invariant_coordinates
from clusterbench.structure.copula import copula_table
from clusterbench.structure.dip import ColumnDip, column_dips, dip_p_value, dip_statistic, spread_ties
from clusterbench.structure.finding import DIP_LEVEL, MARGIN, StructureFinding, StructureVerdict, TableFit
from clusterbench.structure.inertia import GapStatistic, elbow_k, gap_statistic, inertia_curves

__all__ = [
    "DIP_LEVEL",
    "MARGIN",
    "ColumnDip",
    "GapStatistic",
    "StructureFinding",
    "StructureVerdict",
    "TableFit",
    "column_dips",
    "copula_table",
    "dip_p_value",
    "dip_statistic",
    "elbow_k",
    "gap_statistic",
    "inertia_curves",
    "invariant_coordinates",
    "spread_ties",
]
