"""`audit` in the terminal."""

from __future__ import annotations

import json

import pytest

CLAIM = """
title = "Three species"
dataset = { use = "iris" }
steps = []
algorithm = { use = "agglomerative", linkage = "ward" }
[[results]]
k = 3
sizes = [64, 50, 36]
"""


@pytest.fixture
def claim(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "claim.toml").write_text(CLAIM)
    return tmp_path / "claim.toml"


def test_a_claim_is_answered_in_words_as_json_and_as_a_page(claim, call):
    ended = call("audit", "claim.toml", "--out", "out")
    assert "agglomerative with k = 3, linkage = ward: reproduced" in ended.out
    assert {path.name for path in (claim.parent / "out").iterdir()} == {"index.html", "audit.md", "audit.json"}
    [document] = json.loads(call("audit", "claim.toml", "--json").out)
    assert document == json.loads((claim.parent / "out" / "audit.json").read_text())[0]
    assert (ended.status == 1) == (document["standing"] == "does not hold")


def test_an_unknown_claim_is_refused_with_the_nearest_name(claim, call):
    ended = call("audit", "published/A2")
    assert (ended.status, "unknown claim 'published/A2', did you mean 'published/" in ended.err) == (2, True)


def test_claims_are_not_listed_as_benchmarks(claim, call):
    assert "published/" not in call("list").out
