"""The metrics of this package, and how metrics are named in a request."""

from __future__ import annotations

from collections.abc import Iterable

from clusterbench.errors import RequestError, unknown
from clusterbench.metrics.centroid_indices import CH, DB, CentroidIndices
from clusterbench.metrics.metric import Direction, Metric, MetricKind, NoiseRule
from clusterbench.metrics.silhouette_scores import MACRO, MICRO, Silhouettes
from clusterbench.tables import STABILITY

_SILHOUETTES, _CENTROID_INDICES = Silhouettes(), CentroidIndices()

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name=MICRO,
            title="Silhouette",
            direction=Direction.HIGHER,
            lower=-1.0,
            upper=1.0,
            family="separation",
            formula="mean over rows of (b - a) / max(a, b); a: mean distance to own cluster, b: to the nearest other",
            caveat="favours few, compact clusters of similar size; an outlier split scores high",
            reference="Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7",
            noise=NoiseRule.COVERAGE,
            shared=_SILHOUETTES,
        ),
        Metric(
            name=MACRO,
            title="Silhouette (macro)",
            direction=Direction.HIGHER,
            lower=-1.0,
            upper=1.0,
            family="separation",
            formula="mean over clusters of the mean silhouette of their rows",
            caveat="a small cluster weighs as much as a large one",
            reference="Pavlopoulos et al. 2024, arXiv:2401.05831",
            noise=NoiseRule.COVERAGE,
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
            shared=_CENTROID_INDICES,
        ),
    )
}
"""Computed from a space and labels, for every labeling."""

STABILITY_METRIC = Metric(
    name=STABILITY,
    kind=MetricKind.REFIT,
    direction=Direction.HIGHER,
    lower=-0.5,
    upper=1.0,
    formula="mean adjusted Rand index between the labeling and fits on resampled rows",
    caveat="few clusters are stable more easily than many",
    reference="Hennig 2007, doi:10.1016/j.csda.2006.11.025",
)
"""Computed from further fits, outside this package."""

SCORING_VERSION = 2
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
        if metric.kind is not MetricKind.INTERNAL:
            what = f"metric {metric.name!r} is of kind {metric.kind}: a space and labels do not give it"
            raise RequestError(what, allowed="internal metrics")
    return tuple(chosen.values())
