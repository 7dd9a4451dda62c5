"""Two scores are one up to the digits that their metric reproduces; manifests differ where they say something else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS
from clusterbench.verification import manifest_differences, same_score

finite = st.floats(-1e6, 1e6)
metrics = st.sampled_from(sorted(METRICS))
plain = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
manifests = st.dictionaries(
    st.sampled_from(["python", "threads", "packages", "cpu"]),
    plain | st.dictionaries(st.text(min_size=1, max_size=3), plain, max_size=3) | st.lists(st.integers(), max_size=3),
)


@given(metrics, finite, finite)
def test_agreement_of_scores_is_symmetric_and_holds_for_the_score_itself(metric, one, other):
    assert same_score(metric, one, one)
    assert same_score(metric, one, other) == same_score(metric, other, one)


@given(metrics, st.floats(-1, 1))
def test_one_unit_of_the_last_reproducible_digit_is_a_difference_and_half_a_unit_is_none(metric, value):
    unit = 10.0 ** -METRICS[metric].digits
    assert same_score(metric, value, value + unit / 2)
    assert not same_score(metric, value, value + 1.01 * unit)


def test_calinski_harabasz_reproduces_three_decimals_and_silhouette_six():
    assert same_score("calinski_harabasz", 855.7001, 855.7009)
    assert not same_score("silhouette", 0.7001, 0.7009)


def test_no_score_equals_no_score_alone():
    assert same_score("silhouette", math.nan, math.nan)
    assert not same_score("silhouette", math.nan, 0.0)
    assert not same_score("silhouette", 0.0, math.nan)


def test_a_metric_that_nobody_declared_has_no_digits():
    with pytest.raises(RequestError, match="unknown metric 'silhuette', did you mean 'silhouette'"):
        same_score("silhuette", 0.1, 0.1)


@given(manifests)
def test_a_manifest_differs_in_nothing_from_itself(manifest):
    assert manifest_differences(manifest, manifest) == []


@given(manifests, manifests)
def test_differences_turn_round_with_the_manifests(one, other):
    turned = {(what, b, a) for what, a, b in manifest_differences(other, one)}
    assert set(manifest_differences(one, other)) == turned


def test_a_difference_is_told_by_its_place_with_both_values():
    one = {"python": "3.11.9", "packages": {"numpy": "1.26.4"}, "git": None, "seeds": [0, 1]}
    other = {"python": "3.11.9", "packages": {"numpy": "1.26.5"}, "git": {"commit": "ab"}, "seeds": [0]}
    assert manifest_differences(one, other) == [
        ("packages numpy", "1.26.4", "1.26.5"),
        ("git", "none", "not recorded"),
        ("seeds", "0, 1", "0"),
        ("git commit", "not recorded", "ab"),
    ]


def test_counts_and_timings_of_a_run_are_no_conditions_of_its_results():
    one = {"cells": {"computed": 5}, "seconds": {"fitting": 1.0}, "threads": 1}
    other = {"cells": {"computed": 0}, "seconds": {"fitting": 2.0}, "threads": 1}
    assert manifest_differences(one, other) == []
