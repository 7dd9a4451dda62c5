"""Outcomes of fit jobs: what an executor reports and a store keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clusterbench.labeling import Labeling
from clusterbench.statuses import CellStatus


@dataclass(frozen=True, slots=True)
class CutDone:
    """A cell is finished, with a labeling or with a reason why there is none."""

    key: str
    cut: str
    status: CellStatus
    reason: str = ""  # one line, at most about 600 characters; "" where the status is ``ok``
    labeling: Labeling | None = None
    seconds: float = 0.0  # of this cut alone
    inertia: float | None = None
    info: Mapping[str, Any] = field(default_factory=dict)  # plain values for the drill-down; ``warnings`` is a list
    build_seconds: float = 0.0  # of what the cuts of the job share; the same in each of them
    peak_mb: float = 0.0  # of the job up to the end of this cut, above what its worker held when the clock started


@dataclass(frozen=True, slots=True)
class TaskDone:
    """The job is over. Cuts without a `CutDone` share its status and reason."""

    key: str
    status: CellStatus
    reason: str = ""
    build_seconds: float = 0.0
    peak_mb: float = 0.0
