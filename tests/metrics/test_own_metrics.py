"""A metric of an author: a function of X and labels in one object."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from clusterbench import RequestError
from clusterbench.metrics import (
    METRICS,
    STABILITY_METRIC,
    Direction,
    Metric,
    MetricFacts,
    MetricKind,
    NoiseRule,
    calibrate,
    score_labelings,
)

X = np.array([[0.0], [2.0], [10.0], [14.0], [100.0]])
LABELINGS = [[0, 0, 1, 1, 1], [0, 0, 1, 1, -1], [0, 0, 0, 0, 1]]


def within(X, labels):
    """Mean distance to the mean of the cluster."""
    return float(np.mean([abs(x - X[labels == c].mean()) for x, c in zip(X[:, 0], labels, strict=True)]))


def metric(**fields):
    given = {"name": "within", "direction": "lower", "formula": "mean distance to the mean", "lower": 0.0} | fields
    return Metric(**(given if "values" in fields else {"value": within} | given))


def values(**fields):
    return score_labelings(X, LABELINGS, metrics=[metric(**fields)])


def test_values_are_those_of_the_function_with_noise_left_out():
    # By hand: (1 + 1 + 94/3 + 82/3 + 176/3) / 5; (1 + 1 + 2 + 2) / 4; (6.5 + 4.5 + 3.5 + 7.5 + 0) / 5.
    table = values()
    assert table["value"].tolist() == pytest.approx([(2 + 352 / 3) / 5, 1.5, 22 / 5])
    assert table["status"].tolist() == ["ok"] * 3
    share = values(noise=NoiseRule.COVERAGE)
    assert share["value"].tolist() == pytest.approx([(2 + 352 / 3) / 5, 1.5 * 4 / 5, 22 / 5])


def test_a_metric_may_score_all_labelings_at_once():
    asked = []

    def all_at_once(X, labelings):
        asked.append(labelings.tolist())
        return np.array([within(X[labels >= 0], labels[labels >= 0]) for labels in labelings])

    assert values(values=all_at_once)["value"].tolist() == values()["value"].tolist()
    assert asked == [[[1, 1, 0, 0, 0], [0, 0, 1, 1, -1], [0, 0, 0, 0, 1]]]


def test_built_in_metrics_keep_their_values_beside_an_own_one():
    both = score_labelings(X, LABELINGS, metrics=["silhouette", metric(), "davies_bouldin"])
    alone = score_labelings(X, LABELINGS, metrics=["silhouette", "davies_bouldin"])
    assert both["metric"].tolist() == ["silhouette", "within", "davies_bouldin"] * 3
    assert both[both["metric"] != "within"]["value"].tolist() == alone["value"].tolist()


@pytest.mark.parametrize(
    ("result", "status", "reason"),
    [
        (math.nan, "undefined", "the metric returned nan"),
        (math.inf, "undefined", "the metric returned inf"),
        (None, "failed", "the metric returned NoneType, not a number"),
        ("1.5", "failed", "the metric returned str, not a number"),
        (np.ones(1), "failed", "the metric returned ndarray, not a number"),
        (-0.5, "failed", "the metric returned -0.5, outside its range 0 to inf"),
        (ZeroDivisionError("no spread"), "failed", "ZeroDivisionError: no spread"),
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_a_failure_concerns_one_labeling(result, status, reason, at_once):
    def fail(X, labels):
        if len(labels) == 4:
            if isinstance(result, Exception):
                raise result
            return result
        return within(X, labels)

    if at_once:
        fields = {"values": lambda X, labelings: [fail(X[part >= 0], part[part >= 0]) for part in labelings]}
    else:
        fields = {"value": fail}
    table = values(**fields)
    assert table["status"].tolist() == ["ok", status, "ok"]
    assert table["reason"].tolist() == ["", reason, ""]
    assert table["value"].isna().tolist() == [False, True, False]


def test_a_wrong_number_of_values_fails_every_labeling():
    table = values(values=lambda X, labelings: [1.0])
    assert table["status"].tolist() == ["ok"] * 3  # asked again one by one, one value is right
    table = values(values=lambda X, labelings: [])
    assert set(table["reason"]) == {"ValueError: 0 values for 1 labelings"}


def test_functions_cannot_change_their_inputs():
    def careless(X, labels):
        X[0] = 0.0
        return 1.0

    before = X.copy()
    table = score_labelings(X, LABELINGS, metrics=[metric(value=careless)])
    assert table["reason"].tolist() == ["ValueError: assignment destination is read-only"] * 3
    np.testing.assert_array_equal(X, before)
    assert X.flags.writeable


def test_random_partitions_are_scored_on_the_values_as_given():
    # The range of X within clusters is not invariant: a centred or scaled copy would show.
    table = calibrate(X + 1e6, [2], n_random=3, metrics=[metric(value=lambda X, labels: X.min())])
    assert table["value"].tolist() == [1e6] * 6


def test_facts_survive_json():
    for each in (*METRICS.values(), STABILITY_METRIC, metric(lower=-math.inf, version=3)):
        facts = MetricFacts.from_json(json.loads(json.dumps(each.facts.to_json(), allow_nan=False)))
        assert facts == each.facts
        assert (facts.direction, facts.kind, facts.noise) == (each.direction, each.kind, each.noise)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Within"}, "metric name 'Within' .*lower-case letters"),
        ({"direction": "lowr"}, "metric within: direction: unknown value 'lowr', did you mean 'lower'"),
        ({"kind": "internl"}, "kind: unknown value 'internl', did you mean 'internal'"),
        ({"noise": "zero"}, "noise: unknown value 'zero'.*allowed: coverage, drop"),
        ({"formula": ""}, "metric within: no formula"),
        ({"title": 3}, "metric within: title = 3 .*text"),
        ({"digits": -1}, "digits = -1 .*an integer, 0 to 15"),
        ({"digits": 6.0}, "digits = 6.0 .*an integer"),
        ({"lower": 1.0, "upper": 1.0}, "the range 1.0 to 1.0 is empty"),
        ({"lower": math.nan}, "the range nan to inf is empty"),
        ({"value": 3.0}, "value = 3.0 .*a function"),
        ({"value": None}, "there is no function to compute it"),
        ({"value": within, "values": within}, "both value and values are given"),
        ({"kind": "refit"}, "a metric of kind refit has functions"),
    ],
)
def test_refused_declarations(fields, message):
    with pytest.raises(RequestError, match=message):
        metric(**fields)


def test_refused_requests():
    with pytest.raises(RequestError, match="two metrics are called 'silhouette'"):
        score_labelings(X, LABELINGS, metrics=["silhouette", metric(name="silhouette")])
    with pytest.raises(RequestError, match="metric 'stability' is of kind refit"):
        score_labelings(X, LABELINGS, metrics=[STABILITY_METRIC])
    with pytest.raises(RequestError, match="unknown field 'nam', did you mean 'name'"):
        MetricFacts.from_json({"nam": "x"})
    with pytest.raises(RequestError, match=r"incomplete facts: .*'formula'"):
        MetricFacts.from_json({"name": "x", "direction": "lower"})


def test_the_built_in_metrics_and_stability():
    assert {name for name, each in METRICS.items() if each.kind is not MetricKind.INTERNAL} == {"size_entropy"}
    assert METRICS["size_entropy"].kind is MetricKind.DIAGNOSTIC
    dropped = {name for name, each in METRICS.items() if each.noise is NoiseRule.DROP}
    assert dropped == {"davies_bouldin", "calinski_harabasz", "size_entropy", "size_evenness"}
    assert (STABILITY_METRIC.kind, STABILITY_METRIC.family) == (MetricKind.REFIT, "stability")
    assert (METRICS["davies_bouldin"].sign, METRICS["silhouette"].sign) == (-1.0, 1.0)
    assert METRICS["davies_bouldin"].direction is Direction.LOWER
