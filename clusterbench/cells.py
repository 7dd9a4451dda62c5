"""How a cell can end: the one list of statuses that all rooms share."""

from __future__ import annotations

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
