"""The metrics of this package, and how metrics are named in a request."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from clusterbench.errors import RequestError, unknown
from clusterbench.metrics.centroid_indices import CH, DB, CentroidIndices
from clusterbench.metrics.dbcv import NAME as DBCV
from clusterbench.metrics.dbcv import DensityValidity
from clusterbench.metrics.graph_scores import AGREEMENT, TREE, WORST, GraphIndices
from clusterbench.metrics.metric import Direction, Metric, MetricKind, NoiseRule
from clusterbench.metrics.silhouette_scores import GAMMA, MACRO, MICRO, Silhouettes
from clusterbench.metrics.size_entropy import ENTROPY, EVENNESS, SizeEntropies
from clusterbench.tables import STABILITY

_SILHOUETTES, _CENTROID_INDICES, _GRAPH_INDICES = Silhouettes(), CentroidIndices(), GraphIndices()
_SIZE_ENTROPIES = SizeEntropies()
_bounded = partial(Metric, direction=Direction.HIGHER, lower=-1.0, upper=1.0, noise=NoiseRule.COVERAGE)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _bounded(
            name=MICRO,
            title="Silhouette",
            family="separation",
            formula="mean over rows of (b - a) / max(a, b); a: mean distance to own cluster, b: to the nearest other",
            caveat="favours few, compact clusters of similar size; an outlier split scores high",
            reference="Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7",
            shared=_SILHOUETTES,
        ),
        _bounded(
            name=MACRO,
            title="Silhouette (macro)",
            family="separation",
            formula="mean over clusters of the mean silhouette of their rows",
            caveat="a small cluster weighs as much as a large one",
            reference="Pavlopoulos et al. 2024, arXiv:2401.05831",
            shared=_SILHOUETTES,
        ),
        Metric(
            name=DB,
            title="Davies-Bouldin",
            direction=Direction.LOWER,
            lower=0.0,
            family="separation",
            formula="mean over clusters of the worst (s_i + s_j) / d_ij; s: mean distance to the centroid",
            caveat="rewards splitting off tight outlier groups; noise is left out",
            reference="Davies & Bouldin 1979, doi:10.1109/TPAMI.1979.4766909",
            shared=_CENTROID_INDICES,
        ),
        Metric(
            name=CH,
            title="Calinski-Harabasz",
            direction=Direction.HIGHER,
            lower=0.0,
            family="separation",
            digits=3,
            formula="(between scatter / (k - 1)) / (within scatter / (n - k))",
            caveat="what k-means optimises; grows with n, so it compares nothing across tables",
            reference="Calinski & Harabasz 1974, doi:10.1080/03610927408827101",
            grows_with_rows=True,
            shared=_CENTROID_INDICES,
        ),
        _bounded(
            name=AGREEMENT,
            lower=0.0,
            formula="mean over rows of the share of their 10 nearest neighbours that are in the same cluster",
            caveat="falls with k; any cut through a sparse region scores high",
            reference="Gagolewski et al. 2021 (WCNN), doi:10.1016/j.ins.2021.10.004",
            shared=_GRAPH_INDICES,
        ),
        _bounded(
            name=WORST,
            title="Neighbour agreement (worst cluster)",
            lower=0.0,
            family=AGREEMENT,
            formula="least mean over the rows of a cluster of the share of their 10 nearest neighbours in it",
            caveat="one small or mixed cluster decides",
            reference="Gagolewski et al. 2021 (WCNN), doi:10.1016/j.ins.2021.10.004",
            shared=_GRAPH_INDICES,
        ),
        _bounded(
            name=TREE,
            title="Spanning-tree separation",
            formula="mean over clusters, weighted by size, of (s - w) / max(s, w); along the minimum spanning tree of"
            " all rows, s: shortest edge that leaves the cluster, w: longest edge inside; in p > 1 pieces along the"
            " tree -(1 + (p - 1) / (size - 1)) / 2",
            caveat="one row between two clusters joins them; low where clusters overlap, whatever the labels",
            reference="the tree: Gower & Ross 1969, doi:10.2307/2346439",
            shared=_GRAPH_INDICES,
        ),
        _bounded(
            name=GAMMA,
            title="Pearson gamma",
            digits=5,
            formula="correlation, over pairs of rows, of their distance with whether their clusters differ",
            caveat="favours clusters that are far apart over clusters that touch",
            reference="Halkidi et al. 2001, doi:10.1023/A:1012801612483",
            shared=_SILHOUETTES,
        ),
        _bounded(
            name=DBCV,
            title="DBCV",
            formula="mean over clusters, weighted by size, of (separation - sparseness) / max of both; sparseness:"
            " longest edge between internal rows of the cluster's minimum tree of mutual reachability, separation:"
            " least mutual reachability to an internal row of another cluster, both of squared distances",
            caveat="computed only where it is ranked, on at most 5,000 random rows",
            reference="Moulavi et al. 2014, doi:10.1137/1.9781611973440.96",
            shared=DensityValidity(),
        ),
        Metric(
            name=ENTROPY,
            kind=MetricKind.DIAGNOSTIC,
            direction=Direction.HIGHER,
            lower=0.0,
            formula="- sum over clusters of p log p; p: share of the clustered rows",
            caveat="says how even the sizes are, not how good the clusters",
            reference="Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x",
            shared=_SIZE_ENTROPIES,
        ),
        Metric(
            name=EVENNESS,
            direction=Direction.HIGHER,
            lower=0.0,
            upper=1.0,
            formula="size entropy / log k: 1 where all clusters have the same size",
            caveat="says how even the sizes are, not how good the clusters",
            reference="Pielou 1966, doi:10.1016/0022-5193(66)90013-0",
            shared=_SIZE_ENTROPIES,
        ),
    )
}
"""Computed from a space and labels."""

COSTLY = frozenset({DBCV})
"""Computed only where they are asked for; the others of `METRICS` for every labeling."""

STABILITY_METRIC = Metric(
    name=STABILITY,
    kind=MetricKind.REFIT,
    direction=Direction.HIGHER,
    lower=-0.5,
    upper=1.0,
    formula="mean adjusted Rand index between the labeling and fits on halves of the rows",
    caveat="few clusters are stable more easily than many",
    reference="Hennig 2007, doi:10.1016/j.csda.2006.11.025",
)
"""Computed from further fits, outside this package."""

SCORING_VERSION = 3
"""Raised when a score may come out differently: stored scores of another version are not used."""

DEFAULT_METRICS = (MICRO, DB, CH)


def get_metric(name: str) -> Metric:
    """Return the metric called `name`; a RequestError names the nearest spelling where there is none."""
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]


def as_metrics(metrics: Iterable[str | Metric] | str | Metric | None) -> tuple[Metric, ...]:
    """Return the metrics asked for, each once, in the order given; None asks for `DEFAULT_METRICS`."""
    asked = DEFAULT_METRICS if metrics is None else [metrics] if isinstance(metrics, str | Metric) else metrics
    chosen: dict[str, Metric] = {}
    for each in asked:
        metric = each if isinstance(each, Metric) else get_metric(each)
        if chosen.setdefault(metric.name, metric) is not metric:
            raise RequestError(f"two metrics are called {metric.name!r}", allowed="one metric per name")
        if metric.kind not in (MetricKind.INTERNAL, MetricKind.DIAGNOSTIC):
            what = f"metric {metric.name!r} is of kind {metric.kind}: a space and labels do not give it"
            raise RequestError(what, allowed="internal metrics and diagnostics")
    return tuple(chosen.values())
