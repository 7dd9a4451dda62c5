"""Histograms of columns, as counts and as small pictures."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

_BINS = 24
_WIDTH, _HEIGHT = 240, 48


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values in bins of equal width, between their smallest and their largest."""

    low: float
    high: float
    counts: tuple[int, ...]

    def svg(self, title: str) -> str:
        """Return a picture of 240 by 48 units, a bar per bin."""
        width, most = _WIDTH / len(self.counts), max(self.counts)
        heights = [max(1, round(_HEIGHT * count / most)) if count else 0 for count in self.counts]
        bars = [
            f"M{round(at * width)} {_HEIGHT}v{-height}h{round(width) - 1}v{height}"
            for at, height in enumerate(heights)
            if height
        ]
        named = f'role="img" aria-label="{escape(title, quote=True)}"'
        return f'<svg class="bars" viewBox="0 0 {_WIDTH} {_HEIGHT + 1}" {named}><path d="{"".join(bars)}"/></svg>'


def histogram(values: NDArray[np.float64]) -> Histogram | None:
    """Return the histogram of the values, shape (n,), that are present; None of a column without two values."""
    present = values[~np.isnan(values)]
    if not len(present) or present.min() == present.max():
        return None
    low, high = float(present.min()), float(present.max())
    counts = np.histogram(present / 2, _BINS, (low / 2, high / 2))[0]  # halves: a range beyond the largest float
    return Histogram(low, high, tuple(counts.tolist()))
