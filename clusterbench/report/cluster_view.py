"""The clusters of an entry in a plane, as a small SVG: one path per cluster, a number at its middle."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.results import StoredRun
from clusterbench.text import listed, percent

_SIZE, _EDGE = 260, 12
# Okabe & Ito 2008; each colour comes with a shape, and every cluster is numbered.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "currentColor")
# The line drawn at each row: a line of no length with square caps is not painted in a PDF.
_SHAPES = (
    ("h0", "round", 4.6, (0, 0)),
    ("h4", "butt", 4.0, (4, 0)),
    ("h5", "butt", 1.8, (5, 0)),
    ("v5", "butt", 1.8, (0, 5)),
    ("l4 4", "butt", 1.8, (4, 4)),
)
_DOT = ("h0", "round", 2.0, (0, 0))
_MOST_NUMBERED = 12
_MOST_COLOURED = 8  # clusters that can be told apart
_MOST_DRAWN = 200
_PERPLEXITY = 30.0
_FEWEST_TSNE = 8  # rows below which neighbours mean little


@dataclass(frozen=True, slots=True)
class View:
    """A picture of the sampled rows; `body` is an SVG element, `caption` a sentence on it."""

    body: str
    caption: str


def view_of(points: pd.DataFrame, labels: Sequence[int], name: str, *, like: Sequence[int]) -> View:
    """Draw sampled rows in their plane: of the first two principal components, or of t-SNE.

    `points` has a row with x, y, share_x and share_y (shares of the variance, NaN for t-SNE) per sampled row, `labels`
    their clusters; -1 is noise. Noise and all but the 8 largest clusters are small grey dots. `name` is that of the
    entry. A cluster has the colour of that of the labels `like` with which it shares most rows.
    """
    drawn = np.linspace(0, len(points) - 1, min(len(points), _MOST_DRAWN)).round().astype(np.int64)
    n_clusters = max(labels, default=-1) + 1
    groups, other = (np.where(np.asarray(one) < _MOST_COLOURED, one, -1) for one in (labels, like))
    matched = _matched(groups, other)
    groups[groups >= 0] = matched[groups[groups >= 0]]
    points, groups = points.iloc[drawn], groups[drawn]
    plane, numbers = points[["x", "y"]].to_numpy(dtype=np.float64), np.argsort(matched).tolist()
    body = cluster_svg(plane, groups.tolist(), f"Clusters of {name}", numbers=numbers)
    shares = points["share_x"].iloc[0] + points["share_y"].iloc[0] if len(points) else 0.0
    where = (
        "by t-SNE of the first reference space: only who is near whom has a meaning, distances and sizes have none"
        if np.isnan(shares)
        else "in the plane of the first two principal components of the first reference space,"
        f" {percent(shares)} of its variance"
    )
    rest = f"the {n_clusters - _MOST_COLOURED} smaller clusters" if n_clusters > _MOST_COLOURED else ""
    grey = listed([what for what in (rest, "noise" if min(labels, default=0) < 0 else "") if what])
    caption = (
        f"{len(points)} rows {where}; a number marks the middle of its cluster, outliers are drawn at the edge"
        f"{f', small dots are {grey}' if grey else ''}."
    )
    return View(body, caption)


def _matched(labels: NDArray[np.int64], like: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each cluster of `labels` one of `like`, no one twice, so that they share as many rows as possible."""
    from scipy.optimize import linear_sum_assignment

    size, inside = max(labels.max(initial=-1), like.max(initial=-1)) + 1, (labels >= 0) & (like >= 0)
    shared = np.zeros((size, size))
    np.add.at(shared, (labels[inside], like[inside]), 1)
    return np.asarray(linear_sum_assignment(shared, maximize=True)[1])


def cluster_svg(plane: NDArray[np.float64], labels: Sequence[int], title: str, *, numbers: Sequence[int] = ()) -> str:
    """Return an SVG element of rows in a plane, shape (n, 2): clusters are 0.., -1 is noise, drawn small and grey.

    Clusters are marked at their middles by `numbers`, by default 0, 1, ...
    """
    at, groups = _scaled(plane), np.asarray(labels)
    parts = [_path(at[groups < 0], "currentColor", _DOT, ' opacity=".45"')] if (groups < 0).any() else []
    clusters = [int(cluster) for cluster in np.unique(groups[groups >= 0])]
    parts += [
        _path(at[groups == cluster], _COLOURS[cluster % len(_COLOURS)], _SHAPES[cluster % len(_SHAPES)], "")
        for cluster in clusters
    ]
    marked = ((cluster, numbers[cluster] if numbers else cluster) for cluster in clusters[:_MOST_NUMBERED])
    parts += [_number(at[groups == cluster], number) for cluster, number in marked]
    named = f'role="img" aria-label="{escape(title, quote=True)}"'
    return f'<svg class="view" viewBox="0 0 {_SIZE} {_SIZE}" {named}>{"".join(parts)}</svg>'


def by_tsne(run: StoredRun) -> StoredRun:
    """Return the run with its sampled rows placed by t-SNE instead of by principal components.

    Distances are computed exactly and on one thread: the same picture on every machine and in every run.
    Source: van der Maaten & Hinton 2008.
    """
    placed = [_tsne(part) for _, part in run.details.points.groupby("dataset", sort=False)]
    points = pd.concat(placed, ignore_index=True) if placed else run.details.points
    return replace(run, details=replace(run.details, points=points))


def _tsne(points: pd.DataFrame) -> pd.DataFrame:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    values = np.array([json.loads(text) for text in points["values"]], dtype=np.float64)
    if len(values) < _FEWEST_TSNE:
        return points
    perplexity = min(_PERPLEXITY, (len(values) - 1) / 3)
    start = "pca" if values.shape[1] > 1 else "random"
    with threadpool_limits(1):
        model = TSNE(2, perplexity=perplexity, init=start, method="exact", random_state=0)
        plane = model.fit_transform(values)
    return points.assign(x=plane[:, 0].astype(float), y=plane[:, 1].astype(float), share_x=np.nan, share_y=np.nan)


def _scaled(plane: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return integer positions on the picture, one scale for both axes, y upwards.

    The ends of both axes are the 1 % and 99 % quantiles; what lies beyond is drawn at the edge.
    """
    if not len(plane):
        return np.zeros((0, 2), dtype=np.int64)
    low, high = np.quantile(plane, 0.01, axis=0), np.quantile(plane, 0.99, axis=0)
    scale = (_SIZE - 2 * _EDGE) / max(float((high - low).max()), 1e-12)
    at = _SIZE / 2 + (plane - (low + high) / 2) * scale * [1.0, -1.0]
    return np.asarray(np.rint(np.clip(at, _EDGE / 2, _SIZE - _EDGE / 2)), dtype=np.int64)


def _path(at: NDArray[np.int64], colour: str, shape: tuple[str, str, float, tuple[int, int]], more: str) -> str:
    mark, cap, width, line = shape
    places = np.unique(at, axis=0)
    starts = places - np.array(line) // 2
    moves = np.vstack([starts[:1], np.diff(starts, axis=0) - line])  # from the end of a mark to the next
    steps = "".join(f"m{x}{'' if y < 0 else ' '}{y}{mark}" for x, y in moves)
    return f'<path d="{steps}" stroke="{colour}" stroke-linecap="{cap}" stroke-width="{width:g}"{more}/>'


def _number(at: NDArray[np.int64], cluster: int) -> str:
    x, y = np.median(at, axis=0)
    return f'<text x="{x:.0f}" y="{y:.0f}">{cluster}</text>'
