"""What other entries do to the order of two: nothing under a score, something under mean ranks, which is measured."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from clusterbench.ranking import RankingSpec, leaderboard

SPACES = ("standard", "log1p")
BY_SCORE = RankingSpec(SPACES, k_policies=("score",), order="score", score={"silhouette": 1.0})
BY_MEAN_RANK = RankingSpec(SPACES, k_policies=("silhouette",))
RULES = {"score": BY_SCORE, "mean rank": BY_MEAN_RANK}
KEY = ["algorithm", "variant"]


def near_copies(frames: tuple[pd.DataFrame, pd.DataFrame], n: int, seed: int) -> tuple[pd.DataFrame, ...]:
    """Add `n` entries that differ from one another, and from ``algo3``, by 0.1 % of their scores."""
    cells, scores = frames
    rng = np.random.default_rng(seed)
    added: list[list[pd.DataFrame]] = [[cells], [scores]]
    for copy in range(n):
        for kept, frame in zip(added, frames, strict=True):
            rows = frame[(frame["algorithm"] == "algo3") & (frame["variant"] == "variant0")]
            hashes = [f"{copy}{sha[1:]}" for sha in rows["labels_sha256"]]
            kept.append(rows.assign(algorithm=f"copy{copy}", labels_sha256=hashes))
            if "value" in rows:
                kept[-1]["value"] *= 1 + 1e-3 * rng.normal(size=len(rows))
    return tuple(pd.concat(kept, ignore_index=True) for kept in added)


def order_of_the_others(frames, spec: RankingSpec) -> list[tuple[str, str]]:
    table = leaderboard(*frames, spec).table
    keys = [tuple(row) for row in table[KEY].itertuples(index=False)]
    return [key for key in keys if not key[0].startswith("copy")]


def test_under_a_score_ten_near_copies_or_a_variant_less_change_no_order(make_matrix):
    for seed in range(3):
        frames = make_matrix(variants=2, algorithms=6, seed=seed)
        before = order_of_the_others(frames, BY_SCORE)
        assert order_of_the_others(near_copies(frames, 10, seed), BY_SCORE) == before
        fewer = [frame[frame["variant"] != "variant1"] for frame in frames]
        assert order_of_the_others(fewer, BY_SCORE) == [key for key in before if key[1] != "variant1"]


def test_the_board_by_mean_ranks_says_how_many_pairs_depend_on_other_entries(new_run):
    run, rng = new_run(), np.random.default_rng(0)
    for place in range(12):  # each metric orders the entries in its own way
        numbers = {(metric, space): float(rng.random()) for metric in BY_SCORE.metrics for space in SPACES}
        run.add(f"algo{place}", numbers)
    notes = {name: " ".join(leaderboard(*run.frames(), spec).notes) for name, spec in RULES.items()}
    assert "halves of the entries" not in notes["score"]
    [(mean, largest)] = re.findall(r"halves of the entries (\d+) %.* and (\d+) % at most", notes["mean rank"])
    assert 0 < int(mean) < int(largest) < 50


@pytest.mark.parametrize("n", [3, 6])
def test_metrics_that_agree_make_no_pair_depend_on_other_entries(new_run, n):
    run = new_run()
    for place in range(n):
        values = {("silhouette", "standard"): 0.1 * place, ("davies_bouldin", "standard"): 9.0 - place,
                  ("calinski_harabasz", "standard"): 100.0 * place}  # fmt: skip
        run.add(f"algo{place}", values)
    notes = leaderboard(*run.frames(), RankingSpec(("standard",), k_policies=("silhouette",))).notes
    assert any("halves of the entries 0 % of pairs" in note for note in notes)
