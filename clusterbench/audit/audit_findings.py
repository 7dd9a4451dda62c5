"""The thirteen findings of an audit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What an audit may find; the value is its name in the JSON document."""

    OTHER_SPACE = "other_space"
    DEGENERATE = "degenerate_sizes"
    NOISE_CLUSTER = "noise_as_cluster"
    ROWS_DROPPED = "rows_dropped"
    ID_COLUMN = "id_among_columns"
    IDLE_SCALER = "scaler_without_effect"
    UNSEEDED = "unseeded"
    LOCAL_OPTIMUM = "local_optimum"
    UNDEFINED = "undefined_as_number"
    OTHER_K = "other_k_or_table"
    CHANCE = "too_large_k"
    CONTROLS = "controls_as_well"
    NOT_STABLE = "not_stable"

    @property
    def heading(self) -> str:
        return _TITLES[self]

    @property
    def refutes(self) -> bool:
        """Whether a claim with this finding does not hold; else it holds with reservations."""
        return self not in (FindingKind.ROWS_DROPPED, FindingKind.UNSEEDED, FindingKind.IDLE_SCALER)


_TITLES = {
    FindingKind.OTHER_SPACE: "scored in another space than claimed",
    FindingKind.DEGENERATE: "degenerate sizes",
    FindingKind.NOISE_CLUSTER: "noise counted as a cluster",
    FindingKind.ROWS_DROPPED: "rows dropped",
    FindingKind.ID_COLUMN: "an id, a row number or a label among the columns",
    FindingKind.IDLE_SCALER: "a scaler without effect",
    FindingKind.UNSEEDED: "no seed stated",
    FindingKind.LOCAL_OPTIMUM: "a local optimum",
    FindingKind.UNDEFINED: "an undefined index reported as a number",
    FindingKind.OTHER_K: "the numbers of another k or table",
    FindingKind.CHANCE: "too large a k beside chance",
    FindingKind.CONTROLS: "controls do as well",
    FindingKind.NOT_STABLE: "not stable",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding with its evidence; `result` is the name of the result that it is about, "" for the whole claim."""

    kind: FindingKind
    evidence: str
    result: str = ""
