"""Scores of labelings in a space: all labelings at once, each score with a status and a reason."""

from clusterbench.metrics.builtin_metrics import (
    COSTLY,
    DEFAULT_METRICS,
    METRICS,
    SCORING_VERSION,
    STABILITY_METRIC,
    get_metric,
)
from clusterbench.metrics.contingency import Contingency
from clusterbench.metrics.external_metrics import AMI, ARI, EXTERNAL_METRICS, SHOWN_METRICS
from clusterbench.metrics.external_scores import external_scores
from clusterbench.metrics.metric import Direction, Metric, MetricFacts, MetricKind, NoiseRule
from clusterbench.metrics.random_baselines import CENTROIDS, GROWTH, calibrate, random_partitions
from clusterbench.metrics.score import NoisePolicy, Score, UndefinedScore
from clusterbench.metrics.scoring import cluster_silhouettes, score_labelings

__all__ = [
    "AMI",
    "ARI",
    "CENTROIDS",
    "COSTLY",
    "DEFAULT_METRICS",
    "EXTERNAL_METRICS",
    "GROWTH",
    "METRICS",
    "SCORING_VERSION",
    "SHOWN_METRICS",
    "STABILITY_METRIC",
    "Contingency",
    "Direction",
    "Metric",
    "MetricFacts",
    "MetricKind",
    "NoisePolicy",
    "NoiseRule",
    "Score",
    "UndefinedScore",
    "calibrate",
    "cluster_silhouettes",
    "external_scores",
    "get_metric",
    "random_partitions",
    "score_labelings",
]
