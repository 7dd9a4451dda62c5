"""Canonical JSON and cuts."""

from __future__ import annotations

import pytest

from clusterbench.errors import RequestError
from clusterbench.naming import Cut, canonical_json


@pytest.mark.parametrize(
    ("cut", "text", "k"),
    [
        (Cut("k", 5), '{"k": 5}', 5),
        (Cut("eps", 0.3), '{"eps": 0.3}', None),
        (Cut("min_cluster_size", 20), '{"min_cluster_size": 20}', None),
        (Cut("level", "Ü"), '{"level": "\\u00dc"}', None),
    ],
)
def test_a_cut_is_written_and_read_back(cut, text, k):
    assert cut.text == text
    assert Cut.parse(text) == cut
    assert type(Cut.parse(text).value) is type(cut.value)
    assert cut.k == k


@pytest.mark.parametrize("text", ["", "5", "{}", '{"k": 2, "eps": 1}', "[1]", "null"])
def test_a_text_that_is_no_cut_is_refused(text):
    with pytest.raises(RequestError, match="is not a cut"):
        Cut.parse(text)


def test_equal_settings_have_one_text():
    assert canonical_json({"b": [1.5, None], "a": True}) == canonical_json({"a": True, "b": [1.5, None]})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": float("nan")})
