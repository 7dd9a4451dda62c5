"""Ranks: ties share the average, missing ranks last, controls move nobody, families vote as one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata

from clusterbench.metrics import Direction, MetricFacts
from clusterbench.ranking import column_ranks, final_ranks, mean_ranks, pareto_mask
from clusterbench.ranking.rank_intervals import separated
from clusterbench.ranking.ranks import Axis, signed

SCORES = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7),
    elements=st.sampled_from([-np.inf, 0.0, 0.5, 1.0, 1.5, 2.0]),
)


def axis(direction: Direction, digits: int = 6) -> Axis:
    return Axis("table", MetricFacts(name="metric", direction=direction, formula="f", digits=digits), "space")


def everyone(scores: np.ndarray) -> np.ndarray:
    return np.ones(scores.shape[-2], dtype=bool)


@given(SCORES)
def test_ranks_without_controls_are_average_ranks(scores):
    expected = rankdata(-scores, method="average", axis=0)
    assert column_ranks(scores, everyone(scores)).tolist() == expected.tolist()


@given(SCORES)
def test_draws_are_ranked_like_single_boards(scores):
    stacked = np.stack([scores, -np.where(np.isinf(scores), 9.0, scores)])
    ranks = column_ranks(stacked, everyone(scores))
    for one, board in zip(ranks, stacked, strict=True):
        assert one.tolist() == column_ranks(board, everyone(scores)).tolist()


@given(SCORES, st.data())
def test_a_control_moves_no_contender(scores, data):
    contender = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    with_controls = column_ranks(scores, contender)[contender]
    alone = column_ranks(scores[contender], np.ones(contender.sum(), dtype=bool))
    assert with_controls.tolist() == alone.tolist()


@given(SCORES)
def test_a_control_with_the_scores_of_a_contender_gets_its_rank(scores):
    doubled = np.vstack([scores, scores])
    contender = np.arange(len(doubled)) < len(scores)
    ranks = column_ranks(doubled, contender)
    assert ranks[contender].tolist() == ranks[~contender].tolist()
    means = ranks.mean(axis=1)
    places = final_ranks(means, contender)
    assert places[contender].tolist() == places[~contender].tolist()


def test_a_control_beyond_all_contenders_ranks_before_or_after_them():
    scores = np.array([[1.0], [2.0], [9.0], [0.0]])
    contender = np.array([True, True, False, False])
    assert column_ranks(scores, contender)[:, 0].tolist() == [2.0, 1.0, 0.5, 2.5]


@given(
    hnp.arrays(np.float64, (5, 1), elements=st.floats(-10, 10) | st.just(np.nan)),
    st.integers(0, 8),
)
def test_negating_values_and_flipping_the_direction_changes_nothing(values, decimals):
    higher = signed(values, [axis(Direction.HIGHER, decimals)])
    lower = signed(-values, [axis(Direction.LOWER, decimals)])
    assert column_ranks(higher, everyone(values)).tolist() == column_ranks(lower, everyone(values)).tolist()


def test_values_are_rounded_to_reproducible_digits_before_they_are_ranked():
    values = np.array([[0.12345649], [0.12345651], [0.1234561]])
    assert column_ranks(signed(values, [axis(Direction.HIGHER)]), everyone(values))[:, 0].tolist() == [2.5, 1.0, 2.5]


@pytest.mark.parametrize("direction", list(Direction))
def test_missing_ranks_last_whatever_the_direction(direction):
    values = np.array([[np.nan], [1.0], [-5.0], [np.nan]])
    ranks = column_ranks(signed(values, [axis(direction)]), everyone(values))[:, 0]
    assert ranks[[0, 3]].tolist() == [3.5, 3.5]
    assert sorted(ranks[[1, 2]].tolist()) == [1.0, 2.0]


def test_infinite_scores_are_the_best_and_the_worst_but_not_missing():
    values = np.array([[np.inf], [1.0], [-np.inf], [np.nan], [np.inf]])
    higher, lower = (
        column_ranks(signed(values, [axis(direction)]), everyone(values))[:, 0].tolist()
        for direction in (Direction.HIGHER, Direction.LOWER)
    )
    assert higher == [1.5, 3.0, 4.0, 5.0, 1.5]
    assert lower == [3.5, 2.0, 1.0, 5.0, 3.5]


def test_a_family_is_one_vote_however_many_metrics_it_has():
    ranks = np.array([[1.0, 1.0, 1.0, 2.0], [2.0, 2.0, 2.0, 1.0]])
    families = ["separation", "separation", "separation", "stability"]
    assert mean_ranks(ranks, families, {}).tolist() == [1.5, 1.5]
    assert mean_ranks(ranks, families, {"separation": 3.0, "stability": 1.0}).tolist() == [1.25, 1.75]
    assert mean_ranks(ranks, families, {"stability": 0.0}).tolist() == [1.0, 2.0]


@given(hnp.arrays(np.float64, (4, 6), elements=st.floats(1, 5)), st.permutations(range(6)))
def test_the_order_of_the_columns_changes_no_mean_rank(ranks, order):
    families = ["a", "a", "b", "b", "b", "c"]
    shuffled = mean_ranks(ranks[:, order], [families[j] for j in order], {"a": 2.0})
    np.testing.assert_allclose(shuffled, mean_ranks(ranks, families, {"a": 2.0}), atol=2e-9)


def test_equal_mean_ranks_share_the_better_place():
    means = np.array([2.0, 1.0, 2.0, 3.0, 0.5])
    contender = np.array([True, True, True, True, False])
    assert final_ranks(means, contender).tolist() == [2, 1, 2, 4, 1]
    assert final_ranks(np.stack([means, means[::-1]]), np.ones(5, dtype=bool)).shape == (2, 5)


def test_a_pair_is_separated_when_one_is_ahead_in_95_of_100_samples():
    draws = np.zeros((100, 3))
    draws[:, 1] = 1.0
    draws[:5, 1] = -1.0
    draws[:, 2] = 1.0
    draws[:6, 2] = -1.0
    apart = separated(draws, 0.90)
    assert apart[0, 1]
    assert apart[1, 0]
    assert not apart[0, 2]
    assert not apart.diagonal().any()


def test_equal_draws_are_never_separated():
    assert not separated(np.ones((50, 4)), 0.90).any()


def test_the_pareto_mark_goes_to_what_nothing_dominates():
    table = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0], [2.0, 1.0], [np.nan, 3.0], [np.nan, 2.5]])
    assert pareto_mask(table).tolist() == [True, True, False, True, True, False]


@given(hnp.arrays(np.float64, (6, 3), elements=st.sampled_from([0.0, 1.0, 2.0])))
def test_every_unmarked_row_is_dominated_by_a_marked_one(table):
    mask = pareto_mask(table)
    assert mask.any()
    for row in table[~mask]:
        assert any((best >= row).all() and (best > row).any() for best in table[mask])
