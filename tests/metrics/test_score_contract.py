"""Scores are numbers or have a reason; every metric declares its range and direction."""

import math

import pytest

from clusterbench.errors import RequestError
from clusterbench.metrics import DEFAULT_METRICS, METRICS, Direction, Score, get_metric
from clusterbench.statuses import ScoreStatus


def test_a_score_without_a_value_needs_a_reason():
    assert math.isnan(Score.undefined("one cluster").value)
    with pytest.raises(ValueError, match="needs a reason"):
        Score(math.nan, ScoreStatus.FAILED)
    with pytest.raises(ValueError, match="a number or has a reason"):
        Score(math.nan)
    with pytest.raises(ValueError, match="a number or has a reason"):
        Score(0.0, ScoreStatus.UNDEFINED, "collapsed")


def test_every_metric_declares_range_direction_family_and_precision():
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.lower < metric.upper
        assert isinstance(metric.direction, Direction)
        assert metric.family
        assert metric.digits >= 0
        assert metric.formula
        assert metric.caveat
        assert metric.reference
    assert set(DEFAULT_METRICS) <= set(METRICS)


def test_a_misspelt_metric_gets_the_nearest_name():
    assert get_metric("silhouette") is METRICS["silhouette"]
    with pytest.raises(RequestError, match="did you mean 'davies_bouldin'"):
        get_metric("davis_bouldin")
