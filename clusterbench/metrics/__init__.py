"""Scores of labelings in a space: all labelings at once, each score with a status and a reason."""

from clusterbench.metrics.builtin_metrics import DEFAULT_METRICS, METRICS, SCORING_VERSION, STABILITY_METRIC, get_metric
from clusterbench.metrics.metric import Direction, Metric, MetricFacts, MetricKind, NoiseRule
from clusterbench.metrics.random_baselines import CENTROIDS, GROWTH, calibrate, random_partitions
from clusterbench.metrics.row_bootstrap import bootstrap_scores, bootstrap_weights
from clusterbench.metrics.score import NoisePolicy, Score
from clusterbench.metrics.scoring import cluster_silhouettes, score_labelings

__all__ = [
    "CENTROIDS",
    "DEFAULT_METRICS",
    "GROWTH",
    "METRICS",
    "SCORING_VERSION",
    "STABILITY_METRIC",
    "Direction",
    "Metric",
    "MetricFacts",
    "MetricKind",
    "NoisePolicy",
    "NoiseRule",
    "Score",
    "bootstrap_scores",
    "bootstrap_weights",
    "calibrate",
    "cluster_silhouettes",
    "get_metric",
    "random_partitions",
    "score_labelings",
]
