"""Scores, metrics, policies: what they declare, and that nothing can change them afterwards."""

import dataclasses
import math
import pickle

import pytest

from clusterbench.errors import RequestError
from clusterbench.metrics import (
    COSTLY,
    DEFAULT_METRICS,
    METRICS,
    Direction,
    Metric,
    NoisePolicy,
    Score,
    get_metric,
)
from clusterbench.statuses import ScoreStatus


@pytest.mark.parametrize(
    ("name", "direction", "lower", "upper", "family", "decimals"),
    [
        ("silhouette", "higher", -1.0, 1.0, "separation", 6),
        ("silhouette_macro", "higher", -1.0, 1.0, "separation", 6),
        ("davies_bouldin", "lower", 0.0, math.inf, "separation", 6),
        ("calinski_harabasz", "higher", 0.0, math.inf, "separation", 3),
        ("neighbour_agreement", "higher", 0.0, 1.0, "neighbour_agreement", 6),
        ("neighbour_agreement_worst", "higher", 0.0, 1.0, "neighbour_agreement", 6),
        ("mst_separation", "higher", -1.0, 1.0, "mst_separation", 6),
        ("pearson_gamma", "higher", -1.0, 1.0, "pearson_gamma", 5),
        ("dbcv", "higher", -1.0, 1.0, "dbcv", 6),
        ("size_entropy", "higher", 0.0, math.inf, "size_entropy", 6),
        ("size_evenness", "higher", 0.0, 1.0, "size_evenness", 6),
    ],
)
def test_declarations(name, direction, lower, upper, family, decimals):
    metric = get_metric(name)
    assert (metric.direction, metric.lower, metric.upper) == (direction, lower, upper)
    assert (metric.family, metric.digits) == (family, decimals)
    assert "doi:10." in metric.reference or "arXiv:" in metric.reference


def test_three_metrics_of_the_registry_are_asked_by_default_and_one_only_on_request():
    assert list(METRICS) == [
        "silhouette",
        "silhouette_macro",
        "davies_bouldin",
        "calinski_harabasz",
        "neighbour_agreement",
        "neighbour_agreement_worst",
        "mst_separation",
        "pearson_gamma",
        "dbcv",
        "size_entropy",
        "size_evenness",
    ]
    assert {"dbcv"} == COSTLY
    assert DEFAULT_METRICS == ("silhouette", "davies_bouldin", "calinski_harabasz")
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)


@pytest.mark.parametrize("kind", [Score(0.5), METRICS["silhouette"].facts])
def test_facts_and_scores_are_frozen_hashable_and_travel(kind):
    first = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(kind, first, getattr(kind, first))
    assert not hasattr(kind, "__dict__")
    assert pickle.loads(pickle.dumps(kind)) == kind
    assert hash(dataclasses.replace(kind)) == hash(kind)


def test_a_metric_has_no_default_name_direction_or_formula():
    required = [field.name for field in dataclasses.fields(Metric) if field.default is dataclasses.MISSING]
    assert required == ["name", "direction", "formula"]


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300, math.inf, -math.inf])
def test_numbers_are_scores(value):
    score = Score(value)
    assert (score.value, score.status, score.reason) == (value, ScoreStatus.OK, "")


@pytest.mark.parametrize("status", [ScoreStatus.UNDEFINED, ScoreStatus.FAILED])
def test_a_status_without_value_takes_a_reason_and_no_number(status):
    assert Score(math.nan, status, "because").reason == "because"
    with pytest.raises(ValueError, match=f"a score of status {status} needs a reason"):
        Score(math.nan, status, "")
    with pytest.raises(ValueError, match=f"got 1.5 with status {status}"):
        Score(1.5, status, "because")


def test_undefined_scores_differ_by_reason_alone():
    score = Score.undefined("one cluster")
    assert (score.status, score.reason) == (ScoreStatus.UNDEFINED, "one cluster")
    with pytest.raises(ValueError, match="needs a reason"):
        Score.undefined("")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ScoreStatus, ["ok", "undefined", "failed"]),
        (NoisePolicy, ["zero", "drop", "cluster", "nearest"]),
        (Direction, ["higher", "lower"]),
    ],
)
def test_words_in_files(kind, words):
    assert [str(member) for member in kind] == words
    assert [kind(word) for word in words] == list(kind)
    with pytest.raises(ValueError, match="is not a valid"):
        kind("other")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Silhouette", "did you mean 'silhouette'"),
        ("silhouette-macro", "did you mean 'silhouette_macro'"),
        ("calinski_harabaz", "did you mean 'calinski_harabasz'"),
        ("DAVIES_BOULDIN", "did you mean 'davies_bouldin'"),
        (
            "xyz",
            "unknown metric 'xyz' .allowed: calinski_harabasz, davies_bouldin, dbcv, .*, silhouette_macro",
        ),
        ("", "unknown metric ''"),
    ],
)
def test_unknown_metrics(name, hint):
    with pytest.raises(RequestError, match=hint):
        get_metric(name)
