"""When two scores are one, and in what two manifests differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from clusterbench.metrics import get_metric

NOT_RECORDED = "not recorded"


def same_score(metric: str, one: float, other: float) -> bool:
    """Return whether two values of a metric differ by less than its last reproducible digit.

    Parameters
    ----------
    metric : str
    one, other : float
        NaN is no score; it equals NaN alone.

    Raises
    ------
    RequestError
        For an unknown metric.

    Examples
    --------
    >>> same_score("silhouette", 0.5, 0.5000004), same_score("silhouette", 0.5, 0.500002)
    (True, False)
    """
    step = 10.0 ** -get_metric(metric).digits
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or abs(one - other) < step


def manifest_differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (what, value in `one`, value in `other`) for all that two manifests tell differently.

    Examples
    --------
    >>> manifest_differences({"threads": 1, "packages": {"numpy": "1"}}, {"threads": 2, "packages": {"numpy": "1"}})
    [('threads', '1', '2')]
    """
    left, right = dict(_facts(one)), dict(_facts(other))
    pairs = [(what, left.get(what, NOT_RECORDED), right.get(what, NOT_RECORDED)) for what in {**left, **right}]
    return [(what, a, b) for what, a, b in pairs if a != b]


def _facts(manifest: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, str]]:
    for name, value in manifest.items():
        what = f"{head} {name}".strip()
        if isinstance(value, Mapping):
            yield from _facts(value, what)
        elif isinstance(value, list | tuple):
            yield what, ", ".join(map(str, value))
        else:
            yield what, "none" if value is None else str(value)


def printable(line: str) -> str:
    """Return a line that no name in it can turn into two, or into commands for a terminal.

    Examples
    --------
    >>> printable("a\\x1b[31m\\nb")
    'a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
