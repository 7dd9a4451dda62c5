"""Scores of labelings in a space: all labelings at once, each score with a status and a reason."""

from clusterbench.scoring._bootstrap import bootstrap_scores, bootstrap_weights
from clusterbench.scoring._device import device_name, resolve_device
from clusterbench.scoring._metrics import DEFAULT_METRICS, METRICS, Direction, Metric, get_metric
from clusterbench.scoring._random import CENTROIDS, GROWTH, calibrate, random_partitions
from clusterbench.scoring._samples import cluster_silhouettes, silhouette_samples
from clusterbench.scoring._score import NoisePolicy, Score, ScoreStatus
from clusterbench.scoring._score_labelings import score_labelings
from clusterbench.scoring._seeding import stable_rng

__all__ = [
    "CENTROIDS",
    "DEFAULT_METRICS",
    "GROWTH",
    "METRICS",
    "Direction",
    "Metric",
    "NoisePolicy",
    "Score",
    "ScoreStatus",
    "bootstrap_scores",
    "bootstrap_weights",
    "calibrate",
    "cluster_silhouettes",
    "device_name",
    "get_metric",
    "random_partitions",
    "resolve_device",
    "score_labelings",
    "silhouette_samples",
    "stable_rng",
]
