"""Alerts: what a reader must know before using a leaderboard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What an alert puts in doubt: that there is anything to rank, or the order alone."""

    SERIOUS = "serious"
    WARNING = "warning"


class AlertKind(StrEnum):
    """What an alert is about."""

    NOT_ROBUST = "not robust"
    METRICS_DISAGREE = "metrics disagree"
    CONTROLS_UNBEATEN = "controls not beaten"
    END_OF_RANGE = "end of range"
    CHANCE = "chance"
    MISSING_SCORES = "missing scores"
    FAILED_CELLS = "failed cells"
    NO_STRUCTURE = "no structure"
    KNOWN_CLASSES = "known classes"
    DATA = "data"
    SELECTION = "selection"
    SAMPLED_FITS = "sampled fits"
    SAMPLED_SCORES = "sampled scores"


_SERIOUS = frozenset({AlertKind.CONTROLS_UNBEATEN, AlertKind.NO_STRUCTURE})


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert."""

    kind: AlertKind
    text: str  # without the name of the dataset
    dataset: str = ""  # "" for the whole run
    oracle: bool = False  # whether it is about the entries with the true k given

    @property
    def severity(self) -> Severity:
        return Severity.SERIOUS if self.kind in _SERIOUS else Severity.WARNING

    def __str__(self) -> str:
        place = f"{self.dataset}{' (oracle)' if self.oracle else ''}: " if self.dataset else ""
        return f"{place}{self.text}"
