"""The points of a dashboard: a sample stratified by segment, or the means of the segments where no row is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.seeding import stable_rng
from clusterbench.segments.description import SegmentDescription
from clusterbench.segments.profile import Scale
from clusterbench.segments.segmentation import Segmentation
from clusterbench.segments.thresholds import stratified_sample
from clusterbench.text import percent, printable

_MOST_POINTS = 2_000
_MOST_COLUMNS = 40  # of the table, offered as axes
_N_COMPONENTS = 3
_N_COLOURS = 7  # of `segment_colour`
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Points with their positions on every axis that is offered."""

    axes: tuple[str, ...]  # principal components of the space first, then columns of the table
    values: Values  # (points, axes), NaN where a row has no value
    segment: NDArray[np.int64]  # (points,), 0: no segment
    ids: tuple[str, ...]  # of the rows; empty where the points are means
    sizes: tuple[int, ...]  # rows behind each point; empty where the points are rows
    caption: str

    def document(self, numbers: tuple[int, ...], names: tuple[str, ...], colours: tuple[str, ...]) -> dict[str, object]:
        """Return what the script of the page reads, with four significant digits; the arguments are of segments."""
        columns = [[None if math.isnan(v) else float(f"{v:.4g}") for v in column] for column in self.values.T.tolist()]
        return {
            "axes": self.axes,
            "values": columns,
            "segment": self.segment.tolist(),
            "ids": self.ids,
            "sizes": self.sizes,
            "numbers": (0, *numbers),
            "names": ("no segment", *names),
            "colours": ("#8b949e", *colours),
        }


def scatter_of(description: SegmentDescription) -> Scatter:
    """Return the points of a dashboard.

    With rows: at most 2,000, of each segment its share and at least ten. Without: one point per segment, the mean of
    its rows on every axis. The axes are the first three principal components of the space of the clustering and the
    columns of the table that are not levels of categories, skewed ones as log(1 + value).
    """
    segmentation = description.segmentation
    components, shares = _components(segmentation.space)
    columns = [one for one in description.profiles[0].columns if one.marked is None][:_MOST_COLUMNS]
    logged = {one.column for one in columns if one.scale is Scale.LOG1P}
    axes = [f"component {place} ({percent(part)})" for place, part in enumerate(shares, start=1)]
    axes += [f"log(1 + {printable(c.column)})" if c.column in logged else printable(c.column) for c in columns]
    if description.with_rows:
        rows = stratified_sample(segmentation.segment, _MOST_POINTS, stable_rng(0, "segment points"))
    else:
        rows = np.flatnonzero(segmentation.segment > 0)
    at = segmentation.space[rows] @ components
    raw = segmentation.table[[one.column for one in columns]].iloc[rows].to_numpy(dtype=np.float64)
    values = np.hstack([at, np.where([one.column in logged for one in columns], np.log1p(np.maximum(raw, 0)), raw)])
    if description.with_rows:
        return _of_rows(segmentation, rows, tuple(axes), values)
    segment = segmentation.segment[rows]
    means = pd.DataFrame(values).groupby(segment).mean().to_numpy(dtype=np.float64)
    sizes = tuple(np.bincount(segment)[1:].tolist())
    caption = "Each circle is the mean of a segment, its area the number of rows; single rows are left out."
    return Scatter(tuple(axes), means, np.arange(1, len(sizes) + 1), (), sizes, caption)


def _of_rows(segmentation: Segmentation, rows: NDArray[np.int64], axes: tuple[str, ...], values: Values) -> Scatter:
    n, segment = len(segmentation.segment), segmentation.segment[rows]
    shown = "all" if len(rows) == n else f"{len(rows):,} of {n:,}"
    how = "" if len(rows) == n else ", sampled by segment: of each its share, at least ten"
    small = "; small grey dots have no segment" if (segment == 0).any() else ""
    if segmentation.n_segments > _N_COLOURS:
        small += f"; colours repeat after {_N_COLOURS} segments, with other marks"
    caption = f"{shown} rows{how}. A number marks the middle of its segment; far rows are drawn at the edge{small}."
    ids = tuple(map(printable, segmentation.table.index[rows]))
    return Scatter(axes, values, segment, ids, (), caption[0].upper() + caption[1:])


def _components(space: Values) -> tuple[Values, tuple[float, ...]]:
    """Return the first principal directions of a matrix, shape (d, 3 at most), and their shares of its variance."""
    centred = space - space.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(-variances, kind="stable")[:_N_COMPONENTS]
    chosen = directions[:, order]
    largest = np.abs(chosen).argmax(axis=0)
    chosen = chosen * np.sign(chosen[largest, np.arange(chosen.shape[1])])
    total = max(float(variances.sum()), 1e-300)
    return chosen, tuple((np.maximum(variances[order], 0.0) / total).tolist())
