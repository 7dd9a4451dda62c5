"""The message of a wrong request: what, where, what is allowed, the nearest spelling."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.errors import RequestError, did_you_mean, request_errors, unknown

words = st.text("abcdefgh_", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RequestError("no rows"), "no rows"),
        (RequestError("no rows", where="wine.csv"), "wine.csv: no rows"),
        (RequestError("k = 1", allowed="k >= 2"), "k = 1 (allowed: k >= 2)"),
        (RequestError("k = 1", where="a.toml: k", allowed="k >= 2"), "a.toml: k: k = 1 (allowed: k >= 2)"),
    ],
)
def test_the_message_says_where_what_and_what_is_allowed(error, message):
    assert str(error) == message
    assert isinstance(error, ValueError)


def test_an_error_can_be_located_inside_something_larger():
    inner = RequestError("k = 1", where="k", allowed="k >= 2")
    outer = inner.within("a.toml")
    assert str(outer) == "a.toml: k: k = 1 (allowed: k >= 2)"
    assert str(inner) == "k: k = 1 (allowed: k >= 2)"
    assert (outer.what, outer.allowed) == (inner.what, inner.allowed)
    assert str(RequestError("empty").within("a.toml")) == "a.toml: empty"


def test_a_wrong_request_passes_without_becoming_its_own_cause():
    error = RequestError("no such row")
    with pytest.raises(RequestError) as raised, request_errors("a plug-in"):
        raise error
    assert (raised.value, error.__cause__) == (error, None)
    with pytest.raises(RequestError, match=r"^step 2: no such row$") as raised, request_errors("it", where="step 2"):
        raise error
    assert raised.value.__cause__ is error


def test_an_error_keeps_its_message_on_the_way_between_processes():
    error = RequestError("k = 1", where="k", allowed="k >= 2")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("kmean", ", did you mean 'kmeans'?"),
        ("K-Means", ", did you mean 'kmeans'?"),
        ("hdbscna", ", did you mean 'hdbscan'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_the_nearest_spelling_is_offered_if_one_is_near(word, near):
    assert did_you_mean(word, ["kmeans", "gmm", "dbscan", "hdbscan"]) == near


def test_nothing_is_near_where_nothing_is_known():
    assert did_you_mean("kmeans", []) == ""
    assert str(unknown("step", "pca", [])) == "unknown step 'pca' (allowed: none)"


@given(st.lists(words, min_size=1, max_size=8), st.data())
def test_a_known_lower_case_name_is_nearest_to_itself(choices, data):
    word = data.draw(st.sampled_from(choices))
    assert did_you_mean(word, choices) == f", did you mean {word!r}?"


@given(words, st.sets(words, max_size=8))
def test_an_unknown_name_is_listed_with_all_that_are_known(word, choices):
    error = unknown("algorithm", word, choices, where="file.toml: algorithms")
    assert str(error).startswith(f"file.toml: algorithms: unknown algorithm {word!r}")
    assert error.allowed == (", ".join(sorted(choices)) or "none")
