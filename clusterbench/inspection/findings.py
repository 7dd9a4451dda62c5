"""What stands out in a table, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import pandas as pd

from clusterbench.inspection.table_inspection import Inspection
from clusterbench.report.number_text import fixed, share
from clusterbench.text import counted, listed

_ALIKE = 0.95  # rank correlation beyond which two columns say nearly the same
_SKEWED, _EVEN = 2.0, 1.0
_MOST_NAMED = 5


def findings(inspection: Inspection) -> list[str]:
    """Return what stands out in a table; the warnings that a run gives come first."""
    return [
        *inspection.warnings,
        *_sums(inspection),
        *_alike(inspection),
        *_rows(inspection),
        *_distributions(inspection.facts),
    ]


def strongest_pairs(inspection: Inspection) -> list[tuple[str, str, float, float]]:
    """Return all pairs of columns with their Pearson and Spearman correlation, the strongest by the latter first."""
    names, pearson, spearman = inspection.numbers, inspection.pearson.to_numpy(), inspection.spearman.to_numpy()
    pairs = [
        (names[one], names[other], float(pearson[one, other]), float(spearman[one, other]))
        for one, other in combinations(range(len(names)), 2)
    ]
    return sorted((pair for pair in pairs if pair[3] == pair[3]), key=lambda pair: -abs(pair[3]))


def _sums(inspection: Inspection) -> Iterator[str]:
    for one in inspection.sums:
        rows = "all rows" if one.share == 1 else f"{share(one.share)} of the rows"
        yield f"{one.text} in {rows}: the same enters distances twice"


def _alike(inspection: Inspection) -> Iterator[str]:
    pairs = [(one, other) for one, other, _, spearman in strongest_pairs(inspection) if abs(spearman) >= _ALIKE]
    if pairs:
        names = listed([f"{one} and {other}" for one, other in pairs], most=_MOST_NAMED)
        yield f"nearly the same order of rows (Spearman beyond {fixed(_ALIKE, 2)}): {names}"


def _rows(inspection: Inspection) -> Iterator[str]:
    complete = next((pattern.rows for pattern in inspection.patterns if not pattern.columns), 0)
    if inspection.patterns:
        gaps = sorted(inspection.missing.items(), key=lambda item: -item[1])
        names = [f"{name} ({count:,})" for name, count in gaps if count]
        incomplete = share(1 - complete / inspection.sampled)
        yield f"{incomplete} of the rows have a missing value: {listed(names, most=_MOST_NAMED)}"
    if inspection.repeated_rows:
        rows = f"{inspection.repeated_rows:,} {'row equals' if inspection.repeated_rows == 1 else 'rows equal'}"
        yield f"{rows} an earlier one in all features ({share(inspection.repeated_rows / inspection.n_rows)})"
    if inspection.far_out_rows:
        yield (
            f"{share(inspection.far_out_rows / inspection.sampled)} of the rows have a value that is far out,"
            " more than 3 interquartile ranges beyond a quartile"
        )


def _distributions(facts: pd.DataFrame) -> Iterator[str]:
    numeric = facts[facts["role"] == "numeric"]
    zeros = _names(numeric[numeric["zero_percent"] >= 50])
    if zeros:
        yield f"zero in at least half of the rows: {listed(zeros, most=_MOST_NAMED)}"
    skewed = numeric[numeric["skew"].abs() > _SKEWED]
    if len(skewed):
        mended = skewed[skewed["log_skew"].abs() < _EVEN]
        helped = f"; log1p brings {len(mended)} of them below {fixed(_EVEN, 0)}" if len(mended) else ""
        named = listed(_names(skewed), most=_MOST_NAMED)
        yield f"skewness above {fixed(_SKEWED, 0)} in {counted(len(skewed), 'column')}{helped}: {named}"


def _names(facts: pd.DataFrame) -> Sequence[str]:
    return [str(name) for name in facts.index]
