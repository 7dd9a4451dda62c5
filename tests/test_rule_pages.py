"""The pages of the rules of trust: complete, with figures that are what the committed results give."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rank_figures
from make_rule_figures import FIGURES, picture
from reference_results import BOARDS, contenders, document, figure_numbers, manifest, partitions, table

from clusterbench import score_labelings

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "rules"
SECTIONS = ["The defect", "The rule", "What the results show", "Check it yourself", "Limits", "Sources"]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.page)
def test_a_figure_is_what_the_committed_results_give(figure):
    drawn = picture(figure)
    committed = (PAGES / "figures" / f"{figure.page}.svg").read_text(encoding="utf-8")
    assert drawn.file == committed, "run python docs/make_rule_figures.py"
    assert len(committed) < 30_000
    assert f"![{drawn.title}](figures/{figure.page}.svg)" in (PAGES / f"{figure.page}.md").read_text(encoding="utf-8")


def test_every_rule_has_a_complete_page_and_a_line_in_the_index():
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[.+\]\((.+)\.md\)", index, re.MULTILINE)
    assert [int(number) for number, _ in listed] == list(range(1, 17))
    assert [page for _, page in listed] == [figure.page for figure in FIGURES]
    for number, page in listed:
        text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
        assert 40 <= len(text.splitlines()) <= 90


def words(page: str) -> str:
    """The text of a page on one line."""
    return " ".join((PAGES / f"{page}.md").read_text(encoding="utf-8").split())


def test_the_numbers_on_scores_are_those_of_the_committed_results():
    boards = {name: contenders(name) for name in BOARDS}
    rhos = []
    for board in boards.values():
        shared = board[["silhouette@standard", "silhouette@log1p"]].mean(axis=1)
        rhos.append(f"{board['silhouette@own'].corr(shared, method='spearman'):.2f}")
    rho = "rank correlation of {}; on wine {}, on breast-cancer {}, on digits {}.".format(*rhos)
    assert rho in words("reference-spaces")
    moves = boards["credit-card"]["rank_by_space_high"] - boards["credit-card"]["rank_by_space_low"]
    assert f"one entry moves by {moves.max()} ranks" in words("reference-spaces")
    wine = boards["wine"]
    gain = (wine["rank"] - wine["rank_by_noise_low"]).max()
    loss = (wine["rank_by_noise_high"] - wine["rank"]).max()
    assert f"one entry gains {gain} ranks, another loses {loss}" in words("noise")
    cells = pd.concat([table(name, "cells") for name in BOARDS])
    undefined = cells[cells["status"] == "undefined"]
    kinds = [
        undefined["reason"].str.startswith(text).sum() for text in ("one cluster plus", "all rows", "one cluster is")
    ]
    text = f"{len(undefined)} of {len(cells):,} partitions have no score: {kinds[0]} have one cluster beside noise,"
    assert f"{text} {kinds[1]} are noise alone, {kinds[2]} are one cluster" in words("failures")


def test_the_numbers_on_comparisons_are_those_of_the_committed_results():
    board, curves = contenders("credit-card"), figure_numbers("credit-card", "scores-against-k")
    silhouettes = curves[
        (curves["metric"] == "Silhouette") & (curves["space"] == "standard") & (curves["clusters"] == 2)
    ]
    mean = silhouettes.loc[silhouettes["series"] == "random centroids", "value"].item()
    first = board.iloc[0]
    assert f"mean of {mean:.3f}, above the first entry's {first['silhouette@standard']:.3f}" in words("chance")
    close = [1 - contenders(name)["beaten_growth"].iloc[0] for name in BOARDS]
    assert f"{100 * min(close):.0f} to {100 * max(close):.0f} % score at least as well" in words("chance")
    kmeans = partitions("credit-card").query("algorithm == 'kmeans' and status == 'ok'")
    seeds = kmeans.groupby(["variant", "cut"])["labels_sha256"].nunique()
    assert f"{(seeds > 1).sum()} of {len(seeds)} give other labels with another seed" in words("stability")
    tenth = board.iloc[9]
    shown = (
        f"the tenth entry has {100 * tenth['score'] / first['score']:.0f} % of the score of the first, and an ARI of"
    )
    assert f"{shown} {tenth['stability']:.2f}" in words("stability")


def test_the_numbers_on_ranks_are_those_of_the_committed_results():
    ties = []
    for name in ("wine", "credit-card"):
        first, *others = contenders(name)["tie"]
        ties.append(f"{sum(bool(set(first) & set(tie)) for tie in others)} of {len(others)}")
    assert f"On wine {ties[0]} other contenders are not separated from the first, on credit-card {ties[1]}." in words(
        "intervals"
    )
    board = table("credit-card", "leaderboard")
    control = board[board["control"]].sort_values("rank").iloc[0]
    text = f"rank {control['rank']} of {len(contenders('credit-card'))}, with a score of {control['score']:.3f}"
    assert text in words("controls")
    with_k = contenders("wine").query("algorithm not in ('dbscan', 'hdbscan')")
    assert f"{(with_k['k'] == 3).sum()} of {len(with_k)} entries find the true k" in words("oracle")
    results = [result for claim in document("reports/reference/published/audit.json") for result in claim["results"]]
    numbers = [number for result in results for number in result["numbers"]]
    assert {number["agreement"] for number in numbers} == {"reproduced"}
    counts = pd.Series([number["name"] for number in numbers]).value_counts()
    text = f"all {counts['silhouette']} silhouettes, {counts['davies_bouldin']} Davies-Bouldin"
    assert f"{text} and {counts['calinski_harabasz']} Calinski-Harabasz values" in words("digits")


def test_regrets_are_those_of_the_committed_evidence():
    summary = pd.read_csv(ROOT / "results" / "reference" / "truth" / "summary.csv")
    overall = summary[summary["kind"] == "all"].set_index(["question", "rule"])["mean"].map("{:.3f}".format)
    regret = overall["algorithm and k"]
    assert f"loses {regret['mean ranks, k by z at equal k']} of adjusted Rand index" in words("chance")
    assert f"stability alone {regret['stability']}, the default {regret['default']}" in words("stability")
    assert f"lose {regret['mean ranks, k by silhouette']} of adjusted Rand index" in words("families")
    at_k = overall["algorithm at given k"]["default"]
    assert f"loses {at_k} of adjusted Rand index at the known k, and {regret['default']}" in words("oracle")


def test_the_mean_ranks_that_are_drawn_are_those_of_the_board():
    board = contenders("credit-card")
    metrics = manifest("credit-card")["rules"]["ranking"]["facts"]
    np.testing.assert_allclose(rank_figures.mean_rank(board, metrics), board["mean_rank"], atol=1e-6)


def test_a_silhouette_without_noise_is_that_with_noise_as_zero_over_the_share_of_clustered_rows():
    rng = np.random.default_rng(0)
    labels = np.array([0] * 20 + [1] * 15 + [-1] * 5)
    table = rng.normal(size=(40, 3)) + 4.0 * labels[:, None]
    scores = score_labelings(table, labels, metrics=["silhouette"], noise=["zero", "drop"]).set_index("noise")["value"]
    assert scores["drop"] == pytest.approx(scores["zero"] / 0.875, rel=1e-9)
