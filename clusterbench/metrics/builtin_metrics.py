"""The registry of metrics: each declares range, direction, family and precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from clusterbench.errors import unknown


class Direction(StrEnum):
    """Which way a metric improves. There is no default."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Metric:
    """The declaration of an internal index.

    Attributes
    ----------
    name, title : str
        Name in files and on the page.
    direction : Direction
    lower, upper : float
        Bounds of the range (may be infinite).
    family : str
        Metrics of one family share one vote in a ranking.
    decimals : int
        Digits after the point that are reproducible on any machine; ranks are made after rounding to them.
    formula, caveat, reference : str
        For the methodology section.
    """

    name: str
    title: str
    direction: Direction
    lower: float
    upper: float
    family: str
    decimals: int
    formula: str
    caveat: str
    reference: str


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="silhouette",
            title="Silhouette",
            direction=Direction.HIGHER,
            lower=-1.0,
            upper=1.0,
            family="separation",
            decimals=6,
            formula="mean over rows of (b - a) / max(a, b); a: mean distance to own cluster, b: to the nearest other",
            caveat="favours few, compact clusters of similar size; an outlier split scores high",
            reference="Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7",
        ),
        Metric(
            name="silhouette_macro",
            title="Silhouette (macro)",
            direction=Direction.HIGHER,
            lower=-1.0,
            upper=1.0,
            family="separation",
            decimals=6,
            formula="mean over clusters of the mean silhouette of their rows",
            caveat="a small cluster weighs as much as a large one",
            reference="Pavlopoulos et al. 2024, arXiv:2401.05831",
        ),
        Metric(
            name="davies_bouldin",
            title="Davies-Bouldin",
            direction=Direction.LOWER,
            lower=0.0,
            upper=math.inf,
            family="separation",
            decimals=6,
            formula="mean over clusters of the worst (s_i + s_j) / d_ij; s: mean distance to the centroid",
            caveat="rewards splitting off tight outlier groups; noise is left out",
            reference="Davies & Bouldin 1979, doi:10.1109/TPAMI.1979.4766909",
        ),
        Metric(
            name="calinski_harabasz",
            title="Calinski-Harabasz",
            direction=Direction.HIGHER,
            lower=0.0,
            upper=math.inf,
            family="separation",
            decimals=3,
            formula="(between scatter / (k - 1)) / (within scatter / (n - k))",
            caveat="what k-means optimises; grows with n, so it compares nothing across tables",
            reference="Calinski & Harabasz 1974, doi:10.1080/03610927408827101",
        ),
    )
}

SCORING_VERSION = 1
"""Raised when a score may come out differently: stored scores of another version are not used."""

DEFAULT_METRICS = ("silhouette", "davies_bouldin", "calinski_harabasz")


def get_metric(name: str) -> Metric:
    """Return the metric called `name`.

    Raises
    ------
    RequestError
        If there is none, with the nearest spelling.
    """
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]
