"""The gate: limits that a labeling must keep to be ranked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from pydantic import ConfigDict

from clusterbench.errors import RequestError
from clusterbench.text import percent


@dataclass(frozen=True, slots=True)
class Gate:
    """Limits that a labeling must keep to be ranked; RequestError if they are out of range, or none could ever pass."""

    # For the validation of benchmark files: a misspelled limit is an error.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    min_rows: int = 10
    """least number of rows of the smallest cluster"""
    min_share: float = 0.01
    """least share of all rows of the smallest cluster; the larger of both limits applies"""
    max_share: float = 0.95
    """largest share of all rows of one cluster"""
    max_noise: float = 0.30
    """largest share of noise rows"""
    min_clusters: int = 2
    """least number of clusters"""

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise RequestError(f"{limit.name} = {value!r} is not a number", where="gate")
        for name in ("min_share", "max_share", "max_noise"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise RequestError(f"{name} = {getattr(self, name)} is not a share", where="gate", allowed="0 to 1")
        if self.min_rows != int(self.min_rows) or self.min_rows < 1:
            raise RequestError(f"min_rows = {self.min_rows}", where="gate", allowed="an integer, 1 or more")
        if self.min_clusters != int(self.min_clusters) or self.min_clusters < 2:
            raise RequestError(
                f"min_clusters = {self.min_clusters}: no index is defined for fewer than 2 clusters",
                where="gate",
                allowed="an integer, 2 or more",
            )
        self._check_contradictions()

    def _check_contradictions(self) -> None:
        if self.min_share > self.max_share:
            what = f"min_share = {self.min_share} is above max_share = {self.max_share}: no cluster passes both"
            raise RequestError(what, where="gate", allowed="min_share <= max_share")
        if self.min_clusters * self.min_share > 1.0 + 1e-12:
            what = (
                f"{self.min_clusters} clusters of at least {percent(self.min_share)} of the rows are more than a table"
            )
            raise RequestError(what, where="gate", allowed="min_clusters x min_share <= 1")
        if self.max_share <= 0.0:
            raise RequestError("max_share = 0 rejects every cluster", where="gate", allowed="above 0, up to 1")

    def smallest_allowed(self, n_rows: int) -> int:
        """Return the least number of rows of the smallest cluster in a table of `n_rows` rows."""
        # The tolerance makes 0.07 x 100 give 7 rows, not 8.
        return max(int(self.min_rows), math.ceil(self.min_share * n_rows - 1e-9))

    def largest_allowed(self, n_rows: int) -> int:
        """Return the largest number of rows of a cluster in a table of `n_rows` rows."""
        return math.floor(self.max_share * n_rows + 1e-9)


def gate_reason(sizes: Sequence[int], n_noise: int, n_rows: int, gate: Gate) -> str | None:
    """Return why the gate rejects a labeling, or None if it passes.

    Parameters
    ----------
    sizes : sequence of int
        Rows per cluster, in any order, without noise.
    n_noise, n_rows : int
    gate : Gate

    Examples
    --------
    >>> gate_reason([8949, 1], 0, 8950, Gate())
    'smallest cluster has 1 of 8950 rows, needs 90'
    >>> gate_reason([60, 40], 0, 100, Gate()) is None
    True
    """
    n_clusters, smallest, largest = len(sizes), min(sizes, default=0), max(sizes, default=0)
    if n_noise > gate.max_noise * n_rows + 1e-9:
        share = n_noise / n_rows
        return f"{n_noise} of {n_rows} rows are noise ({percent(share, 1)}), allowed {percent(gate.max_noise)}"
    if n_clusters < gate.min_clusters:
        return f"{n_clusters} cluster{'' if n_clusters == 1 else 's'}, needs {int(gate.min_clusters)}"
    if smallest < gate.smallest_allowed(n_rows):
        return f"smallest cluster has {smallest} of {n_rows} rows, needs {gate.smallest_allowed(n_rows)}"
    if largest > gate.largest_allowed(n_rows):
        return f"largest cluster has {largest} of {n_rows} rows, allowed {gate.largest_allowed(n_rows)}"
    return None
