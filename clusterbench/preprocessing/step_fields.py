"""The values that arguments of steps may take, shared by several steps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

ALL = "all"
NONNEGATIVE = "nonnegative"


def _as_names(value: Any) -> Any:
    """Take one name for a list of one, and a repeated name once."""
    listed = [value] if isinstance(value, str) else value
    if isinstance(listed, list | tuple) and all(isinstance(name, str) for name in listed):
        return tuple(dict.fromkeys(listed))
    return listed


def _as_pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _ascending(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError("the first must be below the second")
    return pair


def _percentages(pair: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= pair[0] < pair[1] <= 100:
        raise ValueError("both must lie between 0 and 100, the first below the second")
    return pair


def _count_or_share(value: Any) -> Any:
    # By hand, because 1 is a count and 1.0 is neither a count nor a share.
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    share = isinstance(value, float) and 0.0 < value < 1.0
    if not (value is None or value == "mle" or whole or share):
        raise ValueError("neither a count nor a share")
    return value


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_names),
    Field(min_length=1, description="a column, a named group, 'all', 'nonnegative', or a list of these"),
]
Range = Annotated[
    tuple[float, float],
    BeforeValidator(_as_pair),
    AfterValidator(_ascending),
    Field(description="[low, high] with low < high"),
]
PercentRange = Annotated[
    tuple[float, float],
    BeforeValidator(_as_pair),
    AfterValidator(_percentages),
    Field(description="[low, high] in percent, 0 <= low < high <= 100"),
]
Quantile = Annotated[float, Field(ge=0.0, le=1.0, description="a quantile from 0 to 1")]
Flag = Annotated[bool, Field(description="true or false")]
Count = Annotated[int, Field(ge=1, description="an integer of at least 1")]
Number = Annotated[float, Field(description="a finite number")]
Positive = Annotated[float, Field(ge=0.0, description="a number of at least 0")]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1, description="an integer from 0 to 4294967295")]
Components = Annotated[
    int | float | Literal["mle"] | None,
    BeforeValidator(_count_or_share),
    Field(description="a count of at least 1, a share of variance between 0 and 1 (both excluded), or 'mle'"),
]
