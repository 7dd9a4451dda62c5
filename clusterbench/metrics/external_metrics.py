"""Metrics that compare a labeling with known classes. No ranking reads them."""

from __future__ import annotations

import math
from functools import lru_cache, partial

import numpy as np

from clusterbench.metrics.contingency import Contingency, matched, pairs
from clusterbench.metrics.metric import Direction, Metric, MetricKind
from clusterbench.metrics.score import UndefinedScore
from clusterbench.tables import Floats, Ints

_EQUAL = 1e-12  # entropies closer than this differ by rounding alone


def adjusted_rand(table: Contingency) -> float:
    """Return the adjusted Rand index; 1 where both partitions are one group, or all rows apart."""
    class_pairs, cluster_pairs = pairs(table.class_sizes), pairs(table.group_sizes)
    expected = class_pairs * (cluster_pairs / pairs(np.array([table.n_rows])))
    highest = (class_pairs + cluster_pairs) / 2
    return 1.0 if highest == expected else (pairs(table.counts) - expected) / (highest - expected)


def adjusted_information(table: Contingency) -> float:
    """Return the adjusted mutual information, normalised by the mean entropy."""
    shared, mean = _information(table)
    expected = expected_information(table.class_sizes, table.group_sizes)
    return 1.0 if mean - expected < _EQUAL else (shared - expected) / (mean - expected)


def normalized_information(table: Contingency) -> float:
    """Return the mutual information over the mean entropy; 1 where both partitions are one group."""
    shared, mean = _information(table)
    return 1.0 if mean < _EQUAL else min(shared / mean, 1.0)


def _information(table: Contingency) -> tuple[float, float]:
    """Return the mutual information and the mean entropy of classes and groups, in nats."""
    n = table.n_rows
    classes, groups, both = (
        math.log(n) - float((sizes * np.log(np.maximum(sizes, 1))).sum()) / n
        for sizes in (table.class_sizes, table.group_sizes, table.counts)
    )
    return max(classes + groups - both, 0.0), (classes + groups) / 2


def expected_information(one: Ints, other: Ints) -> float:
    """Return the expected mutual information, in nats, of random partitions with these group sizes.

    Source: Vinh, Epps & Bailey 2010, JMLR 11:2837, equation 24a. Equal sizes are computed once.
    """
    from clusterbench.metrics.kernels import expected_terms

    (sizes, counts), (other_sizes, other_counts) = (np.unique(each, return_counts=True) for each in (one, other))
    return float(counts @ expected_terms(sizes, other_sizes, _log_factorials(int(one.sum()))) @ other_counts)


@lru_cache(maxsize=2)
def _log_factorials(n: int) -> Floats:
    from scipy.special import gammaln

    logs: Floats = gammaln(np.arange(n + 1) + 1.0)
    return logs


def fowlkes_mallows(table: Contingency) -> float:
    """Return the geometric mean of pair precision and pair recall."""
    return math.sqrt(pair_precision(table) * pair_recall(table))


def pair_precision(table: Contingency) -> float:
    """Return the share of pairs of one cluster that are of one class."""
    return _share(pairs(table.counts), pairs(table.group_sizes), "no two rows are in one cluster")


def pair_recall(table: Contingency) -> float:
    """Return the share of pairs of one class that are in one cluster."""
    return _share(pairs(table.counts), pairs(table.class_sizes), "no two rows are of one class")


def _share(part: float, whole: float, reason: str) -> float:
    if not whole:
        raise UndefinedScore(reason)
    return part / whole


def clustering_accuracy(table: Contingency) -> float:
    """Return the normalised clustering accuracy; rows of a class outside its own cluster are lost."""
    n_classes = len(table.counts)
    if n_classes < 2:
        raise UndefinedScore("there is only one class")
    return (matched(table.counts / table.class_sizes[:, None]) - 1) / (n_classes - 1)


def pivoted_accuracy(table: Contingency) -> float:
    """Return the normalised pivoted accuracy."""
    groups = max(table.counts.shape)
    if groups < 2:
        raise UndefinedScore("there is only one class and one cluster")
    return (matched(table.counts) / table.n_rows - 1 / groups) / (1 - 1 / groups)


_external = partial(Metric, kind=MetricKind.EXTERNAL, family="known classes", direction=Direction.HIGHER, upper=1.0)

ARI = "ari"
AMI = "ami"

EXTERNAL_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _external(
            name=ARI,
            title="Adjusted Rand index",
            agreement=adjusted_rand,
            lower=-0.5,
            formula="(pairs together in both - expected) / (mean of the pairs together in either - expected)",
            caveat="large classes decide: pairs grow with the square of a class; negative where worse than chance",
            reference="Hubert & Arabie 1985, doi:10.1007/BF01908075",
        ),
        _external(
            name=AMI,
            title="Adjusted mutual information",
            agreement=adjusted_information,
            lower=-math.inf,
            formula="(I - E[I]) / (mean of both entropies - E[I]); I: mutual information",
            caveat="small classes count more than in the adjusted Rand index",
            reference="Vinh, Epps & Bailey 2010, JMLR 11:2837",
        ),
        _external(
            name="nmi",
            title="Normalised mutual information",
            agreement=normalized_information,
            lower=0.0,
            formula="I / arithmetic mean of both entropies; the same number as the V-measure",
            caveat="grows with the number of clusters, also by chance",
            reference="Rosenberg & Hirschberg 2007, aclanthology.org/D07-1043",
        ),
        _external(
            name="fowlkes_mallows",
            title="Fowlkes-Mallows",
            agreement=fowlkes_mallows,
            lower=0.0,
            formula="geometric mean of pair precision and pair recall",
            caveat="not corrected for chance: few large clusters score high",
            reference="Fowlkes & Mallows 1983, doi:10.1080/01621459.1983.10478008",
        ),
        _external(
            name="nca",
            title="Normalised clustering accuracy",
            agreement=clustering_accuracy,
            lower=-1.0,
            formula="(sum over classes of the share in the cluster matched to the class - 1) / (number of classes - 1)",
            caveat="each class weighs the same; not symmetric: classes are rows",
            reference="Gagolewski 2025, doi:10.1007/s00357-024-09482-2",
        ),
        _external(
            name="npa",
            title="Normalised pivoted accuracy",
            agreement=pivoted_accuracy,
            lower=-1.0,
            formula="(share of rows in the cluster matched to their class - 1 / m) / (1 - 1 / m); "
            "m: the larger number of classes and clusters",
            caveat="a small class may be missed at no cost",
            reference="Gagolewski 2025, doi:10.1007/s00357-024-09482-2",
        ),
        _external(
            name="pair_precision",
            title="Pair precision",
            agreement=pair_precision,
            lower=0.0,
            formula="share of the pairs of rows in one cluster that are of one class",
            caveat="many small clusters score high",
            reference="Hubert & Arabie 1985, doi:10.1007/BF01908075",
        ),
        _external(
            name="pair_recall",
            title="Pair recall",
            agreement=pair_recall,
            lower=0.0,
            formula="share of the pairs of rows of one class that are in one cluster",
            caveat="few large clusters score high",
            reference="Hubert & Arabie 1985, doi:10.1007/BF01908075",
        ),
    )
}
"""Computed from labels and known classes."""

SHOWN_METRICS = (ARI, AMI)
"""Those that are computed for every labeling of a run."""
