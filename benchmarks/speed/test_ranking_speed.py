"""What ranking takes, and what a finished run takes when a metric is added or nothing is. Run with ``tox -e speed``."""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench import run
from clusterbench.ranking import Draws, RankingSpec, leaderboard
from clusterbench.results import StoredRun

SPACES = ("standard", "log1p")
SPEC = RankingSpec(reference_spaces=SPACES, n_bootstrap=200)
BOARD_SECONDS = 1.0
ADDED_METRIC_SECONDS = 10.0
WARM_SECONDS = 0.0002  # of a cell that was finished before
ALGORITHMS, VARIANTS, KS, SEEDS = 8, 15, range(2, 11), 3  # 120 entries, 3,240 cells, 19,440 scores

THOUSAND = f"""
title = "A thousand cells"
seeds = {list(range(56))}
k = {{ from = 2, to = 10 }}
reference_spaces = {json.dumps(SPACES)}
datasets = [{{ use = "credit-card" }}]
algorithms = [{{ use = "random_voronoi" }}]
ranking = {{ k_policies = ["silhouette"], random_partitions = 0, bootstraps = 0 }}
stability = {{ resamples = 0 }}
structure = {{ permutations = 0 }}
[variants]
standard = [{{ step = "impute" }}, {{ step = "standardize" }}]
log1p = [{{ step = "impute" }}, {{ step = "log1p" }}, {{ step = "standardize" }}]
"""


def make_frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells and scores of a matrix in which every algorithm has a quality and every seed some noise."""
    rng = np.random.default_rng(0)
    cells, scores = [], []
    for a, v, k, seed in itertools.product(range(ALGORITHMS), range(VARIANTS), KS, range(SEEDS)):
        level = 0.1 * a + 0.02 * v - 0.03 * abs(k - 3)
        key = {"dataset": "table", "variant": f"variant{v}", "algorithm": f"algo{a}", "params": "{}"}
        key |= {"cut": json.dumps({"k": k}), "k": k, "seed": seed}
        key["labels_sha256"] = hashlib.sha256(repr(key).encode()).hexdigest()
        outcome = {"status": "ok", "reason": ""}
        sizes = {"n_clusters": k, "noise_share": 0.0, "smallest": 100, "largest": 500, "n_rows": 1000}
        cells.append({**key, **outcome, **sizes, "fit_seconds": 1.0, "peak_mb": 10.0, "inertia": np.nan})
        for space in SPACES:
            noise = rng.normal(0, 0.05, 3)
            values = (0.2 * level + 0.2 * noise[0], 2 - level + noise[1], 1000 * (1.5 + level + noise[2]))
            for metric, value in zip(SPEC.metrics, values, strict=True):
                scores.append({**key, **outcome, "space": space, "metric": metric, "value": value})
    return pd.DataFrame(cells), pd.DataFrame(scores)


def make_draws(cells: pd.DataFrame, scores: pd.DataFrame) -> Draws:
    """Return ten draws of every cut of the first seed."""
    rng, numbers = np.random.default_rng(1), range(10)
    cuts, values = cells[cells["seed"] == 0], scores[(scores["seed"] == 0) & (scores["space"] != "own")]
    drawn = [cuts.assign(draw=number, ari=rng.random(len(cuts))) for number in numbers]
    scored = [
        values.assign(draw=number, value=values["value"] * rng.normal(1, 0.01, len(values))) for number in numbers
    ]
    return Draws(pd.concat(drawn), pd.concat(scored))


def test_leaderboard_of_twenty_thousand_scores(benchmark):
    cells, scores = make_frames()
    board = benchmark.pedantic(leaderboard, args=(cells, scores, SPEC), warmup_rounds=1, rounds=5)
    assert len(board.table) == ALGORITHMS * VARIANTS
    tell_board(benchmark, f"{len(scores)} scores")


def test_leaderboard_with_draws_and_noise_policies(benchmark):
    cells, scores = make_frames()
    more = {
        "draws": make_draws(cells, scores),
        "alternatives": dict.fromkeys(("drop", "cluster", "nearest"), scores[scores["algorithm"] == "algo0"]),
    }
    board = benchmark.pedantic(leaderboard, args=(cells, scores, SPEC), kwargs=more, warmup_rounds=1, rounds=5)
    assert len(board.table) == ALGORITHMS * VARIANTS
    tell_board(benchmark, f"{len(scores)} scores, 10 draws, 3 more noise policies")


def tell_board(benchmark, what: str) -> None:
    print(f"\nleaderboard of {what}: {benchmark.stats['min']:.2f} s (limit {BOARD_SECONDS:g} s)")
    assert benchmark.stats["min"] < BOARD_SECONDS


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A workspace with a finished run of 1,008 cells of 8,950 rows."""
    place = tmp_path_factory.mktemp("thousand")
    (place / "thousand.toml").write_text(THOUSAND)
    assert conduct(place).computed == 1008
    return place


def conduct(place: Path) -> StoredRun:
    return run(place / "thousand.toml", results=place / "results", workspace=place)


def n_scores(place: Path) -> int:
    with closing(sqlite3.connect(place / "results" / "clusterbench.sqlite")) as store:
        return int(store.execute("SELECT count(*) FROM scores").fetchone()[0])


@pytest.mark.parametrize("metric", ["davies_bouldin", "silhouette"])
def test_a_metric_is_added_to_a_finished_run(benchmark, study, metric):
    """The metric's scores are taken out of the store, as if the run had been made before there was such a metric."""
    before = n_scores(study)

    def forget() -> None:
        with closing(sqlite3.connect(study / "results" / "clusterbench.sqlite")) as store, store:
            assert store.execute("DELETE FROM scores WHERE metric = ?", (metric,)).rowcount == before // 4

    found = benchmark.pedantic(conduct, args=(study,), setup=forget, rounds=2)
    assert found.computed == 0
    assert n_scores(study) == before
    took = benchmark.stats["min"]
    print(f"\n{metric} added to {len(found.cells)} cells in 2 spaces: {before // 4} scores, 0 fits, {took:.1f} s")
    # The pass over all distances, for 2,016 silhouettes, is the longest that a metric can take.
    assert took < ADDED_METRIC_SECONDS * (3 if metric == "silhouette" else 1)


@pytest.fixture(scope="module")
def quarter(tmp_path_factory) -> Path:
    """A workspace with a finished run of a quarter of those cells."""
    place = tmp_path_factory.mktemp("quarter")
    (place / "thousand.toml").write_text(THOUSAND.replace(f"seeds = {list(range(56))}", f"seeds = {list(range(14))}"))
    assert conduct(place).computed == 252
    return place


def test_a_finished_run_is_run_again(benchmark, study, quarter):
    """From the TOML to the ranked board. Data and spaces cost the same for any number of cells, and are taken off."""
    found = benchmark.pedantic(conduct, args=(study,), rounds=7)
    assert found.computed == 0
    took = []
    for _ in range(7):
        start = time.perf_counter()
        small = conduct(quarter)
        took.append(time.perf_counter() - start)
    more = len(found.cells) - len(small.cells)
    each = 1e3 * (benchmark.stats["min"] - min(took)) / more
    benchmark.extra_info["ms per cell"] = each
    print(
        f"\nfinished runs again: {len(found.cells)} cells {benchmark.stats['min']:.2f} s, {len(small.cells)} cells"
        f" {min(took):.2f} s: {each:.3f} ms for each of {more} cells more (limit {1e3 * WARM_SECONDS:g} ms)"
    )
    assert more == 756
    assert each < 1e3 * WARM_SECONDS
