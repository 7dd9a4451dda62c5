"""The verdict on a table: is there structure beyond its columns and their rank correlations?"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clusterbench.structure.dip import ColumnDip
from clusterbench.text import counted, listed

LEVEL = 0.05
"""Level of the comparison with drawn tables: at least 19 are needed."""
MARGIN = 0.05
"""By how much a silhouette must exceed those of all drawn tables: the copula of a ball, of a heavy-tailed distribution
or of a factor that is not normal is not quite Gaussian, which alone raises silhouettes by up to 0.05."""
CLUSTERED = 0.9
"""A drawn table that reaches this silhouette is clustered itself: the values of the columns are groups already."""
DIP_LEVEL = 0.02
_MOST_COLUMNS = 5


class StructureVerdict(StrEnum):
    """Whether a table has structure that a clustering can find."""

    FOUND = "structure found"
    NOT_FOUND = "no structure found"
    NOT_DECIDED = "structure not decided"


@dataclass(frozen=True, slots=True)
class TableFit:
    """k-means on one table."""

    silhouette: float | None  # largest of a labeling that passes the gate, mean over the reference spaces; None without
    inertia: Mapping[int, float]  # in the first reference space, by k


@dataclass(frozen=True, slots=True)
class StructureFinding:
    """What the structure tests of a dataset gave."""

    dataset: str
    n_rows: int  # on which everything was tested
    observed: TableFit  # k-means on these rows
    drawn: tuple[TableFit, ...]  # k-means on tables drawn from the Gaussian copula of these rows
    dips: tuple[ColumnDip, ...]  # of the columns of the first reference space and their combinations, ascending by p

    @property
    def silhouettes(self) -> tuple[float, ...]:
        """Silhouettes of the drawn tables that have a partition that passes the gate."""
        return tuple(fit.silhouette for fit in self.drawn if fit.silhouette is not None)

    @property
    def p(self) -> float | None:
        """Share of tables, this one included, that reach its silhouette less `MARGIN`; None if untested.

        A drawn table whose partitions all fail the gate is no evidence, and counts as one that reaches it.
        """
        if self.observed.silhouette is None or not self.drawn:
            return None
        limit = self.observed.silhouette - MARGIN
        below = sum(value < limit for value in self.silhouettes)
        return (1 + len(self.drawn) - below) / (1 + len(self.drawn))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, and combinations of columns, with more than one mode."""
        return tuple(dip.column for dip in self.dips if dip.p <= DIP_LEVEL)

    @property
    def verdict(self) -> StructureVerdict:
        if self.columns or (self.p is not None and self.p <= LEVEL):
            return StructureVerdict.FOUND
        # A few drawn tables can contradict structure, but cannot show it.
        reached = self.p is not None and self.p > 1 / (1 + len(self.drawn))
        decided = reached and max(self.silhouettes, default=0.0) < CLUSTERED
        return StructureVerdict.NOT_FOUND if decided else StructureVerdict.NOT_DECIDED

    @property
    def text(self) -> str:
        """The verdict with what was tested, in one sentence."""
        modes = listed(self.columns, most=_MOST_COLUMNS) or "none"
        smallest = f", smallest p = {self.dips[0].p:.2g}" if self.dips else ""
        return (
            f"{self.verdict} in {self.n_rows:,} rows: {self._comparison()}; columns or combinations of"
            f" columns with more than one mode: {modes} (dip test at {DIP_LEVEL:g}, corrected for {len(self.dips)}"
            f"{smallest})"
        )

    def _comparison(self) -> str:
        if self.observed.silhouette is None:
            return "no partition by k-means passes the gate"
        highest = f"at most {max(self.silhouettes):.3f}" if self.silhouettes else "no partition that passes the gate"
        few = "" if len(self.drawn) + 1 >= 1 / LEVEL else f", of the {round(1 / LEVEL) - 1} that a verdict needs"
        return (
            f"k-means reaches a silhouette of {self.observed.silhouette:.3f}, and {highest} on"
            f" {counted(len(self.drawn), 'table')}{few}, with the same columns and rank correlations but no clusters"
            f" (Gaussian copula, margin {MARGIN:g}, p = {self.p:.2f})"
        )
