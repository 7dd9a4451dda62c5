"""Statuses of cells and scores."""

from enum import StrEnum


class CellStatus(StrEnum):
    """How the computation of a cell ended; every status but ``ok`` comes with a reason."""

    OK = "ok"
    UNDEFINED = "undefined"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    SKIPPED = "skipped"


FAILED_STATUSES = (CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY)
"""Cells that can be tried again."""

WITHOUT_LABELS = (*FAILED_STATUSES, CellStatus.SKIPPED)
"""Cells that never have a labeling."""


class ScoreStatus(StrEnum):
    """Whether a metric has a value for a labeling."""

    OK = "ok"
    UNDEFINED = "undefined"
    FAILED = "failed"
