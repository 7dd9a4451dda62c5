"""The words that the ranking room shares: k policies and the keys of its frames."""

from __future__ import annotations

from enum import StrEnum


class KPolicy(StrEnum):
    """How an entry's cut is chosen among those that were run."""

    FIXED = "fixed"
    CALIBRATED = "calibrated"
    SILHOUETTE = "silhouette"
    ORACLE = "oracle"


OWN = "own"
"""Name of the space in which a labeling was fitted: shown, never ranked."""

OVERALL = "(all)"
"""Name in the dataset column of the board over all datasets."""

STABILITY = "stability"
"""Name of the stability column and of its family."""

ENTRY = ["dataset", "algorithm", "params", "variant"]
CUT_KEY = [*ENTRY, "cut"]
CELL_KEY = [*CUT_KEY, "seed"]
