"""Two entries share a letter exactly when they cannot be told apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.ranking import letters_of, tie_letters


@st.composite
def symmetric(draw) -> np.ndarray:
    n = draw(st.integers(0, 12))
    cells = draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    upper = np.triu(np.array(cells, dtype=bool).reshape(n, n), 1)
    return upper | upper.T


@given(symmetric())
def test_letters_are_shared_exactly_by_inseparable_pairs(apart):
    ties = [letters_of(tie) for tie in tie_letters(apart)]
    for i in range(len(apart)):
        assert ties[i]
        for j in range(len(apart)):
            assert bool(ties[i] & ties[j]) == (not apart[i, j])


def test_the_first_entry_has_the_first_letter_and_a_chain_gets_overlapping_letters():
    positions = np.arange(6)
    apart = np.abs(positions[:, None] - positions[None, :]) > 1
    assert tie_letters(apart) == ["a", "ab", "bc", "cd", "de", "e"]


def test_all_alike_share_one_letter_and_all_apart_share_none():
    assert tie_letters(np.zeros((4, 4), dtype=bool)) == ["a"] * 4
    assert tie_letters(~np.eye(4, dtype=bool)) == ["a", "b", "c", "d"]


def test_letters_go_on_after_the_alphabet():
    ties = tie_letters(~np.eye(54, dtype=bool))
    assert ties[25:28] == ["z", "A", "B"]
    assert ties[51:] == ["Z", "(53)", "(54)"]
    assert len({frozenset(letters_of(tie)) for tie in ties}) == 54


def test_each_letter_is_read_as_one():
    ties = tie_letters(~np.eye(200, dtype=bool))
    assert [letters_of(tie) for tie in ties] == [{tie} for tie in ties]
