"""What each rule of trust changes, on a small table with one outlier; the page on the real table says the same."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import make_rules_of_trust
import numpy as np
import pandas as pd
import pytest
import trust_rankings

from clusterbench import run
from clusterbench.results import StoredRun
from clusterbench.running import Settings, Silent

ROOT = Path(__file__).resolve().parent.parent
N_ROWS = 181
TOML = """
title = "Three clouds and one outlier"
k = [2, 3, 4]
reference_spaces = ["standard", "minmax"]
datasets = [{ path = "clouds.csv" }]
algorithms = [{ use = "kmeans" }, { use = "agglomerative", linkage = ["single", "average"] }]
ranking = { random_partitions = 10, bootstraps = 20 }
stability = { resamples = 2 }
structure = { permutations = 0 }
[variants]
standard = [{ step = "standardize" }]
minmax = [{ step = "minmax" }]
line = [{ step = "standardize" }, { step = "pca", n_components = 1 }]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> StoredRun:
    """A run on three clouds in six columns and one row far away from all."""
    place = tmp_path_factory.mktemp("trust")
    rng = np.random.default_rng(0)
    centres = 2.5 * rng.normal(size=(3, 6))
    table = centres[np.arange(N_ROWS) % 3] + rng.normal(size=(N_ROWS, 6))
    table[0] = 14.0
    pd.DataFrame(table, columns=list("abcdef")).to_csv(place / "clouds.csv", index=False)
    (place / "clouds.toml").write_text(TOML)
    inside = Settings(workers=0)
    return run(place / "clouds.toml", results=place / "results", workspace=place, settings=inside, progress=Silent())


@pytest.fixture(scope="module")
def boards(done):
    return trust_rankings.boards_of(done)


def first(board) -> pd.Series:
    return trust_rankings.contenders(board).iloc[0]


def test_without_the_gate_an_outlier_split_is_first(boards):
    for rule in ("own", "ungated"):
        winner = first(boards[rule])
        assert (winner["k"], winner["smallest"], winner["largest"]) == (2, 1, N_ROWS - 1)


def test_with_the_gate_it_is_rejected_with_its_reason(boards, done):
    first_entry = first(boards["ungated"])
    for rule in ("gated", "full"):
        assert (trust_rankings.contenders(boards[rule])["smallest"] >= 10).all()
    assert trust_rankings.rejection(first_entry, done) == f"smallest cluster has 1 of {N_ROWS} rows, needs 10"
    single = boards["full"].rejected.query("algorithm == 'agglomerative'")
    assert len(single) > 0
    assert single["reason"].str.contains("smallest cluster has 1 ").all()


def without_outlier_splits(done: StoredRun) -> StoredRun:
    """The run as if k-means alone had been asked, so that no split of the outlier matters."""
    kept = {name: getattr(done, name).query("algorithm == 'kmeans'") for name in ("cells", "scores")}
    good = kept["cells"].query("status == 'ok'")
    return dataclasses.replace(done, cells=good, scores=kept["scores"])


def test_the_own_space_puts_another_entry_first_than_the_reference_spaces(done):
    kmeans = without_outlier_splits(done)
    own, reference = (first(board) for board in (trust_rankings.by_own_space(kmeans), trust_rankings.ungated(kmeans)))
    assert own["variant"] == "line"
    assert reference["variant"] != "line"
    own_values, reference_values = (
        trust_rankings.silhouettes(own, kmeans),
        trust_rankings.silhouettes(reference, kmeans),
    )
    assert own_values["own"] > reference_values["own"]
    assert own_values["standard"] < reference_values["standard"]


def test_silhouettes_are_those_of_scikit_learn(done):
    from sklearn.metrics import silhouette_score

    from clusterbench.running import prepare
    from clusterbench.store import Store

    place = Path(done.record.path).parent
    winner = first(trust_rankings.by_own_space(without_outlier_splits(done)))
    plan, _ = prepare(place / "clouds.toml", workspace=place)
    with Store.reader(place / "results") as store:
        labels = store.labels(winner["labels_sha256"])
    found = trust_rankings.silhouettes(winner, done)
    for (_, variant), space in plan.spaces.items():
        name = "own" if variant == winner["variant"] else variant
        assert found[name] == pytest.approx(silhouette_score(space.values, labels), rel=1e-6)


def test_the_full_rule_is_the_run_s_own_board(boards, done):
    assert boards["full"] is done.board


def test_the_page_has_ranks_reasons_and_agreement(boards, done):
    page = make_rules_of_trust.page(done, done)
    first_entry = first(boards["own"])
    assert f"{make_rules_of_trust.name_of(first_entry, done)}, k = 2 (sizes {N_ROWS - 1} to 1)" in page
    assert f"rejected: smallest cluster has 1 of {N_ROWS} rows, needs 10" in page
    assert "is **1.00** over" in page  # a board agrees with itself
    assert "At least 0.7" in page
    assert done.board.headline in page
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    widths = [[line.count("|") for line in block.splitlines()] for block in re.findall(r"(?:^\|.*\n)+", page, re.M)]
    assert widths
    assert all(len(set(width)) == 1 for width in widths)


def test_a_reversed_board_is_reported_as_below_the_limit(boards, done):
    table = done.board.table
    reversed_board = dataclasses.replace(done.board, table=table.assign(mean_rank=-table["mean_rank"]))
    text = "\n".join(make_rules_of_trust.comparison(done, dataclasses.replace(done, board=reversed_board), boards))
    assert "is **-1.00** over" in text
    assert "Below 0.7" in text


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("smallest cluster has 1 of 8950 rows, needs 90", "a cluster that is too small"),
        ("largest cluster has 8949 of 8950 rows, allowed 8502", "one that holds nearly everything"),
        ("6891 of 8950 rows are noise (77.0 %), allowed 30 %", "too much noise"),
        ("1 cluster, needs 2", "1 cluster, needs 2"),
    ],
)
def test_reasons_are_counted_by_their_kind(reason, kind):
    assert make_rules_of_trust.reason_kind(reason) == kind


def test_the_committed_page_has_every_part_that_the_script_writes():
    page = (ROOT / "docs" / "rules-of-trust.md").read_text(encoding="utf-8")
    for rule in trust_rankings.RULES.values():
        assert page.count(rule.title) >= 3
        assert rule.explanation in page
    rho = re.search(r"Spearman's rho .* is \*\*(-?\d\.\d\d)\*\*", page)
    assert rho is not None
    assert (float(rho[1]) >= make_rules_of_trust.ENOUGH) == ("At least 0.7" in page)
