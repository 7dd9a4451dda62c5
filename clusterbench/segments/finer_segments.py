"""The choice of k: the scores at every k, and which segments split where one more is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.segments.profile import profile_segments
from clusterbench.segments.segment_names import suggest_names
from clusterbench.segments.segmentation import Segmentation
from clusterbench.tables import OWN
from clusterbench.text import listed, percent, printable

_PART = 0.1  # smallest share of a segment that counts as a part of it
_MOST_OF = 0.7  # share of a finer segment from which one present segment makes it up


@dataclass(frozen=True, slots=True)
class FinerSegment:
    """A segment of the same setting with one more segment."""

    name: str
    size: int
    shares: tuple[float, ...]  # share of its rows that come from each present segment, in their order


Parts = tuple[tuple[str, float], ...]
"""Names with shares, the largest first."""


@dataclass(frozen=True, slots=True)
class KStep:
    """What changes from k to k + 1 segments."""

    segments: tuple[FinerSegment, ...]
    splits: tuple[tuple[str, Parts], ...]  # present segments that come apart, and into what
    gathered: tuple[tuple[str, Parts], ...]  # finer segments that no present segment makes up, and of what

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changes, in words."""
        return tuple(
            printable(f"{name} {what} {listed([f'{part} ({percent(share)})' for part, share in parts])}.")
            for what, pairs in (("splits into", self.splits), ("is gathered from", self.gathered))
            for name, parts in pairs
        )


def k_step(segmentation: Segmentation, finer: Segmentation, names: Sequence[str]) -> KStep:
    """Return what changes where the same setting gives one more segment; both are of the same rows.

    `names` are those of the present segments. A segment splits if two finer ones have a tenth of it each; a finer
    segment is gathered if less than 70 % of it comes from one present segment.
    """
    finer_names = [one.name for one in suggest_names(profile_segments(finer))]
    counts = _counts(segmentation, finer)
    of_segment = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    of_finer = (counts / np.maximum(counts.sum(axis=0, keepdims=True), 1)).T
    sizes = np.bincount(finer.segment, minlength=finer.n_segments + 1)[1:]
    facts = zip(finer_names, sizes.tolist(), of_finer.tolist(), strict=True)
    splits = [(name, _parts(shares, finer_names)) for name, shares in zip(names, of_segment, strict=True)]
    gathered = [(name, _parts(shares, names)) for name, shares in zip(finer_names, of_finer, strict=True)]
    return KStep(
        tuple(FinerSegment(name, size, tuple(shares)) for name, size, shares in facts),
        tuple((name, parts) for name, parts in splits if len(parts) > 1),
        tuple((name, parts) for name, parts in gathered if parts and parts[0][1] < _MOST_OF),
    )


def _parts(shares: NDArray[np.float64], names: Sequence[str]) -> Parts:
    order = np.argsort(-shares, kind="stable")
    return tuple((names[place], float(shares[place])) for place in order if shares[place] >= _PART)


def _counts(segmentation: Segmentation, finer: Segmentation) -> NDArray[np.int64]:
    """Return the rows that each pair of a segment and a finer segment has in common, shape (k, k + 1)."""
    both = (segmentation.segment > 0) & (finer.segment > 0)
    counts = np.zeros((segmentation.n_segments, finer.n_segments), dtype=np.int64)
    np.add.at(counts, (segmentation.segment[both] - 1, finer.segment[both] - 1), 1)
    return counts


def k_curve_table(segmentation: Segmentation) -> pd.DataFrame:
    """Return the leaderboard's scores of the setting by k: a row per k, a column per metric and reference space."""
    curve = segmentation.k_curve[segmentation.k_curve["space"] != OWN]
    wide = curve.assign(column=curve["metric"] + ", " + curve["space"]).pivot_table(
        index="k", columns="column", values="value", sort=False
    )
    return wide.sort_index()
