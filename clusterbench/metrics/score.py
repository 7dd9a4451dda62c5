"""What a score is: a value with a status and, where there is no value, a reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from clusterbench.statuses import ScoreStatus


class NoisePolicy(StrEnum):
    """What rows labelled -1 do to a score."""

    ZERO = "zero"
    DROP = "drop"
    CLUSTER = "cluster"
    NEAREST = "nearest"


class UndefinedScore(ValueError):
    """Raised by an external metric for a partition of which it has no value; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Score:
    """The value of one metric for one labeling in one space.

    `value` is NaN exactly when `status` is not ``ok``; then `reason` says why. `standard_error` is that of
    sampling rows: 0 where all rows were used.
    """

    value: float
    status: ScoreStatus = ScoreStatus.OK
    reason: str = ""
    standard_error: float = 0.0

    def __post_init__(self) -> None:
        if math.isnan(self.value) != (self.status is not ScoreStatus.OK):
            raise ValueError(f"a score is a number or has a reason, got {self.value} with status {self.status}")
        if self.status is not ScoreStatus.OK and not self.reason:
            raise ValueError(f"a score of status {self.status} needs a reason")

    @classmethod
    def undefined(cls, reason: str) -> Score:
        """Return a score that does not exist, with the reason."""
        return cls(math.nan, ScoreStatus.UNDEFINED, reason, math.nan)

    @classmethod
    def failed(cls, reason: str) -> Score:
        """Return a score that could not be computed, with the reason."""
        return cls(math.nan, ScoreStatus.FAILED, reason, math.nan)
