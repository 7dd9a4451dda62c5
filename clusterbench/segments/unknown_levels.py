"""Levels of categories that the fitted table lacked, counted over the parts of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.segments.bundle import BundleManifest
from clusterbench.segments.raw_fields import categories
from clusterbench.text import printable

_MOST_LEVELS, _LONGEST_LEVEL = 3, 60  # unknown ones that are named, and their characters


@dataclass(frozen=True, slots=True)
class UnknownLevels:
    """The levels of a category that the fitted table lacked."""

    column: str
    n_rows: int
    levels: tuple[str, ...]  # the first of them

    @property
    def text(self) -> str:
        """What was found, as one line."""
        levels = printable(", ".join(repr(level[:_LONGEST_LEVEL]) for level in self.levels))
        rows = f"{self.n_rows:,} row{'s' if self.n_rows > 1 else ''}"
        return f"{rows} with a level of {printable(self.column)} that the fitted table lacked: {levels}"


class LevelCounts:
    """Counts of the rows whose level of a category the fitted table lacked, over the parts of a file."""

    def __init__(self, manifest: BundleManifest) -> None:
        self._names = [field.name for field in categories(manifest)]
        self._counts = np.zeros(len(self._names), dtype=np.int64)
        self._levels = [dict[str, None]() for _ in self._names]

    def add(self, unknown: Sequence[pd.Series]) -> None:
        """Count the rows of a part: of each category the texts that are no level, else missing."""
        self._counts += np.array([texts.count() for texts in unknown], dtype=np.int64)
        for known, texts in zip(self._levels, unknown, strict=True):
            known.update(dict.fromkeys(texts.dropna().unique()[:_MOST_LEVELS]))

    def unknown(self) -> tuple[UnknownLevels, ...]:
        """Return the categories that have such rows."""
        facts = zip(self._names, self._counts.tolist(), self._levels, strict=True)
        return tuple(UnknownLevels(name, n, tuple(texts)[:_MOST_LEVELS]) for name, n, texts in facts if n)
