"""A ranking that cannot be meant is refused before anything is computed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS, Direction, MetricFacts
from clusterbench.ranking import KPolicy, RankingSpec


@pytest.mark.parametrize(
    ("changes", "culprit"),
    [
        ({"reference_spaces": ()}, "no reference_spaces"),
        ({"reference_spaces": ("standard", "standard")}, "duplicate names: standard, standard"),
        ({"reference_spaces": ("own",)}, "'own' differs between entries"),
        ({"metrics": ("silhouete",)}, "did you mean 'silhouette'"),
        ({"metrics": ()}, "no metrics"),
        ({"weights": {"separatoin": 1.0}}, "did you mean 'separation'"),
        ({"weights": {"separation": -1.0}}, "separation = -1.0"),
        ({"weights": {"separation": 0.0}}, "every ranked family has weight 0"),
        ({"k_policies": ("silhuette",)}, "did you mean 'silhouette'"),
        ({"k_policies": ("silhouette", "silhouette")}, "duplicate policy"),
        ({"k_policies": ("fixed",)}, "needs fixed_k"),
        ({"k_policies": ("fixed",), "fixed_k": 1}, "fixed_k = 1"),
        ({"k_policies": ("oracle",)}, "needs true_k"),
        ({"n_bootstrap": -1}, "n_bootstrap"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(changes, culprit):
    with pytest.raises(RequestError) as error:
        RankingSpec(**{"reference_spaces": ("standard",), **changes})
    assert culprit in str(error.value)


WIDTH = MetricFacts(name="width", direction=Direction.LOWER, formula="f", family="size")


def test_a_spec_holds_the_facts_of_its_metrics_in_their_order():
    spec = RankingSpec(("standard",), metrics=("davies_bouldin", "width"), weights={"size": 0.5}, facts=(WIDTH,))
    assert spec.facts == (METRICS["davies_bouldin"].facts, WIDTH)
    assert replace(spec, metrics=("width",)).facts == (WIDTH,)
    assert replace(spec, metrics=("width", "silhouette")).facts == (WIDTH, METRICS["silhouette"].facts)


def test_a_spec_comes_back_from_json_without_the_metrics_being_known():
    spec = RankingSpec(("standard",), metrics=("silhouette", "width"), facts=(WIDTH,), weights={"size": 2.0})
    adapter = TypeAdapter(RankingSpec)
    text = adapter.dump_json(spec)
    assert adapter.validate_json(text) == spec
    assert b"Infinity" not in text


def test_names_from_a_file_become_policies_and_tuples():
    spec = RankingSpec(reference_spaces=["standard"], k_policies=["silhouette"], controls=["random"])
    assert spec.reference_spaces == ("standard",)
    assert spec.k_policies == (KPolicy.SILHOUETTE,)
    assert spec.controls == frozenset({"random"})


def test_the_default_policy_calibrates_where_there_is_something_to_calibrate_with():
    spec = RankingSpec(reference_spaces=("standard",))
    assert spec.policies(has_baselines=True) == (KPolicy.CALIBRATED,)
    assert spec.policies(has_baselines=False) == (KPolicy.SILHOUETTE,)
