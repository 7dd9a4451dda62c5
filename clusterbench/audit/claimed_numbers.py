"""Claimed numbers beside those found: reproduced to the digits printed, close, or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from clusterbench.audit.claim import COUNTS, ClaimedResult
from clusterbench.labeling import Labeling
from clusterbench.metrics import METRICS

_CLOSE = 0.02  # of the claimed value, or of the range of a bounded index
_CLOSE_ROWS = 0.01  # of the rows are in another cluster
_ROUNDING = 1e-6  # of a value: the last bits differ between machines


class Agreement(StrEnum):
    """How a claimed number agrees with the one found."""

    REPRODUCED = "reproduced"
    CLOSE = "close"
    NOT = "not reproduced"
    NOTHING = "no number claimed"


@dataclass(frozen=True, slots=True)
class ComparedNumber:
    """A claimed number, the one found, and how they agree."""

    name: str
    claimed: str
    found: str
    agreement: Agreement


def compare_numbers(
    result: ClaimedResult, labeling: Labeling, inertia: float | None, scores: Mapping[str, float]
) -> list[ComparedNumber]:
    """Return every claimed number beside the one of a labeling; `scores` are by metric, NaN where undefined."""
    n_rows = len(labeling.labels)
    counts = dict(zip(COUNTS, (labeling.n_clusters, labeling.n_noise, n_rows), strict=True))
    found = {**scores, **counts, "inertia": math.nan if inertia is None else inertia}
    compared = [_number(name, claimed, float(found[name])) for name, claimed in result.numbers.items()]
    if result.sizes is not None:
        compared.append(_sizes(result.sizes, labeling.sizes, n_rows))
    return compared


def worst(compared: list[ComparedNumber]) -> Agreement:
    """Return the worst agreement of some numbers."""
    order = [Agreement.NOT, Agreement.CLOSE, Agreement.REPRODUCED]
    present = {one.agreement for one in compared}
    return next((agreement for agreement in order if agreement in present), Agreement.NOTHING)


def _number(name: str, claimed: Decimal, found: float) -> ComparedNumber:
    value, exponent = float(claimed), claimed.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    metric = METRICS.get(name)
    printed = 0.0 if name in COUNTS else 0.5 * 10.0**-decimals if decimals > 0 else 0.5
    slack = max(printed * (1 + 1e-6), _ROUNDING * abs(value), 10.0**-metric.digits if metric else 0.0)
    is_bounded = metric is not None and math.isfinite(metric.upper - metric.lower)
    close = 0.01 if is_bounded else _CLOSE * abs(value)
    gap = abs(value - found)
    agreement = Agreement.REPRODUCED if gap <= slack else Agreement.CLOSE if gap <= close else Agreement.NOT
    is_count = name in COUNTS or (decimals == 0 and found.is_integer())
    text = "undefined" if math.isnan(found) else f"{found:.{0 if is_count else max(decimals, 4)}f}"
    return ComparedNumber(name, str(claimed), text, agreement)


def _sizes(claimed: tuple[int, ...], found: tuple[int, ...], n_rows: int) -> ComparedNumber:
    width = max(len(claimed), len(found))
    pairs = zip(claimed + (0,) * (width - len(claimed)), found + (0,) * (width - len(found)), strict=True)
    moved = sum(abs(a - b) for a, b in pairs) / 2
    close = len(claimed) == len(found) and moved <= _CLOSE_ROWS * n_rows
    agreement = Agreement.REPRODUCED if claimed == found else Agreement.CLOSE if close else Agreement.NOT
    return ComparedNumber("sizes", ", ".join(map(str, claimed)), ", ".join(map(str, found)), agreement)
