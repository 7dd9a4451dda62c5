"""A large leaderboard is made in about a second; the benchmark of it is in benchmarks/speed."""

from __future__ import annotations

import time

from clusterbench.ranking import RankingSpec, leaderboard


def test_twenty_thousand_scores_with_two_hundred_draws_are_ranked_in_seconds(make_matrix):
    cells, scores = make_matrix(variants=15, algorithms=8, ks=tuple(range(2, 11)))
    assert len(scores) == 19_440
    spec = RankingSpec(reference_spaces=("standard", "log1p"), n_bootstrap=200)
    started = time.perf_counter()
    board = leaderboard(cells, scores, spec)
    # Measured at 0.15 s; the limit leaves room for a busy machine.
    assert time.perf_counter() - started < 3.0
    assert len(board.table) == 120
