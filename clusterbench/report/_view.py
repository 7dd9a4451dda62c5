"""The clusters of an entry in a plane, as a small SVG: one path per cluster, a number at its middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SIZE, _EDGE = 260, 12
# Okabe & Ito 2008; each colour comes with a shape, and every cluster is numbered.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "currentColor")
_SHAPES = (("h0", "round", 4.6), ("h0", "square", 4.0), ("h5", "butt", 1.8), ("v5", "butt", 1.8), ("l4 4", "butt", 1.8))
_MOST_NUMBERED = 12


@dataclass(frozen=True, slots=True)
class View:
    """A picture of the sampled rows; `body` is an SVG element, `told` a sentence on it."""

    body: str
    told: str


def view_of(points: pd.DataFrame, labels: Sequence[int], name: str) -> View:
    """Draw sampled rows in the plane of the first two principal components.

    Parameters
    ----------
    points : DataFrame
        x, y, share_x, share_y; one row per sampled row.
    labels : sequence of int
        Their clusters; -1 is noise, drawn as small grey dots.
    name : str
        The entry, for the title.
    """
    at = _scaled(points)
    groups = np.asarray(labels)
    parts = (
        [_path(at[groups < 0], "currentColor", ("h0", "round", 2.0), ' opacity=".45"')] if (groups < 0).any() else []
    )
    clusters = [int(cluster) for cluster in np.unique(groups[groups >= 0])]
    parts += [
        _path(at[groups == cluster], _COLOURS[cluster % len(_COLOURS)], _SHAPES[cluster % len(_SHAPES)], "")
        for cluster in clusters
    ]
    parts += [_number(at[groups == cluster], cluster) for cluster in clusters[:_MOST_NUMBERED]]
    shares = points["share_x"].iloc[0] + points["share_y"].iloc[0] if len(points) else 0.0
    told = (
        f"{len(points)} rows in the plane of the first two principal components of the first reference space,"
        f" {100 * shares:.0f} % of its variance; a number marks the middle of its cluster, outliers stand at the edge"
        f"{', small dots are noise' if (groups < 0).any() else ''}."
    )
    title = escape(f"Clusters of {name}", quote=True)
    body = f'<svg class="view" viewBox="0 0 {_SIZE} {_SIZE}" role="img" aria-label="{title}">{"".join(parts)}</svg>'
    return View(body, told)


def _scaled(points: pd.DataFrame) -> NDArray[np.int64]:
    """Return whole-number places on the picture, one scale for both axes, y upwards.

    The ends of both axes are the 1 % and 99 % quantiles; what lies beyond is drawn at the edge.
    """
    plane = points[["x", "y"]].to_numpy(dtype=np.float64)
    if not len(plane):
        return np.zeros((0, 2), dtype=np.int64)
    low, high = np.quantile(plane, 0.01, axis=0), np.quantile(plane, 0.99, axis=0)
    scale = (_SIZE - 2 * _EDGE) / max(float((high - low).max()), 1e-12)
    at = _SIZE / 2 + (plane - (low + high) / 2) * scale * [1.0, -1.0]
    return np.asarray(np.rint(np.clip(at, _EDGE / 2, _SIZE - _EDGE / 2)), dtype=np.int64)


def _path(at: NDArray[np.int64], colour: str, shape: tuple[str, str, float], more: str) -> str:
    mark, cap, width = shape
    steps = "".join(f"M{x} {y}{mark}" for x, y in np.unique(at, axis=0))
    return f'<path d="{steps}" stroke="{colour}" stroke-linecap="{cap}" stroke-width="{width:g}"{more}/>'


def _number(at: NDArray[np.int64], cluster: int) -> str:
    x, y = np.median(at, axis=0)
    return f'<text x="{x:.0f}" y="{y:.0f}">{cluster}</text>'
