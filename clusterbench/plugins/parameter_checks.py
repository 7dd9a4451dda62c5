"""Small checks of parameter values, for the `check_params` of plug-ins."""

import math
import sys
from collections.abc import Iterable

from clusterbench.errors import did_you_mean

SCIPY_DISTANCES = {
    "euclidean": "euclidean",
    "l2": "euclidean",
    "manhattan": "cityblock",
    "cityblock": "cityblock",
    "l1": "cityblock",
    "cosine": "cosine",
    "chebyshev": "chebyshev",
}
"""scikit-learn's names of distances and scipy's; every algorithm takes its distances from here."""


def require_choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Raise ValueError, with the nearest spelling, unless `value` is one of `choices`."""
    known = list(choices)
    if not (isinstance(value, str) and value in known):
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        raise ValueError(f"{name} = {value!r} is not one of {', '.join(known)}{hint}")


def number_complaint(
    value: object, *, integer: bool = False, low: float = -math.inf, open_low: bool = False
) -> str | None:
    """Return what `value` should have been ("a number above 0"), or None where it is so."""
    kinds = int if integer else (int, float)
    # A file may hold integers of any size; no library takes one that no float holds.
    good = isinstance(value, kinds) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if good and (value > low if open_low else value >= low):  # type: ignore[operator]
        return None
    bound = "" if low == -math.inf else f" above {low:g}" if open_low else f" of at least {low:g}"
    return f"{'an integer' if integer else 'a number'}{bound}"


def require_number(name: str, value: object, *, integer: bool = False, low: float, open_low: bool = False) -> None:
    """Raise ValueError unless `value` is a finite number of at least `low` (above it, where `open_low`)."""
    complaint = number_complaint(value, integer=integer, low=low, open_low=open_low)
    if complaint:
        raise ValueError(f"{name} = {value!r} is not {complaint}")


def share_complaint(value: object) -> str | None:
    """Return what `value` should have been, or None where it is a number above 0 and below 1."""
    good = isinstance(value, float) and 0.0 < value < 1.0
    return None if good else "a share above 0 and below 1"
