"""Short rules for segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.segments import Segmentation, find_rules


def test_planted_thresholds_are_found_and_their_precision_is_that_of_the_rows(planted: Segmentation) -> None:
    found = find_rules(planted)
    for rule in found.rules:
        met = np.logical_and.reduce([condition.holds(planted.table) for condition in rule.conditions])
        inside = planted.segment == rule.segment
        assert inside[met].mean() > 0.97
        assert rule.precision > 0.95
        assert rule.coverage > 0.9
        assert rule.describes
    assert {condition.column for condition in found.rules[1].conditions} == {"SALES", "VISITS"}
    assert found.tree.fidelity > 0.97
    assert found.tree.describes


def test_a_column_that_is_nearly_always_at_its_largest_value_has_a_threshold(make_segmentation: Any) -> None:
    segment = np.repeat([1, 2], [194, 6])
    table = pd.DataFrame({"MONTHS": np.where(segment == 1, 12.0, 7.0), "X": np.tile([0.0, 1.0], 100)})
    rules = find_rules(make_segmentation(table, segment)).rules
    assert [rule.text for rule in rules] == ["MONTHS > 7", "MONTHS ≤ 7"]
    assert [(rule.precision, rule.coverage) for rule in rules] == [(1.0, 1.0), (1.0, 1.0)]


def test_a_missing_value_meets_no_condition(planted: Segmentation) -> None:
    (condition, *_) = [one for one in find_rules(planted).rules[1].conditions if one.column == "VISITS"]
    assert not condition.holds(planted.table)[:8].any()


def test_thresholds_are_short_and_what_is_printed_is_what_was_measured(planted: Segmentation) -> None:
    for rule in find_rules(planted).rules:
        for condition in rule.conditions:
            for value in (condition.above, condition.up_to):
                if value is not None:
                    assert f"{value:,.12g}" in condition.text
                    assert len(f"{value:.12g}") <= 5


def test_leaves_of_the_tree_hold_the_rows_that_they_say(planted: Segmentation) -> None:
    filled = planted.table.fillna(planted.table.median())
    tree = find_rules(planted).tree
    assert sum(leaf.size for leaf in tree.leaves) == 400
    for leaf in tree.leaves:
        met = np.logical_and.reduce([condition.holds(filled) for condition in leaf.conditions])
        assert met.sum() == leaf.size
        assert (planted.segment[met] == leaf.segment).mean() == pytest.approx(leaf.purity)


def test_segments_at_random_are_described_by_no_rule(make_segmentation: Any) -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("ABCD"))
    found = find_rules(make_segmentation(table, rng.integers(1, 4, 300)))
    assert not any(rule.describes for rule in found.rules)
    assert not found.tree.describes
    assert all(rule.precision < 0.6 for rule in found.rules)


def test_rules_are_the_same_in_every_run(planted: Segmentation) -> None:
    assert find_rules(planted) == find_rules(planted)
